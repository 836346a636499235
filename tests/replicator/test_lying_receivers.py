"""A handoff partition is reverted to receivers that do not do what they say: then nothing of it may be removed.

One of the three primaries lies, beside two of Swift's own that take what they are sent; with SSYNC_ALL_LIE in the environment also
all three.
"""
import os
import time

import pytest

from handoff_node import HandoffNode, Primary, SwiftPrimary, clear, names_of
from lies import LIES, REFUSALS, HostileHashes
from scripted_peer import ScriptedPeer, Truthful
from tree import objects_only, read_tree

PARTITION = 1
T = 1700000000
# For peers that say nothing; others answer at once.
SECONDS = 1
ALONE = pytest.mark.parametrize('alone', [False, True] if os.environ.get('SSYNC_ALL_LIE') else [True], ids=lambda alone: 'one' if alone else 'all')


@pytest.fixture(scope='module')
def peers(root, swift_dir, programs):
    place = os.path.join(root, 'liars')
    honest = [SwiftPrimary('p%d' % number, place, swift_dir, programs) for number in (1, 2)]
    scripted = [ScriptedPeer() for _ in range(3)]
    yield scripted, honest
    for peer in scripted:
        peer.close()
    for one in honest:
        one.stop()


@pytest.fixture(scope='module')
def node(root, swift_dir):
    return HandoffNode(os.path.join(root, 'handoff'), swift_dir)


@pytest.fixture
def stored(node):
    """What the device has: an object, one with newer metadata, an overwritten one, a deleted one. Suffix hashes are asked for."""
    clear(node.tree)
    names = names_of(PARTITION)
    kept, posted, overwritten, deleted = (next(names) for _ in range(4))
    for name in (kept, posted, overwritten):
        node.tree.put(PARTITION, name, T, b'body of ' + name.encode())
    node.tree.post(PARTITION, posted, T + 1, {'X-Object-Meta-A': 'b'})
    node.tree.put(PARTITION, overwritten, T + 2, b'newer')
    node.tree.delete(PARTITION, deleted, int(time.time()) - 3600)
    return objects_of(node)


@pytest.fixture
def few_stored(node):
    """So few that they are asked for by name."""
    clear(node.tree)
    names = names_of(PARTITION)
    node.tree.put(PARTITION, next(names), T, b'body')
    node.tree.delete(PARTITION, next(names), int(time.time()) - 3600)
    return objects_of(node)


def objects_of(node):
    return objects_only(read_tree(node.tree.device_path))


def primaries_of(peers, behaviours, honest):
    """Primaries of which the first ones behave so."""
    scripted, swift = peers
    for peer, behaviour in zip(scripted, behaviours):
        peer.behave(behaviour)
    for one in swift:
        one.clear()
    return [Primary('s%d' % number, peer.port) for number, peer in enumerate(scripted[:len(behaviours)])] + swift[:honest]


@pytest.mark.parametrize('alone', [False, True], ids=['all', 'one'])
def test_truthful_receivers_are_believed(replicator, peers, node, stored, alone):
    """That what is kept elsewhere is kept for what the receivers say."""
    count = 1 if alone else 3
    node.configure(primaries_of(peers, [Truthful(node.suffix_hashes(PARTITION)) for _ in range(count)], 3 - count))
    stats = node.run(replicator)
    assert stats['remove'] == 1 and stats['failure'] == 0, node.log_text()
    assert objects_of(node) == {}


@ALONE
@pytest.mark.parametrize('lie', LIES, ids=lambda lie: type(lie).__name__)
def test_nothing_is_removed_for_a_lie(replicator, peers, node, stored, lie, alone):
    count = 1 if alone else 3
    node.configure(primaries_of(peers, [lie] * count, 3 - count), seconds=SECONDS)
    node.run(replicator)
    assert objects_of(node) == stored


@pytest.mark.parametrize('lie', LIES, ids=lambda lie: type(lie).__name__)
def test_nothing_of_a_few_is_removed_for_a_lie(replicator, peers, node, few_stored, lie):
    node.configure(primaries_of(peers, [lie] * 3, 0), seconds=SECONDS)
    node.run(replicator)
    assert objects_of(node) == few_stored


@pytest.mark.parametrize('refusal', REFUSALS, ids=lambda refusal: refusal.status.decode())
def test_nothing_is_removed_that_one_refuses(replicator, peers, node, stored, refusal):
    node.configure(primaries_of(peers, [refusal], 2), seconds=SECONDS)
    node.run(replicator)
    assert objects_of(node) == stored


def test_hashes_that_run_a_command(replicator, peers, node, stored, tmp_path):
    path = str(tmp_path / 'made')
    node.configure(primaries_of(peers, [HostileHashes(path)] * 3, 0), seconds=SECONDS)
    node.run(replicator)
    assert not os.path.exists(path)
    assert objects_of(node) == stored
