"""A node with many partitions that are all in sync: a ring that no builder has made, directories with fresh hashes.pkl, and peers
that answer REPLICATE out of memory."""
import array
import contextlib
import os
import pickle
import shutil
import subprocess
import time

from replicator_conf import replicator_conf
from swift_cluster import write_swift_conf
from worker_server import build_dir

REPLICAS = 3
# A file's names, of which a page is enough in memory; ext4 allows no more than 65,000.
LINKS = 30000
# The partition's and its suffix's directories, hashes.pkl and .lock, and some for whoever else is there.
INODES_EACH = 4.5
SUFFIX, HASH = 'abc', 'f' * 32
# Numbers of devices have two bytes in a ring.
MOST_DEVICES = 65535
# What spreads partitions over devices (Knuth's multiplicative hash).
FACTOR = 2654435761
OWN_ADDRESS, OWN_PORT = '127.0.0.1', 6200


class Peers:
    """bench-peer: all nodes but one, each under an address of its own."""

    def __init__(self, place):
        body = os.path.join(place, 'hashes')
        with open(body, 'wb') as file:
            pickle.dump({SUFFIX: HASH}, file, 2)
        self.process = subprocess.Popen([os.path.join(build_dir(), 'bench-peer'), body], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline().split()[1])

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def address(node):
    """The first node is the one that is measured."""
    return '127.0.%d.%d' % divmod(node, 250) if node else OWN_ADDRESS


def write_ring(path, part_power, nodes, devices_each, port):
    """Each partition's devices are pseudo-random ones of different nodes. Returns, for each device of the first node, the
    partitions that it has."""
    from swift.common.ring import RingData
    devices = nodes * devices_each
    assert nodes >= REPLICAS and devices <= MOST_DEVICES
    ring_devices = []
    for number in range(devices):
        node, device = divmod(number, devices_each)
        own = node == 0
        place = {'ip': address(node), 'port': OWN_PORT if own else port}
        ring_devices.append({'id': number, 'region': 1, 'zone': node, 'weight': 100.0, 'meta': '', 'device': 'sd%d' % device, **place,
                             **{'replication_' + name: value for name, value in place.items()}})
    first = array.array('H', ((partition * FACTOR >> 7 & 0xffffffff) % devices for partition in range(1 << part_power)))
    # Those of different nodes are so far apart.
    distance = nodes // REPLICAS * devices_each
    rows = [array.array('H', ((device + replica * distance) % devices for device in first)) for replica in range(REPLICAS)]
    RingData(rows, ring_devices, 32 - part_power, version=1).save(path)
    own = [[] for _ in range(devices_each)]
    for row in rows:
        for partition, device in enumerate(row):
            if device < devices_each:
                own[device].append(partition)
    return own


class SimulatedNode:
    """Partitions are put on its devices as they are wanted."""

    def __init__(self, place, part_power, nodes, devices_each):
        self.place = place
        self.swift_dir = os.path.join(place, 'etc')
        self.devices = os.path.join(place, 'devices')
        self.recon = os.path.join(place, 'recon')
        self.log = os.path.join(place, 'log')
        os.makedirs(self.recon)
        write_swift_conf(self.swift_dir, '[swift-hash]\nswift_hash_path_suffix = bench\n')
        self.peers = Peers(place)
        self.own = write_ring(os.path.join(self.swift_dir, 'object.ring.gz'), part_power, nodes, devices_each, self.peers.port)
        self.hashes = os.path.join(place, 'hashes.pkl')
        self.made = 0
        for number in range(devices_each):
            os.makedirs(self.objects(number))

    def objects(self, device):
        return os.path.join(self.devices, 'sd%d' % device, 'objects')

    def write_hashes(self):
        """A file that has no other names yet."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.hashes)
        with open(self.hashes, 'wb') as file:
            pickle.dump({SUFFIX: HASH, 'valid': True, 'updated': time.time()}, file, 2)

    def fill(self, partitions):
        """So many partitions in all, or all that it is to have."""
        free, needed = os.statvfs(self.place).f_favail, INODES_EACH * partitions
        if 0 < free < needed:
            raise SystemExit('%s has %d inodes left, and %d are needed; name another with --directory' % (self.place, free, needed))
        places = ((device, partition) for device, own in enumerate(self.own) for partition in own)
        for number, (device, partition) in enumerate(places):
            if number >= partitions:
                break
            if number >= self.made:
                directory = '%s/%d' % (self.objects(device), partition)
                os.mkdir(directory)
                os.mkdir(directory + '/' + SUFFIX)
                if number % LINKS == 0:
                    self.write_hashes()
                os.link(self.hashes, directory + '/hashes.pkl')
                self.made += 1

    def start(self, concurrency=1, workers=0):
        conf = os.path.join(self.place, 'object-server.conf')
        with open(conf, 'w') as file:
            file.write(replicator_conf(self.swift_dir, self.devices, self.recon, OWN_PORT, OWN_ADDRESS,
                                       default={'log_level': 'INFO', 'conn_timeout': 30},
                                       replicator={'concurrency': concurrency, 'replicator_workers': workers}))
        with open(self.log, 'wb') as log:
            return subprocess.Popen([os.path.join(build_dir(), 'ssync-replicator'), conf, '--once', '-v'], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log)

    def log_text(self):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return log.read()

    def turns_bytes(self):
        """Of the files in which the replicator keeps when each partition had its turn."""
        return sum(entry.stat().st_size for entry in os.scandir(self.recon) if entry.name.endswith('.turns'))

    def stop(self):
        self.peers.stop()
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.devices)
