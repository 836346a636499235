"""Clusters on one machine: rings made by Swift's ring builder, two storage nodes, Swift's daemons run once.

A cluster has a Swift node (device d1 and all but one of the others), served by Swift's object server, and a node of its
own for device d2, whose replication port is served by what is under test. The daemons of both nodes are Swift's own:
only the server on d2's replication port is exchanged.
"""
import contextlib
import json
import os
import re
import shutil

from ports import free_port
from replicator_conf import replicator_conf
from ring_builder import ring_builder
from swift_cluster import EC, GOLD, SILVER, DeviceTree, write_swift_conf
from swift_programs import WAIT_SECONDS
from swift_server import SwiftServer
from worker_server import WorkerServer

TESTED_DEVICE = 'd2'
DEVICES = ('d1', TESTED_DEVICE, 'd3', 'd4')
BUILDERS = {GOLD: 'object.builder', SILVER: 'object-1.builder', EC: 'object-2.builder'}


class Node:
    """A storage node: devices under one directory, and the server on its replication port."""

    def __init__(self, name, place, devices, start_server):
        self.name = name
        self.place = place
        self.recon = os.path.join(place, 'recon')
        self.conf_path = os.path.join(place, 'daemons.conf')
        os.makedirs(self.recon)
        root = os.path.join(place, 'devices')
        self.trees = {device: DeviceTree(root, device) for device in devices}
        self.devices_root = root
        self.server = start_server(self.trees[devices[0]], os.path.join(place, 'run'))
        # Where proxies would come in; nobody listens there unless a test wants it.
        self.client_port = free_port()

    @property
    def port(self):
        return self.server.port


class Requests:
    """The requests that a server logs from now on."""

    def __init__(self, server):
        self.server = server
        self.seen = len(self._all())

    def _all(self):
        if self.server.kind == 'swift':
            return re.findall(r'"([A-Z]+) (/[^" ]*)" \d{3}', self.server.log_text())
        with open(os.path.join(self.server.run_dir, 'access.log'), encoding='utf-8') as log:
            return [(entry['method'], entry['path']) for entry in map(json.loads, log)]

    def new(self):
        """[(method, path)]"""
        return self._all()[self.seen:]


class Pass:
    """One run of a daemon: what it logged, and the statistics that it left for swift-recon."""

    def __init__(self, log, stats):
        self.log = log
        self.stats = stats

    @property
    def sessions(self):
        """The SSYNC sessions that ended well: [(device, partition, policy, offered, wanted)]."""
        pattern = re.compile(r'ssync completed ok: dev: (\w+), part: (\d+), policy: (\d+), num suffixes: \d+, '
                             r'available: (\d+), sent: (\d+)')
        return sorted((device, int(partition), int(policy), int(offered), int(wanted))
                      for device, partition, policy, offered, wanted in pattern.findall(self.log))


