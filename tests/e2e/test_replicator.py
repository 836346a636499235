"""swift-object-replicator with rings: Swift's daemon on both nodes of a cluster, one device served by ours.

Each story is told in two clusters, ours and one of nothing but Swift, and ends with equal trees.
"""
import http.client
import os
import re
import urllib.parse

import pytest

from auditor import assert_clean, audit
from cluster_objects import KINDS, T, files, fill, large, large_object, plain, posted_twice, scatter
from replicator_passes import assert_at_rest, assert_passed, converge, replicate
from ring_cluster import DEVICES, TESTED_DEVICE, Requests, names_in, partitions_by_primaries
from swift_cluster import GOLD, SILVER, object_hash
from tree import differences, objects_only, read_tree

POLICIES = (GOLD, SILVER)


@pytest.fixture(scope='module')
def running(start_clusters):
    clusters = start_clusters(devices=DEVICES)
    for cluster in clusters:
        cluster.serve_clients()
    return clusters


@pytest.fixture
def clusters(running):
    for cluster in running:
        cluster.clear()
        cluster.build_ring(GOLD, part_power=4, replicas=3)
        cluster.build_ring(SILVER, part_power=3, replicas=2)
    return running


def partition_with(clusters, primaries=(), without=(), policy=GOLD):
    """The first partition of the ring whose primary devices include some and not others."""
    return next(partitions[0] for devices, partitions in partitions_by_primaries(clusters[0], policy).items()
                if set(primaries) <= set(devices) and not set(without) & set(devices))


def assert_trees_equal(clusters, devices=DEVICES):
    """What each device holds is the same in both clusters: names, bytes, metadata, hashes, locks, modes."""
    for device in devices:
        lines = differences(*(read_tree(cluster.tree(device).device_path) for cluster in clusters))
        assert not lines, [device] + lines


def assert_nothing_moves(clusters):
    """Another pass over every device of our cluster starts no session: all suffix hashes are equal already."""
    cluster = clusters[0]
    before = objects_only(read_tree(cluster.place))
    requests = Requests(cluster.node(TESTED_DEVICE).server)
    for node in cluster.nodes:
        done, = replicate([cluster], node.name)
        assert_at_rest(done)
    assert objects_only(read_tree(cluster.place)) == before
    assert {method for method, _ in requests.new()} <= {'REPLICATE'}


def test_a_partition_that_is_missing_here_is_filled(clusters):
    partition = partition_with(clusters, ['d1', TESTED_DEVICE])
    for cluster in clusters:
        stored = fill(cluster.tree('d1'), partition, names_in(cluster, partition), kinds=KINDS + (posted_twice,))
    passes = replicate(clusters, 'python')
    assert_passed(passes)
    for cluster, done in zip(clusters, passes):
        assert done.sessions == [('d1', partition, GOLD, len(stored), len(stored))] * 2
        # Metadata and an older content type travel in one POST, so two .meta files become one, which hashes alike.
        _, meta = [sorted(os.listdir(cluster.tree(device).hash_path(partition, stored[posted_twice])))[1:]
                   for device in ('d1', TESTED_DEVICE)]
        assert meta == ['%010d.00000-f4240.meta' % (T + 30)]
        sent, received = [{path: entry for path, entry in files(cluster, device, partition).items()
                           if object_hash(stored[posted_twice]) not in path} for device in ('d1', TESTED_DEVICE)]
        assert sent == received
    assert_trees_equal(clusters, [TESTED_DEVICE])
    assert_nothing_moves(clusters)


def test_a_handoff_is_pushed_here_and_removed_there(clusters):
    partition = partition_with(clusters, [TESTED_DEVICE], without=['d3'])
    for cluster in clusters:
        fill(cluster.tree('d3'), partition, names_in(cluster, partition))
        pushed = files(cluster, 'd3', partition)
    passes = replicate(clusters, 'python')
    assert_passed(passes)
    for cluster, done in zip(clusters, passes):
        assert done.stats['replication_stats']['remove'] == 1
        assert not os.path.exists(cluster.tree('d3').partition_path(partition))
        assert files(cluster, TESTED_DEVICE, partition) == files(cluster, 'd1', partition) == pushed
    assert_trees_equal(clusters)
    assert_nothing_moves(clusters)


