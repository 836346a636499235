"""Objects of every kind that Swift stores: with and without posted metadata, large ones, deleted ones, expired ones."""
import time

# Tombstones must not be reclaimable, so the times are recent ones.
T = int(time.time()) - 7200
KINDS = ['plain', 'plain', 'plain', 'user metadata', 'not ASCII', 'expired', 'to expire', 'large object', 'tombstone', 'meta',
         'meta with its content type', 'meta, older content type', 'meta over large object', 'many files', 'offset']


def store(tree, partition, number, kind, body):
    """Store an object of this kind, as the number-th; its name is returned."""
    name = '/AUTH_test/container %d/object %04d' % (number % 7, number)
    start = T + number * 0.001
    metadata = {}
    if kind == 'user metadata':
        metadata = {'X-Object-Meta-Colour': 'blue', 'X-Object-Meta-Empty': '', 'Content-Encoding': 'gzip',
                    'X-Robots-Tag': 'none', 'Content-Disposition': 'attachment; filename="a b"'}
    elif kind == 'not ASCII':
        name += '/\u00e9t\u00e9 \u20ac \U0001f600/%d%%?#;:' % number
        metadata = {'X-Object-Meta-Season': '\u00e9t\u00e9!', 'X-Object-Meta-Price': '5 \u20ac.',
                    'Content-Type': 'text/plain; charset=\u00e9.'}
    elif kind == 'expired':
        metadata = {'X-Delete-At': str(T - 10)}
    elif kind == 'to expire':
        metadata = {'X-Delete-At': str(int(time.time()) + 10 ** 6)}
    elif kind in ('large object', 'meta over large object'):
        metadata = {'X-Static-Large-Object': 'True', 'X-Object-Sysmeta-Slo-Etag': 'd41d8cd98f00b204e9800998ecf8427e',
                    'X-Object-Sysmeta-Slo-Size': '1234567',
                    'X-Object-Sysmeta-Container-Update-Override-Etag': 'x; slo_etag=y',
                    'Content-Type': 'video/mp4;swift_bytes=1234567'}
    elif kind == 'many files':
        metadata = {'X-Object-Manifest': 'c/prefix', 'X-Object-Transient-Sysmeta-Crypto-Meta': '{}'}
    if kind == 'tombstone':
        tree.delete(partition, name, start)
        return name
    if kind == 'offset':
        from swift.common.utils import Timestamp
        start = Timestamp(start, offset=5)
    tree.put(partition, name, start, body, metadata)
    later = T + 3000 + number * 0.001
    if kind == 'many files':
        # Two posts, the first with the content type that stays: two .meta files.
        post(tree, partition, name, later, {'X-Object-Meta-A': '1'}, content_type=later)
        post(tree, partition, name, later + 10, {'X-Object-Meta-A': '2'}, content_type=later)
    elif kind == 'meta':
        post(tree, partition, name, later, {'X-Object-Meta-A': '1', 'X-Object-Meta-B': '\u00e9!'})
    elif kind == 'meta with its content type':
        post(tree, partition, name, later, {'X-Object-Meta-A': '1'}, content_type=later)
    elif kind in ('meta, older content type', 'meta over large object'):
        post(tree, partition, name, later, {'X-Object-Meta-A': '1'}, content_type=later - 100)
    return name


def post(tree, partition, name, timestamp, metadata, content_type=None):
    from swift.common.utils import Timestamp
    if content_type is not None:
        metadata = dict(metadata)
        metadata['Content-Type'] = 'text/changed'
        metadata['Content-Type-Timestamp'] = Timestamp(content_type).internal
    tree.post(partition, name, timestamp, metadata)
