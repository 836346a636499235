"""Passes of the replicator over a node whose peers are Swift's object servers: what comes where, what goes, and what operators are
told. SSYNC_REPLICATOR=swift shows that it is what Swift's does."""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import threading

import pytest

from handoff_node import PART_POWER, Primary, SwiftPrimary, clear, names_of
from ports import free_port
from processes import await_condition
from replicators import Replicator, our_binary
from scripted_peer import ScriptedPeer, Truthful
from statsd_server import StatsdServer, without_times
from swift_cluster import SILVER, object_hash
from swift_lock import held
from tree import objects_only, read_tree

T = 1700000000
PARTITIONS = range(1 << PART_POWER)
OBJECTS = 3
ENDS_WITHIN = 20


@pytest.fixture(scope='module')
def primaries(root, swift_dir, programs):
    place = os.path.join(root, 'primaries')
    started = [SwiftPrimary('p%d' % number, place, swift_dir, programs) for number in range(3)]
    yield started
    for one in started:
        one.stop()


@pytest.fixture
def elsewhere(primaries):
    """The peers, without objects, in one region."""
    for one in primaries:
        os.makedirs(one.tree.device_path, exist_ok=True)
        one.region = 1
        clear(one.tree)
    return primaries


def fill(tree, partitions=PARTITIONS, policy=0):
    for partition in partitions:
        for name, number in zip(names_of(partition), range(OBJECTS)):
            tree.put(partition, name, T + number, b'body of ' + name.encode(), {'X-Object-Meta-A': 'caf\u00e9'}, policy=policy)


def objects_of(tree, partition, policy=0):
    """{path in the partition: size, digest, metadata}"""
    place = tree.partition_path(partition, policy)
    return objects_only(read_tree(place)) if os.path.isdir(place) else {}


def own_partitions(node, is_primary):
    from swift.common.ring import Ring
    ring = Ring(node.place, ring_name='object')
    return [partition for partition in PARTITIONS
            if is_primary == (node.tree.device in [one['device'] for one in ring.get_part_nodes(partition)])]


def peers_of(node, elsewhere, partition):
    """Trees of the partition's primaries elsewhere, and those of the others there."""
    from swift.common.ring import Ring
    names = [one['device'] for one in Ring(node.place, ring_name='object').get_part_nodes(partition)]
    return [one.tree for one in elsewhere if one.name in names], [one.tree for one in elsewhere if one.name not in names]


def test_a_wiped_device_is_filled(replicator, node, elsewhere):
    node.configure(elsewhere, weight=100)
    partitions = own_partitions(node, is_primary=True)
    fill(node.tree, partitions)
    before = {partition: objects_of(node.tree, partition) for partition in partitions}
    stats = node.run(replicator)
    assert partitions and stats['failure'] == 0, node.log_text()
    for partition in partitions:
        assert objects_of(node.tree, partition) == before[partition]
        there, others = peers_of(node, elsewhere, partition)
        assert [objects_of(tree, partition) for tree in there] == [before[partition]] * 2
        assert not any(objects_of(tree, partition) for tree in others)
    again = node.run(replicator)
    assert (again['rsync'], again['failure'], again['hashmatch']) == (0, 0, 2 * len(partitions))


def test_handoffs_are_reverted(replicator, node, elsewhere):
    node.configure(elsewhere)
    fill(node.tree)
    before = {partition: objects_of(node.tree, partition) for partition in PARTITIONS}
    stats = node.run(replicator)
    assert (stats['remove'], stats['failure'], stats['success']) == (len(PARTITIONS), 0, 3 * len(PARTITIONS)), node.log_text()
    for partition in PARTITIONS:
        assert not os.path.exists(node.tree.partition_path(partition))
        assert [objects_of(one.tree, partition) for one in elsewhere] == [before[partition]] * 3
    assert re.search(r'4/4 \(100\.00%\) partitions replicated in ', node.log_text())
    assert '12 successes, 0 failures' in node.log_text()


