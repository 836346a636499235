"""swift-object-reconstructor with rings: fragments rebuilt, reverted and made durable with one device served by ours.

Each story is told in two clusters, ours and one of nothing but Swift, and ends with equal trees.
"""
import os
import random
import time

import pytest

import fragments
from auditor import assert_clean, audit
from ring_cluster import DEVICES, TESTED_DEVICE, Requests, names_in, partitions_by_primaries, run_daemon
from swift_cluster import EC, object_hash
from tree import differences, objects_only, read_tree

T = int(time.time()) - 7200
# Segments are 1 MiB: none, one small, exactly one, several with a rest.
SIZES = (0, 1, 1000, 1 << 20, (2 << 20) + 12345)


@pytest.fixture(scope='module')
def running(start_clusters):
    clusters = start_clusters(devices=DEVICES)
    for cluster in clusters:
        cluster.build_ring(EC, part_power=4, replicas=3)
    return clusters


@pytest.fixture
def clusters(running):
    for cluster in running:
        cluster.clear()
    return running


def reconstruct(clusters, name):
    return run_daemon(clusters, 'swift-object-reconstructor', name)


class Place:
    """A partition, its primary devices in the order of their fragments, and the device that has no part in it."""

    def __init__(self, clusters, tested_is_primary=True):
        self.primaries, partitions = next(
            (devices, partitions) for devices, partitions in partitions_by_primaries(clusters[0], EC).items()
            if (TESTED_DEVICE in devices) == tested_is_primary)
        self.partition = partitions[0]
        self.handoff, = set(DEVICES) - set(self.primaries)

    def index(self, device):
        return self.primaries.index(device)

    def others(self):
        return [device for device in self.primaries if device != TESTED_DEVICE]

    def store(self, cluster, name, seconds, size=1000, missing=(), only=None, handoff=None, **options):
        """Store an object's fragments on their devices but for the missing ones; handoff: the fragment it has."""
        body = random.Random(name).randbytes(size)
        trees = [None if device in missing or (only and device not in only) else cluster.tree(device)
                 for device in self.primaries]
        if handoff is not None:
            trees[handoff] = cluster.tree(self.handoff)
        fragments.store(trees, self.partition, name, T + seconds, body,
                        {'X-Object-Meta-Colour': 'blue'}, **options)
        return body

    def held(self, cluster, device, name):
        """The names of an object's files on a device."""
        try:
            return sorted(os.listdir(cluster.tree(device).hash_path(self.partition, name, EC)))
        except FileNotFoundError:
            return []

    def read(self, cluster, device, name):
        with open(os.path.join(cluster.tree(device).hash_path(self.partition, name, EC),
                               self.held(cluster, device, name)[0]), 'rb') as data:
            return data.read()


def file_name(seconds, index=None, durable=True):
    return '%010d.00000%s' % (T + seconds, '.ts' if index is None else
                              '#%d%s.data' % (index, '#d' if durable else ''))


def assert_trees_equal(clusters, devices=DEVICES):
    for device in devices:
        lines = differences(*(read_tree(cluster.tree(device).device_path) for cluster in clusters))
        assert not lines, [device] + lines


def assert_nothing_moves(clusters):
    """Another pass over every device of our cluster starts no session: all hashes agree already."""
    cluster = clusters[0]
    before = objects_only(read_tree(cluster.place))
    requests = Requests(cluster.node(TESTED_DEVICE).server)
    for node in cluster.nodes:
        done, = reconstruct([cluster], node.name)
        assert done.sessions == [] and 'ERROR' not in done.log, done.log
    assert objects_only(read_tree(cluster.place)) == before
    assert {method for method, _ in requests.new()} <= {'REPLICATE'}


def assert_passed(passes):
    for done in passes:
        for word in ('ERROR', 'Unable', 'Invalid', 'Traceback'):
            assert word not in done.log, done.log


