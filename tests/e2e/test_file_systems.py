"""The same work on XFS, which operators run, and on ext4: the same answers as Swift's object server on the same file
system, and the same trees on both. Metadata that ext4 has no room for is refused there, and nothing is left of it.
"""
import contextlib
import dataclasses
import itertools
import os
import pickle
from typing import Any

import pytest

import tree as device_tree
from damage import change_metadata, grow, no_metadata, truncate
from file_systems import KINDS, CannotMount, mounted
from partition_trees import forget_quarantined
from replicate_request import replicate
from session import play_session
from swift_cluster import DeviceTree
from target import TARGET
from timed_subrequests import at, delete, post
from tree import differences, read_tree
from wire import ask, put

NAME, PATH = '/a/c/o', b'/a/c/o'
MIB = 1 << 20
_partitions = itertools.count(100)


@pytest.fixture(scope='module')
def servers(root, receivers):
    """{file system: (the receiver under test, Swift's)}"""
    with contextlib.ExitStack() as stack:
        running = {}
        # Before the mounts are undone, whatever happens.
        stack.callback(lambda: [server.stop() for pair in running.values() for server in pair])
        for kind in KINDS:
            try:
                place = stack.enter_context(mounted(kind, root))
            except CannotMount as reason:
                pytest.skip('no %s to test on: %s' % (kind, reason))
            stack.callback(lambda kind=kind: [server.stop() for server in running.pop(kind, ())])
            running[kind] = [receivers.new(server, tree=DeviceTree(os.path.join(place, str(number))))
                             for number, server in enumerate((TARGET, 'swift'))]
        yield running


