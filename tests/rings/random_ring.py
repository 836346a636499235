"""Random rings, written by Swift's ring builder, and what Swift's Ring makes of them: a program, since another release
of Swift may be on its path.

random_ring.py DIRECTORY SEED COUNT writes rings there, and one that is large, and for each a line of JSON: its path, and what Ring has.
"""
import array
import itertools
import json
import os
import random
import sys

from swift.common import utils
from swift.common.ring import Ring, RingBuilder, RingData

# Without a swift.conf; hashes are not asked of Swift but given.
utils.HASH_PATH_SUFFIX = b'x'
HANDOFFS = 20
# Of a larger ring only so many partitions are compared: Swift looks at 65,536 for a handoff that is hard to find.
MOST_PARTITIONS, SAMPLE = 2048, 8
HASHES = ['00000000' + '0' * 24, 'ffffffff' + 'f' * 24, '7fffffff' + '0' * 24, '80000000' + '0' * 24]


def random_device(draw, number):
    address = draw.choice(['10.0.%d.%d', 'fd00:%d::%d', 'node-%d-%d.example'])
    device = {'region': draw.randint(1, 2), 'zone': draw.randint(0, 3), 'ip': address % (draw.randint(0, 1), number % 4),
              'port': draw.choice([6200, 6210]), 'device': 'd%d' % number,
              'weight': draw.choice([0, 1, 100.0, 100.5, 4000]), 'meta': draw.choice(['', 'r\u00e4ck 1'])}
    if draw.random() < 0.8:
        device.update(replication_ip='10.1.0.%d' % draw.randint(1, 4), replication_port=6400)
    else:
        # As swift-ring-builder gives it.
        device.update(replication_ip=device['ip'], replication_port=device['port'])
    return device


def random_builder(draw):
    builder = RingBuilder(draw.randint(0, 10), draw.choice([1, 1.25, 2, 2.9, 3, 3, 4.5]), 0)
    for number in range(draw.randint(6, 24)):
        builder.add_dev(random_device(draw, number))
    # Enough of them to rebalance.
    for number in range(24, 30):
        builder.add_dev(dict(random_device(draw, number), weight=100.0))
    builder.rebalance(seed=draw.randint(1, 1000))
    ids = [device['id'] for device in builder.devs if device and device['weight'] > 0]
    for removed in draw.sample(ids, draw.randint(0, 2)):
        builder.remove_dev(removed)
    if draw.random() < 0.5:
        builder.set_dev_weight(draw.choice([d['id'] for d in builder.devs if d and d['weight'] > 0]), 0)
    builder.pretend_min_part_hours_passed()
    builder.rebalance(seed=draw.randint(1, 1000))
    step = draw.randint(0, 5)
    if step < 3:
        builder.prepare_increase_partition_power()
    if step < 2:
        builder.increase_partition_power()
    return builder


def large_ring(draw):
    """So many partitions that handoffs are looked for in steps, without the minutes that a builder takes for them."""
    devices = [dict(random_device(draw, number), id=number) for number in range(40)]
    # Region 3 and the last devices have few partitions, most of which the steps pass over.
    devices[37]['region'] = 3
    counts = [20000] * 36 + [3, 3, 3, 0]
    power = draw.choice([18, 19])
    rows = [array.array('H', draw.choices(range(40), weights=counts, k=size))
            for size in (1 << power, 1 << power, (1 << power) // 3)]
    return RingData(rows, devices, 32 - power, version=1)


def formats():
    from swift.common.ring import ring
    return sorted(getattr(ring, 'RING_CODECS', {1: None}))


def what_swift_has(path):
    ring = Ring(path)
    fields = ('id', 'region', 'zone', 'ip', 'port', 'replication_ip', 'replication_port', 'device', 'weight')
    partitions = [0] * len(ring.devs)
    for row in ring._replica2part2dev_id:
        for device in row:
            partitions[device] += 1
    compared = range(0, ring.partition_count,
                     ring.partition_count // SAMPLE if ring.partition_count > MOST_PARTITIONS else 1)
    return {
        'part_power': ring.part_power, 'next_part_power': ring.next_part_power, 'replicas': ring.replica_count,
        'version': ring.version, 'partitions': partitions,
        'devices': [device and {field: device[field] for field in fields} for device in ring.devs],
        'nodes': [[node['id'] for node in ring.get_part_nodes(part)] for part in compared],
        'handoffs': [[node['id'] for node in itertools.islice(ring.get_more_nodes(part), HANDOFFS)]
                     for part in compared],
        'hashes': {text: int(text[:8], 16) >> (32 - ring.part_power) for text in HASHES},
    }


def main():
    directory, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    draw = random.Random(seed)
    for number in range(count + 1):
        data = random_builder(draw).get_ring() if number < count else large_ring(draw)
        for version in formats():
            path = os.path.join(directory, '%d-%d.ring.gz' % (number, version))
            os.chdir(directory)
            data.save(os.path.basename(path), **({'format_version': version} if formats() != [1] else {}))
            print(json.dumps({'path': path, 'swift': dict(what_swift_has(path), format=version)}), flush=True)


if __name__ == '__main__':
    main()
