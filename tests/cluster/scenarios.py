"""What happens to the cluster. Each scenario leaves all nodes up; the harness then runs daemons until quiet, and checks."""
import contextlib
import os
import random
import signal
import threading
import time

from checks import OnDisk, check_places
from cluster import DAEMONS, GOLD, PARITY, POLICIES, directory_name
from frozen import frozen
from node import OBJECT_DEVICES, REPLICATOR, RING_CHECK_SECONDS, SLOTS, Node
from processes import await_condition, open_files, waits_for_disk

ALL = {}
SHORT = []
# Only with file systems of their own under the devices.
NEED_MOUNTS = set()

KILLS = 5
# So many passes are killed, each within so many moments more of being seen in its midst.
REPLICATOR_KILLS = 4
LOOKS_MORE = 3
MOMENT_SECONDS = 0.001
# What replicators log.
PASS_ENDED = 'Object replication complete.'
RING_CHANGED = 'Ring change detected. Aborting current replication pass.'
SESSION_SECONDS = 120
PASS_SECONDS = 600
HANG_SECONDS = 2
PLACED_SECONDS = 600


def scenario(name, short=False, mounts=False):
    def add(function):
        ALL[name] = function
        if short:
            SHORT.append(name)
        if mounts:
            NEED_MOUNTS.add(name)
        return function
    return add


class Scene:
    """What a scenario works with."""

    def __init__(self, cluster, objects, name, count):
        self.cluster, self.objects, self.name, self.count = cluster, objects, name, count
        self.source = random.Random(name)
        # How many hash directories the auditor has to have quarantined.
        self.quarantined = 0
        # For the line that is printed.
        self.notes = []

    @property
    def nodes(self):
        return self.cluster.nodes

    def make(self, share=1.0):
        return self.objects.make(self.name, max(4, int(self.count * share)))

    def change(self, made):
        self.objects.put(made[::4])
        self.objects.delete(made[1::4])
        self.objects.post(made[2::4])

    def wipe(self, node, device):
        """A drive is replaced by an empty one."""
        if self.cluster.loop_devices:
            node.unmount(device)
        node.make_file_system(device)

    def replicating(self, nodes=None):
        """The pass of what makes sessions, in a thread."""
        return Background(lambda: self.cluster.run_daemons(DAEMONS[-1], nodes))


class Background:
    def __init__(self, work):
        self.failure = None

        def run():
            try:
                work()
            except BaseException as failure:
                self.failure = failure
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def running(self):
        return self.thread.is_alive()

    def finish(self):
        self.thread.join(PASS_SECONDS)
        assert not self.running(), 'the pass does not end'
        if self.failure:
            raise self.failure


def in_session(node):
    """The processes of the node's replication server that hold a partition."""
    return [pid for pid in node.session_processes()
            if any(path.endswith('.lock-replication') for path in open_files(pid))]


def in_mid_session(node, replicating):
    """Waits until the node is in a session of the pass that runs."""
    def met():
        assert replicating.running(), 'the pass was over before a session with %s was met' % node.name
        return in_session(node)
    return await_condition(met, 'no session with %s' % node.name, SESSION_SECONDS)


def refilling(scene, node, device, *senders):
    """The passes that refill a wiped device, in mid-session."""
    scene.make(0.25)
    scene.wipe(node, device)
    replicating = scene.replicating(*senders)
    in_mid_session(node, replicating)
    return replicating


@scenario('put', short=True)
def put(scene):
    """Objects through the proxy, some written over, posted to and deleted."""
    scene.change(scene.make())


@scenario('wiped-device', short=True)
def wiped_device(scene):
    """A drive fails and is replaced by an empty one."""
    scene.make(0.25)
    scene.wipe(scene.nodes[1], OBJECT_DEVICES[0])


@scenario('node-down', short=True)
def node_down(scene):
    """Objects are made, written over and deleted while a node is down, and handoffs stand in for it."""
    made = scene.make(0.25)
    scene.nodes[2].kill()
    scene.objects.put(made[::3])
    scene.objects.delete(made[1::3])
    scene.make(0.125)
    # Not only when it is back: what is on handoffs then finds its way as well.
    scene.cluster.one_pass()
    scene.nodes[2].start()


@scenario('posts-while-down')
def posts_while_down(scene):
    """Metadata is posted while a node is down."""
    made = scene.make(0.25)
    scene.nodes[3].kill()
    scene.objects.post(made[::2])
    scene.objects.post(made[::4])
    scene.nodes[3].start()


