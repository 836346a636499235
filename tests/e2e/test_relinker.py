"""An increase of the partition power, with sessions between its steps: nothing is lost, nothing stays doubled.

The replicator of a cluster leaves a policy alone during an increase, except that 2.30.1 looks before it has loaded
the ring: the first pass after its start, which is the one that --once makes, does replicate. Its sender tells nothing
of the next partition power; where ours does below, it says what proxies say to object servers.
"""
import os

import pytest

import fragments
from auditor import assert_clean, audit
from cluster_objects import KINDS, T, files, fill, scatter
from replicator_passes import assert_passed, converge, replicate
from ring_cluster import DEVICES, TESTED_DEVICE, names_in, partitions_by_primaries
from sender import replicate as replicate_by_hand
from swift_cluster import EC, GOLD, SILVER, partition_of
from tree import differences, read_tree

POWER = 3
POLICIES = (GOLD, SILVER, EC)


@pytest.fixture(scope='module')
def running(start_clusters):
    return start_clusters(devices=DEVICES)


@pytest.fixture
def clusters(running):
    for cluster in running:
        cluster.clear()
        for policy in POLICIES:
            cluster.build_ring(policy, POWER, replicas=3)
    return running


def change_rings(clusters, step):
    for cluster in clusters:
        for policy in POLICIES:
            cluster.ring_builder(policy, step)
            cluster.ring_builder(policy, 'write_ring')


def relink(clusters, action):
    for statistics in [cluster.relink(action) for cluster in clusters]:
        assert statistics['errors'] == 0, statistics


def assert_same(clusters, device=TESTED_DEVICE):
    lines = differences(*(read_tree(cluster.tree(device).device_path) for cluster in clusters))
    # Of a run of the relinker: times, and which of the device's partitions were done.
    lines = [line for line in lines if 'relink.' not in line.split(':')[0]]
    assert not lines, lines


def held(tree, policy, name, power):
    try:
        return sorted(os.listdir(tree.hash_path(partition_of(name, power), name, policy)))
    except FileNotFoundError:
        return []


def send(cluster, partition, policy=GOLD, told=None, **options):
    """A session from d1 to the device under test; told: the X-Backend-Next-Part-Power of the subrequests."""
    headers = {'X-Backend-Next-Part-Power': str(told)} if told else None
    outcome = replicate_by_hand(cluster.tree('d1'), partition, cluster.node(TESTED_DEVICE).port, policy,
                                device=TESTED_DEVICE, subrequest_headers=headers, **options)
    assert outcome.success, outcome.log


def test_sessions_between_the_steps(clusters):
    devices, partitions = next((devices, partitions) for devices, partitions in
                               partitions_by_primaries(clusters[0]).items() if {'d1', TESTED_DEVICE} <= set(devices))
    partition = partitions[0]
    change_rings(clusters, 'prepare_increase_partition_power')
    for cluster in clusters:
        names = names_in(cluster, partition)
        before = fill(cluster.tree('d1'), partition, names)
        changed = fill(cluster.tree('d1'), partition, names, kinds=KINDS[:3])
    # Objects come before the relinker does, by the replicator's first pass,
    assert_passed(replicate(clusters, 'python'))
    relink(clusters, 'relink')
    assert_same(clusters)
    # after it, where the sender says nothing of the next power,
    for cluster in clusters:
        source = cluster.tree('d1')
        late = fill(source, partition, names_after(cluster, partition, 100))
        source.put(partition, changed[KINDS[0]], T + 100, b'changed')
        source.post(partition, changed[KINDS[1]], T + 100, {'X-Object-Meta-Late': 'yes'})
        source.delete(partition, changed[KINDS[2]], T + 100)
        send(cluster, partition)
        for name in list(late.values()) + list(changed.values()):
            assert len(held(cluster.tested, GOLD, name, POWER)) >= 1
        assert held(cluster.tested, GOLD, late[KINDS[0]], POWER + 1) == []
    assert_same(clusters)
    # and where it does,
    for cluster in clusters:
        told = fill(cluster.tree('d1'), partition, names_after(cluster, partition, 200))
        send(cluster, partition, told=POWER + 1)
        for name in told.values():
            assert held(cluster.tested, GOLD, name, POWER) == held(cluster.tested, GOLD, name, POWER + 1) != []
    assert_same(clusters)
    # and when the ring has the new power already, before the relinker has cleaned up.
    change_rings(clusters, 'increase_partition_power')
    for cluster in clusters:
        name = next(names_after(cluster, partition, 300))
        new = partition_of(name, POWER + 1)
        for tree in (cluster.tree('d1'), cluster.tested):
            tree.put(new, name, T, b'at rest')
        both = next(name for name in told.values() if partition_of(name, POWER + 1) == new)
        cluster.tree('d1').put(new, both, T + 300, b'in the new ring')
        send(cluster, new, told=POWER + 1)
        assert held(cluster.tested, GOLD, both, POWER + 1)[0] == '%010d.00000.data' % (T + 300)
    assert_same(clusters)
    relink(clusters, 'cleanup')
    assert_same(clusters)
    change_rings(clusters, 'finish_increase_partition_power')
    converge(clusters)
    for cluster in clusters:
        for name in [name for stored in (before, changed, late, told) for name in stored.values()]:
            new = partition_of(name, POWER + 1)
            for device in devices:
                files_here = held(cluster.tree(device), GOLD, name, POWER + 1)
                assert files_here == held(cluster.tree('d1'), GOLD, name, POWER + 1) != [], (device, name)
                # The old partition's number may be another's new one.
                if new != partition_of(name, POWER):
                    assert held(cluster.tree(device), GOLD, name, POWER) == []
        assert held(cluster.tested, GOLD, changed[KINDS[2]], POWER + 1) == ['%010d.00000.ts' % (T + 100)]
    assert_same(clusters)


