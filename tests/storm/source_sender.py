"""Senders that send what a device of their own has: ssync-send, and Swift's own. In a process that may be killed."""
import os
import random
import subprocess
import time

import versions
from ledger import Ack
from processes import die_with_parent
from sender import replicate
from swift_cluster import EC, DeviceTree, object_hash
from versions import DELETE, POST, PUT
from worker_server import build_dir

FRAGMENT = 1        # that this device has of each object
SECONDS = 120       # for one pass: none hangs so long


class SourceSender:
    """Changes its own device with Swift's DiskFile, sends a partition, and notes what is in sync then."""

    frag_prefs = None       # with which Swift's DiskFile finds the fragments that are offered

    def __init__(self, port, ledger, owner, devices, seed, root, swift_dir):
        self.port, self.ledger, self.owner, self.devices, self.swift_dir = port, ledger, owner, devices, swift_dir
        self.random = random.Random(seed)
        self.clock = versions.Clock(time.time)
        self.had = {}       # (device, policy, name): time of the data that was in sync once
        # One source for each receiving device.
        self.trees = {device: DeviceTree(os.path.join(root, device)) for device in devices}

    def run(self):
        while True:
            device = self.random.choice(self.devices)
            policy, partition = self.random.choice([0, EC]), self.random.randrange(1 << versions.POWER)
            for _ in range(self.random.choice([1, 3, 12])):
                self.change(self.trees[device], device, policy, partition)
            here = self.listed(self.trees[device], device, policy, partition)
            if self.send(device, policy, partition):
                self.ledger.acknowledged([ack for name, times in here.items() for ack in self.acks(device, policy, name, times)])
                self.had.update({(device, policy, name): times['ts_data'] for name, times in here.items()})
                self.ledger.counted('pass of ' + self.program)
            else:
                self.ledger.counted('unfinished pass of ' + self.program)
                time.sleep(self.random.uniform(0, 0.1))

    def change(self, tree, device, policy, partition):
        from swift.common.exceptions import DiskFileDeleted, DiskFileNotExist
        name = self.random.choice(versions.names(self.owner, device, policy, partition))
        fragment = FRAGMENT if policy == EC else None
        try:
            tree.diskfile(partition, name, policy).read_metadata()
            kind = self.random.choice([PUT, PUT, POST, DELETE])
        except (DiskFileNotExist, DiskFileDeleted):
            kind = PUT
        units = self.clock.next(kind)
        if kind == PUT:
            tree.put(partition, name, versions.stamp(units), versions.stored_body(name, units, fragment),
                     versions.put_headers(name, units, fragment), policy, fragment)
        elif kind == POST:
            tree.post(partition, name, versions.stamp(units), versions.post_headers(units), policy)
        else:
            tree.delete(partition, name, versions.stamp(units), policy)

    def listed(self, tree, device, policy, partition):
        """{name: the times that a sender offers}"""
        from swift.common.storage_policy import POLICIES
        by_hash = {object_hash(name): name for name in versions.names(self.owner, device, policy, partition)}
        options = {'frag_index': FRAGMENT, 'frag_prefs': self.frag_prefs} if policy == EC else {}
        return {by_hash[digest]: times for digest, times in tree.manager(policy).yield_hashes(
            tree.device, str(partition), POLICIES[policy], **options)}

    def acks(self, device, policy, name, times):
        if not times.get('durable', True):
            # The sender was killed before it had made the fragment durable. It is offered as it is, and not the one before.
            return
        units = versions.units_of(times['ts_data'].internal)
        fragment = FRAGMENT if policy == EC and versions.kind_of(units) == PUT else None
        yield Ack(device, policy, name, units, fragment, True)
        # A receiver that had a tombstone asks for the data only; the metadata follows in the next pass.
        known = self.had.get((device, policy, name)) == times['ts_data']
        if known and times.get('ts_meta') and times['ts_meta'] > times['ts_data']:
            yield Ack(device, policy, name, versions.units_of(times['ts_meta'].internal), None, True)


class SsyncSend(SourceSender):
    program = 'ssync-send'
    frag_prefs = []     # also those that are not durable, as Swift's reconstructor has them sent

    def send(self, device, policy, partition):
        command = [os.path.join(build_dir(), 'ssync-send'), '--swift-dir', self.swift_dir, '--device-dir',
                   self.trees[device].device_path, '--partition', str(partition), '--policy', str(policy),
                   '--timeout', str(SECONDS), '127.0.0.1:%d/%s' % (self.port, device)]
        if policy == EC:
            command += ['--frag-index', str(FRAGMENT)]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              preexec_fn=die_with_parent).returncode == 0


class SwiftSender(SourceSender):
    program = 'Swift\'s sender'

    def send(self, device, policy, partition):
        return replicate(self.trees[device], partition, self.port, policy, device=device,
                         fragment=FRAGMENT if policy == EC else None).success