@scenario('added-device')
def added_device(scene):
    """A device more: partitions move to it."""
    scene.make(0.25)
    for name in ('object', 'object-1'):
        scene.cluster.add_to_ring(name, *scene.cluster.spare)
        scene.cluster.rebalance(name)
    scene.cluster.start_proxy()


@scenario('ring-change')
def ring_change(scene):
    """Rings are rebalanced while replicators are in mid-pass. As daemons they take the new ones by themselves."""
    cluster, silent = scene.cluster, scene.nodes[1]
    waiting = [node for node in scene.nodes if node is not silent]
    made = scene.make(0.25)
    with contextlib.ExitStack() as silence:
        silence.enter_context(silent.silent())
        with cluster.replicating_forever() as logs:
            await_condition(lambda: all(silent.keeps_waiting(node) for node in waiting), 'no pass comes to ' + silent.name,
                            SESSION_SECONDS)
            since = time.monotonic()
            for name in ('object', 'object-1'):
                cluster.set_weight(name, scene.nodes[0], OBJECT_DEVICES[0], 40)
                cluster.rebalance(name)
            cluster.start_proxy()
            scene.change(made)
            await_condition(lambda: time.monotonic() - since > 2 * RING_CHECK_SECONDS, 'time stands still')
            silence.close()
            began = time.monotonic()
            await_condition(lambda: in_place(scene, logs.values()),
                            lambda: 'the daemons leave handoffs: %s' % misplaced(scene)[:3], PLACED_SECONDS)
            scene.notes.append('the daemons had all in its place in %.0f s' % (time.monotonic() - began))
    # A pass that has come to its last partitions goes on with those.
    noticed = [node for node in waiting if RING_CHANGED in logs[node].text()]
    assert noticed, 'all passes went on with the rings of before, see ' + logs[waiting[0]].path
    scene.notes.append('%d passes of %d had ended for the new rings' % (len(noticed), len(waiting)))


def in_place(scene, logs):
    """Whether replicated objects are where the rings want them, after all replicators have ended a pass more."""
    before = {log: log.text().count(PASS_ENDED) for log in logs}
    await_condition(lambda: all(log.text().count(PASS_ENDED) > count for log, count in before.items()), 'a pass does not end',
                    PASS_SECONDS)
    return not misplaced(scene)


def misplaced(scene):
    return check_places(scene.cluster, scene.objects, OnDisk(scene.cluster), [GOLD])


@scenario('killed-workers')
def killed_workers(scene):
    """kill -9 of processes that serve a session, again and again."""
    node = scene.nodes[0]
    replicating = refilling(scene, node, OBJECT_DEVICES[1])
    # Swift's server loses the slot of a worker that is killed, for ever.
    kills = KILLS if node.ours else SLOTS - 1
    while kills and replicating.running():
        pids = await_condition(lambda: in_session(node) or not replicating.running(), 'no session', SESSION_SECONDS)
        pids = pids[:1] if isinstance(pids, list) else []
        node.kill_processes(pids)
        kills -= len(pids)
    replicating.finish()
    scene.notes.append('%d workers killed' % ((KILLS if node.ours else SLOTS - 1) - kills))
    if not node.ours:
        node.kill('replication')
        node.start_replication()


@scenario('killed-nginx')
def killed_nginx(scene):
    """kill -9 of what terminates HTTP: nginx, or all of Swift's server; in mid-session, and started again at once."""
    node = scene.nodes[2]
    replicating = refilling(scene, node, OBJECT_DEVICES[1])
    if node.ours:
        node.kill('nginx')
        node.start_nginx()
    else:
        node.kill('replication')
        node.start_replication()
    replicating.finish()


@scenario('killed-node')
def killed_node(scene):
    """kill -9 of all servers of a node in mid-session."""
    node = scene.nodes[2]
    replicating = refilling(scene, node, OBJECT_DEVICES[0], [other for other in scene.nodes if other is not node])
    node.kill()
    replicating.finish()
    node.start()


