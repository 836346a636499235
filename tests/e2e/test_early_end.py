"""How soon a sender notices that the receiver has ended the session: nothing else runs beside these tests."""
import itertools

import pytest

from target import TARGET
from wire import EMPTY_CHECK, UPDATES_START, connected

_partitions = itertools.count(100)


@pytest.mark.parametrize('script', [[b'garbage\r\n'], [EMPTY_CHECK, b'garbage\r\n'],
                                    [EMPTY_CHECK, UPDATES_START + b'BREW /a/c/o\r\n\r\n']],
                         ids=['start', 'between the phases', 'updates'])
def test_after_an_early_end_the_senders_next_sends_fail_within_a_second(receivers, script):
    tested = receivers.get(TARGET)
    with connected(tested.port) as client:
        client.start(partition=str(next(_partitions)))
        client.read_head()
        client.play(script)
        line = client.read_line()
        while not line.startswith(b':ERROR: 0 '):
            assert line
            line = client.read_line()
        assert client.seconds_until_refused() < 1.0


def test_an_early_end_while_the_sender_is_sending_leaves_it_the_error_line(receivers):
    """The connection is cut with much of the request unread, and the line must not be lost with it."""
    tested = receivers.get(TARGET)
    with connected(tested.port) as client:
        client.start(partition=str(next(_partitions)))
        client.read_head()
        client.send(EMPTY_CHECK + UPDATES_START + b'BREW /a/c/o\r\n\r\n' + b'x' * 4000)
        assert client.seconds_until_refused() < 5.0
        client.socket.settimeout(10)
        assert b":ERROR: 0 'Invalid subrequest method BREW'\n" in client.rest()