def test_a_handoff_of_this_device_is_pushed_away_and_removed(clusters):
    """The operator exchanges the server only: the replicator that works on our device is Swift's."""
    partition = partition_with(clusters, without=[TESTED_DEVICE])
    for cluster in clusters:
        fill(cluster.tested, partition, names_in(cluster, partition))
        pushed = files(cluster, TESTED_DEVICE, partition)
    passes = replicate(clusters, 'tested')
    assert_passed(passes)
    for cluster, done in zip(clusters, passes):
        assert done.stats['replication_stats']['remove'] == 1
        assert not os.path.exists(cluster.tested.partition_path(partition))
        for device in ('d1', 'd3', 'd4'):
            assert files(cluster, device, partition) == pushed
    assert_trees_equal(clusters)
    assert_nothing_moves(clusters)


def test_a_handoff_stays_when_a_primary_refuses_an_object(clusters):
    """A session with a failure must not count as a success: the sender would delete its copy."""
    partition = partition_with(clusters, [TESTED_DEVICE], without=['d3'])
    for cluster in clusters:
        stored = fill(cluster.tree('d3'), partition, names_in(cluster, partition), kinds=[plain])
        pushed = files(cluster, 'd3', partition)
        # Another object's files in its place, which a server must not overwrite.
        cluster.tested.put(partition, '/AUTH_test/c/other', T, b'other')
        place = cluster.tested.hash_path(partition, stored[plain])
        os.makedirs(os.path.dirname(place))
        os.rename(cluster.tested.hash_path(partition, '/AUTH_test/c/other'), place)
    for done in replicate(clusters, 'python'):
        assert done.stats['replication_stats']['remove'] == 0, done.log
        assert 'With :UPDATES: 1 failures to 0 successes' in done.log
    for cluster in clusters:
        assert files(cluster, 'd3', partition) == pushed
    assert_trees_equal(clusters)


@pytest.mark.parametrize('place', [0, 1], ids=['sent to', 'only asked'])
def test_a_handoff_of_another_region(clusters, place):
    """Of a region's devices one is sent to; of the others the replicator only asks what they miss, and ends the session.

    The handoff's objects go one by one, when every region has them on all its devices.
    """
    for cluster in clusters:
        cluster.build_ring(GOLD, part_power=4, replicas=3, regions={TESTED_DEVICE: 2, 'd4': 2})
    remote = [TESTED_DEVICE, 'd4'] if place == 0 else ['d4', TESTED_DEVICE]
    partition = next(partition for devices, partitions in partitions_by_primaries(clusters[0]).items()
                     for partition in partitions
                     if [device for device in devices if device in remote] == remote)
    handoff = next(device for device in ('d1', 'd3') if partition not in primary_partitions(clusters[0], device))
    for cluster in clusters:
        stored = fill(cluster.tree(handoff), partition, names_in(cluster, partition))
        pushed = files(cluster, handoff, partition)
    passes = replicate(clusters, 'python')
    assert_passed(passes)
    for cluster, done in zip(clusters, passes):
        # The primary in the handoff's region, and both in the other: one of them got it all, the other was asked.
        assert (handoff, partition, GOLD, len(stored), len(stored)) in done.sessions
        assert files(cluster, remote[0], partition) == pushed
    converge(clusters)
    for cluster in clusters:
        for device in remote:
            assert files(cluster, device, partition) == pushed
        assert not os.path.exists(cluster.tree(handoff).partition_path(partition))


def primary_partitions(cluster, device):
    return {partition for devices, partitions in partitions_by_primaries(cluster).items() if device in devices
            for partition in partitions}


def request(port, method, device, partition, name, timestamp, body=None, headers=None, policy=GOLD):
    """A proxy's request to an object server; the status must be a success."""
    path = '/%s/%s%s' % (device, partition, urllib.parse.quote(name))
    sent = {'X-Timestamp': '%010d.00000' % timestamp, 'X-Backend-Storage-Policy-Index': str(policy)}
    sent.update(headers or {})
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        answer = response.read()
        assert response.status // 100 == 2, (response.status, answer)
    finally:
        connection.close()


