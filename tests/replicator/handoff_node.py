"""A node with a device that is no primary of any partition, the primaries elsewhere, and passes of a replicator over it."""
import contextlib
import itertools
import json
import os
import shutil
import types

from ports import free_port
from replicator_conf import replicator_conf
from replicators import PASS_SECONDS
from swift_cluster import DeviceTree, partition_of
from swift_server import SwiftServer

PART_POWER = 2
HANDOFF = 'handoff'
# Of [DEFAULT].
OF_TESTS = {'fallocate_reserve': 0, 'log_level': 'DEBUG'}


class Primary:
    """A device elsewhere: its name, and the port where it is asked for."""

    def __init__(self, name, port, region=1):
        self.name = name
        self.port = port
        self.region = region


class SwiftPrimary(Primary):
    """One that Swift's object server serves."""

    def __init__(self, name, place, swift_dir, programs, region=1):
        self.tree = DeviceTree(os.path.join(place, name + '-devices'), name)
        self.server = SwiftServer(swift_dir, self.tree, os.path.join(place, name + '-run'), log_level='INFO', programs=programs)
        super().__init__(name, self.server.port, region)

    def clear(self):
        clear(self.tree)

    def stop(self):
        self.server.stop()


def clear(tree):
    for name in os.listdir(tree.device_path):
        shutil.rmtree(os.path.join(tree.device_path, name), ignore_errors=True)


class HandoffNode:
    """Its own port is nobody's. Timeouts are those of a machine that is busy; tests of peers that say nothing give less."""

    def __init__(self, place, swift_dir, devices=(HANDOFF,)):
        self.place = place
        self.swift_dir = swift_dir
        self.port = free_port()
        self.root = os.path.join(place, 'devices')
        self.trees = [DeviceTree(self.root, device) for device in devices]
        self.tree = self.trees[0]
        self.recon = os.path.join(place, 'recon')
        self.log = os.path.join(place, 'replicator.log')
        self.conf = os.path.join(place, 'object-server.conf')
        os.makedirs(self.recon)

    def configure(self, primaries, settings=None, seconds=30, weight=0, region=1, part_power=PART_POWER, replicas=None):
        """Write the rings, in which the primaries are those of every partition if the weight of the node's own devices is 0,
        and the configuration."""
        from swift.common.ring import RingBuilder
        builder = RingBuilder(part_power, replicas or min(3, len(primaries)), 0)
        own = [types.SimpleNamespace(name=tree.device, port=self.port, region=region) for tree in self.trees]
        for number, device in enumerate([*own, *primaries]):
            builder.add_dev({'id': number, 'region': device.region, 'zone': number, 'ip': '127.0.0.1', 'port': device.port,
                             'replication_ip': '127.0.0.1', 'replication_port': device.port, 'device': device.name,
                             'weight': weight if device in own else 100, 'meta': ''})
        builder.rebalance(seed=1)
        for policy in range(3):
            builder.get_ring().save(os.path.join(self.place, 'object%s.ring.gz' % ('-%d' % policy if policy else '')))
        shutil.copy(os.path.join(self.swift_dir, 'swift.conf'), self.place)
        with open(self.conf, 'w') as conf:
            conf.write(replicator_conf(self.place, self.root, self.recon, self.port, replicator=settings, default={
                **OF_TESTS, 'conn_timeout': seconds, 'node_timeout': seconds, 'http_timeout': seconds}))

    def suffix_hashes(self, partition):
        """As Swift has them."""
        from swift.common.storage_policy import POLICIES
        return self.tree.manager()._get_hashes(self.tree.device, str(partition), POLICIES[0], do_listdir=True)[1]

    def run(self, replicator, options=None, while_it_runs=None):
        """One pass; it must not fail, whatever its peers do. while_it_runs is called again and again until it ends. The
        replication_stats that it leaves for monitoring."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.recon, 'object.recon'))
        running = replicator.start(self.conf, self.log, options)
        try:
            while while_it_runs and running.poll() is None:
                while_it_runs()
            status = running.wait(PASS_SECONDS)
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
        assert status == 0, self.log_text()
        return self.stats()

    def stats(self):
        with open(os.path.join(self.recon, 'object.recon')) as recon:
            return json.load(recon)['replication_stats']

    def log_text(self):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return log.read()


def names_of(partition, prefix='/a/c/object '):
    """Names of objects of the partition, without end."""
    return (name for name in (prefix + str(number) for number in itertools.count()) if partition_of(name, PART_POWER) == partition)
