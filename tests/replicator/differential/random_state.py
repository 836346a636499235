"""Random clusters before a pass. What README.md lists under "Deliberate differences" is not drawn; each place says
"deliberate"."""
import copy
import functools
import pickle
import random

from cluster_state import LOCAL, ClusterState, Device, Place, RingPlan
from draw import OFFSETS, Draw, Names
from session import Entry
from stored import Stored
from swift_cluster import EC, GOLD, SILVER, object_hash, partition_of

# Deliberate: nothing that Python reads as a number and that is no partition's name, as -1, +1, 01, 1_0 or one too large.
NO_PARTITIONS = ('abc', '.hidden', '1.5', 'x1', '1x', 'auditor_status', 'auditor_status_ALL.json.tmp')
AUDITOR_STATUS = ('auditor_status_ALL.json', 'auditor_status_ZBF.json')
MOST_PARTITIONS = 3
NAMES = 4


@functools.lru_cache(maxsize=None)
def names_of(power, partition):
    """The first objects of a partition, two of one suffix among those of many."""
    found = []
    number = 0
    while len(found) < NAMES:
        name = '/a/c/o%d' % number
        if partition_of(name, power) == partition:
            found.append(name)
        number += 1
    first = object_hash(found[0])[-3:]
    while partition_of(name, power) != partition or object_hash(name)[-2:] != first[-2:]:
        number += 1
        name = '/a/c/o%d' % number
    return Names(found + [name], partition)


class WithoutOffsets(Draw):
    """Deliberate: Swift 2.30.1 refuses or miscounts offers of times with an offset."""

    def pick(self, choices):
        return '' if choices is OFFSETS else super().pick(choices)


class RandomStates:
    def __init__(self, seed):
        self.seed = seed

    def state(self, number, base):
        """The state of this number: it depends on the seed and the number only, but for its times."""
        return _State(random.Random('%d/%d' % (self.seed, number)), base).draw()