def system_metadata(size):
    """Headers that Swift's limits for users' metadata do not hold for, of so many bytes in all."""
    return [b'X-Object-Sysmeta-%03d: %s' % (number, b'%07d ' % number * (min(size - offset, 8000) // 8))
            for number, offset in enumerate(range(0, size, 8000))]


def transient_metadata(size):
    return [b'X-Object-Transient-' + header[len(b'X-Object-'):] for header in system_metadata(size)]


@dataclasses.dataclass
class Step:
    updates: list = dataclasses.field(default_factory=list)
    offers: list = dataclasses.field(default_factory=list)       # times and items of missing-check lines
    failed: Any = ()                                             # statuses, or a dictionary of them by file system
    before: Any = None                                           # called with the path of the hash directory
    replicate: bool = False


def first_file(change):
    return lambda directory: change(os.path.join(directory, min(os.listdir(directory))))


def without_second_key(path):
    os.removexattr(path, device_tree.XATTR + '1')


SMALL = {
    'PUT, POST, DELETE': [Step([put(PATH, at(0), b'body', b'X-Object-Meta-A: b')], [at(0)]), Step(offers=[at(0), at(1)]),
                          Step([post(PATH, 1, b'X-Object-Meta-A: c')]),
                          Step([post(PATH, 3, b'Content-Type: x/y', b'Content-Type-Timestamp: ' + at(2))]),
                          Step(replicate=True), Step([delete(PATH, 4)]), Step(offers=[at(0)]), Step(replicate=True)],
    'many objects': [Step([put(b'/a/c/o%d' % number, at(number), b'%d' % number) for number in range(30)]),
                     Step([delete(b'/a/c/o%d' % number, 40) for number in range(0, 30, 3)]), Step(replicate=True)],
    'over an older one': [Step([put(PATH, at(0), b'older')]), Step([put(PATH, at(1), b'newer')]),
                          Step([put(PATH, at(0), b'older')], failed=[409]), Step([delete(PATH, 0)], failed=[409])],
    'empty': [Step([put(PATH, at(0))]), Step(offers=[at(0)])],
    'large': [Step([put(PATH, at(0), b'0123456789abcdef' * (5 * MIB // 16))]), Step(offers=[at(0)])],
    'just under an ext4 inode\'s and block\'s room': [Step([put(PATH, at(0), b'body', *system_metadata(3000))]),
                                                     Step(offers=[at(0)])],
    'too short': [Step([put(PATH, at(0), b'body')]), Step(before=first_file(truncate), offers=[at(0)])],
    'too long': [Step([put(PATH, at(0), b'body')]), Step(before=first_file(grow), updates=[put(PATH, at(-1), b'again')])],
    'no metadata': [Step([put(PATH, at(0), b'body')]), Step(before=first_file(no_metadata), updates=[put(PATH, at(1), b'again')])],
    'wrong checksum': [Step([put(PATH, at(0), b'body')]), Step(
        before=first_file(change_metadata(lambda values: values.update({b'X': b'y'}), checksum=False)), offers=[at(0)])],
    'a damaged tombstone': [Step([delete(PATH, 0)]), Step(before=first_file(no_metadata), updates=[put(PATH, at(-1), b'body')])],
}

# Of these ext4 has room for what was there before only.
FULL = {'ext4': [507], 'xfs': []}
BIG = {
    'over 4 KiB': [Step([put(PATH, at(0), b'body', *system_metadata(5000))], failed=FULL), Step(offers=[at(0)]),
                   Step(replicate=True)],
    'over 4 KiB over an older one': [Step([put(PATH, at(0), b'older')]),
                                     Step([put(PATH, at(1), b'newer', *system_metadata(5000))], failed=FULL),
                                     Step(offers=[at(1)]), Step(replicate=True)],
    'over 4 KiB by a POST': [Step([put(PATH, at(0), b'body')]),
                             Step([post(PATH, 1, *transient_metadata(5000))], failed=FULL), Step(offers=[at(0) + b' m:186a0'])],
    'one of several': [Step([put(b'/a/c/o1', at(0), b'1'), put(b'/a/c/o2', at(0), b'2', *system_metadata(5000)),
                             put(b'/a/c/o3', at(0), b'3')], failed=FULL), Step(replicate=True)],
    'several keys': [Step([put(PATH, at(0), b'body', *system_metadata(150000))], failed=FULL), Step(offers=[at(0), at(1)]),
                     Step(replicate=True)],
    'several keys, then POST and DELETE': [Step([put(PATH, at(0), b'body', *system_metadata(150000))], failed=FULL),
                                           Step([post(PATH, 1, b'X-Object-Meta-A: b')]), Step(offers=[at(0) + b' m:186a0']),
                                           Step([delete(PATH, 2)]), Step(replicate=True)],
    'several keys by a POST': [Step([put(PATH, at(0), b'body')]),
                               Step([post(PATH, 1, *transient_metadata(100000))], failed=FULL),
                               Step(offers=[at(0) + b' m:186a0'])],
}
# And these can only be on XFS.
SEVERAL_KEYS = {
    'a key missing': [Step([put(PATH, at(0), b'body', *system_metadata(150000))]),
                      Step(before=first_file(without_second_key), offers=[at(0)]), Step([put(PATH, at(1), b'again')])],
    'a key missing, no checksum': [Step([put(PATH, at(0), b'body', *system_metadata(150000))]),
                                   Step(before=first_file(lambda path: (without_second_key(path), os.removexattr(
                                       path, device_tree.XATTR + '_checksum'))), offers=[at(0)]),
                                   Step([delete(PATH, 1)])],
    'no checksum': [Step([put(PATH, at(0), b'body', *system_metadata(150000))]),
                    Step(before=first_file(lambda path: os.removexattr(path, device_tree.XATTR + '_checksum')),
                         offers=[at(0)]), Step([post(PATH, 1)])],
    'a key more than there should be': [Step([put(PATH, at(0), b'body', *system_metadata(70000))]),
                                        Step(before=first_file(lambda path: os.setxattr(
                                            path, device_tree.XATTR + '2', b'more')), offers=[at(0)])],
    **{'metadata of about one key: %d' % size: [Step([put(PATH, at(0), b'body', *system_metadata(size))]), Step(offers=[at(0)])]
       for size in range(64900, 65400, 50)},
}


def play(step, server, partition):
    tree = server.tree
    if step.before:
        step.before(tree.hash_path(partition, NAME))
    if step.replicate:
        return pickle.loads(replicate(server, partition).body)
    return play_session(server, partition, NAME, step.offers, step.updates)


def whole(server, partition):
    objects = os.path.relpath(server.tree.partition_path(partition), server.tree.device_path)
    return {path: entry for path, entry in read_tree(server.tree.device_path).items()
            if path.startswith((objects + '/', 'quarantined', 'tmp'))}


def run(steps, pair, kind, partition):
    """The steps on both servers; the tree that is left of both."""
    trees = []
    for server in pair:
        forget_quarantined(server.tree)
    for step in steps:
        ours, theirs = [play(step, server, partition) for server in pair]
        assert ours == theirs
        if not step.replicate:
            assert theirs.failed == list(step.failed[kind] if isinstance(step.failed, dict) else step.failed)
        trees = [whole(server, partition) for server in pair]
        assert not differences(*trees)
    return trees[0]


@pytest.fixture
def partition():
    return str(next(_partitions))


@pytest.mark.parametrize('name', SMALL)
def test_the_same_trees_on_both(servers, partition, name):
    first, second = [run(SMALL[name], pair, kind, partition) for kind, pair in servers.items()]
    assert first
    assert not differences(first, second)


@pytest.mark.parametrize('name', BIG)
def test_big_metadata(servers, partition, name):
    trees = {kind: run(BIG[name], pair, kind, partition) for kind, pair in servers.items()}
    for tree in trees.values():
        # Nothing half-written, under whatever name.
        assert all(entry['xattrs'] and entry['xattrs']['checksum'] == 'checksum right'
                   for path, entry in tree.items() if path.endswith(('.data', '.meta', '.ts')))
        assert not [path for path in tree if path.startswith('tmp')]


@pytest.mark.parametrize('name', SEVERAL_KEYS)
def test_metadata_in_several_keys(servers, partition, name):
    run(SEVERAL_KEYS[name], servers['xfs'], 'xfs', partition)


# Swift's limits for users' metadata end at some KiB, and an operator may raise them; for system metadata there is none. A
# file's metadata may have 2 MiB here, and an object has two such files.
@pytest.mark.parametrize('data,meta', [(60000, 0), (65000, 0), (70000, 0), (150000, 100000), (2000000, 2000000)])
def test_heads_as_large_as_metadata_may_be(servers, partition, data, meta):
    steps = [Step([put(PATH, at(0), b'body', *system_metadata(data))]), Step([post(PATH, 1, *transient_metadata(meta))])]
    run(steps, servers['xfs'], 'xfs', partition)
    for method in ('GET', 'HEAD'):
        ours, theirs = [ask(server.port, method, '/sda1/%s%s' % (partition, NAME)) for server in servers['xfs']]
        for headers in (ours.headers, theirs.headers):
            for name in ('date', 'server', 'connection', 'x-trans-id', 'x-openstack-request-id'):
                headers.pop(name, None)
        assert theirs.code == 200 and sum(map(len, theirs.headers.values())) > (data + meta) * 0.99
        assert (ours.code, ours.headers, ours.body) == (200, theirs.headers, theirs.body)


@pytest.mark.parametrize('kind', KINDS)
def test_a_full_file_system(servers, kind, partition):
    """What does not fit is refused with 507 and leaves nothing; a DELETE needs next to nothing and works."""
    pair = servers[kind]
    filler = os.path.join(os.path.dirname(pair[0].tree.root), 'filler')
    run([Step([put(PATH, at(0), b'body')]), Step([put(b'/a/c/p', at(0), b'body')])], pair, kind, partition)
    with open(filler, 'wb') as file:
        room = os.statvfs(filler)
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - 3 * MIB)
    try:
        run([Step([put(PATH, at(1), b'x' * (4 * MIB))], failed=[507]), Step(offers=[at(1)]), Step([delete(PATH, 2)])], pair, kind,
            partition)
    finally:
        os.remove(filler)
