"""ssync-node enable, disable and status on a node with real servers."""
import os
import signal
import subprocess
import sys

import pytest
from processes import await_condition
from ssync_node import answers
from ssync_node.answers import ask, pool_accepts
from swift.common import wsgi
from swift.common.utils import readconf

NAME = '/AUTH_test/c/o'


def test_there_and_back(node):
    before = node.files()
    said = node.run('enable')
    assert 'enabled: nginx has 127.0.0.1:%d' % node.port in said
    assert node.wrong_behind_nginx() is None
    # The pool does not have to be started again, and is not.
    assert node.restarts == ['object', 'nginx']

    # Three lines more, for the object server only, and nothing else of the file.
    lines, had = node.files()[node.conf][0].splitlines(), before[node.conf][0].splitlines()
    assert [line for line in lines if line not in had][1:2] == [b'set bind_ip = 127.0.0.1']
    assert len(lines) == len(had) + 3 and node.files()[node.conf][1:] == before[node.conf][1:]
    moved = wsgi.appconfig(node.conf, name='object-server')
    assert (moved['bind_ip'], int(moved['bind_port'])) == ('127.0.0.1', node_port_aside(node))
    daemons = readconf(node.conf, 'object-replicator')
    assert int(daemons['bind_port']) == node.port

    assert 'enabled' in node.run('status')
    node.run('disable')
    assert node.files() == before
    assert node.python_in_front() and node.restarts == ['nginx', 'object']
    assert node.run('status', status=3) == 'disabled\n'
    assert 'nothing to do' in node.run('disable') and node.restarts == []


def node_port_aside(node):
    lines = node.files()[node.conf][0].decode().splitlines()
    return [int(line.split('=')[1]) for line in lines if line.startswith('set bind_port')][0]


def test_a_second_enable_changes_nothing(node):
    node.run('enable')
    once = node.files(), os.stat(node.conf).st_mtime_ns, os.stat(os.path.join(node.state_dir, 'node.json')).st_mtime_ns
    assert node.run('enable') == 'enabled already: nothing to do\n'
    assert (node.files(), os.stat(node.conf).st_mtime_ns,
            os.stat(os.path.join(node.state_dir, 'node.json')).st_mtime_ns) == once
    assert node.restarts == []


def test_what_is_served_by_whom(node):
    node.tree.put(0, NAME, 1, b'body')
    node.run('enable')
    status, headers = ask('127.0.0.1', node.port, 'HEAD', '/%s/0%s' % (node.tree.device, NAME))
    assert status == 200 and headers['Server'].startswith('nginx')
    assert ask('127.0.0.1', node.port, 'REPLICATE', '/%s/0' % node.tree.device)[0] == 200
    # What the pool does not serve is answered by the Python server: 400 for a PUT without a timestamp.
    assert ask('127.0.0.1', node.port, 'PUT', '/%s/0%s' % (node.tree.device, NAME))[0] == 400


@pytest.mark.parametrize('enabled', [False, True])
def test_a_dry_run_says_what_and_does_nothing(node, enabled):
    if enabled:
        node.run('enable')
    before = node.files()
    said = node.run('disable' if enabled else 'enable', '--dry-run')
    assert node.restarts == [] and node.files() == before
    for word in (node.site, node.conf, 'ask_restart.py'):
        assert word in said
    # No directory either.
    assert os.path.exists(node.state_dir) == enabled
    assert enabled != bool(node.python_in_front())


@pytest.mark.parametrize('address, ring_address, reached_by', [
    ('0.0.0.0', '127.0.0.1', ['127.0.0.1']),
    ('::1', '::1', ['::1']),
    ('0:0::0', '::1', ['::1', '127.0.0.1']),
], ids=['any', 'IPv6', 'any IPv6'])
def test_other_addresses(node, address, ring_address, reached_by):
    node.listen_on(address, ring_address)
    node.run('enable')
    for each in ('127.0.0.1', '::1'):
        assert (answers.what_is_wrong_behind_nginx(each, node.port) is None) == (each in reached_by)
    assert 'enabled' in node.run('status')
    node.run('disable')
    for each in ('127.0.0.1', '::1'):
        assert answers.python_server_at(each, node.port) == (each in reached_by)