@scenario('killed-replicator')
def killed_replicator(scene):
    """kill -9 of each node's object replicator in mid-pass, again and again: of handoffs, then of a device to refill."""
    # Only replicated ones are changed: of two versions of an object, neither with enough fragments on its primaries, Swift's
    # reconstructor sends the data of one with the metadata of the other.
    made = [one for one in scene.make(0.25) if one.policy == GOLD]
    away = scene.nodes[1:3]
    for node in away:
        node.kill()
    scene.objects.put(made[::3])
    scene.objects.delete(made[1::3])
    scene.make(0.125)
    for node in away:
        node.start()
    # Of some of these, only handoffs have anything then.
    scene.wipe(scene.nodes[3], OBJECT_DEVICES[0])
    reverting = kill_replicators(scene, Node.reverts)
    assert reverting, 'none was met while it reverted'
    scene.wipe(scene.nodes[3], OBJECT_DEVICES[0])
    sending = kill_replicators(scene, Node.sends)
    # On the last node, there may be nothing but this device.
    assert set(sending) >= set(scene.nodes[:3]), 'not all were met in mid-pass: %s' % [node.name for node in sending]
    scene.notes.append('%d replicators killed while they reverted, then %d' % (len(reverting), len(sending)))


def kill_replicators(scene, how):
    """Some passes on each node, killed when they are seen so, each a bit later: the nodes, as often as theirs was killed."""
    return [node for number in range(REPLICATOR_KILLS) for node in kill_a_pass(scene, how, 1 + LOOKS_MORE * number)]


def kill_a_pass(scene, how, most_looks):
    """A pass on each node, killed when it has been seen so up to so many times: the nodes whose pass did not end before."""
    running = {}
    for node in scene.nodes:
        running[node] = node.start_daemon(REPLICATOR)
        signal_all({node: running[node]}, signal.SIGSTOP)
    looks = {node: scene.source.randrange(most_looks) for node in running}
    killed = []

    def all_have_ended():
        # They stand still when they are looked at: so what they are about is seen, however busy the machine is.
        signal_all(running, signal.SIGCONT)
        time.sleep(MOMENT_SECONDS)
        signal_all(running, signal.SIGSTOP)
        for node, program in list(running.items()):
            if program.poll() is not None:
                assert program.poll() == 0, 'a pass ended with %d, see %s' % (program.poll(), node.daemon_log(REPLICATOR))
                del running[node]
            elif how(node, program):
                if looks[node] == 0:
                    node.signal_daemon(program, signal.SIGKILL)
                    program.wait()
                    killed.append(node)
                    del running[node]
                looks[node] -= 1
        return not running
    await_condition(all_have_ended, 'a pass does not end', PASS_SECONDS)
    return killed


def signal_all(running, number):
    for node, program in running.items():
        # One that was started just now may not lead its session yet.
        with contextlib.suppress(ProcessLookupError):
            node.signal_daemon(program, number)


@scenario('cut-network')
def cut_network(scene):
    """A node's cable is pulled in mid-session: nobody says goodbye, and its sessions must end all the same."""
    node = scene.nodes[0]
    replicating = refilling(scene, node, OBJECT_DEVICES[1])
    scene.cluster.network.cut(node.name)
    try:
        await_condition(lambda: not in_session(node), 'sessions of %s go on without a network' % node.name, SESSION_SECONDS)
    finally:
        scene.cluster.network.mend(node.name)
    replicating.finish()


@scenario('unmounted-device', mounts=True)
def unmounted_device(scene):
    """A device is not mounted for a while; it must not be written to below its mount point."""
    made = scene.make(0.25)
    node, device = scene.nodes[1], OBJECT_DEVICES[1]
    node.unmount(device)
    scene.change(made)
    scene.make(0.125)
    scene.cluster.one_pass()
    left = os.listdir(node.device_path(device))
    assert not left, 'below the mount point of a device that is not mounted: %s' % left
    node.mount(device)


@scenario('read-only-device', mounts=True)
def read_only_device(scene):
    """A device can only be read for a while, as after an error of its file system."""
    made = scene.make(0.25)
    node, device = scene.nodes[1], OBJECT_DEVICES[1]
    await_condition(lambda: not in_session(node), 'sessions go on', SESSION_SECONDS)
    node.remount(device, 'ro')
    scene.change(made)
    scene.cluster.one_pass()
    node.remount(device, 'rw')


@scenario('full-device', mounts=True)
def full_device(scene):
    """A device is full for a while."""
    made = scene.make(0.25)
    node, device = scene.nodes[3], OBJECT_DEVICES[0]
    path = os.path.join(node.device_path(device), 'ballast')
    with open(path, 'wb') as ballast:
        free = os.fstatvfs(ballast.fileno())
        os.posix_fallocate(ballast.fileno(), 0, free.f_bavail * free.f_frsize - (1 << 20))
    scene.change(made)
    scene.make(0.125)
    scene.cluster.one_pass()
    os.unlink(path)


