"""Objects are stored in a handoff partition while it is reverted: each is on every primary afterwards, or still where it was
stored."""
import os
import threading
import time

import pytest

from handoff_node import Primary, SwiftPrimary, clear, names_of
from scripted_peer import ScriptedPeer, Truthful
from swift_cluster import object_hash

PARTITION = 1
T = 1700000000
MOMENTS = ('after the offers', 'after the updates', 'in REPLICATE')
OLD_OBJECTS = 150
MOST_WRITTEN = 3000


def newest(tree, name):
    directory = tree.hash_path(PARTITION, name)
    names = os.listdir(directory) if os.path.isdir(directory) else []
    return max((one for one in names if one.endswith(('.data', '.ts'))), default=None)


class Writing:
    """What a client does to four objects at one moment."""

    def __init__(self, tree):
        self.tree = tree
        names = names_of(PARTITION)
        self.overwritten, self.deleted, self.posted, self.untouched, self.new = (next(names) for _ in range(5))
        for name in (self.overwritten, self.deleted, self.posted, self.untouched):
            tree.put(PARTITION, name, T, b'before')
        # Another object in the directory of a suffix that is reverted.
        suffix = object_hash(self.untouched)[-3:]
        self.beside = next(name for name in names if object_hash(name)[-3:] == suffix)
        self.asked = threading.Event()
        self.done = threading.Event()

    def ask(self):
        """Called by a peer: what is written is there when this returns."""
        self.asked.set()
        self.done.wait(60)

    def write_if_asked(self):
        # Here and not in the peer's thread: Swift's DiskFile is of one thread.
        if not self.asked.wait(0.01) or self.done.is_set():
            return
        now = int(time.time())
        self.tree.put(PARTITION, self.overwritten, now, b'after')
        self.tree.put(PARTITION, self.new, now, b'new')
        self.tree.put(PARTITION, self.beside, now, b'new')
        self.tree.post(PARTITION, self.posted, now, {'X-Object-Meta-A': 'after'})
        self.tree.delete(PARTITION, self.deleted, now)
        self.time = '%010d.00000' % now
        self.done.set()

    def missing(self):
        """What is no longer where it was written."""
        def has(name, ending):
            return os.path.exists(os.path.join(self.tree.hash_path(PARTITION, name), self.time + ending))
        return [what for what, there in (
            ('the overwritten object', has(self.overwritten, '.data')), ('the new object', has(self.new, '.data')),
            ('the new object of an old suffix', has(self.beside, '.data')), ('the posted metadata', has(self.posted, '.meta')),
            ('the posted object', os.path.exists(os.path.join(self.tree.hash_path(PARTITION, self.posted), '%d.00000.data' % T))),
            ('the tombstone', has(self.deleted, '.ts'))) if not there]


@pytest.mark.parametrize('moment', MOMENTS)
def test_written_at_a_moment(replicator, node, moment):
    from swift.common.storage_policy import POLICIES
    writing = Writing(node.tree)
    hashes = node.tree.manager()._get_hashes(node.tree.device, str(PARTITION), POLICIES[0], do_listdir=True)[1]
    peers = [ScriptedPeer() for _ in range(3)]
    try:
        for peer in peers:
            peer.behave(Truthful(hashes))
        # The last of them, when the others have all.
        peers[-1].behaviour.at[moment] = writing.ask
        node.configure([Primary('p%d' % number, peer.port) for number, peer in enumerate(peers)])
        node.run(replicator, while_it_runs=writing.write_if_asked)
    finally:
        for peer in peers:
            peer.close()
    if not writing.done.is_set():
        pytest.skip('this replicator never comes to that moment')
    assert writing.missing() == []


def test_written_all_the_time(replicator, node, root, swift_dir, programs):
    place = os.path.join(root, 'writer')
    primaries = [SwiftPrimary('p%d' % number, place, swift_dir, programs) for number in range(3)]
    try:
        node.configure(primaries)
        names = names_of(PARTITION)
        for _ in range(OLD_OBJECTS):
            node.tree.put(PARTITION, next(names), T, b'old')
        written = []

        def write():
            if len(written) < MOST_WRITTEN:
                name = next(names)
                node.tree.put(PARTITION, name, T + 1, b'new')
                written.append(name)
            else:
                time.sleep(0.01)
        node.run(replicator, while_it_runs=write)
        lost = [name for name in written
                if not newest(node.tree, name) and not all(newest(primary.tree, name) for primary in primaries)]
        print('%d objects were written, %d of them are lost' % (len(written), len(lost)))
        assert written and not lost
    finally:
        for primary in primaries:
            primary.stop()
        clear(node.tree)