def test_fragments_missing_here_are_rebuilt(clusters, tmp_path):
    place = Place(clusters)
    index = place.index(TESTED_DEVICE)
    for cluster in clusters:
        names = names_in(cluster, place.partition, EC)
        bodies = {next(names): size for size in SIZES}
        bodies = {name: place.store(cluster, name, 0, size, missing=[TESTED_DEVICE]) for name, size in bodies.items()}
        deleted, posted = next(names), next(names)
        place.store(cluster, posted, 0, missing=[TESTED_DEVICE])
        for device in place.others():
            cluster.tree(device).delete(place.partition, deleted, T + 5, EC)
            cluster.tree(device).post(place.partition, posted, T + 5, {'X-Object-Meta-Colour': 'red'}, EC)
    assert_passed(reconstruct(clusters, 'python'))
    for cluster in clusters:
        for name, body in bodies.items():
            assert place.held(cluster, TESTED_DEVICE, name) == [file_name(0, index)]
            assert place.read(cluster, TESTED_DEVICE, name) == fragments.encode(body)[index]
        assert place.held(cluster, TESTED_DEVICE, deleted) == [file_name(5)]
        assert place.held(cluster, TESTED_DEVICE, posted) == [file_name(0, index), file_name(5)[:-2] + 'meta']
    assert_trees_equal(clusters, [TESTED_DEVICE])
    assert_nothing_moves(clusters)
    assert_clean(audit(clusters[0].programs, clusters[0].tested, str(tmp_path / 'auditor')), clusters[0].tested)


@pytest.mark.parametrize('node', ['python', 'tested'])
def test_fragments_missing_elsewhere_are_rebuilt_with_ours(clusters, node):
    """Of a two-plus-one code both fragments that are left are needed: the reconstructor reads one of them from us."""
    place = Place(clusters)
    missing, other = place.others()
    for cluster in clusters:
        names = names_in(cluster, place.partition, EC)
        bodies = {next(names): size for size in SIZES}
        bodies = {name: place.store(cluster, name, 0, size, missing=[missing]) for name, size in bodies.items()}
    requests = [Requests(cluster.node(TESTED_DEVICE).server) for cluster in clusters]
    assert_passed(reconstruct(clusters, node))
    for cluster, seen in zip(clusters, requests):
        for name, body in bodies.items():
            assert place.held(cluster, missing, name) == [file_name(0, place.index(missing))]
            assert place.read(cluster, missing, name) == fragments.encode(body)[place.index(missing)]
        assert len([path for method, path in seen.new() if method == 'GET']) == len(SIZES)
    assert_trees_equal(clusters)
    assert_nothing_moves(clusters)


@pytest.mark.parametrize('node', ['python', 'tested'])
def test_fragments_of_the_reserved_namespace_are_rebuilt_with_ours(clusters, node):
    """Versions of objects, with a NUL in their names: one fragment is read from us by %00, and another is rebuilt here."""
    place = Place(clusters)
    missing = place.others()[0]
    for cluster in clusters:
        names = names_in(cluster, place.partition, EC, '/AUTH_test/\0versions\0c/\0object\0')
        elsewhere = {next(names): size for size in SIZES}
        elsewhere = {name: place.store(cluster, name, 0, size, missing=[missing]) for name, size in elsewhere.items()}
        here = next(names)
        body = place.store(cluster, here, 0, missing=[TESTED_DEVICE])
    requests = Requests(clusters[0].node(TESTED_DEVICE).server)
    for one in (node, 'tested' if node == 'python' else 'python'):
        assert_passed(reconstruct(clusters, one))
    for cluster in clusters:
        for name, content in elsewhere.items():
            assert place.held(cluster, missing, name) == [file_name(0, place.index(missing))]
            assert place.read(cluster, missing, name) == fragments.encode(content)[place.index(missing)]
        assert place.read(cluster, TESTED_DEVICE, here) == fragments.encode(body)[place.index(TESTED_DEVICE)]
    read = [path for method, path in requests.new() if method == 'GET']
    assert len(read) == len(SIZES) and all('%00versions%00c/%00object%00' in path for path in read)
    assert_trees_equal(clusters)
    assert_nothing_moves(clusters)


