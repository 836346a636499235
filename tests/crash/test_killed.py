"""A worker that is killed before each system call of a session in turn, by which it would have changed the device.

What it leaves is what Swift's receiver could leave: whole files or none, hash directories that are empty, files without a
name that vanish with it. The sender comes again and finds a receiver that completes.
"""
import itertools
import os
import shutil

import pytest

from checks import Checks
from model import STATES, Content, Disk
from processes import await_condition, lock_holders
from recording import Incomplete, read_device
from scenario import DONE, MIB, Before, Scenario, Sent, Session, text
from swift_cluster import EC
from wire import EMPTY_CHECK, LAST_CHUNK, UPDATES_END, UPDATES_START, connected

# A pool waits longer and longer before it replaces workers that die young; it gets a new one before it runs out of them.
KILLED = 40
_partitions = itertools.count(1)


def objects(scenario, tree, partition):
    """(the session that is killed, the one after it)"""
    before = Before(scenario, tree)
    before.put_objects(partition, 4)
    before.done()
    sent = Sent(scenario, partition)
    again = Sent(scenario, partition)
    for name, size in (('/a/new/0', 64), ('/a/new/1', 0), ('/a/old/0', 64), ('/a/new/large', MIB + 1)):
        sent.put(name, 10, text(name, size))
        again.offer(name, 10, text(name, size))
    sent.post('/a/old/1', 10)
    sent.delete('/a/old/2', 10)
    again.delete('/a/old/2', 11)
    sent.put('/a/new/several', 10, text('several.'))
    sent.post('/a/new/several', 11)
    sent.delete('/a/new/several', 12)
    again.put('/a/new/several', 13, text('once more.'))
    again.post('/a/old/1', 11)
    return sent, again


def archives(scenario, tree, partition):
    before = Before(scenario, tree)
    before.put_fragments(partition, 2)
    before.done()
    sent = Sent(scenario, partition, EC)
    again = Sent(scenario, partition, EC)
    for name, durable in (('/a/new/0', True), ('/a/new/1', False), ('/a/old/0', True), ('/a/old/1', False)):
        sent.put_fragment(name, 10, text(name, 3000), 1, durable)
        again.put_fragment(name, 11, text(name, 3000), 1)
    return sent, again


SESSIONS = {'objects': objects, 'fragments': archives}


def as_tree(stored):
    """What read_device() found, in the form of a state of model.py."""
    tree = {}
    for path in sorted(stored):
        if path:
            above = tree
            *directories, name = path.split('/')
            for directory in directories:
                above = above[directory]
            entry = stored[path]
            above[name] = {} if entry.data is None else Content(entry.data, entry.xattrs)
    return tree


def play_until_killed(server, sent):
    """True if the worker was killed; else the session ended."""
    with connected(server.port) as client:
        try:
            client.start(partition=sent.partition, headers=sent.headers)
            client.play([EMPTY_CHECK, UPDATES_START + b''.join(sent.updates) + UPDATES_END, LAST_CHUNK])
            client.reply()
        except (BrokenPipeError, ConnectionResetError, EOFError):
            pass
    return not server.faults.will_kill()


def await_end(server, sent):
    lock = os.path.join(server.tree.partition_path(sent.partition, sent.policy), '.lock-replication')
    await_condition(lambda: not lock_holders(lock), 'the lock is free')


def assert_only_what_swift_leaves(server, scenario, before, told, directory):
    after = read_device(server.tree.device_path)
    checks = Checks(scenario, before, directory)
    try:
        assert not checks.problems(as_tree(after), told)
    finally:
        checks.close()
    for path, stored in after.items():
        name = os.path.basename(path)
        # No temporary file, and nothing in tmp/.
        assert stored.data is None or name.startswith(('.lock', 'hashes.')) or name.endswith(('.data', '.meta', '.ts')), path
    assert 'quarantined' not in after


@pytest.mark.parametrize('session', SESSIONS)
def test_killed_before_each_call(servers, session, root):
    for number in itertools.count(1):
        if number % KILLED == 1:
            server = servers.start(KILLED + 8)
        scenario = Scenario()
        sent, again = SESSIONS[session](scenario, server.tree, str(next(_partitions)))
        before = read_device(server.tree.device_path)
        server.faults.kill_before(number)
        killed = play_until_killed(server, sent)
        await_end(server, sent)
        assert_only_what_swift_leaves(server, scenario, before, 1, root)
        server.faults.kill_before(0)
        again.play(server, DONE)
        assert_only_what_swift_leaves(server, scenario, before, 2, root)
        shutil.rmtree(server.tree.partition_path(sent.partition, sent.policy))
        if not killed:
            break
    # One for each of many calls: else nothing was tried.
    assert number > 50


def test_what_the_next_session_finds_is_certain_too(servers, root):
    """Files revealed by a killed worker are not wanted again, so the sender takes them for stored; then the machine crashes."""
    marked = 0
    lost = []
    for number in itertools.count(1):
        if number % KILLED == 1:
            server = servers.start(KILLED + 8)
        scenario = Scenario()
        partition = str(next(_partitions))
        Before(scenario, server.tree).done()
        sent, again = Sent(scenario, partition), Sent(scenario, partition)
        for name in ('/a/new/0', '/a/new/1'):
            sent.put(name, 10, text(name))
            again.offer(name, 10, text(name))
        before = read_device(server.tree.device_path)
        server.faults.clear()
        server.faults.kill_before(number)
        killed = play_until_killed(server, sent)
        await_end(server, sent)
        server.faults.kill_before(0)
        lock = os.path.join(server.tree.partition_path(partition), '.lock-replication')
        marked += killed and os.path.exists(lock) and os.path.getsize(lock) != 0
        if not killed:
            assert os.path.getsize(lock) == 0
            break
        scenario.sessions.append(Session(None, [], sent.changed))
        again.play(server, DONE)
        try:
            calls, records = server.faults.calls()
        except Incomplete:
            continue    # another thread was in a call, of which nobody knows what became of it
        checks = Checks(scenario, before, root)
        lost += checks.problems(Disk(before, calls).state(records, STATES['nothing']), 3)
        checks.close()
        shutil.rmtree(server.tree.partition_path(partition))
    assert number > 20
    assert marked > 10
    assert not lost
