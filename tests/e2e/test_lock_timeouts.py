"""How long a session waits for a lock, and what it says of the time: nothing else runs beside these tests."""
import contextlib
import os
import time

import pytest

from open_session import finish, session
from processes import lock_holders
from side_by_side import side_by_side
from swift_cluster import without_root
from swift_lock import held
from wire import UPDATES_DONE, check_script, converse

LOCKS = {'replication_lock_timeout': 1, 'replication_concurrency': 4}
WORKERS = 5


def timed_out(receivers, settings, partition, directory, name):
    """What both servers answer while another process holds a lock, their roots taken out."""
    servers = receivers.both(settings, WORKERS)

    def look(server):
        begun = time.monotonic()
        reply = converse(server.port, check_script(), partition=partition)
        assert 0.9 < time.monotonic() - begun < 5
        assert reply.ended == 'cut'
        return without_root(reply.body, server.tree.root)
    with contextlib.ExitStack() as locks:
        for server in servers:
            converse(server.port, check_script(), partition=partition)  # the directories exist from now on
            locks.enter_context(held(directory(server.tree), name))
        bodies = side_by_side(look, servers)
    for server in servers:
        assert converse(server.port, check_script(), partition=partition).body.endswith(UPDATES_DONE)
    return bodies


def test_the_partitions_lock_held_by_a_python_daemon(receivers):
    ours, theirs = timed_out(receivers, LOCKS, '20', lambda tree: tree.partition_path('20'), 'replication')
    assert theirs == b"\r\n:ERROR: 0 '1 second: <devices>/sda1/objects/20/.lock-replication'\n"
    assert ours == theirs


def test_the_devices_lock_held_by_a_python_daemon(receivers):
    """The message shows what remained of the time after the partition's lock, to the last digit."""
    ours, theirs = timed_out(receivers, LOCKS, '21', lambda tree: tree.device_path, None)
    for body in (ours, theirs):
        start, seconds, end = body[:len(b"\r\n:ERROR: 0 '")], body[len(b"\r\n:ERROR: 0 '"):].split(b' ')[0], body[-50:]
        assert start == b"\r\n:ERROR: 0 '"
        assert 0.5 < float(seconds) < 1 and b'.' in seconds
        assert end.endswith(b" seconds: <devices>/sda1/.lock'\n")


@pytest.mark.parametrize('seconds,text', [(2, b'2 seconds'), (1, b'1 second')])
def test_the_timeouts_text(receivers, seconds, text):
    settings = dict(LOCKS, replication_lock_timeout=seconds)
    ours, theirs = timed_out(receivers, settings, '22', lambda tree: tree.partition_path('22'), 'replication')
    assert theirs == b"\r\n:ERROR: 0 '%s: <devices>/sda1/objects/22/.lock-replication'\n" % text
    assert ours == theirs


@pytest.mark.parametrize('slots', [1, 2])
def test_slots_of_a_device(receivers, slots):
    settings = dict(LOCKS, replication_concurrency_per_device=slots)
    for server in receivers.both(settings, WORKERS):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(session(server, str(30 + number))) for number in range(slots)]
            late = without_root(converse(server.port, check_script(), partition='39').body, server.tree.root)
            # The first of the device's files is named, whichever were tried.
            assert late.startswith(b"\r\n:ERROR: 0 '0.") and late.endswith(b" seconds: <devices>/sda1/.lock'\n"), late
            names = sorted(name for name in os.listdir(server.tree.device_path) if name.startswith('.lock'))
            assert names == ['.lock', '.lock-1'][:slots]
            if server.kind == 'worker':
                holders = set()
                for name in names:
                    holders.update(lock_holders(os.path.join(server.tree.device_path, name)))
                assert len(holders) == slots
            for client in clients:
                finish(client)
        assert converse(server.port, check_script(), partition='39').body.endswith(UPDATES_DONE)
