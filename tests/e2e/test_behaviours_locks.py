"""The locks of a session: the row of tests/swift-behaviours.md about them. Nothing else runs beside these tests, of which
one looks at the time that was left of a time-out."""
import contextlib
import fcntl
import os

import pytest

from open_session import session
from pair import Pair
from swift_cluster import EC, GOLD, SILVER
from swift_lock import held
from wire import EMPTY_CHECK, check_script, connected

SHORT = {'client_timeout': 2, 'replication_lock_timeout': 2, 'replication_failure_threshold': 6}
SHORTER = {'client_timeout': 1, 'replication_lock_timeout': 1, 'replication_concurrency_per_device': 0,
           'replication_failure_threshold': 0, 'replication_failure_ratio': 0}
WORKERS = 5
INDEX = 'X-Backend-Storage-Policy-Index'


def test_the_partitions_lock_is_taken_without_a_limit_for_the_device(receivers):
    """32: And the device's is not, nor is its file made."""
    with Pair(receivers, SHORTER, workers=WORKERS) as pair:
        def look(server):
            with session(server, pair.partition):
                assert exclusively_held(pair.path(server, '.lock-replication'))
            return os.path.exists(os.path.join(server.tree.device_path, '.lock'))
        pair.expect(look, False)


@pytest.mark.parametrize('policy', [GOLD, SILVER, EC])
def test_the_devices_lock_is_one_for_all_partitions_and_policies(receivers, policy):
    """32: So a session holds it whatever its partition, and after the partition's own."""
    with Pair(receivers, SHORT, policy, WORKERS) as pair:
        def look(server):
            with connected(server.port) as client:
                client.start(partition=pair.partition, headers=[(INDEX, str(policy))])
                client.read_head()
                client.send(EMPTY_CHECK)
                assert client.wanted() == []
                return [exclusively_held(path) for path in (os.path.join(server.tree.device_path, '.lock'),
                                                            pair.path(server, '.lock-replication'))]
        pair.expect(look, [True, True])


def exclusively_held(path):
    with open(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_the_message_of_the_devices_lock_shows_what_was_left_of_the_time(receivers):
    """32: As a long float, while the partition's shows the setting, an integer."""
    with Pair(receivers, SHORT, workers=WORKERS) as pair, contextlib.ExitStack() as locks:
        for server in pair.servers:
            locks.enter_context(held(server.tree.device_path))

        def look(server):
            said = pair.converse(server, check_script()).body
            seconds = said[len(b"\r\n:ERROR: 0 '"):].split(b' ')[0]
            assert 1 < float(seconds) < 2 and len(seconds) > len('1.9999')
            return said.replace(seconds, b'<left>', 1)
        pair.expect(look, b"\r\n:ERROR: 0 '<left> seconds: <devices>/sda1/.lock'\n")