def test_a_handoff_is_reverted_to_us_and_removed_there(clusters):
    place = Place(clusters)
    index = place.index(TESTED_DEVICE)
    for cluster in clusters:
        names = names_in(cluster, place.partition, EC)
        reverted, newer, deleted = next(names), next(names), next(names)
        place.store(cluster, reverted, 0, handoff=index)
        # Here is an older version, there a newer one and a deletion.
        place.store(cluster, newer, 0)
        place.store(cluster, newer, 10, missing=[TESTED_DEVICE], handoff=index)
        place.store(cluster, deleted, 0)
        cluster.tree(place.handoff).delete(place.partition, deleted, T + 10, EC)
    assert_passed(reconstruct(clusters, 'python'))
    for cluster in clusters:
        assert place.held(cluster, TESTED_DEVICE, reverted) == [file_name(0, index)]
        assert place.held(cluster, TESTED_DEVICE, newer) == [file_name(10, index)]
        assert place.held(cluster, TESTED_DEVICE, deleted) == [file_name(10)]
        for name in (reverted, newer, deleted):
            assert place.held(cluster, place.handoff, name) == []
    # The reconstructor of our device passes the deletion on; then the handoff's empty partition goes.
    assert_passed(reconstruct(clusters, 'tested'))
    for done in reconstruct(clusters, 'python'):
        assert done.sessions == [], done.log
    for cluster in clusters:
        for device in place.primaries:
            assert place.held(cluster, device, deleted) == [file_name(10)]
        assert not os.path.exists(cluster.tree(place.handoff).partition_path(place.partition, EC))
    assert_trees_equal(clusters)
    assert_nothing_moves(clusters)


def test_a_handoff_of_this_device_is_reverted_and_removed(clusters):
    """The reconstructor of our device is Swift's and works on the directories that our server serves."""
    place = Place(clusters, tested_is_primary=False)
    assert place.handoff == TESTED_DEVICE
    for cluster in clusters:
        names = names_in(cluster, place.partition, EC)
        reverted = {next(names): index for index in range(3)}
        for name, index in reverted.items():
            place.store(cluster, name, 0, handoff=index)
    assert_passed(reconstruct(clusters, 'tested'))
    for cluster in clusters:
        for name in reverted:
            for device in place.primaries:
                assert place.held(cluster, device, name) == [file_name(0, place.index(device))]
            assert place.held(cluster, TESTED_DEVICE, name) == []
    for done in reconstruct(clusters, 'tested'):
        assert done.sessions == [], done.log
    for cluster in clusters:
        assert not os.path.exists(cluster.tested.partition_path(place.partition, EC))
    assert_trees_equal(clusters)
    assert_nothing_moves(clusters)


def test_a_fragment_is_made_durable(clusters):
    """Its commit was lost here: the offer of a durable fragment renames ours, and no bytes travel."""
    place = Place(clusters)
    index = place.index(TESTED_DEVICE)
    for cluster in clusters:
        names = names_in(cluster, place.partition, EC)
        lost = next(names)
        place.store(cluster, lost, 0, missing=[TESTED_DEVICE])
        place.store(cluster, lost, 0, only=[TESTED_DEVICE], durable=False)
        assert place.held(cluster, TESTED_DEVICE, lost) == [file_name(0, index, durable=False)]
    passes = reconstruct(clusters, 'python')
    assert_passed(passes)
    for cluster, done in zip(clusters, passes):
        assert place.held(cluster, TESTED_DEVICE, lost) == [file_name(0, index)]
        assert done.sessions and all(session[4] == 0 for session in done.sessions), done.log
    assert_trees_equal(clusters)
    # Swift does not invalidate the suffix when it renames: the hash is right once the device's own reconstructor,
    # which mistrusts hashes that differ, has been here.
    for done in reconstruct(clusters, 'tested'):
        assert done.sessions == [], done.log
    assert_nothing_moves(clusters)


def test_a_fragment_that_is_not_durable_is_reverted_as_it_is(clusters):
    """X-Backend-No-Commit: what was not committed there must not count as committed here."""
    place = Place(clusters)
    index = place.index(TESTED_DEVICE)
    for cluster in clusters:
        names = names_in(cluster, place.partition, EC)
        name = next(names)
        place.store(cluster, name, 0, only=['none'], handoff=index, durable=False)
        handoff, = place.held(cluster, place.handoff, name)
        assert handoff == file_name(0, index, durable=False)
        # Older than commit_window, or it would stay where it is for a while.
        path = os.path.join(cluster.tree(place.handoff).hash_path(place.partition, name, EC), handoff)
        os.utime(path, (T, T))
    assert_passed(reconstruct(clusters, 'python'))
    for cluster in clusters:
        assert place.held(cluster, TESTED_DEVICE, name) == [file_name(0, index, durable=False)]
        assert place.held(cluster, place.handoff, name) == []
    assert_trees_equal(clusters)
    # Later the others turn up with the whole object, which was committed after all.
    for cluster in clusters:
        place.store(cluster, name, 0, missing=[TESTED_DEVICE])
    assert_passed(reconstruct(clusters, 'python'))
    for cluster in clusters:
        assert place.held(cluster, TESTED_DEVICE, name) == [file_name(0, index)]
    assert_trees_equal(clusters, [TESTED_DEVICE])


