"""Replication slots and the locks that the worker shares with Swift's daemons."""
import contextlib
import os
import time

import pytest

from open_session import finish, session
from processes import await_condition
from side_by_side import side_by_side
from swift_cluster import DEVICE, without_root
from swift_lock import held
from wire import EMPTY_CHECK, LAST_CHUNK, UPDATES_DONE, UPDATES_END, UPDATES_START, check_script, connected, converse

SERVICE_UNAVAILABLE = (b"\r\n:ERROR: 503 b'<html><h1>Service Unavailable</h1><p>The server is currently unavailable. "
                       b"Please try again at a later time.</p></html>'\n")

def refused(reply):
    return reply.body == SERVICE_UNAVAILABLE and reply.ended == 'cut'


@pytest.mark.parametrize('workers', [3])
def test_one_slot_for_all_workers(receivers, workers):
    settings = {'replication_concurrency': 1, 'replication_concurrency_per_device': 0}
    for server in receivers.both(settings, workers):
        with session(server, '1') as first:
            second = converse(server.port, check_script(), partition='2')
            assert second.code == 200
            assert refused(second), second
            assert refused(converse(server.port, check_script(), partition='3'))
            finish(first)
        third = converse(server.port, check_script(), partition='4')
        # The slot is given back after the last line is sent, so the very next session may still find it taken.
        third = await_condition(lambda: third if not refused(third) else not_refused(server, '4'), 'the slot is free')
        assert third.body.endswith(UPDATES_DONE), third


def not_refused(server, partition):
    reply = converse(server.port, check_script(), partition=partition)
    return None if refused(reply) else reply


def test_a_slot_is_given_back_after_an_error(receivers):
    settings = {'replication_concurrency': 1, 'replication_concurrency_per_device': 0}
    tested, _ = receivers.both(settings, 3)
    for _ in range(5):
        reply = await_condition(lambda: answered(tested), 'the slot is free')
        assert b'Looking for' in reply.body


def answered(server):
    reply = converse(server.port, [b'garbage\r\n'], partition='5')
    return None if refused(reply) else reply


def test_no_limit_on_slots(receivers):
    settings = {'replication_concurrency': 0, 'replication_concurrency_per_device': 0}
    tested, _ = receivers.both(settings, 6)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(session(tested, str(10 + number))) for number in range(5)]
        for client in clients:
            finish(client)


LOCKS = {'replication_lock_timeout': 1, 'replication_concurrency': 4}


def test_one_session_for_a_partition_whatever_the_slots(receivers):
    """2.20.0: the partition's lock is taken even where the device's is not."""
    settings = dict(LOCKS, replication_concurrency_per_device=0)
    bodies = []
    for server in receivers.both(settings, 5):
        with session(server, '23') as first:
            bodies.append(without_root(converse(server.port, check_script(), partition='23').body, server.tree.root))
            # Another partition of the device goes through.
            assert converse(server.port, check_script(), partition='24').body.endswith(UPDATES_DONE)
            finish(first)
        # No lock of the device was ever made.
        assert not os.path.exists(os.path.join(server.tree.device_path, '.lock'))
    assert bodies[0] == bodies[1] == b"\r\n:ERROR: 0 '1 second: <devices>/sda1/objects/23/.lock-replication'\n"


def test_a_session_waits_for_a_lock_that_comes_free(receivers):
    tested, _ = receivers.both(dict(LOCKS, replication_lock_timeout=20), 5)
    converse(tested.port, check_script(), partition='25')
    with connected(tested.port) as client:
        with held(tested.tree.partition_path('25'), 'replication'):
            client.start(partition='25')
            client.read_head()
            # The header and the first line end are out before any lock is asked for.
            assert client.read_line() == b'\r\n'
            client.play(check_script())
        assert client.rest().endswith(UPDATES_DONE)


def test_our_locks_keep_a_python_daemon_out(receivers):
    from swift.common.exceptions import LockTimeout
    from swift.common.utils import lock_path
    tested, _ = receivers.both(LOCKS, 5)
    partition = tested.tree.partition_path('26')
    with session(tested, '26') as client:
        for directory, name in ((partition, 'replication'), (tested.tree.device_path, None)):
            with pytest.raises(LockTimeout):
                with lock_path(directory, timeout=0.2, name=name):
                    pass
        # The lock of hashes.invalid is not held between changes.
        with lock_path(partition, timeout=5):
            pass
        finish(client)
    for directory, name in ((partition, 'replication'), (tested.tree.device_path, None)):
        with lock_path(directory, timeout=5, name=name):
            pass


def test_the_devices_lock_is_shared_by_policies(receivers):
    tested, swift = receivers.both(LOCKS, 5)
    for server in (tested, swift):
        with session(server, '40') as client:
            reply = converse(server.port, check_script(), partition='41',
                             headers=[('X-Backend-Storage-Policy-Index', '1')])
            assert b'/%s/.lock\'\n' % DEVICE.encode() in reply.body, reply
            finish(client)


def test_the_partitions_hashes_lock_held_by_a_python_daemon(receivers):
    """A subrequest that cannot write hashes.invalid in 10 seconds fails with 500, and leaves nothing visible."""
    servers = receivers.both({'client_timeout': 61})
    script = [EMPTY_CHECK, UPDATES_START + b'DELETE /a/c/o\r\nX-Timestamp: %d\r\n\r\n' % int(time.time()) + UPDATES_END,
              LAST_CHUNK]
    with contextlib.ExitStack() as locks:
        for server in servers:
            converse(server.port, check_script(), partition='50')
            locks.enter_context(held(server.tree.partition_path('50')))
        bodies = side_by_side(lambda server: converse(server.port, script, partition='50').body, servers)
    for server in servers:
        if server.kind == 'swift':
            continue
        assert not any(name.endswith('.ts') for _, _, names in os.walk(server.tree.partition_path('50'))
                       for name in names)
    assert bodies[0] == bodies[1]
