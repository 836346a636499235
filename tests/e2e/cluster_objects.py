"""Objects on the devices of a cluster: each function below stores one of its kind under a name."""
import random
import time

from ring_cluster import DEVICES
from swift_cluster import GOLD, SILVER
from tree import objects_only, read_tree

T = int(time.time()) - 7200


def plain(tree, partition, name, policy):
    tree.put(partition, name, T, b'body of ' + name.encode(), {'X-Object-Meta-Colour': 'blue'}, policy)


def empty(tree, partition, name, policy):
    tree.put(partition, name, T, b'', policy=policy)


def large(tree, partition, name, policy):
    tree.put(partition, name, T, random.Random(name).randbytes((1 << 20) + 1), policy=policy)


def expired(tree, partition, name, policy):
    tree.put(partition, name, T, b'expired', {'X-Delete-At': str(T + 60)}, policy)


def to_expire(tree, partition, name, policy):
    tree.put(partition, name, T, b'to expire', {'X-Delete-At': str(T + 10 ** 6)}, policy)


def expiry_posted(tree, partition, name, policy):
    tree.put(partition, name, T, b'posted', policy=policy)
    tree.post(partition, name, T + 30, {'X-Delete-At': str(T + 60)}, policy)


def large_object(tree, partition, name, policy):
    tree.put(partition, name, T, b'[{"manifest": 1}]', {
        'X-Static-Large-Object': 'True', 'Content-Type': 'video/mp4;swift_bytes=1234567',
        'X-Object-Sysmeta-Slo-Size': '1234567',
        'X-Object-Sysmeta-Slo-Etag': 'd41d8cd98f00b204e9800998ecf8427e'}, policy)


def tombstone(tree, partition, name, policy):
    tree.delete(partition, name, T, policy)


def posted(tree, partition, name, policy):
    tree.put(partition, name, T, b'posted', policy=policy)
    tree.post(partition, name, T + 30, {'X-Object-Meta-Colour': 'red'}, policy)


def posted_type(tree, partition, name, policy):
    tree.put(partition, name, T, b'posted', policy=policy)
    tree.post(partition, name, T + 30, {'Content-Type': 'a/b', 'Content-Type-Timestamp': '%d.00000' % (T + 20)}, policy)


def posted_twice(tree, partition, name, policy):
    tree.put(partition, name, T, b'posted', policy=policy)
    for seconds in (20, 30):
        metadata = {'Content-Type': 'a/b', 'Content-Type-Timestamp': '%d.00000' % (T + 20)}
        tree.post(partition, name, T + seconds, metadata if seconds == 20 else {'X-Object-Meta-A': 'b'}, policy)


def offset(tree, partition, name, policy):
    from swift.common.utils import Timestamp
    tree.put(partition, name, Timestamp(T, offset=3), b'of a reconciler', policy=policy)


KINDS = (plain, empty, large, expired, to_expire, expiry_posted, large_object, tombstone, posted, posted_type, offset)


def fill(tree, partition, names, policy=GOLD, kinds=KINDS):
    """Store an object of each kind: {kind: name}."""
    stored = {kind: next(names) for kind in kinds}
    for kind, name in stored.items():
        kind(tree, partition, name, policy)
    return stored


def files(cluster, device, partition, policy=GOLD):
    return objects_only(read_tree(cluster.tree(device).partition_path(partition, policy)))


def scatter(cluster, seed=30):
    """Versions of 60 objects in two policies, each on some devices, primary or not."""
    source = random.Random(seed)
    names = []
    for policy in (GOLD, SILVER):
        ring = cluster.ring(policy)
        for number in range(30):
            name = '/AUTH_test/scattered/%d-%d' % (policy, number)
            names.append((policy, name))
            partition = ring.get_part(*name.lstrip('/').split('/', 2))
            for device in source.sample(DEVICES, source.choice((1, 1, 2, 3))):
                age = source.choice((0, 0, 500, 1000))
                tree = cluster.tree(device)
                kind = source.choice(('put', 'put', 'post', 'delete'))
                if kind == 'delete':
                    tree.delete(partition, name, T + age + 1, policy)
                    continue
                tree.put(partition, name, T + age, b'%d' % age * 1000, {'X-Object-Meta-Age': str(age)}, policy)
                if kind == 'post':
                    later = source.choice((100, 700, 1200))
                    if later > age:
                        tree.post(partition, name, T + later, {'X-Object-Meta-Later': str(later)}, policy)
    return names