def test_handoffs_first(replicator, node, elsewhere):
    """As long as one remains, primary partitions wait."""
    down = Primary('down', node.port)
    node.configure([*elsewhere[:2], down], {'handoffs_first': 'yes'}, weight=100)
    handoffs, own = own_partitions(node, is_primary=False), own_partitions(node, is_primary=True)
    fill(node.tree)
    assert handoffs and own
    node.run(replicator)
    assert 'Handoffs first mode still has handoffs remaining' in node.log_text()
    assert all(objects_of(node.tree, partition) for partition in handoffs)
    sent = [partition for partition in own if any(objects_of(tree, partition) for tree in peers_of(node, elsewhere, partition)[0])]
    # Swift's begins the first of them before it looks.
    assert len(sent) <= (0 if replicator.ours else 1)


def test_an_unmounted_primary_is_replaced(replicator, node, elsewhere):
    node.configure(elsewhere, weight=100)
    partition = own_partitions(node, is_primary=True)[0]
    fill(node.tree, [partition])
    before = objects_of(node.tree, partition)
    (unmounted, mounted), (handoff,) = peers_of(node, elsewhere, partition)
    shutil.rmtree(unmounted.device_path)
    stats = node.run(replicator)
    assert stats['failure'] == 1 and stats['failure_nodes'] == {'127.0.0.1': {unmounted.device: 1}}
    assert objects_of(mounted, partition) == objects_of(handoff, partition) == before
    assert not os.path.exists(unmounted.device_path)


@pytest.mark.parametrize('settings', [{}, {'handoff_delete': '1'}], ids=['all', 'handoff_delete'])
def test_another_region_gets_one_copy_a_pass(replicator, node, elsewhere, settings):
    for one in elsewhere[1:]:
        one.region = 2
    node.configure(elsewhere, settings)
    fill(node.tree, [0])
    before = objects_of(node.tree, 0)
    stats = node.run(replicator)
    # What the region spreads by itself is no failure.
    assert (stats['failure'], stats['success']) == (0, 3), node.log_text()
    here, *there = [objects_of(one.tree, 0) for one in elsewhere]
    assert here == before and sorted(map(len, there)) == [0, len(before)]
    assert objects_of(node.tree, 0) == before
    # Once the region has spread it, nothing keeps it here.
    shutil.copytree(elsewhere[1 if there[0] else 2].tree.partition_path(0), elsewhere[2 if there[0] else 1].tree.partition_path(0),
                    dirs_exist_ok=True, copy_function=copy_with_attributes)
    node.run(replicator)
    assert objects_of(node.tree, 0) == {}, node.log_text()


def copy_with_attributes(source, target):
    shutil.copyfile(source, target)
    for name in os.listxattr(source):
        os.setxattr(target, name, os.getxattr(source, name))


def test_an_unmounted_device_of_the_node(replicator, start_node, elsewhere):
    node = start_node(devices=('d1', 'd2'))
    node.configure(elsewhere)
    fill(node.trees[1])
    shutil.rmtree(node.trees[0].device_path)
    stats = node.run(replicator)
    assert not any(objects_of(node.trees[1], partition) for partition in PARTITIONS), node.log_text()
    # All devices of the ring, once for each of two policies, as Swift counts it.
    assert stats['failure'] == 10 and stats['remove'] == len(PARTITIONS)
    assert not os.path.exists(node.trees[0].device_path)


def test_a_device_that_cannot_be_listed(replicator, start_node, elsewhere):
    if not replicator.ours:
        pytest.skip("Swift's pass ends there")
    node = start_node(devices=('d1', 'd2'))
    node.configure(elsewhere)
    fill(node.trees[1])
    objects = os.path.dirname(node.trees[0].partition_path(0))
    with open(objects, 'w'):
        pass
    stats = node.run(replicator)
    assert not any(objects_of(node.trees[1], partition) for partition in PARTITIONS), node.log_text()
    # All devices of the ring, as of one that is not mounted.
    assert stats['failure'] == 5 and objects in node.log_text()