def deny_everybody(node):
    with open(node.access, 'w') as file:
        file.write('deny all;\n')
    return [], 'does not let this node in'


def own_template(node, text):
    with open(node.access, 'w') as file:
        file.write('allow all;\n')
    template = os.path.join(node.place, 'ssync.conf.in')
    with open(template, 'w') as file:
        file.write(text)
    return ['--template', template]


def break_the_template(node):
    return own_template(node, 'server { listen @LISTEN@; no_such_directive; }\n'), 'no_such_directive'


def unknown_placeholder(node):
    return own_template(node, '# @COMMENT@\nserver { listen @LISTENER@; }\n'), '@LISTENER@'


def a_file_that_cannot_be_written(node):
    os.symlink('/no-such-directory/access', node.access)
    return [], 'No such file or directory'


def fail_to_restart(node):
    return ['--restart-nginx', 'echo no such nginx; false'], 'no such nginx'


def spoil_the_pools_configuration(node):
    with open(os.path.join(node.swift_dir, 'ssync-worker.conf'), 'a') as file:
        file.write('no_such_option = 1\n')
    return [], 'no_such_option'


@pytest.mark.parametrize('spoil, restarts', [
    (deny_everybody, ['object', 'nginx', 'nginx', 'object']),
    (break_the_template, []),
    (unknown_placeholder, []),
    (a_file_that_cannot_be_written, []),
    (spoil_the_pools_configuration, []),
])
def test_what_fails_is_undone(node, spoil, restarts):
    more, reason = spoil(node)
    before = node.files()
    assert reason in node.run('enable', *more, status=1)
    assert node.files() == before
    assert node.python_in_front()
    assert node.restarts == restarts
    assert node.run('status', status=3) == 'disabled\n'


def test_a_restart_that_fails_both_ways_leaves_what_can_be_repeated(node):
    more, reason = fail_to_restart(node)
    before = node.files()
    assert reason in node.run('enable', *more, status=1)
    assert 'a disable was stopped' in node.run('status', status=1)
    # The state has the command that failed; the one that is given now counts.
    assert 'disabled' in node.run('disable')
    assert node.files() == before and node.python_in_front()


def test_a_pool_that_is_down_is_half_and_is_mended(node):
    node.run('enable')
    node.stop_pool()
    assert 'is the pool running?' in node.run('status', status=1)
    node.run('enable')
    assert node.restarts == ['pool']
    assert node.wrong_behind_nginx() is None
    # It was started for this, and ends with it.
    node.run('disable')
    assert node.restarts[-1] == 'no-pool' and not pool_accepts(node.socket)


def test_a_site_that_is_gone_is_mended(node):
    node.run('enable')
    os.unlink(node.site)
    assert 'is not there' in node.run('status', status=1)
    node.run('enable')
    assert os.path.exists(node.site) and 'enabled' in node.run('status')


def test_what_an_operator_changes_meanwhile_stays(node):
    node.run('enable')
    with open(node.conf, 'a') as file:
        file.write('[object-updater]\nconcurrency = 2\n')
    with open(node.site, 'a') as file:
        file.write('# mine\n')
    assert 'was changed since' in node.run('status')
    assert 'only the lines of ssync-node' in node.run('disable')
    assert node.files()[node.conf][0] == node.first_files[node.conf][0] + b'[object-updater]\nconcurrency = 2\n'
    assert open(os.path.join(node.state_dir, 'ssync.conf.changed')).read().endswith('# mine\n')
    assert node.python_in_front()


def test_sigterm_undoes(node):
    before = node.files()
    # The command says that it waits; the test ends it there.
    waiting = os.path.join(node.place, 'waiting')
    command = [sys.executable, '-B', os.path.join(os.path.dirname(__file__), '../../deploy/ssync-node'), 'enable',
               *node.options(), '--restart-object', 'touch %s; exec sleep 100' % waiting]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        await_condition(lambda: os.path.exists(waiting), 'the restart command runs', 60)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0].decode()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1 and 'told to end by SIGTERM' in said, said
    assert node.files() == before and node.python_in_front()


def test_two_at_the_same_time(node):
    import fcntl
    os.mkdir(node.state_dir)
    descriptor = os.open(node.state_dir, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert 'another ssync-node' in node.run('enable', status=1)
    finally:
        os.close(descriptor)
