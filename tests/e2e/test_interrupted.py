"""Sessions that die half-way: nothing partial is seen, nothing is left, and the next session works at once."""
import os
import signal
import time

import pytest

from processes import alive, await_condition, lock_holders, open_files, unread_bytes
from target import TARGET
from tree import differences, read_tree
from wire import (EMPTY_CHECK, MISSING_CHECK_START, UPDATES_DONE, UPDATES_START, check_script, connected, converse, put,
                  updates_script)

# One slot and one place on the device: a leak of either would refuse the next session.
SETTINGS = {'replication_concurrency': 1, 'replication_concurrency_per_device': 1, 'replication_lock_timeout': 5}
T = b'%010d.00000' % (int(time.time()) - 100)
SIZE = 3 << 20
WHOLE = put(b'/a/c/first', T, b'whole')
CUT = put(b'/a/c/cut', T, b'x' * SIZE)[:-(2 << 20)]

PHASES = {
    'before the first line': [],
    'in the missing check': [MISSING_CHECK_START + b'0' * 32 + b' ' + T + b'\r\n'],
    'between the phases': [EMPTY_CHECK],
    'after UPDATES START': [EMPTY_CHECK, UPDATES_START],
    'after an object': [EMPTY_CHECK, UPDATES_START + WHOLE],
    'in the headers': [EMPTY_CHECK, UPDATES_START + WHOLE + b'PUT /a/c/cut\r\nX-Timestamp: 1\r\n'],
    'in a PUT body': [EMPTY_CHECK, UPDATES_START + WHOLE + CUT],
    'in a PUT body over an object': [EMPTY_CHECK, UPDATES_START + WHOLE + put(
        b'/a/c/old', T, b'x' * SIZE)[:-(2 << 20)]],
}


def bring_to(client, server, partition, script):
    """Play a script until the worker has processed it; the worker's pid, for a pool."""
    client.start(partition=partition)
    client.read_head()
    client.play(script)
    lock = os.path.join(server.tree.partition_path(partition), '.lock-replication')
    holder, = await_condition(lambda: lock_holders(lock), 'the session holds its lock')
    data = b''.join(script)
    if b'first' in data:
        await_condition(lambda: os.path.isdir(server.tree.hash_path(partition, '/a/c/first')) and any(
            name.endswith('.data') for name in os.listdir(server.tree.hash_path(partition, '/a/c/first'))),
            'the first object is there')
    if b'x' * 1000 in data:
        # An unnamed file in the hash directory is open for the body.
        name = '/a/c/cut' if CUT in data else '/a/c/old'
        directory = server.tree.hash_path(partition, name)
        await_condition(lambda: any(path.startswith(directory) for path in open_files(holder)),
                        lambda: 'the worker writes a body: %r' % open_files(holder))
    return holder


def prepare(server, partition):
    server.tree.put(partition, '/a/c/old', 1600000000, b'old body')


def await_unlocked(server, partition):
    lock = os.path.join(server.tree.partition_path(partition), '.lock-replication')
    await_condition(lambda: not lock_holders(lock), 'the locks are free', 2)


def assert_next_session_works(server, partition):
    """With one slot for all, the first session that is not refused must come at once."""
    def attempt():
        reply = converse(server.port, check_script(), partition=partition)
        return reply if b':ERROR: 503' not in reply.body else None
    reply = await_condition(attempt, 'the slot is free', 2)
    assert reply.body.endswith(UPDATES_DONE), reply
    body = converse(server.port, updates_script(put(b'/a/c/next', T, b'y')), partition=partition).body
    assert body.endswith(UPDATES_DONE), body


def assert_nothing_partial(server, partition):
    entries = read_tree(server.tree.partition_path(partition))
    assert not any('cut' in path for path in entries)
    files = [path for path, entry in entries.items() if entry['kind'] == 'file']
    for path in files:
        assert os.path.basename(path).startswith(('.lock', 'hashes.')) or path.endswith('.data'), path
    for name, body in (('/a/c/old', b'old body'), ('/a/c/first', b'whole')):
        directory = server.tree.hash_path(partition, name)
        if os.path.isdir(directory):
            with server.tree.diskfile(partition, name).open() as diskfile:
                assert b''.join(diskfile.reader()) == body
    assert not os.path.isdir(server.tree.hash_path(partition, '/a/c/cut')) or not os.listdir(
        server.tree.hash_path(partition, '/a/c/cut'))
    tmp = os.path.join(server.tree.device_path, 'tmp')
    assert not os.path.isdir(tmp) or not os.listdir(tmp)
    assert not os.path.isdir(os.path.join(server.tree.device_path, 'quarantined'))