def names_after(cluster, partition, start):
    """Names in a partition of the ring as it was, other ones for another start."""
    number = 0
    while True:
        name = '/AUTH_test/c/late %d %d' % (start, number)
        if partition_of(name, POWER) == partition:
            yield name
        number += 1


def test_fragments_between_the_steps(clusters):
    """Fragments by hand, as the reconstructor waits for the end of the increase."""
    index = 1
    change_rings(clusters, 'prepare_increase_partition_power')

    def store(cluster, name, partition, seconds=0, **options):
        fragments.store([None, cluster.tree('d1'), None], partition, name, T + seconds, b'body of ' + name.encode(),
                        **options)

    partition = 3
    for cluster in clusters:
        early, changed, late, told = [next(names_after(cluster, partition, start)) for start in range(4)]
        for name in (early, changed):
            store(cluster, name, partition)
        send(cluster, partition, EC, fragment=index)
    relink(clusters, 'relink')
    for cluster in clusters:
        store(cluster, changed, partition, 10)
        store(cluster, late, partition)
        send(cluster, partition, EC, fragment=index)
        assert held(cluster.tested, EC, late, POWER + 1) == []
        store(cluster, told, partition)
        send(cluster, partition, EC, fragment=index, told=POWER + 1)
        assert held(cluster.tested, EC, told, POWER + 1) == ['%010d.00000#%d#d.data' % (T, index)]
    assert_same(clusters)
    change_rings(clusters, 'increase_partition_power')
    relink(clusters, 'cleanup')
    change_rings(clusters, 'finish_increase_partition_power')
    for cluster in clusters:
        for name in (early, changed, late, told):
            assert held(cluster.tested, EC, name, POWER + 1) == [
                '%010d.00000#%d#d.data' % (T + (10 if name == changed else 0), index)]
            assert held(cluster.tested, EC, name, POWER) == []
    assert_same(clusters)


def test_a_scattered_cluster_survives(clusters, tmp_path):
    """Versions of objects on all devices, handoffs too, and a pass of every replicator before they are linked.

    A pass after that would lead to second copies that the relinker complains of, with nothing but Swift as well.
    """
    for cluster in clusters:
        names = scatter(cluster)
    change_rings(clusters, 'prepare_increase_partition_power')
    for name in ('python', 'tested'):
        assert_passed(replicate(clusters, name))
    relink(clusters, 'relink')
    change_rings(clusters, 'increase_partition_power')
    relink(clusters, 'cleanup')
    change_rings(clusters, 'finish_increase_partition_power')
    converge(clusters)
    for policy in (GOLD, SILVER):
        ring = clusters[0].ring(policy)
        assert ring.part_power == POWER + 1
        for device in DEVICES:
            ours, theirs = [files(cluster, device, '', policy) for cluster in clusters]
            assert ours == theirs, device
            assert len({os.path.basename(os.path.dirname(path)) for path in ours}) == len(
                {os.path.dirname(path) for path in ours}), device
        for name in [name for its, name in names if its == policy]:
            partition, primaries = ring.get_nodes(*name.lstrip('/').split('/', 2))
            for device in DEVICES:
                found = held(clusters[0].tree(device), policy, name, POWER + 1)
                assert bool(found) == (device in {node['device'] for node in primaries}), (device, name)
    assert_clean(audit(clusters[0].programs, clusters[0].tested, str(tmp_path / 'auditor')), clusters[0].tested)