def test_what_changes_on_either_side_arrives_on_the_other(clusters):
    """Objects, posts and deletions by proxies: on our device through the Swift server that serves its other port."""
    partition = partition_with(clusters, ['d1', TESTED_DEVICE])
    primaries = next(devices for devices, found in partitions_by_primaries(clusters[0]).items() if partition in found)
    for cluster in clusters:
        names = names_in(cluster, partition)
        changes = [(device, method, next(names)) for device in ('d1', TESTED_DEVICE)
                   for method in ('PUT', 'POST', 'DELETE', 'new')]
        for device in primaries:
            for _, method, name in changes:
                if method != 'new':
                    cluster.tree(device).put(partition, name, T, b'before')
    for cluster in clusters:
        ports = {'d1': cluster.node('d1').port, TESTED_DEVICE: cluster.node(TESTED_DEVICE).client_port}
        for device, method, name in changes:
            body = b'after' if method in ('PUT', 'new') else None
            request(ports[device], 'PUT' if method == 'new' else method, device, partition, name, T + 60, body,
                    {'Content-Type': 'text/new', 'X-Object-Meta-A': 'b'} if method != 'DELETE' else {})
    for name in ('python', 'tested'):
        assert_passed(replicate(clusters, name))
    for cluster in clusters:
        assert files(cluster, 'd1', partition) == files(cluster, TESTED_DEVICE, partition)
        assert sorted(os.path.splitext(path)[1] for path in files(cluster, 'd1', partition)) == sorted(
            ['.data', '.data', '.meta', '.ts', '.data'] * 2)
    assert_trees_equal(clusters, [TESTED_DEVICE])
    assert_nothing_moves(clusters)


def data_file(cluster, partition, name):
    directory = cluster.tested.hash_path(partition, name)
    found, = [entry for entry in os.listdir(directory) if entry.endswith('.data')]
    return os.path.join(directory, found)


def test_what_the_auditor_takes_away_comes_back(clusters, tmp_path):
    """Bytes that rot and a file cut to nothing: quarantined by Swift's auditor, and sent again through us."""
    cluster = clusters[0]
    partition = partition_with(clusters, ['d1', TESTED_DEVICE])
    stored = fill(cluster.tree('d1'), partition, names_in(cluster, partition))
    assert_passed(replicate([cluster], 'python'))
    whole = files(cluster, TESTED_DEVICE, partition)
    assert_clean(audit(cluster.programs, cluster.tested, str(tmp_path / 'clean')), cluster.tested)
    with open(data_file(cluster, partition, stored[large]), 'r+b') as rotten:
        rotten.seek(1000)
        rotten.write(b'rotten')
    os.truncate(data_file(cluster, partition, stored[plain]), 0)
    audit(cluster.programs, cluster.tested, str(tmp_path / 'rotten'))
    assert len(os.listdir(os.path.join(cluster.tested.device_path, 'quarantined', 'objects'))) == 2
    assert len(files(cluster, TESTED_DEVICE, partition)) == len(whole) - 2
    done, = replicate([cluster], 'python')
    assert_passed([done])
    assert sum(session[4] for session in done.sessions) == 2, done.log
    assert files(cluster, TESTED_DEVICE, partition) == whole
    assert_nothing_moves(clusters)


def test_swift_object_info_reads_what_came_through_here(clusters):
    cluster = clusters[0]
    partition = partition_with(clusters, ['d1', TESTED_DEVICE])
    stored = fill(cluster.tree('d1'), partition, names_in(cluster, partition), kinds=[plain, large_object])
    assert_passed(replicate([cluster], 'python'))
    for name in stored.values():
        started = cluster.start('swift-object-info', cluster.node(TESTED_DEVICE), '-d', cluster.swift_dir,
                                data_file(cluster, partition, name))
        status, text, _ = cluster.finish(started)
        assert status == 0, text
        assert 'Path: %s' % name in text and re.search(r'ETag: \w{32} \(valid\)', text), text
        assert re.search(r'^Partition\t%d$' % partition, text, re.M), text
        assert not re.search('invalid|mismatch|Warning|not found', text, re.I), text


def test_a_scattered_cluster_comes_to_rest(clusters, tmp_path):
    """Different versions of the same objects all over the place, handoffs included."""
    for cluster in clusters:
        names = scatter(cluster)
    converge(clusters)
    for policy in POLICIES:
        for device in DEVICES:
            held = [files(cluster, device, '', policy) for cluster in clusters]
            assert held[0] == held[1], device
        ring = clusters[0].ring(policy)
        for name in [name for its, name in names if its == policy]:
            partition, primaries = ring.get_nodes(*name.lstrip('/').split('/', 2))
            copies = [sorted(os.listdir(clusters[0].tree(node['device']).hash_path(partition, name, policy)))
                      for node in primaries]
            assert copies[0] and copies.count(copies[0]) == len(copies), name
            for device in set(DEVICES) - {node['device'] for node in primaries}:
                assert not os.path.exists(clusters[0].tree(device).partition_path(partition, policy)), (device, name)
    assert_clean(audit(clusters[0].programs, clusters[0].tested, str(tmp_path / 'auditor')), clusters[0].tested)
