"""What is random in a session: times, values, choices.

Times are relative to a base two hours ago: they are of the last hours, or of a month before, never near the reclaim age
or an expiry to come. A session draws most of its times from a few, so that what is stored and what is sent meet.
"""
from swift_cluster import name_in_suffix, object_hash

MONTH = 30 * 86400
SECONDS = [-3, -2, -1, 0, 0, 0, 1, 2, 3]
FRACTIONS = ['00000'] * 6 + ['00001', '12345', '99999']
# Deliberate: no negative offset; and no value that ends with the bytes 85 or A0, which Swift strips.
OFFSETS = [''] * 9 + ['_0000000000000001', '_000000000000000a']
VALUES = [b'', b'v', b'two words', b'caf\xc3\xa9', b'latin \xe9', b'\xe6\x97\xa5\xe6\x9c\xac', b'a:b: c', b'  spaced\t',
          b'"quoted"', b"it's", b'%41%', b'\xff\xfe', b'x' * 200, b'\xf0\x9f\x98\x80 d', b'a\x00b', b'a\x01b', b'a,b;c=d']
COMMON_VALUES = VALUES[:6]
CONTENT_TYPES = [b'text/plain', b'a/b;q=1', b'application/octet-stream', b'', b'caf\xc3\xa9/x', b'text/plain; swift_bytes=7']
COMMON_CONTENT_TYPES = CONTENT_TYPES[:3]


class Names:
    """The objects of a session: few, so that what is stored and what is sent meet."""

    def __init__(self, names, partition=None):
        self.all = names
        self.hashes = [object_hash(name) for name in names]
        self.partition = partition


def ordinary_names():
    """Two of them share a suffix."""
    first = '/a/c/o'
    return Names([first, name_in_suffix(object_hash(first)[-3:], '/a/c/twin'), '/a/c/caf\u00e9 %41/x', '/a\u65e5/c/o?q=1#f'])


def partition_of(digest, power):
    return int(digest[:8], 16) >> (32 - power)


def names_of_one_partition(power):
    """Of one partition at this power, and of both its successors at the next."""
    first = '/a/c/o'
    partition = partition_of(object_hash(first), power)
    halves = {0: [], 1: []}
    number = 0
    while min(map(len, halves.values())) < 2:
        name = '/a/c/p%d' % number
        digest = object_hash(name)
        if partition_of(digest, power) == partition:
            halves[partition_of(digest, power + 1) & 1].append(name)
        number += 1
    return Names(halves[0][:2] + halves[1][:2], partition)


class Draw:
    def __init__(self, random, names, base, open_differences=False):
        self.random = random
        self.names = names
        self.base = base
        self.open = open_differences
        self.pool = [self.new_time() for _ in range(3)]
        self.damages = self.chance(0.5)  # else all that is stored is sound
        self.living = False              # most of what is stored is there to be read
        self.present = []                # the numbers of the names that are stored

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, choices):
        return self.random.choice(choices)

    def count(self, *choices):
        return range(self.pick(choices))

    def damage(self, probability):
        return self.damages and self.chance(probability)

    def name_number(self):
        """One of the names, rather one that is stored."""
        if self.present and self.chance(0.7):
            return self.pick(self.present)
        return self.random.randrange(len(self.names.all))

    def seconds(self):
        return self.pick(SECONDS) - (MONTH if self.chance(0.12) else 0)

    def new_time(self, offset=True):
        return '%010d.%s%s' % (self.base + self.seconds(), self.pick(FRACTIONS), self.pick(OFFSETS) if offset else '')

    def time(self, offset=True):
        """The internal form of a time."""
        if self.chance(0.25):
            return self.new_time(offset)
        chosen = self.pick(self.pool)
        return chosen if offset else chosen[:16]

    def sent_time(self):
        """A timestamp as sent in a header, possibly invalid."""
        if self.chance(0.01):
            return self.pick([b'', b'then', b'1', b'-1', b'nan', b'1e9', b'99999999999', b'1700000000', b'1700000000.123456789'])
        return self.time().encode()

    def delete_at(self):
        if self.chance(0.6):
            return b'%d' % (self.base + self.pick([-5, MONTH, -MONTH]))
        return self.pick([b'soon', b'', b'1.5', b'0',
                          b' %d ' % (self.base + MONTH), b'-1', b'99999999999', b'9223372036854775808', b'-99999999999999999999', b'\xd9\xa3'])

    def suffix(self):
        return self.pick([digest[-3:] for digest in self.names.hashes] + ['abc', '000'])

    def value(self):
        return self.pick(COMMON_VALUES if self.chance(0.6) else VALUES)