@pytest.mark.parametrize('options, left', [
    ({'devices': 'd2'}, {('d1', 0, 0), ('d1', 1, 0), ('d1', 0, SILVER)}),
    ({'partitions': '1'}, {('d1', 0, 0), ('d1', 0, SILVER), ('d2', 0, 0)}),
    ({'policies': '1'}, {('d1', 0, 0), ('d1', 1, 0), ('d2', 0, 0), ('d2', 1, 0)}),
    ({'devices': 'd1, d2,', 'partitions': '0,3', 'policies': '0'}, {('d1', 1, 0), ('d2', 1, 0), ('d1', 0, SILVER)}),
], ids=lambda value: ' '.join(value) if isinstance(value, dict) else '')
def test_parts_of_a_node(replicator, start_node, elsewhere, options, left):
    node = start_node(devices=('d1', 'd2'))
    node.configure(elsewhere)
    places = {(device, partition, 0) for device in ('d1', 'd2') for partition in (0, 1)} | {('d1', 0, SILVER)}
    trees = {tree.device: tree for tree in node.trees}
    for device, partition, policy in places:
        fill(trees[device], [partition], policy)
    assert replicator.run(node.conf, node.log, options) == 0
    assert {place for place in places if objects_of(trees[place[0]], *place[1:])} == left
    # It says nothing of the node as a whole.
    assert not os.path.exists(os.path.join(node.recon, 'object.recon'))


@pytest.mark.parametrize('option, value', [('--partitions', 'x'), ('--partitions', '1,-2'), ('--policies', '0.5')])
def test_what_is_no_number_is_refused(replicator, node, elsewhere, option, value):
    if not replicator.ours:
        pytest.skip('Swift dies of it')
    node.configure(elsewhere)
    done = subprocess.run([our_binary(), node.conf, '--once', option, value], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=ENDS_WITHIN, check=False)
    assert done.returncode == 2 and '%s %s: ' % (option, value) in done.stderr and 'is not a number' in done.stderr, done.stderr


def test_processes_without_a_device_say_so(replicator, node, elsewhere):
    node.configure(elsewhere, {'replicator_workers': 2})
    assert replicator.run(node.conf, node.log, {'devices': 'nosuch'}) == 0
    assert node.log_text().count("Can't find itself in policy with index ") == 2, node.log_text()


