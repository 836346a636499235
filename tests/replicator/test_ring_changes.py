"""A ring that is replaced while a pass goes on. SSYNC_REPLICATOR=swift shows what Swift's does of it."""
import contextlib
import gzip
import json
import os
import struct
import subprocess
import threading

import pytest

from handoff_node import PART_POWER, Primary, names_of
from processes import await_condition, die_with_parent
from replicators import our_binary
from scripted_peer import ScriptedPeer, Truthful, answer
from swift_cluster import SILVER
from tree import objects_only, read_tree

T = 1700000000
PARTITIONS = range(1 << PART_POWER)
PARTITION = 1
WITHIN = 60
ABORTED = 'Ring change detected. Aborting current replication pass.'


class Scripted(Truthful):
    """Has whatever it was sent. Its moments are one more: a question for an object by its name."""

    def __init__(self, hashes=None, at=None):
        super().__init__(hashes or {}, at)

    def head(self, session):
        session.read_head()
        self.moment('in HEAD')
        time_there = b'X-Backend-Timestamp: %d.00000\r\nX-Backend-Data-Timestamp: %d.00000\r\n' % (T, T)
        session.send(answer(b'200 OK', head=time_there))


@pytest.fixture
def peers():
    """The first three are primaries, the fourth is one in the new ring."""
    started = [ScriptedPeer() for _ in range(4)]
    for peer in started:
        peer.behave(Scripted())
    yield started
    for peer in started:
        peer.close()


def primaries(peers):
    return [Primary('s%d' % number, peer.port) for number, peer in enumerate(peers)]


def store(tree, partition, objects, policy=0):
    for name, _ in zip(names_of(partition), range(objects)):
        tree.put(partition, name, T, b'body', policy=policy)


def requests(peer, method):
    with peer.lock:
        return sum(head.startswith(method + ' ') for head in peer.heads)


def ring_path(node):
    return os.path.join(node.place, 'object.ring.gz')


def replace(node, data):
    """As a distribution of rings does it: another file under the name."""
    with open(ring_path(node) + '.new', 'wb') as file:
        file.write(data)
    os.rename(ring_path(node) + '.new', ring_path(node))


def ring_of(node, devices, settings=None):
    """The bytes of a ring with these primaries; that of the node is another one afterwards."""
    node.configure(devices, settings)
    with open(ring_path(node), 'rb') as file:
        return file.read()


class Once:
    """Does something when it is called for the last of so many times."""

    def __init__(self, work, calls=1):
        self.work = work
        self.lock = threading.Lock()
        self.left = calls

    def __call__(self):
        with self.lock:
            self.left -= 1
            if self.left == 0:
                self.work()


def test_a_pass_ends_when_its_ring_changes(replicator, start_node, peers):
    node = start_node(devices=('d1', 'd2'))
    node.configure(primaries(peers[:3]), {'ring_check_interval': '0'})
    places = [(tree, partition, policy) for tree in node.trees for partition in PARTITIONS for policy in (0, SILVER)]
    for tree, partition, policy in places:
        store(tree, partition, 1, policy)
    before = [objects_only(read_tree(tree.device_path)) for tree in node.trees]

    def change_rings():
        for name in ('object.ring.gz', 'object-1.ring.gz'):
            os.utime(os.path.join(node.place, name), (T, T))
    change = Once(change_rings)
    for peer in peers:
        peer.behave(Scripted(at={'after the offers': change}))
    stats = node.run(replicator)
    assert ABORTED in node.log_text()
    # Monitoring is told what was done, as of a pass that came to its end.
    assert 1 <= stats['attempted'] < len(places) and stats['failure'] == 0
    assert stats['rsync'] <= 3 * stats['attempted']
    if replicator.ours:
        # Partitions that waited for their turn are not sent to the primaries of the ring before.
        assert (stats['attempted'], stats['rsync'], stats['remove']) == (1, 3, 0)
        assert [objects_only(read_tree(tree.device_path)) for tree in node.trees] == before
    node.run(replicator)
    assert not any(objects_only(read_tree(tree.device_path)) for tree in node.trees)