class Cluster:
    def __init__(self, programs, place, kind, devices=DEVICES, settings=None):
        self.programs = programs
        self.place = place
        # A directory of its own for the rings. Swift's programs have read an equal swift.conf elsewhere.
        self.swift_dir = os.path.join(place, 'etc')
        write_swift_conf(self.swift_dir)
        self.nodes = []
        self.extra_servers = []
        self.devices = list(devices)
        try:
            self._add_node('python', [device for device in devices if device != TESTED_DEVICE], 'swift', settings)
            self._add_node('tested', [TESTED_DEVICE], kind, settings)
        except BaseException:
            self.stop()
            raise

    def _add_node(self, name, devices, kind, settings):
        def start_server(tree, run_dir):
            if kind == 'swift':
                return SwiftServer(self.swift_dir, tree, run_dir, settings, programs=self.programs)
            return WorkerServer(self.swift_dir, tree, run_dir, settings)
        node = Node(name, os.path.join(self.place, name), devices, start_server)
        self.nodes.append(node)
        with open(node.conf_path, 'w') as conf:
            # A busy machine is no reason to give up a session.
            conf.write(replicator_conf(self.swift_dir, node.devices_root, node.recon, node.port, default={
                'fallocate_reserve': 0, 'log_level': 'DEBUG', 'conn_timeout': 10, 'node_timeout': 30}))
            conf.write('\n[object-reconstructor]\n\n[object-relinker]\n')

    def serve_clients(self):
        """Start Swift's object server for the device under test, on the port that proxies would use."""
        node = self.node(TESTED_DEVICE)
        server = SwiftServer(self.swift_dir, self.tree(TESTED_DEVICE), os.path.join(node.place, 'client'),
                             programs=self.programs)
        self.extra_servers.append(server)
        node.client_port = server.port

    def node(self, device):
        return next(node for node in self.nodes if device in node.trees)

    def named(self, name):
        return next(node for node in self.nodes if node.name == name)

    def tree(self, device):
        return self.node(device).trees[device]

    @property
    def tested(self):
        return self.tree(TESTED_DEVICE)

    def clear(self):
        """Empty devices, under the running servers."""
        for device in self.devices:
            path = self.tree(device).device_path
            for name in os.listdir(path):
                entry = os.path.join(path, name)
                if os.path.isdir(entry):
                    shutil.rmtree(entry)
                else:
                    os.unlink(entry)

    # Rings

    def build_ring(self, policy, part_power, replicas, regions=None):
        """A balanced ring in which each device is a zone, the same in each cluster; regions: {device: number}."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.swift_dir, BUILDERS[policy]))
        devices = []
        for number, device in enumerate(self.devices):
            node = self.node(device)
            devices += ['r%dz%d-127.0.0.1:%dR127.0.0.1:%d/%s' % (
                (regions or {}).get(device, 1), number + 1, node.client_port, node.port, device), '100']
        self.ring_builder(policy, 'create', part_power, replicas, 0)
        self.ring_builder(policy, 'add', *devices)
        # A seed, so that partitions have the same places in every run.
        self.ring_builder(policy, 'rebalance', '--seed', 7)

    def ring_builder(self, policy, *arguments):
        """What `swift-ring-builder` does with a policy's builder file."""
        return ring_builder(os.path.join(self.swift_dir, BUILDERS[policy]), *arguments)

    def ring(self, policy=GOLD):
        from swift.common.ring import Ring
        return Ring(self.swift_dir, ring_name='object' + ('-%d' % policy if policy else ''))

    # Programs

    def start(self, program, node, *arguments):
        """Start one of Swift's programs; its output goes to a file at the node's place."""
        output = os.path.join(node.place, '%s-%d.log' % (program, len(os.listdir(node.place))))
        return self.programs.start(program, [str(argument) for argument in arguments], output), output, node

    def finish(self, started):
        """Await the end of a program: (its exit status, its output, its node)."""
        running, output, node = started
        status = running.wait(WAIT_SECONDS)
        with open(output, encoding='utf-8', errors='replace') as log:
            return status, log.read(), node

    def start_daemon(self, program, node):
        """Start one pass of a daemon over all devices of a node."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(node.recon, 'object.recon'))
        return self.start(program, node, node.conf_path, '--once', '-v')

    def finish_daemon(self, started):
        status, log, node = self.finish(started)
        assert status == 0, log
        assert 'Traceback' not in log, log
        with open(os.path.join(node.recon, 'object.recon')) as recon:
            return Pass(log, json.load(recon))

    def relink(self, action):
        """Run swift-object-relinker on each node: {statistic: sum over the devices}."""
        started = [self.start('swift-object-relinker', node, action, node.conf_path) for node in self.nodes]
        total = {}
        for one in started:
            status, log, node = self.finish(one)
            assert status == 0, log
            with open(os.path.join(node.recon, 'relinker.recon')) as recon:
                for device in json.load(recon)['devices'].values():
                    for name, value in device['stats'].items():
                        total[name] = total.get(name, 0) + value
        return total

    def stop(self):
        for server in [node.server for node in self.nodes] + self.extra_servers:
            server.stop()


def run_daemon(clusters, program, name):
    """One pass of a daemon over the same node ('python' or 'tested') of each cluster, at the same time: [Pass]."""
    started = [cluster.start_daemon(program, cluster.named(name)) for cluster in clusters]
    return [cluster.finish_daemon(one) for cluster, one in zip(clusters, started)]


def names_in(cluster, partition, policy=GOLD, prefix='/AUTH_test/c/object '):
    """Object names whose place in the policy's ring is the given partition, without end."""
    ring = cluster.ring(policy)
    number = 0
    while True:
        name = prefix + str(number)
        if ring.get_part(*name.lstrip('/').split('/', 2)) == partition:
            yield name
        number += 1


def partitions_by_primaries(cluster, policy=GOLD):
    """{the names of the primary devices in their order: [partitions]}"""
    ring = cluster.ring(policy)
    found = {}
    for partition in range(ring.partition_count):
        devices = tuple(node['device'] for node in ring.get_part_nodes(partition))
        found.setdefault(devices, []).append(partition)
    return found
