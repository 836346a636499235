"""REPLICATE: the same partition on two devices, the same request to Swift's object server and to ours.

A row says what is in a partition, what is asked, and what Swift 2.30 answers and changes. The two answers and the two
trees are compared as well, which covers what a row does not say: contents, modes, what is in quarantine.
"""
import concurrent.futures
import dataclasses
import hashlib
import itertools
import os
import pickle
import pickletools
import shutil
import stat
import threading
import time
from typing import Any

import pytest

from open_session import finish, session
from partition_trees import forget_quarantined, partition_tree
from replicate_request import replicate, request
from swift_cluster import DEVICE, GOLD, SILVER, DeviceTree, name_in_suffix
from swift_lock import held
from tree import differences, read_tree
from wire import UPDATES_DONE, converse, put, subrequest, updates_script

SETTINGS = {}
T = int(time.time()) - 3600
OLD = -8 * 86400        # seconds from T: beyond the default reclaim_age of a week
WRONG = '0' * 32        # a hash that no suffix has
NONE = b'\x80\x02N.'
ANY = object()
_partitions = itertools.count(100)


# Names of files. Hashing reads names only, so most rows need no more than empty files.

def at(seconds, offset=''):
    return '%010d.00000%s' % (T + seconds, offset)


def data(seconds, offset=''):
    return at(seconds, offset) + '.data'


def ts(seconds, offset=''):
    return at(seconds, offset) + '.ts'


def meta(seconds, content_type=None, offset=''):
    """The time of a Content-Type stands in the name as its distance, in units of 10 microseconds."""
    distance = '' if content_type is None else '%+x' % ((content_type - seconds) * 100000)
    return at(seconds, offset) + distance + '.meta'


def ctype(seconds):
    return at(seconds) + '_ctype'


def place(digit='0', suffix='abc'):
    """The path of a hash directory."""
    return '%s/%s%s' % (suffix, digit * 29, suffix)


OBJECT = place()


def files(*names, where=OBJECT):
    return ['%s/%s' % (where, name) for name in names]


def digest(text):
    return hashlib.md5(text.encode()).hexdigest()


NOTHING_COUNTED = digest('')


def pickled(value, protocol=2):
    return pickle.dumps(value, protocol)


def valid(**hashes):
    return pickled(dict(hashes, valid=True, updated=1.5))


@dataclasses.dataclass
class Row:
    name: str
    build: list = dataclasses.field(default_factory=list)  # paths in the partition; a directory's ends with a slash
    answer: Any = ANY             # the unpickled body; a value of several words is hashed when it is not a hash
    gone: list = dataclasses.field(default_factory=list)   # what of build is no longer there, without slashes
    made: list = dataclasses.field(default_factory=list)   # what is new, other than .lock and hashes.pkl
    pkl: Any = None               # bytes of hashes.pkl
    invalid: Any = None           # bytes of hashes.invalid
    invalid_after: Any = b''      # and what it is then, if it was or was made
    setup: Any = None             # called with (tree, partition, policy) after build
    suffixes: Any = None
    exists: bool = True           # False: no partition
    code: int = 200
    kept: Any = None              # True: hashes.pkl is the very file it was; False: it is a new one
    settles: bool = True          # a second request answers the same and writes nothing
    quarantined: list = dataclasses.field(default_factory=list)
    policy: int = GOLD
    plain: bool = True            # the answer is made of plain types
    ours: Any = None              # fields that are others with our worker: a difference on purpose
    headers: tuple = ()


def table(*rows):
    return pytest.mark.parametrize('row', rows, ids=[row.name for row in rows])


CONSTRUCTORS = {'GLOBAL', 'STACK_GLOBAL', 'REDUCE', 'BUILD', 'INST', 'OBJ', 'NEWOBJ', 'NEWOBJ_EX', 'EXT1', 'EXT2',
                'EXT4', 'PERSID', 'BINPERSID'}


def plain_pickle(blob):
    """The value of a pickle that every Python since 2.3 can read, and that makes no objects: newer Swift reads
    pickles with an unpickler that refuses all but plain types."""
    operations = list(pickletools.genops(blob))
    assert operations[0][:2] == (operations[0][0], 2) and operations[0][0].name == 'PROTO', operations[0]
    assert all(operation.proto <= 2 for operation, _, _ in operations), blob
    assert not CONSTRUCTORS & {operation.name for operation, _, _ in operations}, blob
    assert operations[-1][2] == len(blob) - 1, 'bytes after the end of the pickle'
    # Byte strings would show as such: keys and values are text, as Python 3 writes them.
    return pickle.loads(blob, encoding='bytes')


def answered(reply, plain=True):
    """The value in an answer whose head is right."""
    assert reply.code == 200 and reply.ended == 'last chunk', reply
    assert reply.headers['content-length'] == str(len(reply.body))
    assert 'transfer-encoding' not in reply.headers
    return plain_pickle(reply.body) if plain else pickle.loads(reply.body)


def head(reply):
    """What of an answer's head means something."""
    return (reply.code, reply.headers.get('content-type'), 'content-length' in reply.headers,
            reply.headers.get('transfer-encoding'))