@scenario('hung-device', mounts=True)
def hung_device(scene):
    """A device does not answer for a while; then it does."""
    made = scene.make(0.25)
    node, device = scene.nodes[3], OBJECT_DEVICES[0]
    # It has something to get then.
    node.kill()
    scene.change(made)
    node.start()
    with frozen(node.device_path(device)):
        replicating = scene.replicating([other for other in scene.nodes if other is not node])
        await_hang(node, replicating)
    replicating.finish()


def await_hang(node, replicating):
    """Waits until a process that serves sessions has waited for a disk for a while."""
    since = {}

    def hangs():
        assert replicating.running(), 'the pass was over before a session with the device that hangs was met'
        now = time.monotonic()
        waiting = [pid for pid in node.session_processes() if waits_for_disk(pid)]
        for pid in set(since) - set(waiting):
            del since[pid]
        return any(now - since.setdefault(pid, now) > HANG_SECONDS for pid in waiting)
    await_condition(hangs, 'no session with the device that hangs', SESSION_SECONDS)


@scenario('partition-power')
def partition_power(scene):
    """The partition power is increased, with writing clients at each step."""
    cluster = scene.cluster

    def rings(*steps):
        for name in ('object', 'object-1'):
            for step in steps:
                cluster.ring_builder(name, step)
        cluster.start_proxy()

    def relink(action):
        for program, node in [(node.relink(action), node) for node in cluster.nodes]:
            status = program.wait(PASS_SECONDS)
            assert status == 0, 'the relinker (%s) of %s ended with %d' % (action, node.name, status)

    made = scene.make(0.25)
    rings('prepare_increase_partition_power', 'write_ring')
    scene.change(made)
    relink('relink')
    rings('increase_partition_power', 'write_ring')
    cluster.part_power += 1
    scene.change(scene.make(0.125))
    relink('cleanup')
    rings('finish_increase_partition_power', 'write_ring')
    scene.notes.append('%d suffix hashes made anew' % hash_anew(cluster))


def hash_anew(cluster):
    """A REPLICATE that names all suffixes of the partitions that the increase has let grow: how many hashes were stale.

    Swift's object server does not invalidate the hash of a suffix when it links a new object into it under the next partition
    power. Its replicators come upon it when they list a partition again, in every tenth of their cycles.
    """
    from swift.common.direct_client import direct_get_suffix_hashes
    stale = 0
    for policy in POLICIES:
        ring = cluster.object_ring(policy)
        for partition in range(ring.partition_count // 2):
            for device in ring.get_part_nodes(partition):
                path = os.path.join(cluster.node_of(device).device_path(device['device']), directory_name(policy), str(partition))
                suffixes = [name for name in os.listdir(path) if len(name) == 3] if os.path.isdir(path) else []
                if suffixes:
                    # With names in it, it invalidates their hashes, and has none in its answer.
                    before, _, after = (direct_get_suffix_hashes(
                        device, partition, asked, headers={'X-Backend-Storage-Policy-Index': str(policy)})
                        for asked in ([], suffixes, []))
                    stale += sum(before.get(suffix) != after.get(suffix) for suffix in suffixes)
    return stale


@scenario('bit-rot')
def bit_rot(scene):
    """Bytes on a device change by themselves. The auditor finds it, and the objects come back from elsewhere."""
    scene.make(0.25)
    node, device = scene.nodes[0], OBJECT_DEVICES[0]
    for policy in POLICIES:
        found = sorted(os.path.join(directory, name) for directory, _, names in node.walk(device) for name in names
                       if name.endswith('.data') and '/objects%s/' % ('-%d' % policy if policy else '') in directory)
        found = [path for path in found if os.path.getsize(path) > 0]
        for path in scene.source.sample(found, min(4, len(found))):
            spoil(path, scene.source)
            scene.quarantined += 1
    assert scene.quarantined, 'nothing on the device could be spoiled'
    scene.cluster.run_daemons(['object-auditor'], [node])


def spoil(path, source):
    with open(path, 'r+b') as file:
        place = source.randrange(os.path.getsize(path))
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ (1 << source.randrange(8))]))


@scenario('versions')
def versions(scene):
    """A versioned container of the erasure-coding policy, changed while a node is down: names that begin with NUL."""
    container = 'versioned'
    scene.objects.make_container(container, PARITY, {'X-Versions-Enabled': 'true'})
    names = ['object %d' % number for number in range(max(3, scene.count // 40))]
    scene.objects.put_versions(container, names)
    scene.nodes[1].kill()
    scene.objects.put_versions(container, names)
    scene.objects.delete_current(container, names[::2])
    scene.nodes[1].start()
    scene.objects.put_versions(container, names[1::2])
