"""A Swift cluster on one machine: four storage nodes and a proxy, each a machine of one network; and passes of its daemons
until nothing changes any more."""
import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import swift_cluster
from network import Network
from node import (ACCOUNT_PORT, CLIENT_PORT, CONTAINER_PORT, DAEMON_SECONDS, META_DEVICE, OBJECT_DEVICES, REPLICATION_PORT,
                  REPLICATOR, START_SECONDS, Node)
from processes import await_condition, die_with_parent
from programs import Programs
from ring_builder import ring_builder

NODES = 4
PROXY = 'proxy'
PROXY_PORT = 8080
ACCOUNT = 'AUTH_cluster'
GOLD, PARITY = 0, 1
POLICIES = {GOLD: 'gold', PARITY: 'parity'}
# Replicas: on four nodes with two devices each. Any two of four fragments are the object.
REPLICAS = {'account': 3, 'container': 3, 'object': 3, 'object-1': 4}
PART_POWER = 5
MOST_PASSES = 14
# Swift's, of a partition or a device.
STATE = re.compile(r'\.lock|hashes\.(pkl|invalid)$')
# What the replicator and the reconstructor log of a session or REPLICATE that is refused, as one is while all slots are taken,
# or fails. A pass with any has left something for the next.
FAILED = re.compile(r'object-re\w+: .*(ssync\.Sender|Unexpected response|Expected status|Early disconnect|Error syncing|'
                    r'Unable to get remote suffix hashes|Unable to lock)|'
                    r'object-replicator\[\d+\]: (ERROR|INFO Unable to lock|WARNING .* kept )')
REPLICATED = re.compile(r'partitions replicated in ([\d.]+)s')

SWIFT_CONF = '''\
[swift-hash]
swift_hash_path_prefix = cluster-prefix
swift_hash_path_suffix = cluster-suffix

[storage-policy:0]
name = gold
default = yes

[storage-policy:1]
name = parity
policy_type = erasure_coding
ec_type = liberasurecode_rs_vand
ec_num_data_fragments = 2
ec_num_parity_fragments = 2
'''

PROXY_CONF = '''\
[DEFAULT]
bind_ip = %(address)s
bind_port = %(port)d
user = root
workers = 0
swift_dir = %(swift_dir)s
log_level = INFO

[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats copy versioned_writes symlink proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
conn_timeout = 1
node_timeout = 15
# What a node did in one scenario does not count in the next.
error_suppression_limit = 1000000

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:11211
'''

# Of one pass, in this order; what is in one row runs on all nodes at the same time.
DAEMONS = (('object-updater', 'container-updater', 'account-replicator', 'container-replicator'),
           (REPLICATOR, 'object-reconstructor'))


class Log:
    """What one pass of a daemon logged."""

    def __init__(self, path):
        self.path = path
        self.start = os.path.getsize(path) if os.path.exists(path) else 0

    def text(self):
        with open(self.path, 'rb') as file:
            file.seek(self.start)
            return file.read().decode('utf-8', 'replace')


class Pass:
    """What came of one pass of all daemons."""

    def __init__(self, logs):
        lines = [line for log in logs for line in log.text().splitlines()]
        # Lines that tell of sessions and requests that were refused or failed.
        self.failed = [line for line in lines if FAILED.search(line)]
        # Seconds of the object replicator that took longest.
        self.replicating = max([float(found.group(1)) for found in map(REPLICATED.search, lines) if found], default=0.0)


class Quiet:
    """How the cluster came to rest."""

    def __init__(self, passes, seconds, replicating, moved):
        self.passes = passes
        self.seconds = seconds
        self.replicating = replicating
        self.moved = moved