def test_a_daemon_without_a_device_says_so(replicator, node, elsewhere):
    if not replicator.ours:
        pytest.skip('Swift goes on in one process')
    node.configure(elsewhere, {'replicator_workers': 2, 'ring_ip': '127.0.0.9'})
    with open(node.log, 'ab') as log:
        running = subprocess.Popen([our_binary(), node.conf, '-v'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        await_condition(lambda: "Can't find itself in any policy with ring_ip 127.0.0.9 and port " in node.log_text(), node.log_text)
        running.terminate()
        assert running.wait(ENDS_WITHIN) == 0
    finally:
        running.kill()
        running.wait()


def test_a_file_in_the_place_of_an_object(replicator, node, elsewhere):
    """The others are sent, and what is under the file counts as failed. Swift's sends none."""
    node.configure(elsewhere)
    fill(node.tree, [0])
    before = objects_of(node.tree, 0)
    first = object_hash(next(names_of(0)))
    path = os.path.join(node.tree.partition_path(0), first[-3:], first)
    shutil.rmtree(path)
    open(path, 'w').close()
    stats = node.run(replicator)
    # Swift's 2.30.1 counts neither.
    assert (stats['failure'], stats['success']) == (3 if replicator.ours else 0, 0), node.log_text()
    assert path in node.log_text() and os.path.isfile(path)
    if replicator.ours:
        others = {name: found for name, found in before.items() if first not in name}
        assert others and [objects_of(one.tree, 0) for one in elsewhere] == [others] * 3
        assert not objects_of(node.tree, 0)


def test_a_file_in_the_place_of_a_partition(replicator, node, elsewhere):
    node.configure(elsewhere)
    fill(node.tree, [0])
    path = node.tree.partition_path(1)
    open(path, 'w').close()
    node.run(replicator)
    assert 'Removing partition directory which was a file: ' + path in node.log_text()
    assert not os.path.exists(path) and not os.path.exists(node.tree.partition_path(0))


def test_what_is_no_partition_stays(replicator, node, elsewhere):
    node.configure(elsewhere)
    fill(node.tree, [0])
    beside = [os.path.join(os.path.dirname(node.tree.partition_path(0)), name) for name in ('auditor_status_ALL.json', 'abc')]
    for path in beside:
        open(path, 'w').close()
    node.run(replicator)
    assert all(os.path.exists(path) for path in beside)


def test_a_locked_handoff_is_left_for_another_time(replicator, node, elsewhere):
    node.configure(elsewhere)
    fill(node.tree, [0, 1])
    with held(node.tree.partition_path(0), 'replication'):
        stats = node.run(replicator)
    assert len(objects_of(node.tree, 0)) == OBJECTS and not objects_of(node.tree, 1)
    assert stats['failure'] == 0 and not any(objects_of(one.tree, 0) for one in elsewhere)
    assert 'Unable to lock handoff partition 0' in node.log_text()
    node.run(replicator)
    assert not objects_of(node.tree, 0)


class Stuck(Truthful):
    """Says nothing more after it was offered objects."""

    def __init__(self):
        super().__init__({})
        self.offered = threading.Event()

    def ssync(self, session):
        session.offers()
        self.offered.set()
        while True:
            session.read_piece()


@pytest.mark.parametrize('settings', [{}, {'replicator_workers': '2'}], ids=['one process', 'workers'])
def test_sigterm_in_mid_pass(replicator, node, settings):
    peers = [ScriptedPeer() for _ in range(3)]
    try:
        stuck = Stuck()
        for peer in peers:
            peer.behave(stuck)
        node.configure([Primary('s%d' % number, peer.port) for number, peer in enumerate(peers)], settings)
        fill(node.tree)
        before = read_tree(node.tree.device_path)
        running = replicator.start(node.conf, node.log)
        try:
            assert stuck.offered.wait(60), node.log_text()
            os.kill(running.pid, signal.SIGTERM)
            running.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            pytest.fail('does not end: ' + node.log_text())
        finally:
            running.kill()
            running.wait()
        assert await_condition(lambda: not node_is_named(node), 'processes of the replicator', ENDS_WITHIN)
        after = read_tree(node.tree.device_path)
        assert objects_only(after) == objects_only(before)
        left = [path for path in set(after) - set(before) if not re.search(r'(^objects-1|/\.lock[-\w]*|/hashes\.(pkl|invalid))$', path)]
        assert not left
        with held(node.tree.partition_path(0), 'replication'):
            pass
    finally:
        for peer in peers:
            peer.close()


def test_a_process_that_is_killed_is_told(replicator, node):
    if not replicator.ours:
        pytest.skip('Swift says nothing of it')
    peer = ScriptedPeer()
    try:
        stuck = Stuck()
        peer.behave(stuck)
        node.configure([Primary('s0', peer.port)], {'replicator_workers': 1})
        fill(node.tree, [0])
        running = replicator.start(node.conf, node.log)
        try:
            assert stuck.offered.wait(60), node.log_text()
            child, = [int(pid) for pid in node_is_named(node) if int(pid) != running.pid]
            os.kill(child, signal.SIGKILL)
            assert running.wait(ENDS_WITHIN) == 1
        finally:
            running.kill()
            running.wait()
        assert 'Worker %d died' % child in node.log_text()
    finally:
        peer.close()


def node_is_named(node):
    """Pids of processes whose command line has the node's configuration."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/cmdline' % pid, 'rb') as line:
                if node.conf.encode() in line.read().split(b'\0'):
                    found.append(pid)
        except OSError:
            continue
    return found


def test_what_monitoring_reads(replicator, node, elsewhere):
    node.configure(elsewhere)
    fill(node.tree, [0])
    path = os.path.join(node.recon, 'object.recon')
    with open(path, 'w') as recon:
        json.dump({'object_auditor_stats_ALL': {'errors': 1}}, recon)
    assert replicator.run(node.conf, node.log) == 0
    with open(path) as recon:
        told = json.load(recon)
    assert told['object_auditor_stats_ALL'] == {'errors': 1}
    assert set(told) == {'object_auditor_stats_ALL', 'replication_stats', 'replication_time', 'replication_last',
                         'object_replication_time', 'object_replication_last'}
    assert {name: told['replication_stats'][name] for name in ('attempted', 'remove', 'rsync', 'success', 'failure')} == {
        'attempted': 1, 'remove': 1, 'rsync': 3, 'success': 3, 'failure': 0}


@pytest.mark.parametrize('setting, least', [('ssync_bandwidth_per_device', 0.85), ('ssync_bandwidth_per_peer', 0.5)])
def test_bandwidth_limits(replicator, node, elsewhere, setting, least):
    """One object goes to three primaries at once: the device that it is read from sends it three times."""
    if not replicator.ours:
        pytest.skip('Swift has no such limits')
    limit = {'ssync_bandwidth_per_device': '1M', 'ssync_bandwidth_per_peer': '512K'}[setting]
    node.configure(elsewhere, {setting: limit, 'replicator_workers': 1})
    node.tree.put(0, next(names_of(0)), T, os.urandom(384 << 10), {})
    before = objects_of(node.tree, 0)
    stats = node.run(replicator)
    assert (stats['remove'], stats['failure']) == (1, 0), node.log_text()
    assert [objects_of(one.tree, 0) for one in elsewhere] == [before] * 3
    # At most a quarter of a second's bytes are sent at once.
    assert float(re.search(r'partitions replicated in ([\d.]+)s', node.log_text())[1]) >= least, node.log_text()


@pytest.fixture(scope='module')
def swift(swift_dir):
    running = Replicator('swift', swift_dir)
    yield running
    running.stop()


def metrics_of_a_pass(replicator, node, elsewhere, server):
    """Of a node that has all partitions, while one primary is down: of those that belong there one is in sync and the others differ, of
    the handoffs one is locked and the others can be removed."""
    down = Primary(elsewhere[0].name, free_port())
    node.configure([down, *elsewhere[1:]], {'log_statsd_host': 'localhost', 'log_statsd_port': server.port,
                                            'log_statsd_metric_prefix': 'n1', 'handoff_delete': 2}, weight=100)
    for tree in (node.tree, *(one.tree for one in elsewhere)):
        clear(tree)
    own, handoffs = own_partitions(node, is_primary=True), own_partitions(node, is_primary=False)
    fill(node.tree)
    fill(node.tree, handoffs, SILVER)
    for one in elsewhere:
        fill(one.tree, own[:1])
    server.take()
    with held(node.tree.partition_path(handoffs[0], SILVER), 'replication'):
        assert replicator.run(node.conf, node.log, listing=True) == 0, node.log_text()
    assert not any(objects_of(node.tree, partition) for partition in handoffs), 'handoffs are still here'
    return without_times(server.take())


def test_what_statsd_is_sent(replicator, swift, node, elsewhere):
    """The same metrics as Swift's replicator, over each of its jobs."""
    with StatsdServer() as server:
        ours, swifts = (metrics_of_a_pass(program, node, elsewhere, server) for program in (replicator, swift))
    assert ours == swifts, node.log_text()
    own = own_partitions(node, is_primary=True)
    handoffs = 2 * (len(PARTITIONS) - len(own))
    syncs = sum(len(peers_of(node, elsewhere[1:], partition)[0]) for partition in own[1:])
    counts = collections.Counter(metric.split(':')[0] for metric in ours)
    assert counts == {'n1.object-replicator.' + name: number for name, number in {
        'partition.update.count.' + node.tree.device: len(own), 'partition.update.timing': len(own),
        'partition.delete.count.' + node.tree.device: handoffs, 'partition.delete.timing': handoffs, 'partition.lock-failure.count': 1,
        'suffix.hashes': len(own) + syncs, 'suffix.syncs': syncs}.items()}


def test_an_order_that_is_kept_and_one_that_is_wanted(replicator, node, elsewhere, tmp_path):
    if not replicator.ours:
        pytest.skip("Swift's order is random")
    node.configure(elsewhere)
    fill(node.tree)
    priority = tmp_path / 'priority'
    priority.write_text('0:%d\nnone\n' % PARTITIONS[-1])
    options = {'priority': str(priority), 'partitions': ','.join(map(str, PARTITIONS[:-1]))}
    assert replicator.run(node.conf, node.log, options) == 0
    log = node.log_text()
    assert '%s: 1 partitions are put first' % priority in log
    assert 'line 2: none is no partition' in log
    path = os.path.join(node.recon, 'ssync-replicator.%s.turns' % node.tree.device)
    with open(path) as file:
        turns = [line.split() for line in file]
    assert sorted((int(policy), int(partition)) for policy, partition, _ in turns) == [(0, partition) for partition in PARTITIONS[:-1]]
    node.run(replicator)
    with open(path) as file:
        turns = [line.split() for line in file][len(PARTITIONS) - 1:]
    assert [int(partition) for _, partition, _ in turns] == [PARTITIONS[-1]], 'the others were reverted and are gone'


def told_by(node, option):
    done = subprocess.run([our_binary(), node.conf, option], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=ENDS_WITHIN * 3, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def plan_of(node):
    return told_by(node, '--plan')


def test_what_a_check_says(replicator, node, elsewhere):
    if not replicator.ours:
        pytest.skip("Swift's has no --check")
    node.configure(elsewhere, {'log_statsd_host': 'stats.example', 'log_statsd_port': 8126, 'ssync_bandwidth_per_peer': '20M',
                               'ssync_bandwidth_per_device': 0, 'ssync_log_format': 'json', 'my_own_option': 1})
    assert told_by(node, '--check').splitlines() == [
        '[object-replicator] my_own_option = 1 (%s): has no effect' % node.conf, 'log: to stderr, as json',
        'statsd: metrics go to stats.example port 8126',
        'at most 20971520 bytes per second to each device elsewhere', "policy 0 (gold): this node's devices: handoff",
        "policy 1 (silver): this node's devices: handoff"]


@pytest.fixture
def node_to_plan(replicator, start_node, elsewhere):
    """A node that has all partitions, of which some belong there."""
    if not replicator.ours:
        pytest.skip('Swift makes no plans')
    node = start_node(devices=('d1',))
    node.configure(elsewhere, weight=100)
    fill(node.tree)
    return node


def test_a_plan_changes_nothing(replicator, node_to_plan, elsewhere):
    node = node_to_plan
    before = read_tree(node.tree.device_path)
    text = plan_of(node)
    assert read_tree(node.tree.device_path) == before
    assert not os.path.exists(os.path.join(node.recon, 'ssync-replicator.d1.turns'))
    assert all(objects_only(read_tree(one.tree.device_path)) == {} for one in elsewhere)
    own, handoffs = own_partitions(node, True), own_partitions(node, False)
    assert own and handoffs
    assert 'policy 0 (gold), d1: 0 partitions in sync, %d differ, %d handoffs\n' % (len(own), len(handoffs)) in text, text
    copies = sum(len(peers_of(node, elsewhere, partition)[0]) for partition in PARTITIONS)
    sent = re.search(r'to send: (\d+) partitions, (\d+) suffixes, (\d+) objects, (\d+) bytes', text)
    assert (int(sent[1]), int(sent[3])) == (copies, copies * OBJECTS), text
    assert int(sent[4]) == sum(len('body of ' + name) for partition in PARTITIONS
                               for name, _ in zip(names_of(partition), range(OBJECTS))
                               for _ in peers_of(node, elsewhere, partition)[0]), text
    node.run(replicator)
    text = plan_of(node)
    assert 'in all: %d partitions in sync, 0 differ, 0 handoffs; to send: 0 partitions' % len(own) in text, text


def test_a_plan_leaves_out_what_a_pass_does(node_to_plan):
    from swift.common.ring import RingData
    for name in ('object', 'object-1'):
        path = os.path.join(node_to_plan.place, name + '.ring.gz')
        ring = RingData.load(path)
        ring.next_part_power = PART_POWER + 1
        ring.save(path)
    assert 'in all: 0 partitions in sync, 0 differ, 0 handoffs; to send: 0 partitions' in plan_of(node_to_plan)


def test_a_plan_says_what_it_cannot_know(node_to_plan, elsewhere):
    shutil.rmtree(elsewhere[0].tree.device_path)
    text = plan_of(node_to_plan)
    assert re.search('not known of 127.0.0.1:%d/%s: [0-9]+ partitions' % (elsewhere[0].port, elsewhere[0].name), text), text
