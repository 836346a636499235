"""What each version of an object is. Its name and its time say all of it, so that whatever is found on a device can be
judged by itself, whoever had sent it and whether or not it was acknowledged."""
import functools
import hashlib

import fragments
from swift_cluster import EC, partition_of

PUT, POST, DELETE = range(3)
KINDS = 4           # a time's unit of 10 µs modulo this is the kind
UNITS = 100000      # of a second
POWER = 2           # of the ring: partitions 0 to 3
NAMES = 100         # of one owner on one device, policy and partition
CONTENT_TYPES = ['text/plain', 'application/octet-stream', 'image/png; a="b"']


def stamp(units):
    return '%010d.%05d' % divmod(units, UNITS)


def units_of(timestamp):
    """The units of a time in Swift's form, as bytes or text."""
    text = timestamp.decode() if isinstance(timestamp, bytes) else str(timestamp)
    seconds, fraction = text.split('_')[0].split('.')
    return int(seconds) * UNITS + int(fraction)


def kind_of(units):
    return units % KINDS


class Clock:
    """Times that only grow, each of a kind, and never come twice."""

    def __init__(self, now):
        self.now = now      # gives seconds
        self.last = 0

    def next(self, kind):
        self.last = max(self.last + KINDS, int(self.now() * UNITS) // KINDS * KINDS)
        return self.last + kind


@functools.lru_cache(None)
def names(owner, device, policy, partition):
    """The names of an owner that belong there by the ring."""
    found = []
    number = 0
    while len(found) < NAMES:
        name = '/AUTH_storm/%s-%s-%d/o%d' % (owner, device, policy, number)
        if partition_of(name, POWER) == partition:
            found.append(name)
        number += 1
    return found


def _dice(name, units, what):
    return int.from_bytes(hashlib.md5(('%s %d %s' % (name, units, what)).encode()).digest()[:8], 'big')


def body(name, units):
    """The object's bytes: mostly small, now and then so large that they are synced and hashed in pieces."""
    dice = _dice(name, units, 'size')
    chance, size = dice % 1000, dice // 1000
    size %= 3000 if chance < 700 else 10000 if chance < 978 else 200000 if chance < 998 else 1500000
    piece = hashlib.sha512(('%s %d' % (name, units)).encode()).digest()
    return (piece * (size // len(piece) + 1))[:size]


@functools.lru_cache(64)
def stored_body(name, units, fragment):
    """What a PUT stores: the object's bytes, or one fragment of them."""
    return body(name, units) if fragment is None else fragments.encode(body(name, units))[fragment]


def put_headers(name, units, fragment):
    """Headers of a PUT beside its time, size and ETag; all of them are stored."""
    headers = {'Content-Type': CONTENT_TYPES[_dice(name, units, 'type') % len(CONTENT_TYPES)],
               'X-Object-Meta-Put': 'by %d' % units, 'X-Object-Sysmeta-Put': 'by %d' % units}
    if fragment is not None:
        headers.update(fragments.fragment_metadata(body(name, units)))
        headers['X-Object-Sysmeta-Ec-Frag-Index'] = str(fragment)
    return headers


def post_headers(units):
    return {'X-Object-Meta-Post': 'by %d' % units}


def expected_metadata(name, put_units, post_units, fragment):
    """All that Swift's DiskFile says of an object: of its data, and of the POST after it if post_units is later."""
    data = stored_body(name, put_units, fragment)
    expected = {'name': name, 'ETag': hashlib.md5(data).hexdigest(), 'Content-Length': str(len(data)),
                'X-Timestamp': stamp(put_units), **put_headers(name, put_units, fragment)}
    if post_units > put_units:
        # A POST replaces what users say of an object, and no system metadata.
        expected.pop('X-Object-Meta-Put')
        expected.update(post_headers(post_units), **{'X-Timestamp': stamp(post_units)})
    return expected


def fragments_of(policy):
    return [0, 1, 2] if policy == EC else [None]