class Cluster:
    def __init__(self, place, mode, replicator='swift', tree=None, loop_devices=True):
        """mode: 'ours', 'python' or 'mixed', of the replication ports. replicator: 'swift', 'ours' or 'half'.
        tree: another release of Swift."""
        self.place = place
        self.swift_dir = os.path.join(place, 'etc')
        self.loop_devices = loop_devices
        self.part_power = PART_POWER
        self.nodes = []
        self.memcached = self.proxy = None
        swift_cluster.write_swift_conf(self.swift_dir, SWIFT_CONF)
        swift_cluster.adopt_swift_dir(self.swift_dir)
        self.network = Network()
        for name in [PROXY] + ['node%d' % (number + 1) for number in range(NODES)]:
            self.network.add(name)
        self.programs = Programs(self.swift_dir, tree)
        for number in range(NODES):
            ours = mode == 'ours' or (mode == 'mixed' and number % 2 == 0)
            # Of servers and replicators that are ours in halves, a node has each combination.
            our_replicator = replicator == 'ours' or (replicator == 'half' and number < NODES // 2)
            self.nodes.append(Node(self.network, self.programs, place, number + 1, self.swift_dir, ours, our_replicator,
                                   loop_devices))
        # The last device is new when a scenario adds it.
        self.spare = (self.nodes[-1], OBJECT_DEVICES[-1])
        self._build_rings()

    # Rings

    def _build_rings(self):
        for name, replicas in REPLICAS.items():
            self.ring_builder(name, 'create', self.part_power, replicas, 0)
            for node in self.nodes:
                if name in ('account', 'container'):
                    self.add_to_ring(name, node, META_DEVICE)
                else:
                    for device in OBJECT_DEVICES:
                        if (node, device) != self.spare:
                            self.add_to_ring(name, node, device)
            self.rebalance(name)

    def add_to_ring(self, name, node, device):
        client, replication = {'account': (ACCOUNT_PORT, ACCOUNT_PORT), 'container': (CONTAINER_PORT, CONTAINER_PORT)}.get(
            name, (CLIENT_PORT, REPLICATION_PORT))
        self.ring_builder(name, 'add', 'r1z%d-%s:%dR%s:%d/%s' % (
            node.number, node.address, client, node.address, replication, device), 100)

    def rebalance(self, name):
        # A seed, so that partitions have the same places in every run.
        self.ring_builder(name, 'rebalance', '--seed', 7)

    def ring_builder(self, name, *arguments):
        return ring_builder(os.path.join(self.swift_dir, name + '.builder'), *arguments)

    def set_weight(self, name, node, device, weight):
        self.ring_builder(name, 'set_weight', '%s:%d/%s' % (node.address, CLIENT_PORT, device), weight)

    def ring(self, name):
        from swift.common.ring import Ring
        return Ring(self.swift_dir, ring_name=name)

    def object_ring(self, policy):
        return self.ring('object-1' if policy else 'object')

    def node_of(self, ring_device):
        return next(node for node in self.nodes if node.address == ring_device['ip'])

    # Servers

    def start(self):
        with open(os.path.join(self.place, 'memcached.log'), 'ab') as log:
            self.memcached = subprocess.Popen(
                ['nsenter', '--net=' + self.network.path(PROXY), 'memcached', '-u', 'root', '-l', '127.0.0.1', '-m', '16'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=die_with_parent)
        for node in self.nodes:
            node.launch()
        self.start_proxy()
        for node in self.nodes:
            node.await_listening()

    def start_proxy(self):
        """Also again, so that it reads new rings at once."""
        if self.proxy:
            self.proxy.kill()
            self.proxy.wait()
        address = self.network.address(PROXY)
        conf, log = os.path.join(self.place, 'proxy-server.conf'), os.path.join(self.place, 'proxy.log')
        with open(conf, 'w') as file:
            file.write(PROXY_CONF % {'address': address, 'port': PROXY_PORT, 'swift_dir': self.swift_dir})
        self.proxy = self.programs.start('proxy-server', [conf], log, self.network.path(PROXY))

        def listens():
            assert self.proxy.poll() is None, 'the proxy ended, see ' + log
            with socket.socket() as probe:
                return probe.connect_ex((address, PROXY_PORT)) == 0
        await_condition(listens, 'the proxy does not listen, see ' + log, START_SECONDS)

    def client(self):
        """A connection to the proxy."""
        return http.client.HTTPConnection(self.network.address(PROXY), PROXY_PORT, timeout=120)

    # Daemons

    def run_daemons(self, names, nodes=None):
        """One pass of each on each node that is up, all at once: what each of them logged."""
        started = []
        for node in nodes or self.nodes:
            for name in names:
                if node.up:
                    log = Log(node.daemon_log(name))
                    started.append((node.start_daemon(name), log))
        for program, log in started:
            try:
                status = program.wait(DAEMON_SECONDS)
            except subprocess.TimeoutExpired:
                raise AssertionError('a pass takes more than %d s, see %s' % (DAEMON_SECONDS, log.path))
            assert status == 0, 'a pass ended with %d, see %s' % (status, log.path)
        return [log for _, log in started]

    @contextlib.contextmanager
    def replicating_forever(self):
        """The object replicators as daemons, on all nodes: {node: the Log of its}. They are told to end afterwards."""
        logs = {node: Log(node.daemon_log(REPLICATOR)) for node in self.nodes}
        started = [node.start_daemon(REPLICATOR, once=False) for node in self.nodes]
        try:
            yield logs
            for program, log in zip(started, logs.values()):
                assert program.poll() is None, 'a replicator ended by itself, see ' + log.path
        finally:
            for program in started:
                program.send_signal(signal.SIGTERM)
        for program, log in zip(started, logs.values()):
            status = program.wait(DAEMON_SECONDS)
            assert status == 0, 'a replicator that was told to end has ended with %d, see %s' % (status, log.path)

    def one_pass(self):
        return Pass([log for names in DAEMONS for log in self.run_daemons(names)])

    def until_quiet(self):
        """Passes until one changes nothing, and has nothing left to do: Quiet."""
        began, sent = time.monotonic(), self.network.bytes_sent()
        before = self.names()
        replicating = 0.0
        for passes in range(1, MOST_PASSES + 1):
            last = self.one_pass()
            replicating += last.replicating
            after = self.names()
            if after == before and not last.failed:
                return Quiet(passes, time.monotonic() - began, replicating, self.network.bytes_sent() - sent)
            before = after
        raise AssertionError('%d passes, and the last one still changed something, or this failed: %s' % (
            MOST_PASSES, '; '.join(last.failed[:5])))

    def names(self):
        """All that is on the devices of objects, but for Swift's lock and hash files."""
        found = set()
        for node in self.nodes:
            for device in OBJECT_DEVICES:
                for directory, _, files in node.walk(device):
                    found.add(directory)
                    found.update(os.path.join(directory, name) for name in files if not STATE.match(name))
        return found

    def stop(self):
        for node in self.nodes:
            node.kill()
        if self.memcached:
            self.memcached.kill()
            self.memcached.wait()
        self.programs.stop()


def directory_name(policy):
    return 'objects' + ('-%d' % policy if policy else '')


def quoted(*parts):
    return '/v1/' + '/'.join(urllib.parse.quote(part, safe='') for part in (ACCOUNT,) + parts)
