"""ssync-node killed before each of its calls that change something: status knows it, and both ways are open."""
import itertools
import os

import pytest


def check_status(node):
    """Before the first file is written, and after the last is gone, all is as it was; between them it is half."""
    if os.path.exists(os.path.join(node.state_dir, 'node.json')):
        assert 'half' in node.run('status', status=1)
    else:
        assert node.run('status', status=3) == 'disabled\n'


@pytest.mark.parametrize('verb', ['enable', 'disable'])
def test_killed_at_each_call(node, verb):
    before = node.files()
    if verb == 'disable':
        node.run('enable')
    for calls in itertools.count():
        if not node.run_killed(verb, calls):
            break
        if verb == 'disable' and calls == 0:
            continue  # nothing was done yet
        check_status(node)
        # Now and then on to the end first.
        if calls % 3 == 0 or verb == 'disable':
            node.run('enable')
            assert node.wrong_behind_nginx() is None
        if verb == 'enable':
            node.run('disable')
            assert node.python_in_front()
            assert node.files() == before
    assert calls > 6
    node.run('disable')
    assert node.files() == before and node.python_in_front()