@pytest.mark.parametrize('moment, objects, calls', [
    ('after the offers', 2, 1), ('after the updates', 2, 3), ('in HEAD', 2, 6), ('in REPLICATE', 5, 3)])
def test_nothing_is_removed_for_the_primaries_of_the_ring_before(replicator, start_node, peers, moment, objects, calls):
    """They have all of it, and have said so, when the ring is replaced by one that has another primary."""
    if not replicator.ours:
        pytest.skip("Swift's removes what the primaries of the ring before have")
    node = start_node()
    store(node.tree, PARTITION, objects)
    new = ring_of(node, primaries(peers[1:]))
    node.configure(primaries(peers[:3]))
    change = Once(lambda: replace(node, new), calls)
    hashes = node.suffix_hashes(PARTITION)
    before = objects_only(read_tree(node.tree.device_path))
    for peer in peers:
        peer.behave(Scripted(hashes, {moment: change}))
    stats = node.run(replicator)
    assert change.left <= 0 and objects_only(read_tree(node.tree.device_path)) == before
    assert 'kept, because %s has changed' % ring_path(node) in node.log_text()
    assert (stats['attempted'], stats['remove'], stats['failure']) == (1, 0, 0)
    assert not peers[3].heads
    stats = node.run(replicator)
    assert (stats['remove'], stats['failure']) == (1, 0) and not os.path.exists(node.tree.partition_path(PARTITION)), node.log_text()
    assert requests(peers[3], 'SSYNC') == 1 and requests(peers[0], 'SSYNC') == 1


@contextlib.contextmanager
def daemon(node):
    with open(node.log, 'ab') as log:
        running = subprocess.Popen([our_binary(), node.conf, '-v'], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   preexec_fn=die_with_parent)
    try:
        yield running
        assert running.poll() is None, node.log_text()
    finally:
        running.terminate()
        try:
            running.wait(WITHIN)
        finally:
            running.kill()
            running.wait()


def cut(ring):
    return ring[:len(ring) // 2]


def of_too_many_partitions(_):
    header = json.dumps({'byteorder': 'little', 'devs': [], 'part_shift': 0, 'replica_count': 4096}).encode()
    return gzip.compress(b'R1NG' + struct.pack('!HI', 1, len(header)) + header)


@pytest.mark.parametrize('spoil', [cut, of_too_many_partitions], ids=lambda spoil: spoil.__name__)
def test_a_ring_that_is_none_leaves_the_one_before(replicator, start_node, peers, spoil):
    """It comes in mid-pass, of a daemon; later there is a sound one."""
    if not replicator.ours:
        pytest.skip("Swift's logs an exception in each pass and replicates nothing")
    node = start_node()
    store(node.tree, PARTITION, 1)
    settings = {'interval': '0.05', 'ring_check_interval': '0'}
    new = ring_of(node, primaries(peers[1:]), settings)
    old = ring_of(node, primaries(peers[:3]), settings)
    change = Once(lambda: replace(node, spoil(old)))
    for peer in peers:
        peer.behave(Scripted(at={'after the offers': change}))
    with daemon(node):
        def gone():
            return not os.path.exists(node.tree.partition_path(PARTITION))
        await_condition(gone, node.log_text, WITHIN)
        assert [requests(peer, 'SSYNC') for peer in peers] == [2, 2, 2, 0]
        passes = node.log_text().count('replication pass')
        await_condition(lambda: node.log_text().count('replication pass') > passes + 2, node.log_text, WITHIN)
        complaints = [line for line in node.log_text().splitlines() if ' ERROR ' in line]
        assert len(complaints) == 1 and ring_path(node) + ': ' in complaints[0], complaints
        assert 'the ring that was read before stays in use' in complaints[0]
        replace(node, new)
        store(node.tree, PARTITION, 1)
        await_condition(gone, node.log_text, WITHIN)
        assert requests(peers[3], 'SSYNC') == 1
    assert len([line for line in node.log_text().splitlines() if ' ERROR ' in line]) == 1