def test_a_fragment_that_the_auditor_takes_away_is_rebuilt(clusters, tmp_path):
    place = Place(clusters)
    cluster = clusters[0]
    names = names_in(cluster, place.partition, EC)
    name = next(names)
    place.store(cluster, name, 0, SIZES[-1])
    directory = cluster.tested.hash_path(place.partition, name, EC)
    whole = objects_only(read_tree(directory))
    with open(os.path.join(directory, file_name(0, place.index(TESTED_DEVICE))), 'r+b') as rotten:
        rotten.seek(1000)
        rotten.write(b'rotten')
    audit(cluster.programs, cluster.tested, str(tmp_path / 'rotten'))
    assert os.listdir(os.path.join(cluster.tested.device_path, 'quarantined', 'objects-%d' % EC)) == [object_hash(name)]
    assert_passed(reconstruct([cluster], 'python'))
    assert objects_only(read_tree(directory)) == whole
    assert_nothing_moves(clusters)


def scatter(cluster, seed=13):
    """Objects of which a fragment is missing, misplaced or not committed, or a deletion or a post is not everywhere."""
    source = random.Random(seed)
    ring = cluster.ring(EC)
    bodies = {}
    for number in range(20):
        name = '/AUTH_test/scattered/%d' % number
        partition, primaries = ring.get_nodes(*name.lstrip('/').split('/', 2))
        trees = [cluster.tree(node['device']) for node in primaries]
        handoff = cluster.tree(next(ring.get_more_nodes(partition))['device'])
        body = source.randbytes(source.choice(SIZES))
        odd = source.randrange(3)
        kind = ('missing', 'misplaced', 'undecided', 'deleted', 'posted')[number % 5]
        whole = list(trees)
        if kind in ('missing', 'undecided'):
            whole[odd] = None
        elif kind == 'misplaced':
            whole[odd] = handoff
        fragments.store(whole, partition, name, T, body)
        if kind == 'undecided':
            fragments.store([trees[odd] if index == odd else None for index in range(3)], partition, name, T, body,
                            durable=False)
        elif kind == 'deleted':
            (handoff if source.random() < 0.5 else trees[odd]).delete(partition, name, T + 10, EC)
        elif kind == 'posted':
            trees[odd].post(partition, name, T + 10, {'X-Object-Meta-Colour': 'red'}, EC)
        bodies[name] = None if kind == 'deleted' else body
    return bodies


def test_a_scattered_cluster_comes_to_rest(clusters, tmp_path):
    for cluster in clusters:
        bodies = scatter(cluster)
    for _ in range(5):
        passes = reconstruct(clusters, 'python') + reconstruct(clusters, 'tested')
        assert_passed(passes)
        if not any(done.sessions or 'Removing' in done.log for done in passes):
            break
    else:
        raise AssertionError('still sending: %r' % [done.sessions for done in passes])
    ring = clusters[0].ring(EC)
    for device in DEVICES:
        ours, theirs = [objects_only(read_tree(cluster.tree(device).device_path)) for cluster in clusters]
        assert ours == theirs, device
    for name, body in bodies.items():
        partition, primaries = ring.get_nodes(*name.lstrip('/').split('/', 2))
        for index, node in enumerate(primaries):
            directory = clusters[0].tree(node['device']).hash_path(partition, name, EC)
            data = sorted(os.listdir(directory))[0]
            assert data == (file_name(10) if body is None else file_name(0, index)), (name, node['device'])
            if body is not None:
                with open(os.path.join(directory, data), 'rb') as file:
                    assert file.read() == fragments.encode(body)[index]
        for device in set(DEVICES) - {node['device'] for node in primaries}:
            assert not os.path.exists(clusters[0].tree(device).hash_path(partition, name, EC))
    assert_clean(audit(clusters[0].programs, clusters[0].tested, str(tmp_path / 'auditor')), clusters[0].tested)