@pytest.mark.parametrize('how', ['closed', 'reset'])
@pytest.mark.parametrize('phase', PHASES)
def test_sender_killed(receivers, phase, how):
    """The tree is the one that Swift's receiver leaves after the same."""
    partition = str(100 + 2 * list(PHASES).index(phase) + ['closed', 'reset'].index(how))
    trees = []
    for server in receivers.both(SETTINGS, 3):
        prepare(server, partition)
        with connected(server.port) as client:
            bring_to(client, server, partition, PHASES[phase])
            client.reset() if how == 'reset' else client.close()
        await_unlocked(server, partition)
        assert_nothing_partial(server, partition)
        trees.append(read_tree(server.tree.partition_path(partition)))
        assert_next_session_works(server, partition)
    assert not differences(*trees)


@pytest.mark.worker_only
@pytest.mark.parametrize('phase', PHASES)
def test_worker_killed(receivers, phase):
    """A worker that has no time to clean up leaves no more than one that has; the pool replaces it."""
    partition = str(200 + list(PHASES).index(phase))
    server, swift = receivers.both(SETTINGS, 3)
    prepare(server, partition)
    prepare(swift, partition)
    with connected(server.port) as client:
        worker = bring_to(client, server, partition, PHASES[phase])
        before = server.serving_pids()
        assert worker in before and len(before) == 3
        os.kill(worker, signal.SIGKILL)
        client.rest()
        assert client.body_ended == 'cut'
    await_unlocked(server, partition)
    assert_nothing_partial(server, partition)
    assert_next_session_works(server, partition)
    await_condition(lambda: len([pid for pid in server.serving_pids() if pid != worker]) == 3, 'the pool is whole again')
    with connected(swift.port) as client:
        bring_to(client, swift, partition, PHASES[phase])
    await_unlocked(swift, partition)
    assert_next_session_works(swift, partition)
    assert not differences(read_tree(server.tree.partition_path(partition)),
                           read_tree(swift.tree.partition_path(partition)))


@pytest.mark.worker_only
def test_all_workers_killed_one_after_another(own):
    """No slot is lost for ever, however many workers die with one."""
    server = own.new('worker', SETTINGS, 3)
    for number in range(6):
        partition = str(300 + number)
        with connected(server.port) as client:
            worker = bring_to(client, server, partition, PHASES['between the phases'])
            os.kill(worker, signal.SIGKILL)
            client.rest()
        await_unlocked(server, partition)
        assert_next_session_works(server, partition)


@pytest.mark.parametrize('how', ['close', 'reset'])
def test_a_sender_that_goes_after_its_last_chunk(own, how):
    """All that it sent is stored, whether or not anybody hears of it; the receiver is free for the next session."""
    server = own.new(TARGET, SETTINGS, 3)
    partition = '402'
    prepare(server, partition)
    with connected(server.port) as client:
        client.start(partition=partition).read_head()
        client.play(updates_script(WHOLE))
        await_condition(lambda: unread_bytes(server.port, client.socket) == 0, 'the server has all')
        getattr(client, how)()
    directory = server.tree.hash_path(partition, '/a/c/first')
    await_condition(lambda: os.path.isdir(directory) and os.listdir(directory), 'the object is there')
    await_unlocked(server, partition)
    reply = converse(server.port, check_script(), partition=partition)
    assert reply.ended == 'last chunk' and reply.body.endswith(UPDATES_DONE), reply


@pytest.mark.worker_only
@pytest.mark.parametrize('phase', ['in the missing check', 'after an object', 'in a PUT body'])
def test_nginx_killed(own, phase):
    """run-local then ends with all that it started; a receiver started again on the device goes on at once."""
    server = own.new('worker', SETTINGS, 3)
    partition = '400'
    prepare(server, partition)
    with connected(server.port) as client:
        bring_to(client, server, partition, PHASES[phase])
        for pid in server.nginx_pids():
            os.kill(pid, signal.SIGKILL)
        client.rest()
        assert client.body_ended == 'cut'
    server.process.wait(30)
    assert server.process.returncode != 0
    server.await_no_process()
    await_unlocked(server, partition)
    assert_nothing_partial(server, partition)
    again = own.new('worker', SETTINGS, 3, tree=server.tree)
    assert_next_session_works(again, partition)


@pytest.mark.worker_only
def test_nginx_killed_while_the_pool_lives(own):
    """The pool on its own: a session whose nginx dies is told from a clean end, and its worker serves on."""
    server = own.new('worker', SETTINGS, 3)
    partition = '401'
    prepare(server, partition)
    with connected(server.port) as client:
        worker = bring_to(client, server, partition, PHASES['in a PUT body'])
        # nginx's own worker process only: its master starts another.
        from processes import command_line
        serving = [pid for pid in server.nginx_pids() if 'master' not in command_line(pid)]
        assert serving
        for pid in serving:
            os.kill(pid, signal.SIGKILL)
        client.rest()
    await_unlocked(server, partition)
    assert_nothing_partial(server, partition)
    if server.process.poll() is None and alive(worker):
        assert_next_session_works(server, partition)