def build(row, tree, partition):
    path = tree.partition_path(partition, row.policy)
    if not row.exists:
        return
    os.makedirs(path)
    for name in row.build:
        full = os.path.join(path, name)
        if name.endswith('/'):
            os.makedirs(full, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            open(full, 'wb').close()
    for name, contents in (('hashes.pkl', row.pkl), ('hashes.invalid', row.invalid)):
        if contents is not None:
            with open(os.path.join(path, name), 'wb') as file:
                file.write(contents)
    if row.setup:
        row.setup(tree, partition, row.policy)


def copy_partition(source, target, partition, policy=GOLD):
    """With the extended attributes, modes and times."""
    if os.path.exists(source.partition_path(partition, policy)):
        shutil.copytree(source.partition_path(partition, policy), target.partition_path(partition, policy),
                        symlinks=True)


def whole(server, partition, policy):
    """What the device has of a partition, and what is beside it, by paths that do not name the partition."""
    objects = os.path.relpath(server.tree.partition_path(partition, policy), server.tree.device_path)
    return {path.replace(objects, '<partition>', 1): entry
            for path, entry in partition_tree(server.tree, partition, policy).items()}


def identity(path):
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def check_hashes_file(path, hashes, since):
    """A hashes.pkl that was just written."""
    value = plain_pickle(read(path))
    updated = value.pop('updated')
    # Swift uses it to tell writes apart, so it must be the time of this one.
    assert type(updated) is float and since - 1 <= updated <= time.time() + 1
    assert value == dict(hashes, valid=True)
    assert value['valid'] is True
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def names(tree, partition, policy):
    return set(read_tree(tree.partition_path(partition, policy)))


def ask(row, server, partition):
    """Send the request and compare with what the row says."""
    tree = server.tree
    path = tree.partition_path(partition, row.policy)
    pkl, invalid = os.path.join(path, 'hashes.pkl'), os.path.join(path, 'hashes.invalid')
    before, pkl_before, since = names(tree, partition, row.policy), identity(pkl), time.time()
    invalid_before = os.path.exists(invalid)
    reply = replicate(server, partition, row.suffixes, row.policy, row.headers)
    assert reply.code == row.code, (server.kind, reply)
    if row.code != 200:
        return reply
    value = answered(reply, row.plain)
    if row.answer is not ANY:
        expected = row.answer
        if expected is not None:
            expected = {suffix: digest(text) if isinstance(text, str) and len(text) != 32 else text
                        for suffix, text in row.answer.items()}
        assert value == expected, server.kind
    after = names(tree, partition, row.policy)
    if row.gone is not ANY:
        assert before - after == set(row.gone), server.kind
        assert after - before - {'.lock', 'hashes.pkl'} == set(row.made), server.kind
        if row.exists or row.made:
            assert '.lock' in after
    quarantine = os.path.join(tree.device_path, 'quarantined', 'objects' + ('-%d' % row.policy if row.policy else ''))
    found = sorted(os.listdir(quarantine)) if os.path.exists(quarantine) else []
    if row.quarantined is not ANY:
        assert found == sorted(row.quarantined), server.kind
    if row.gone is not ANY and (invalid_before or 'hashes.invalid' in row.made):
        # An emptied hashes.invalid stays: its absence and its emptiness mean the same, but Swift leaves it.
        assert read(invalid) == row.invalid_after, server.kind
        assert stat.S_IMODE(os.stat(invalid).st_mode) == 0o644
    if row.kept is not None:
        assert (identity(pkl) == pkl_before) == row.kept, server.kind
    if identity(pkl) != pkl_before:
        check_hashes_file(pkl, value, since)
    return reply


def play(row, receivers, settings=SETTINGS):
    tested, swift = receivers.both(settings)
    partition = str(next(_partitions))
    differs = tested.kind == 'worker' and row.ours is not None
    for server in (tested, swift):
        forget_quarantined(server.tree)
    build(row, tested.tree, partition)
    copy_partition(tested.tree, swift.tree, partition, row.policy)
    rows = [dataclasses.replace(row, **row.ours) if differs else row, row]
    replies = [ask(row, server, partition) for row, server in zip(rows, (tested, swift))]
    if not differs:
        compare(row, replies, tested, swift, partition)
    if row.suffixes is None and row.code == 200:
        again = [second(row, server, partition, reply) for row, server, reply in zip(rows, (tested, swift), replies)]
        if not differs:
            compare(row, again, tested, swift, partition)
    return tested, swift, partition


def compare(row, replies, tested, swift, partition):
    ours, theirs = replies
    assert head(ours) == head(theirs)
    if ours.code == 200:
        assert answered(ours, row.plain) == answered(theirs, row.plain)
    assert not differences(*(whole(server, partition, row.policy) for server in (tested, swift)))


def second(row, server, partition, first):
    pkl = os.path.join(server.tree.partition_path(partition, row.policy), 'hashes.pkl')
    before, tree_before = identity(pkl), names(server.tree, partition, row.policy)
    reply = replicate(server, partition, policy=row.policy)
    value = answered(reply, row.plain)
    if row.settles:
        assert value == answered(first, row.plain), server.kind
        assert identity(pkl) == before, server.kind
        assert names(server.tree, partition, row.policy) == tree_before, server.kind
    return reply


# What is in a partition.

@table(
    Row('no partition', exists=False, answer={}),
    Row('no partition, policy 1', exists=False, answer={}, policy=SILVER),
    Row('empty partition', answer={}, kept=False),
    Row('object', files(data(0)), {'abc': data(0)}, kept=False),
    Row('object, policy 1', files(data(0)), {'abc': data(0)}, policy=SILVER),
    Row('tombstone', files(ts(0)), {'abc': ts(0)}),
    Row('offset', files(data(0, '_0000000000000005')), {'abc': data(0, '_0000000000000005')}),
    Row('offset of a tombstone', files(ts(0, '_00000000000000ff')), {'abc': ts(0, '_00000000000000ff')}),
    Row('short offset', files(data(0, '_5')), {'abc': data(0, '_0000000000000005')}),
    Row('other spellings of a time', files('1.76e9.data') + files('%d.ts' % T, where=place('1')),
        {'abc': '1760000000.00000.data' + ts(0)}),
    Row('two objects of a suffix', files(data(0)) + files(data(1), where=place('1')) + files(ts(2), where=place('f')),
        {'abc': data(0) + data(1) + ts(2)}),
    Row('several suffixes', files(data(0)) + files(data(1), where=place(suffix='000')) + files(
        ts(2), where=place(suffix='fff')), {'abc': data(0), '000': data(1), 'fff': ts(2)}),
    # Posts.
    Row('meta', files(data(0), meta(5)), {'abc': meta(5) + data(0)}),
    Row('meta with an offset', files(data(0), meta(5, offset='_00000000000000aa')),
        {'abc': meta(5, offset='_00000000000000aa') + data(0)}),
    Row('meta with a content type', files(data(0), meta(5, 5)), {'abc': meta(5) + data(0) + ctype(5)}),
    Row('meta with an older content type', files(data(0), meta(5, 3)), {'abc': meta(5) + data(0) + ctype(3)}),
    Row('meta with the object\'s content type', files(data(0), meta(5, 0)), {'abc': meta(5) + data(0)}),
    Row('meta with a content type from before the object', files(data(0), meta(5, -3)), {'abc': meta(5) + data(0)}),
    Row('meta, and an older one with a content type', files(data(0), meta(5), meta(3, 3)),
        {'abc': meta(5) + data(0) + ctype(3)}),
    Row('both with a content type, the older newer', files(data(0), meta(5, 1), meta(3, 2)),
        {'abc': meta(5) + data(0) + ctype(2)}),
    Row('both with a content type, the newer newer', files(data(0), meta(5, 2), meta(3, 1)),
        {'abc': meta(5) + data(0) + ctype(2)}, gone=files(meta(3, 1))),
    Row('both with the same content type', files(data(0), meta(5, 2), meta(3, 2)),
        {'abc': meta(5) + data(0) + ctype(2)}, gone=files(meta(3, 2))),
    Row('two metas without', files(data(0), meta(5), meta(3)), {'abc': meta(5) + data(0)}, gone=files(meta(3))),
    Row('three metas', files(data(0), meta(5), meta(4, 1), meta(3, 2)), {'abc': meta(5) + data(0) + ctype(2)},
        gone=files(meta(4, 1))),
    Row('two metas of one time', files(data(0), meta(5), meta(5, 3)), {'abc': meta(5) + data(0) + ctype(3)},
        gone=files(meta(5))),
    Row('meta without an object', files(meta(5)), {'abc': NOTHING_COUNTED}),
    Row('two metas without an object', files(meta(5), meta(3, 3)), {'abc': NOTHING_COUNTED}),
    # What is obsolete goes while hashing.
    Row('older object', files(data(0), data(-5)), {'abc': data(0)}, gone=files(data(-5))),
    Row('older tombstone', files(data(0), ts(-5)), {'abc': data(0)}, gone=files(ts(-5))),
    Row('object older than its tombstone', files(data(-5), meta(-3), ts(0)), {'abc': ts(0)},
        gone=files(data(-5), meta(-3))),
    Row('object and tombstone of one time', files(data(0), ts(0)), {'abc': ts(0)}, gone=files(data(0))),
    Row('two tombstones', files(ts(0), ts(5)), {'abc': ts(5)}, gone=files(ts(0))),
    Row('meta as old as the object', files(data(0), meta(0)), {'abc': data(0)}, gone=files(meta(0))),
    Row('meta older than the object', files(data(0), meta(-5, -5)), {'abc': data(0)}, gone=files(meta(-5, -5))),
    Row('meta newer than the tombstone', files(ts(0), meta(5)), {'abc': ts(0)}),
    Row('obsolete by its offset', files(data(0, '_0000000000000001'), data(0)),
        {'abc': data(0, '_0000000000000001')}, gone=files(data(0))),
    Row('older file of another kind', files(data(0), at(-5) + '.durable', at(0) + '.durable', at(5) + '.durable'),
        {'abc': data(0)}, gone=files(at(-5) + '.durable', at(0) + '.durable')),
    Row('name that is only a time', files(data(0), at(-5), at(5)), {'abc': data(0)}, gone=files(at(-5))),
    Row('directory with an older object\'s name', files(data(0), data(-5) + '/'), {'abc': data(0)}),
    # What is reclaimed.
    Row('old tombstone', files(ts(OLD)), {}, gone=['abc', OBJECT] + files(ts(OLD))),
    Row('old tombstone beside another object', files(ts(OLD)) + files(data(0), where=place('1')), {'abc': data(0)},
        gone=[OBJECT] + files(ts(OLD))),
    Row('old tombstone, newer meta', files(ts(OLD), meta(OLD + 5)), {},
        gone=['abc', OBJECT] + files(ts(OLD), meta(OLD + 5))),
    Row('old tombstone, recent meta', files(ts(OLD), meta(5)), {'abc': NOTHING_COUNTED}, gone=files(ts(OLD))),
    Row('old meta without an object', files(meta(OLD)), {}, gone=['abc', OBJECT] + files(meta(OLD))),
    Row('old object', files(data(OLD), meta(OLD + 1)), {'abc': meta(OLD + 1) + data(OLD)}),
    Row('old file of another kind', files(at(OLD) + '.durable'), {'abc': NOTHING_COUNTED}),
    # What does not belong there.
    Row('rsync\'s temporary file', files(data(0), '.%s.Ab3dEf' % data(5)), {'abc': data(0)}),
    Row('unexpected names', files(data(0), 'junk', 'junk.data', at(5) + '#1.data', at(5) + '+zz.meta', '-5.data',
                                  '99999999999.00000.data', 'sub/' + data(9)), {'abc': data(0)}),
    Row('only unexpected names', files('junk'), {'abc': NOTHING_COUNTED}),
    Row('names that are not UTF-8', files(data(0)), {'abc': data(0)}, setup=lambda tree, partition, policy: touch(
        tree, partition, policy, OBJECT.encode() + b'/\xff.data')),
    Row('hash directories with other names', files(data(0), where='abc/junk') + files(ts(1), where='abc/JUNK') +
        files(data(2), where='abc/' + '0' * 29 + 'def'), {'abc': data(2) + ts(1) + data(0)}),
    Row('empty hash directory', [OBJECT + '/'], {}, gone=['abc', OBJECT]),
    Row('empty hash directory beside another', [OBJECT + '/'] + files(data(0), where=place('1')), {'abc': data(0)},
        gone=[OBJECT]),
    Row('empty suffix directory', ['abc/', 'def/'] + files(data(0), where=place(suffix='123')), {'123': data(0)},
        gone=['abc', 'def']),
    Row('empty directory of three characters', ['xyz/'], {}, gone=['xyz']),
    # Its key makes hashes.pkl invalid for the next reader, who hashes everything once more.
    Row('directory of three characters', files(data(0)) + files(data(1), where='xyz/junk'),
        {'abc': data(0), 'xyz': data(1)}, settles=False),
    Row('directory of three characters of more bytes', files(data(0), where='\u00e0\u00e9\u20ac/junk'),
        {'\u00e0\u00e9\u20ac': data(0)}, settles=False),
    Row('suffix in capitals', files(data(0), where='ABC/junk'), {'ABC': data(0)}, settles=False),
    Row('other directories', files(data(0), where='ab/junk') + files(data(0), where='abcd/junk'), {}),
    Row('files of three characters', ['abc', 'xyz'], {}),
    Row('other files', ['abcd', '.lock-replication', 'tmpabcdef.tmp'], {}),
    Row('file for a hash directory', [OBJECT], {}, gone=['abc', OBJECT], made=['hashes.invalid'],
        invalid_after=b'abc\n', quarantined=['0' * 29 + 'abc'], settles=False),
    Row('file for a hash directory beside an object', [OBJECT] + files(data(0), where=place('1')), {'abc': data(0)},
        gone=[OBJECT], made=['hashes.invalid'], invalid_after=b'abc\n', quarantined=['0' * 29 + 'abc'], settles=False),
    Row('two files for hash directories', [OBJECT, 'abc/junk'], {}, gone=['abc', OBJECT, 'abc/junk'],
        made=['hashes.invalid'], invalid_after=b'abc\nabc\n', quarantined=['0' * 29 + 'abc', 'junk'], settles=False),
    Row('file for a hash directory, policy 1', [OBJECT], {}, gone=['abc', OBJECT], made=['hashes.invalid'],
        invalid_after=b'abc\n', quarantined=['0' * 29 + 'abc'], settles=False, policy=SILVER),
    # Swift, all versions, takes a quarantined name of three characters for a suffix and its parent for a partition:
    # it leaves a .lock and a hashes.invalid in the suffix directory, and quarantines those when it hashes next.
    Row('file of three characters for a hash directory', ['abc/xyz'], {'abc': NOTHING_COUNTED}, gone=['abc/xyz'],
        made=['abc/.lock', 'abc/hashes.invalid'], quarantined=['xyz']),
    Row('what that leaves', ['abc/.lock', 'abc/hashes.invalid'] + files(data(0)), {'abc': data(0)},
        gone=['abc/.lock', 'abc/hashes.invalid'], made=['hashes.invalid'], invalid_after=b'abc\nabc\n',
        quarantined=['.lock', 'hashes.invalid'], settles=False),
    Row('link to nothing for a hash directory', answer={'abc': NOTHING_COUNTED},
        setup=lambda tree, partition, policy: link(tree, partition, policy, 'nowhere', OBJECT)),
    # Nothing can be said about this suffix, and each request tries again.
    Row('hash directory that cannot be listed', files(data(0)) + files(data(1), where=place(suffix='def')),
        {'abc': None, 'def': data(1)}, settles=False,
        setup=lambda tree, partition, policy: link(tree, partition, policy, 'f' * 29 + 'abc', place('f'))),
    Row('suffix directory that cannot be listed', files(data(1), where=place(suffix='def')),
        {'abc': None, 'def': data(1)}, settles=False,
        setup=lambda tree, partition, policy: link(tree, partition, policy, 'abc', 'abc')),
    Row('Content-Length: 0', files(data(0)), {'abc': data(0)}, headers=(('Content-Length', '0'),)),
)
def test_contents(receivers, row):
    play(row, receivers)


def touch(tree, partition, policy, name):
    open(os.path.join(tree.partition_path(partition, policy).encode(), name), 'wb').close()


def link(tree, partition, policy, target, name):
    path = os.path.join(tree.partition_path(partition, policy), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


def stored_objects(tree, partition, policy):
    """As Swift stores them, with contents and metadata."""
    tree.put(partition, '/a/c/o', T, b'body', policy=policy)
    tree.put(partition, '/a/c/posted', T, b'body', policy=policy)
    tree.post(partition, '/a/c/posted', T + 5, {'X-Object-Meta-A': 'b'}, policy)
    tree.put(partition, '/a/c/retyped', T, b'body', policy=policy)
    tree.post(partition, '/a/c/retyped', T + 5, {'Content-Type': 'a/b', 'Content-Type-Timestamp': at(3)}, policy)
    tree.delete(partition, '/a/c/deleted', T, policy)
    tree.put(partition, '/a/c/offset', at(0, '_0000000000000001'), b'body', policy=policy)


@pytest.mark.parametrize('policy', [GOLD, SILVER])
def test_objects_stored_by_swift(receivers, policy):
    row = Row('stored', setup=stored_objects, policy=policy, kept=False, invalid_after=b'')
    tested, swift, partition = play(row, receivers)
    for server in (tested, swift):
        assert len(answered(replicate(server, partition, policy=policy))) == 5


def test_reclaim_age(receivers):
    """Of the configuration, and its bound belongs to what is kept."""
    settings = {'reclaim_age': '600'}
    # T was an hour before the tests began.
    play(Row('older', files(ts(0)), {}, gone=['abc', OBJECT] + files(ts(0))), receivers, settings)
    play(Row('newer', files(ts(3500)), {'abc': ts(3500)}), receivers, settings)
    play(Row('meta', files(meta(0)), {}, gone=['abc', OBJECT] + files(meta(0))), receivers, settings)


# The cache.

TWO = files(data(0)) + files(data(1), where=place(suffix='def'))
RIGHT = {'abc': data(0), 'def': data(1)}
# In CPython 2 a pickle's text is a byte string: protocol 2, and the one that Python 2 wrote by default.
PYTHON_2 = b'\x80\x02}q\x01(U\x03abcq\x02U ' + WRONG.encode() + b'q\x03U\x05validq\x04\x88U\x07updatedq\x05G?\xf8' \
    b'\0\0\0\0\0\0u.'
PYTHON_2_OLD = b"(dp0\nS'abc'\np1\nS'" + WRONG.encode() + b"'\np2\nsS'valid'\np3\nI01\nsS'updated'\np4\nF1.5\ns."


@table(
    Row('trusted', TWO, {'abc': WRONG}, pkl=valid(abc=WRONG), kept=True),
    Row('trusted without its directory', [], {'123': WRONG}, pkl=valid(**{'123': WRONG}), kept=True),
    Row('trusted and empty', TWO, {}, pkl=valid(), kept=True),
    Row('without updated', TWO, {'abc': WRONG}, pkl=pickled({'abc': WRONG, 'valid': True}), kept=True),
    Row('without valid', TWO, {'abc': WRONG}, pkl=pickled({'abc': WRONG, 'updated': 1.5}), kept=True),
    Row('of Swift before 2.15: neither', TWO, {'abc': WRONG}, pkl=pickled({'abc': WRONG}), kept=True),
    Row('an empty dict', TWO, {}, pkl=pickled({}), kept=True),
    Row('valid is False', TWO, RIGHT, pkl=pickled({'abc': WRONG, 'valid': False, 'updated': 1.5}), kept=False),
    Row('valid is another false value', TWO, RIGHT, pkl=pickled({'abc': WRONG, 'valid': 0}), kept=False),
    Row('None', TWO, {'abc': data(0), 'def': WRONG}, pkl=valid(**{'abc': None, 'def': WRONG}), kept=False),
    Row('None without its directory', TWO, {'def': WRONG}, pkl=valid(**{'123': None, 'def': WRONG}), kept=False),
    Row('empty text', TWO, {'abc': data(0)}, pkl=valid(abc=''), kept=False),
    Row('None without valid', TWO, {'abc': data(0)}, pkl=pickled({'abc': None}), kept=False),
    Row('protocol 4', TWO, {'abc': WRONG}, pkl=pickled({'abc': WRONG, 'valid': True, 'updated': 1.5}, 4), kept=True),
    Row('protocol 0', TWO, {'abc': WRONG}, pkl=pickled({'abc': WRONG, 'valid': True, 'updated': 1.5}, 0), kept=True),
    Row('Python 2', TWO, {'abc': WRONG}, pkl=PYTHON_2, kept=True),
    Row('Python 2, protocol 0', TWO, {'abc': WRONG}, pkl=PYTHON_2_OLD, kept=True),
    Row('empty file', TWO, RIGHT, pkl=b'', kept=False),
    Row('garbage', TWO, RIGHT, pkl=b'garbage', kept=False),
    Row('truncated', TWO, RIGHT, pkl=valid(abc=WRONG)[:-4], kept=False),
    Row('zeros', TWO, RIGHT, pkl=b'\0' * 64, kept=False),
    Row('more after its end', TWO, {'abc': WRONG}, pkl=valid(abc=WRONG) + b'more', kept=True),
    Row('key in capitals', TWO, RIGHT, pkl=valid(ABC=WRONG), kept=False),
    Row('key of four digits', TWO, RIGHT, pkl=valid(abcd=WRONG), kept=False),
    Row('key of bytes', TWO, RIGHT, pkl=pickled({b'abc': WRONG, 'valid': True}, 4), kept=False),
    Row('key of a number', TWO, RIGHT, pkl=pickled({1: WRONG, 'valid': True}), kept=False),
    Row('key None', TWO, RIGHT, pkl=pickled({None: WRONG, 'valid': True}), kept=False),
    Row('one bad key among good ones', TWO, RIGHT, pkl=valid(abc=WRONG, xyz=WRONG), kept=False),
    Row('list of other things', TWO, RIGHT, pkl=pickled(['x', 1]), kept=False),
    # Swift, all versions, looks at the keys of whatever was pickled and then fails at what is not a dict, every time:
    # an operator must remove the file. Ours takes it for the garbage that it is.
    Row('empty list', TWO, code=500, pkl=pickled([]), ours=dict(code=200, answer=RIGHT, kept=False)),
    Row('list of suffixes', TWO, code=500, pkl=pickled(['abc']), ours=dict(code=200, answer=RIGHT, kept=False)),
    Row('a None alone', TWO, code=500, pkl=pickled(None), ours=dict(code=200, answer=RIGHT, kept=False)),
    Row('a number alone', TWO, code=500, pkl=pickled(1), ours=dict(code=200, answer=RIGHT, kept=False)),
    # Newer Swift unpickles plain types only and hashes anew. 2.30 takes everything, and sends it on.
    Row('a class', TWO, answer={'abc': WRONG}, kept=True, plain=False,
        pkl=b'\x80\x02ccollections\nOrderedDict\n)R(X\x03\0\0\0abcX\x20\0\0\0' + WRONG.encode() +
            b'X\x05\0\0\0valid\x88u.', ours=dict(answer=RIGHT, kept=False, plain=True)),
)
def test_hashes_file(receivers, row):
    play(row, receivers)


CACHED = valid(**{'abc': WRONG, 'def': WRONG})


@table(
    Row('one', TWO, {'abc': data(0), 'def': WRONG}, pkl=CACHED, invalid=b'abc\n', kept=False),
    Row('all, some twice', TWO, RIGHT, pkl=CACHED, invalid=b'abc\ndef\nabc\n', kept=False),
    Row('without an end of line', TWO, {'abc': data(0), 'def': WRONG}, pkl=CACHED, invalid=b'abc', kept=False),
    Row('spaces and other ends', TWO, RIGHT, pkl=CACHED, invalid=b' abc\t\r\ndef\r', kept=False),
    Row('one that was not listed', TWO, RIGHT | {'abc': WRONG}, pkl=valid(abc=WRONG), invalid=b'def\n', kept=False),
    Row('one without a directory', TWO, {'abc': WRONG, 'def': WRONG}, pkl=CACHED, invalid=b'123\n', kept=False),
    Row('one whose directory went', files(data(0)), {'abc': WRONG}, pkl=CACHED, invalid=b'def\n', kept=False),
    Row('of a file of that name', ['123'], {}, pkl=valid(), invalid=b'123\n', kept=False),
    Row('of an emptied directory', ['123/'], {}, pkl=valid(), invalid=b'123\n', gone=['123'], kept=False),
    Row('empty', TWO, {'abc': WRONG, 'def': WRONG}, pkl=CACHED, invalid=b'', kept=True),
    Row('no hashes.pkl', TWO, RIGHT, invalid=b'abc\n', kept=False),
    Row('no hashes.pkl and empty', TWO, RIGHT, invalid=b'', kept=False),
    Row('garbage in hashes.pkl', TWO, RIGHT, pkl=b'garbage', invalid=b'abc\n', kept=False),
    Row('bad key in hashes.pkl', TWO, RIGHT, pkl=valid(xyz=WRONG), invalid=b'abc\n', kept=False),
    Row('valid is False', TWO, RIGHT, pkl=pickled({'valid': False}), invalid=b'abc\n', kept=False),
    Row('of what cannot be listed', files(data(0)), {'abc': WRONG, '123': None}, pkl=valid(abc=WRONG),
        invalid=b'123\n', kept=False, settles=False,
        setup=lambda tree, partition, policy: link(tree, partition, policy, '123', '123')),
    Row('of a quarantined file', [place(suffix='123')], {'abc': WRONG, 'def': WRONG}, pkl=CACHED,
        invalid=b'123\n123\n', kept=False, gone=['123', place(suffix='123')], invalid_after=b'123\n',
        quarantined=['0' * 29 + '123'], settles=False),
)
def test_invalidations(receivers, row):
    play(row, receivers)


IGNORED = dict(answer={'abc': WRONG, 'def': WRONG}, kept=True)


@table(*[Row(line.decode('latin-1').strip(), TWO, RIGHT, pkl=CACHED, invalid=line, kept=False, ours=IGNORED)
         for line in (b'xyz\n', b'ABC\n', b'abcd\n', b'ab\n', b'abc def\n', b'valid\x0bx\n')])
def test_junk_in_hashes_invalid(receivers, row):
    """Swift 2.30 takes such a line for a suffix, finds its own hashes.pkl invalid for that key, and hashes everything.
    Swift since 2.33 ignores the line and trusts hashes.pkl, and so do we; in either case the file is emptied."""
    play(row, receivers)


@table(
    Row('among good ones', TWO, RIGHT, pkl=CACHED, invalid=b'xyz\nabc\n', kept=False,
        ours=dict(answer={'abc': data(0), 'def': WRONG})),
    # Swift 2.30 puts None in the place of the mark, which makes hashes.pkl invalid. Newer Swift ignores the line.
    Row('the key valid', TWO, RIGHT, pkl=CACHED, invalid=b'valid\n', kept=False, ours=IGNORED),
)
def test_more_junk_in_hashes_invalid(receivers, row):
    play(row, receivers)


@table(
    # Swift 2.30 hashes the partition directory as if it were a suffix: it quarantines .lock, hashes.pkl and
    # hashes.invalid, and hashes everything once more. Newer Swift ignores the line, and so do we.
    Row('empty line', TWO, RIGHT, pkl=CACHED, invalid=b'\n', settles=False, gone=ANY, made=ANY, quarantined=ANY,
        ours=dict(IGNORED, settles=True, gone=[], made=[], quarantined=[])),
    # All of Swift fails to read such a file, hashes everything, does not empty the file, and does so again every
    # time. Ours ignores the line like any other junk.
    Row('bytes that are not UTF-8', TWO, RIGHT, pkl=CACHED, invalid=b'\xff\xff\xff\n',
        invalid_after=b'\xff\xff\xff\n', kept=False, settles=False,
        ours=dict(IGNORED, invalid_after=b'', settles=True)),
    # Swift 2.30 fails, and hashes everything when it is asked again. Newer Swift ignores the line, and so do we.
    Row('NUL', TWO, code=500, pkl=CACHED, invalid=b'\0\0\0\n', ours=dict(IGNORED, code=200)),
)
def test_junk_that_misleads_swift(receivers, row):
    play(row, receivers)


# With suffixes: they are invalidated, and nothing is hashed.

@table(
    Row('one', TWO, None, suffixes='abc', pkl=CACHED, kept=True, made=['hashes.invalid'], invalid_after=b'abc\n'),
    Row('several, some twice', TWO, None, suffixes='abc-def-abc', pkl=CACHED, kept=True, made=['hashes.invalid'],
        invalid_after=b'abc\ndef\nabc\n'),
    Row('without a directory', [], None, suffixes='123', made=['hashes.invalid'], invalid_after=b'123\n', kept=True),
    Row('added', TWO, None, suffixes='abc', invalid=b'abc\ndef\n', invalid_after=b'abc\ndef\nabc\n', kept=True),
    Row('added to a line without an end', TWO, None, suffixes='abc', invalid=b'def', invalid_after=b'defabc\n',
        ours={'invalid_after': b'def\nabc\n'}),
    Row('names that are none', TWO, None, suffixes='xyz-ABC-ab-abcd--abc-', made=['hashes.invalid'],
        invalid_after=b'abc\n'),
    Row('percent-encoded', TWO, None, suffixes='%61bc%2Ddef', made=['hashes.invalid'], invalid_after=b'abc\ndef\n'),
    Row('nothing is cleaned', ['abc/'] + files(ts(OLD), where=place(suffix='def')), None, suffixes='abc-def',
        made=['hashes.invalid'], invalid_after=b'abc\ndef\n'),
    Row('garbage in hashes.pkl', TWO, None, suffixes='abc', pkl=b'garbage', kept=True, made=['hashes.invalid'],
        invalid_after=b'abc\n'),
    Row('no partition', [], None, suffixes='abc-def', exists=False, made=['hashes.invalid'],
        invalid_after=b'abc\ndef\n'),
    Row('no partition, policy 1', [], None, suffixes='abc', exists=False, made=['hashes.invalid'],
        invalid_after=b'abc\n', policy=SILVER),
    Row('policy 1', TWO, None, suffixes='abc', made=['hashes.invalid'], invalid_after=b'abc\n', policy=SILVER),
)
def test_suffixes(receivers, row):
    tested, swift, partition = play(row, receivers)
    for server in (tested, swift):
        assert replicate(server, partition, row.suffixes, row.policy).body == NONE


@pytest.mark.parametrize('exists', [False, True])
@pytest.mark.parametrize('suffixes', ['xyz', '-', 'abc/def', 'abc%2Fdef', '%20abc', 'abc?x=y-def'])
def test_no_valid_suffix_leaves_no_trace(receivers, suffixes, exists):
    """The lock is taken per valid suffix, so without any there is no lock, and no partition is created."""
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    trees = []
    for server in (tested, swift):
        path = server.tree.partition_path(partition)
        if exists:
            os.makedirs(path)
        reply = replicate(server, partition, suffixes)
        assert reply.body == NONE and answered(reply) is None
        trees.append(whole(server, partition, GOLD))
        if suffixes.startswith('abc?'):
            assert set(trees[-1]) == {'<partition>', '<partition>/.lock', '<partition>/hashes.invalid'}
        else:
            assert set(trees[-1]) == ({'<partition>'} if exists else set())
    assert not differences(*trees)


@pytest.mark.parametrize('ending', ['/', '?', '?x=y', '/?x=y'])
def test_no_suffix(receivers, ending):
    """An empty last segment of the path is not a list of suffixes."""
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    for server in (tested, swift):
        row = Row('', files(data(0)))
        build(row, server.tree, partition)
        reply = request(server, '/%s/%s%s' % (DEVICE, partition, ending))
        assert answered(reply) == {'abc': digest(data(0))}


# The request.

@pytest.mark.parametrize('policy,where', [(None, GOLD), ('', GOLD), ('0', GOLD), ('1', SILVER), ('01', SILVER),
                                          (' 1', SILVER)])
def test_the_policy_header(receivers, policy, where):
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    for server in (tested, swift):
        for index in (GOLD, SILVER):
            build(Row('', files(data(index)), policy=index), server.tree, partition)
        reply = request(server, '/%s/%s' % (DEVICE, partition), policy)
        assert answered(reply) == {'abc': digest(data(where))}
        other = server.tree.partition_path(partition, SILVER if where == GOLD else GOLD)
        assert os.listdir(other) == ['abc']


REFUSALS = [
    ('/sda1/%s', '9', 503), ('/sda1/%s', 'x', 503), ('/sda1/%s', '-1', 503), ('/sda1/%s/abc', '9', 503),
    ('/sda1', '9', 503), ('/none/%s', '9', 503),
    ('/sda1', None, 400), ('/sda1/', None, 400), ('/', None, 400), ('/sda1/..', None, 400), ('/sda1/.', None, 400),
    ('//%s', None, 400), ('/sda1//abc', None, 400),
    ('/none/%s', None, 507), ('/none/%s/abc', None, 507), ('/a+b/%s', None, 507),
    ('/../0', None, 400), ('/sda1/%%ff', None, 412)]


@pytest.mark.parametrize('path,policy,code', REFUSALS, ids=['%s %s' % refusal[:2] for refusal in REFUSALS])
def test_refusals(receivers, path, policy, code):
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    if '%' in path:
        path = path % partition if '%s' in path else path.replace('%%', '%')
    before = [set(read_tree(server.tree.root)) for server in (tested, swift)]
    ours, theirs = [request(server, path, policy) for server in (tested, swift)]
    assert theirs.code == code
    assert head(ours) == head(theirs)
    assert ours.body == theirs.body
    assert [set(read_tree(server.tree.root)) for server in (tested, swift)] == before


def test_not_a_replication_server(receivers):
    tested, swift = receivers.both({'replication_server': 'false'})
    for suffixes in (None, 'abc'):
        partition = str(next(_partitions))
        ours, theirs = [replicate(server, partition, suffixes) for server in (tested, swift)]
        assert theirs.code == 405
        assert (head(ours), ours.body) == (head(theirs), theirs.body)
        assert not os.path.exists(tested.tree.partition_path(partition))


def test_a_file_for_the_partition(receivers):
    partition = str(next(_partitions))
    for server in receivers.both(SETTINGS):
        path = server.tree.partition_path(partition)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, 'wb').close()
        for suffixes in (None, 'abc'):
            assert replicate(server, partition, suffixes).code == 500
        assert os.path.isfile(path)


# The locks.

def test_a_held_partition_lock(receivers):
    """10 s, and then 500 with nothing changed; with suffixes too."""
    servers = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    row = Row('', TWO, pkl=CACHED, invalid=b'abc\n')
    for server in servers:
        build(row, server.tree, partition)

    def timed(server, suffixes):
        begun = time.monotonic()
        return replicate(server, partition, suffixes, timeout=60).code, time.monotonic() - begun

    paths = [server.tree.partition_path(partition) for server in servers]
    with held(paths[0]), held(paths[1]), concurrent.futures.ThreadPoolExecutor(4) as threads:
        before = [read_tree(path) for path in paths]
        waits = [threads.submit(timed, server, suffixes) for server in servers for suffixes in (None, 'def')]
        for wait in waits:
            code, seconds = wait.result()
            assert code == 500
            # Once: who cannot have the lock to read does not wait for it again to write.
            assert 9.5 < seconds < 15
        assert [read_tree(path) for path in paths] == before
    for server in servers:
        assert answered(replicate(server, partition)) == {'abc': digest(data(0)), 'def': WRONG}


def test_a_partition_lock_held_for_a_moment(receivers):
    partition = str(next(_partitions))
    for server in receivers.both(SETTINGS):
        build(Row('', TWO), server.tree, partition)
        replies = []
        asker = threading.Thread(target=lambda: replies.append(replicate(server, partition)))
        with held(server.tree.partition_path(partition)):
            asker.start()
            time.sleep(0.5)
            assert not replies
        asker.join(15)
        assert answered(replies[0]) == {suffix: digest(text) for suffix, text in RIGHT.items()}


def test_sessions_and_their_locks_do_not_matter(receivers):
    """An answer comes while a session has the partition, and while all slots are taken."""
    partition = str(next(_partitions))
    for server in receivers.both({'replication_concurrency': 1}, 3):
        build(Row('', TWO), server.tree, partition)
        begun = time.monotonic()
        with session(server, partition) as client:
            assert len(answered(replicate(server, partition))) == 2
            assert replicate(server, partition, 'abc').body == NONE
            finish(client)
        assert time.monotonic() - begun < 8
        assert len(answered(replicate(server, partition))) == 2


# Together with sessions.

def own_hashes(server, partition, policy, root):
    """What Swift's own code computes on a copy of the partition, without a cache."""
    copy = DeviceTree(os.path.join(root, 'copy-%s-%s-%d' % (server.kind, partition, server.port)))
    copy_partition(server.tree, copy, partition, policy)
    for name in ('hashes.pkl', 'hashes.invalid'):
        if os.path.exists(os.path.join(copy.partition_path(partition, policy), name)):
            os.remove(os.path.join(copy.partition_path(partition, policy), name))
    from swift.common.storage_policy import POLICIES
    # Without the thread pool that get_hashes would use.
    return copy.manager(policy)._get_hashes(DEVICE, partition, POLICIES[policy])[1]


@pytest.mark.parametrize('policy', [GOLD, SILVER])
def test_after_a_session(receivers, root, policy):
    """What a session wrote is in the next answer, although the answer before it was cached."""
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    same = [name_in_suffix('abc', prefix) for prefix in ('/a/c/one', '/a/c/two')]
    header = ('X-Backend-Storage-Policy-Index', str(policy))
    for server in (tested, swift):
        server.tree.put(partition, same[0], T, b'body', policy=policy)
        server.tree.put(partition, '/a/c/posted', T, b'body', policy=policy)
        server.tree.put(partition, '/a/c/kept', T, b'body', policy=policy)
    answers = []
    for server in (tested, swift):
        first = answered(replicate(server, partition, policy=policy))
        assert first == own_hashes(server, partition, policy, root)
        reply = converse(server.port, updates_script(
            put(same[1].encode(), at(1).encode(), b'new'),
            put(b'/a/c/another', at(1).encode(), b'new'),
            subrequest(b'DELETE', same[0].encode(), b'X-Timestamp: ' + at(2).encode()),
            subrequest(b'POST', b'/a/c/posted', b'X-Timestamp: ' + at(3).encode(), b'X-Object-Meta-A: b')),
            partition=partition, headers=[header])
        assert reply.body.endswith(UPDATES_DONE), reply
        shutil.rmtree(os.path.join(root, 'copy-%s-%s-%d' % (server.kind, partition, server.port)))
        expected = own_hashes(server, partition, policy, root)
        then = answered(replicate(server, partition, policy=policy))
        assert then == expected
        assert {suffix for suffix in then if then[suffix] != first.get(suffix)} == {
            'abc', os.path.basename(os.path.dirname(server.tree.hash_path(partition, '/a/c/posted', policy))),
            os.path.basename(os.path.dirname(server.tree.hash_path(partition, '/a/c/another', policy)))}
        # A sender would now ask for these suffixes to be hashed anew; the answer stays.
        replicate(server, partition, '-'.join(then), policy)
        assert answered(replicate(server, partition, policy=policy)) == then
        answers.append(then)
    assert answers[0] == answers[1]
    assert not differences(*(whole(server, partition, policy) for server in (tested, swift)))


def test_beside_swifts_own_daemons(receivers, root):
    """Swift's replicator and auditor hash and invalidate in the same partition while we answer and write there:
    nobody's invalidation is lost."""
    tested, _ = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    tested.tree.put(partition, '/a/c/o', T, b'body')
    manager = tested.tree.manager()
    path = tested.tree.partition_path(partition)
    from swift.common.storage_policy import POLICIES

    def write():
        for number in range(10):
            reply = converse(tested.port, updates_script(*[
                put(b'/a/c/o%d-%d' % (number, each), at(number).encode(), b'new') for each in range(3)]),
                partition=partition)
            assert reply.body.endswith(UPDATES_DONE), reply

    def answer():
        for _ in range(15):
            answered(replicate(tested, partition))

    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        running = [threads.submit(work) for work in (write, answer, answer)]
        while not all(work.done() for work in running):
            for suffix in list(manager._get_hashes(DEVICE, partition, POLICIES[GOLD])[1])[:2]:
                manager.invalidate_hash(os.path.join(path, suffix))
            time.sleep(0.02)
        for work in running:
            work.result()
    expected = own_hashes(tested, partition, GOLD, root)
    assert len(expected) > 20
    assert answered(replicate(tested, partition)) == expected
    assert not [name for name in os.listdir(path) if name.endswith('.tmp')]