class _State:
    def __init__(self, source, base):
        self.random = source
        self.base = base

    def chance(self, probability):
        return self.random.random() < probability

    def draw(self):
        self.damaged = self.chance(0.3)
        self.devices = self.cluster()
        self.rings = {GOLD: self.ring()}
        if self.chance(0.35):
            self.rings[SILVER] = self.ring()
        if self.chance(0.2):
            self.rings[EC] = self.ring()
        places = [place for policy in self.rings for place in self.partitions(policy)]
        nodes = sorted({device.node for device in self.devices} - {LOCAL})
        down = {node for node in nodes if self.chance(0.08)}
        return ClusterState(
            self.devices, self.rings, places, self.beside(), down, by_address=self.chance(0.5), settings=self.settings(),
            options=self.options(places) if self.chance(0.15) else {}, order=self.random.randrange(1000), listing=self.chance(0.5),
            damaged=self.damaged)

    def cluster(self):
        source = self.random
        count = source.choice([2, 3, 3, 4, 4, 5])
        nodes = min(count, source.choices([1, 2, 3, 4], [1, 4, 4, 2])[0])
        regions = source.choices([1, 2, 3], [5, 4, 1])[0]
        region_of = [source.randint(1, regions) for _ in range(nodes)]
        by_zone = self.chance(0.5)
        same_names = self.chance(0.3)
        # Where the node has one device only, nothing depends on the order of its jobs.
        least = 1 if nodes > 1 and self.chance(0.5) else 0
        devices = []
        for number in range(count):
            node = number if number < nodes else source.randrange(least, nodes)
            name = 'sd%d' % sum(device.node == node for device in devices) if same_names else 'd%d' % number
            devices.append(Device(number, node, name, region_of[node], node if by_zone else source.randint(0, 3),
                                  mounted=not self.chance(0.08)))
        return devices

    def ring(self):
        source = self.random
        weights = {device.number: 0 if self.chance(0.2 if device.node == LOCAL else 0.05) else source.choice([100, 100, 100, 50, 200]) for device in self.devices}
        if not any(weights.values()):
            weights[len(weights) - 1] = 100
        replicas = source.choice([1, 1.5, 2, 2, 2.5, 3, 3, 3])
        replicas = min(replicas, sum(weight > 0 for weight in weights.values()))
        return RingPlan(source.randint(1, 4), replicas, weights, source.randint(1, 1000), hole=self.chance(0.15),
                        increase=self.chance(0.03))

    def partitions(self, policy):
        source = self.random
        power = self.rings[policy].part_power
        for partition in source.sample(range(1 << power), min(1 << power, source.randint(1, MOST_PARTITIONS))):
            draw = WithoutOffsets(source, names_of(power, partition), self.base)
            draw.damages = self.damaged
            stored = Stored(draw, policy)
            first = stored.partition()
            # Mostly on the node whose replicator runs.
            holders = [device for device in self.devices if self.chance(0.75 if device.node == LOCAL else 0.45)] or self.devices[:1]
            for device in holders:
                yield self.place(device, policy, partition, stored, first)

    def place(self, device, policy, partition, stored, first):
        source = self.random
        kind = source.choices(['same', 'less', 'other'], [4, 4, 3])[0]
        if self.chance(0.02):
            return Place(device.number, policy, str(partition), [Entry('', b'a file')])
        entries = stored.partition() if kind == 'other' else copy.deepcopy(first)
        for entry in entries:
            store_as_swift_does(entry)
        if kind == 'less':
            directories = sorted({entry.path.rpartition('/')[0] for entry in entries})
            gone = {directory for directory in directories if self.chance(0.4)}
            entries = [entry for entry in entries if entry.path.rpartition('/')[0] not in gone]
        place = Place(device.number, policy, str(partition), entries)
        if any(entry.path == '' for entry in entries):
            return place
        if self.chance(0.6) and policy != EC:
            place.hashes = 'fresh'
            place.entries = [entry for entry in entries if not entry.path.startswith('hashes.')]
            if self.chance(0.3):
                place.late = [entry for entry in place.entries if self.chance(0.3)]
                place.entries = [entry for entry in place.entries if entry not in place.late]
            if self.chance(0.3):
                suffixes = source.choices(sorted({digest[-3:] for digest in stored.draw.names.hashes}), k=2)
                place.late.append(Entry('hashes.invalid', ''.join(suffix + '\n' for suffix in suffixes).encode()))
        place.locked = device.node == LOCAL and self.chance(0.02)
        return place

    def beside(self):
        source = self.random
        result = []
        for device in self.devices:
            objects = source.choice(['objects', 'objects', 'objects-1'])
            if self.chance(0.1):
                result.append((device.number, Entry('%s/%s' % (objects, source.choice(AUDITOR_STATUS)), b'{}')))
            if self.chance(0.06):
                result.append((device.number, Entry('%s/%s' % (objects, source.choice(NO_PARTITIONS)),
                                                    source.choice([None, b'junk']))))
            if self.chance(0.1):
                old, new = Entry('tmp/old', b'half an object', old=True), Entry('tmp/new', b'half an object')
                result += [(device.number, old), (device.number, new)]
            if self.chance(0.05):
                result.append((device.number, Entry('async_pending/123/' + 'a' * 32 + '-1500000000.00000', b'pending', old=True)))
        return result

    def settings(self):
        source = self.random
        settings = {}
        if self.chance(0.2):
            settings['handoffs_first'] = source.choice(['yes', 'true'])
        if self.chance(0.25):
            settings['handoff_delete'] = source.choice(['1', '2', '2', '3', 'auto', '0'])
        if self.chance(0.1):
            settings['replicator_workers'] = '1'
        return settings

    def options(self, places):
        source = self.random
        options = {}
        if self.chance(0.5):
            options['devices'] = ','.join(sorted({source.choice(self.devices).name for _ in range(2)}))
        if self.chance(0.5):
            options['partitions'] = ','.join(sorted({source.choice(places).partition for _ in range(2)}))
        if self.chance(0.4) or not options:
            options['policies'] = source.choice(['0', '1', '0,1', '0,2'])
        return options


def store_as_swift_does(entry):
    """Deliberate: values whose characters each stand for a byte, as with others Swift's sender fails, and it stores none; and
    without NUL, which no header can carry."""
    has_checksum = entry.checksum is not None
    if entry.metadata is None or has_checksum and not entry.checksum_right():
        return
    try:
        metadata = pickle.loads(entry.metadata)
    except Exception:  # a damaged pickle
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, bytes) for value in metadata.values()):
        return
    changed = {name: (value if stands_for_bytes(value) else value.decode('latin-1').encode()).replace(b'\0', b'')
               for name, value in metadata.items()}
    if changed != metadata:
        entry.describe(changed)
        if not has_checksum:
            entry.checksum = None


def stands_for_bytes(value):
    try:
        return all(ord(character) < 256 for character in value.decode())
    except UnicodeDecodeError:
        return False
