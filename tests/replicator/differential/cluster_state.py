"""A cluster before a pass: plain data, to be printed, reduced and laid out twice."""
import dataclasses

LOCAL = 0    # the number of the node whose replicator runs


@dataclasses.dataclass
class Device:
    number: int
    node: int
    name: str
    region: int
    zone: int
    mounted: bool = True

    def __str__(self):
        return 'device %d: %s of node %d%s, r%dz%d%s' % (
            self.number, self.name, self.node, ' (whose replicator runs)' if self.node == LOCAL else '', self.region, self.zone,
            '' if self.mounted else ', UNMOUNTED')


@dataclasses.dataclass
class RingPlan:
    """What Swift's ring builder is told."""
    part_power: int
    replicas: float
    weights: dict              # {number of a device: its weight}
    seed: int
    hole: bool = False         # a device was there before all others and has been removed
    increase: bool = False     # next_part_power is set


@dataclasses.dataclass
class Place:
    """A partition of a device, or what is in the place of one."""
    device: int
    policy: int
    partition: str
    entries: list
    hashes: str = 'as drawn'   # or 'fresh': hashes.pkl is what Swift makes of the entries
    late: list = dataclasses.field(default_factory=list)    # entries stored after that
    locked: bool = False       # somebody holds its replication lock

    def __str__(self):
        lines = ['device %d, policy %d, partition %s, hashes %s%s' % (
            self.device, self.policy, self.partition, self.hashes, ', LOCKED' if self.locked else '')]
        lines += ['  %s' % entry for entry in self.entries]
        lines += ['  later: %s' % entry for entry in self.late]
        return '\n'.join(lines)


@dataclasses.dataclass
class ClusterState:
    devices: list
    rings: dict                # {policy: RingPlan}
    places: list
    beside: list               # [(device, Entry)]: what else is on a device, by its path there
    down: set                  # numbers of nodes where nobody listens
    by_address: bool           # nodes differ by address and have one port, else the reverse
    settings: dict             # of [object-replicator]
    options: dict              # of the command line
    order: int                 # seed for the order of jobs and peers
    listing: bool              # all partitions' suffixes are listed, or none's
    damaged: bool              # what is stored may be spoiled

    def mounted(self, number):
        return next(device.mounted for device in self.devices if device.number == number)

    def __str__(self):
        lines = ['nodes by %s, %s' % ('address' if self.by_address else 'port', 'down: %s' % sorted(self.down) if self.down else 'all up')]
        lines += [str(device) for device in self.devices]
        lines += ['policy %d: %s' % pair for pair in self.rings.items()]
        lines += ['settings %s, options %s, order %d, listing %s' % (self.settings, self.options, self.order, self.listing)]
        lines += [str(place) for place in self.places]
        lines += ['device %d: %s' % pair for pair in self.beside]
        return '\n'.join(lines)
