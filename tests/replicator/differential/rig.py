"""Nodes that live through all sessions: each a directory of devices with receivers; states laid out on them, and passes run."""
import concurrent.futures
import contextlib
import http.client
import os
import shutil
import types

from cluster_state import LOCAL
from handoff_node import OF_TESTS
from play import Side
from ports import free_port
from replicator_conf import replicator_conf
from swift_cluster import DeviceTree
from swift_lock import held
from swift_server import SwiftServer
from worker_server import WorkerServer

NODES = 4
RINGS = {0: 'object', 1: 'object-1', 2: 'object-2', 3: 'object-3'}
REPLICATED = (0, 1)
# Nobody is asked on a device's own address.
NOBODY = '127.0.0.99'
ABSENT = 10      # added to the last number of the address of a node that is down


class Rig:
    def __init__(self, root, swift_dir, receivers, programs):
        self.root = root
        self.swift_dir = swift_dir
        self.ours = receivers == 'ours'
        self.programs = programs
        self.devices = [os.path.join(root, 'node-%d' % node) for node in range(NODES)]
        for devices in self.devices:
            os.makedirs(devices)
        self.nobodys_ports = [free_port() for _ in range(NODES)]
        self.servers = []
        # What its threads start ends with them.
        self.starters = concurrent.futures.ThreadPoolExecutor(NODES)
        if not programs.process:
            programs.launch()
        try:
            self.start_servers([(node, '127.0.0.1', None) for node in range(NODES)])
            if not self.ours:
                self.start_servers([(node, address(node), self.servers[0].port) for node in range(1, NODES)])
        except BaseException:
            self.stop()
            raise

    def start_servers(self, wanted):
        starting = [self.starters.submit(self.start_server, *one) for one in wanted]
        concurrent.futures.wait(starting)
        self.servers += [one.result() for one in starting if not one.exception()]
        for one in starting:
            one.result()

    def start_server(self, node, at, port):
        run_dir = os.path.join(self.root, 'server-%d-%s' % (node, at))
        tree = types.SimpleNamespace(root=self.devices[node])
        # A state in which a partition is locked waits for each.
        settings = {'log_level': 'WARNING', 'replication_lock_timeout': '5'}
        if self.ours:
            return WorkerServer(self.swift_dir, tree, run_dir, settings)
        return SwiftServer(self.swift_dir, tree, run_dir, settings, log_level='WARNING', programs=self.programs, address=at, port=port)

    def stop(self):
        for server in self.servers:
            server.stop()
        self.starters.shutdown()

    def place_of(self, state, node):
        """(address, port) of a node's receiver."""
        down = node in state.down
        if state.by_address and not self.ours:
            return address(node + (ABSENT if down else 0)), self.servers[0].port
        return '127.0.0.1', self.nobodys_ports[node] if down else self.servers[node].port

    # Rings

    def write_rings(self, state, directory):
        for policy, plan in state.rings.items():
            self.build_ring(state, plan).save(os.path.join(directory, RINGS[policy] + '.ring.gz'))
        # Policies without partitions have rings too.
        for policy in set(RINGS) - set(state.rings):
            shutil.copy(os.path.join(directory, 'object.ring.gz'), os.path.join(directory, RINGS[policy] + '.ring.gz'))

    def build_ring(self, state, plan):
        from swift.common.ring import RingBuilder
        builder = RingBuilder(plan.part_power, plan.replicas, 0)
        for device in state.devices:
            at, port = self.place_of(state, device.node)
            builder.add_dev({'id': device.number + plan.hole, 'region': device.region, 'zone': device.zone, 'ip': NOBODY, 'port': port,
                             'replication_ip': at, 'replication_port': port, 'device': device.name,
                             'weight': float(plan.weights[device.number]), 'meta': ''})
        builder.rebalance(seed=plan.seed)
        if plan.increase:
            builder.prepare_increase_partition_power()
        return builder.get_ring()

    # States

    def clear(self):
        for devices in self.devices:
            for name in os.listdir(devices):
                shutil.rmtree(os.path.join(devices, name))

    def lay_out(self, state):
        self.clear()
        trees = {}
        for device in state.devices:
            if device.mounted:
                trees[device.number] = DeviceTree(self.devices[device.node], device.name)
        for place in state.places:
            if place.device in trees:
                lay_out_place(trees[place.device], place)
        for number, entry in state.beside:
            if number in trees and not os.path.lexists(os.path.join(trees[number].device_path, entry.path)):
                write_entry(trees[number].device_path, entry)

    @contextlib.contextmanager
    def locks(self, state):
        with contextlib.ExitStack() as stack:
            for place in state.places:
                device = state.devices[place.device]
                directory = DeviceTree(self.devices[device.node], device.name).partition_path(place.partition, place.policy) \
                    if place.locked and device.mounted else None
                # Nobody holds a lock in whose place is a directory.
                if directory and os.path.isdir(directory) and not os.path.isdir(os.path.join(directory, '.lock-replication')):
                    stack.enter_context(held(directory, 'replication'))
            yield

    # Passes

    def ask_for_hashes(self, state, ring_of):
        """Of the primaries of each partition that is a handoff here: ours asks them what they have, and they then know."""
        for place in state.places:
            device = state.devices[place.device]
            if device.node != LOCAL or place.policy not in REPLICATED or not place.partition.isdigit():
                continue
            primaries = [node for node in ring_of(place.policy).get_part_nodes(int(place.partition))]
            if place.device + state.rings[place.policy].hole in [node['id'] for node in primaries]:
                continue
            for node in primaries:
                self.ask(node, place)

    @staticmethod
    def ask(node, place):
        connection = http.client.HTTPConnection(node['replication_ip'], node['replication_port'], timeout=30)
        try:
            connection.request('REPLICATE', '/%s/%s' % (node['device'], place.partition),
                               headers={'X-Backend-Storage-Policy-Index': str(place.policy)})
            connection.getresponse().read()
        except ConnectionRefusedError:
            pass
        finally:
            connection.close()

    def run_pass(self, state, replicator, place, order=None, listing=None, laid_out=None):
        """Lay the state out, call laid_out and run one pass of the replicator: its exit status. place: a directory to be made
        for the pass."""
        os.makedirs(os.path.join(place, 'recon'))
        self.write_rings(state, place)
        self.lay_out(state)
        at, port = self.place_of(state, LOCAL)
        conf = os.path.join(place, 'object-server.conf')
        with open(conf, 'w') as output:
            output.write(replicator_conf(place, self.devices[LOCAL], os.path.join(place, 'recon'), port, at, replicator=state.settings,
                                         default={**OF_TESTS, 'conn_timeout': 10, 'node_timeout': 30, 'http_timeout': 30}))
        shutil.copy(os.path.join(self.swift_dir, 'swift.conf'), place)
        if laid_out:
            laid_out()
        with self.locks(state):
            return replicator.run(conf, os.path.join(place, 'log'), state.options, order, listing)


def address(node):
    return '127.0.0.%d' % (node + 1)


def write_entry(directory, entry):
    Side(types.SimpleNamespace(tree=types.SimpleNamespace(device_path=directory, partition_path=lambda *_: directory)), None).build(
        types.SimpleNamespace(entries=[entry], policy=0), '')


def lay_out_place(tree, place):
    side = Side(types.SimpleNamespace(tree=tree), None)
    # An empty partition is one, too.
    if not any(entry.path == '' for entry in place.entries):
        os.makedirs(tree.partition_path(place.partition, place.policy), exist_ok=True)
    for entries in (place.entries, place.late):
        side.build(types.SimpleNamespace(entries=entries, policy=place.policy), place.partition)
        if entries is place.entries and place.hashes == 'fresh':
            from swift.common.storage_policy import POLICIES
            tree.manager(place.policy)._get_hashes(tree.device, place.partition, POLICIES[place.policy], do_listdir=True)
