"""Sessions of an erasure-coding policy: what is wanted, answered and left on the disk, with Swift as the judge.

Each row is played to Swift's object server and to the receiver under test on equal trees; the expected words are
what both must say. Row numbers in comments are those of the list of Swift's behaviours that tests are named after.
"""
import dataclasses
import itertools
import os
import re
import time
from typing import Any

import pytest

from processes import await_condition
from swift_cluster import EC, object_hash, without_root
from tree import differences, metadata, read_tree
from wire import (LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_DONE, UPDATES_END, UPDATES_START, converse,
                  put, subrequest)

T = int(time.time()) - 3600
NAME, PATH = '/a/c/o', b'/a/c/o'
BODY = b'a fragment archive'
FAILURE = re.compile(r'subrequest failed with (\d+)')
_partitions = itertools.count(9000)


def at(seconds, offset=''):
    return b'%010d.00000%s' % (T + seconds, offset.encode())


def fragment(index, seconds=0, durable=True, **options):
    return lambda tree, partition: tree.put(partition, NAME, T + seconds, BODY + b'%d' % index, policy=EC,
                                            fragment=index, durable=durable, **options)


def undecided(index, seconds=0):
    return fragment(index, seconds, durable=False)


def tombstone(seconds):
    return lambda tree, partition: tree.delete(partition, NAME, T + seconds, EC)


def meta(seconds):
    return lambda tree, partition: tree.post(partition, NAME, T + seconds, {'X-Object-Meta-A': 'b'}, EC)


def renamed(old, new):
    """Turn a name into one that Swift's own writer does not make any more."""
    def setup(tree, partition):
        directory = tree.hash_path(partition, NAME, EC)
        os.rename(os.path.join(directory, old), os.path.join(directory, new))
    return setup


def bare(name):
    def setup(tree, partition):
        directory = tree.hash_path(partition, NAME, EC)
        os.makedirs(directory, exist_ok=True)
        open(os.path.join(directory, name), 'w').close()
    return setup


def aged(pattern):
    """Written long ago, so that commit_window is over."""
    def setup(tree, partition):
        directory = tree.hash_path(partition, NAME, EC)
        for name in os.listdir(directory):
            if pattern in name:
                os.utime(os.path.join(directory, name), (T - 86400, T - 86400))
    return setup


def truncated(pattern):
    def setup(tree, partition):
        directory = tree.hash_path(partition, NAME, EC)
        for name in os.listdir(directory):
            if pattern in name:
                os.truncate(os.path.join(directory, name), 1)
    return setup


def name_at(seconds, index, mark=''):
    return '%s#%s%s.data' % (at(seconds).decode(), index, mark)


def put_fragment(seconds, index, *headers, body=BODY):
    """The sender's PUT of a fragment; index None leaves its number out of the metadata."""
    numbered = (b'X-Object-Sysmeta-Ec-Frag-Index: %s' % index,) if index is not None else ()
    return put(PATH, at(seconds), body, b'X-Object-Sysmeta-Ec-Etag: e', *numbered, *headers)


def post(seconds, *headers):
    return subrequest(b'POST', PATH, b'X-Timestamp: ' + at(seconds), *headers)


def delete(seconds):
    return subrequest(b'DELETE', PATH, b'X-Timestamp: ' + at(seconds))


NO_COMMIT = b'X-Backend-No-Commit: True'


@dataclasses.dataclass
class Row:
    name: str
    stored: list = dataclasses.field(default_factory=list)
    index: Any = 1                     # of the session; None for a session without
    offers: list = dataclasses.field(default_factory=list)    # what follows the hash in a missing-check line
    wanted: list = dataclasses.field(default_factory=list)    # the parts wanted of each offer, '' for none
    subrequests: list = dataclasses.field(default_factory=list)
    failed: list = dataclasses.field(default_factory=list)    # statuses of those that failed
    error: Any = None                  # how the body ends instead
    names: Any = None                  # what is in the hash directory after it


def table(*rows):
    return pytest.mark.parametrize('row', rows, ids=[row.name for row in rows])


def play(row, receivers):
    partition = str(next(_partitions))
    trees, bodies = [], []
    for server in receivers.both():
        for setup in row.stored:
            setup(server.tree, partition)
        seen = len(server.session_log())
        lines = [b'%s %s\r\n' % (object_hash(NAME).encode(), offer) for offer in row.offers]
        headers = [('X-Backend-Storage-Policy-Index', str(EC))]
        if row.index is not None:
            headers.append(('X-Backend-Ssync-Frag-Index', str(row.index)))
        reply = converse(server.port, [MISSING_CHECK_START + b''.join(lines) + MISSING_CHECK_END,
                                       UPDATES_START + b''.join(row.subrequests) + UPDATES_END, LAST_CHUNK],
                         partition=partition, headers=headers, timeout=30)
        body = without_root(reply.body, server.tree.root)
        bodies.append(body)
        if row.error is not None:
            assert body.endswith(row.error), (server.kind, body)
        else:
            parts = [line.split()[1].decode() for line in body.split(b'\r\n') if line.startswith(object_hash(NAME).encode())]
            assert parts == [part for part in row.wanted if part], (server.kind, body)
            if not row.failed:
                assert body.endswith(UPDATES_DONE), (server.kind, body)

        def logged():
            return [int(code) for code in FAILURE.findall(server.session_log()[seen:])]
        if row.failed:
            await_condition(lambda: len(logged()) >= len(row.failed), lambda: 'failures %r, found %r' % (
                row.failed, logged()))
        assert logged() == row.failed, server.kind
        if row.names is not None:
            directory = server.tree.hash_path(partition, NAME, EC)
            found = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
            assert found == sorted(row.names), server.kind
        place = os.path.relpath(server.tree.partition_path(partition, EC), server.tree.device_path)
        trees.append({path: entry for path, entry in read_tree(server.tree.device_path).items()
                      if path.startswith((place + '/', 'tmp'))})
    assert bodies[0] == bodies[1]
    assert not differences(*trees)


@table(
    Row('nothing here', offers=[at(0)], wanted=['dm'], names=[]),
    Row('the same fragment', [fragment(1)], offers=[at(0)], wanted=[''], names=[name_at(0, 1, '#d')]),
    Row('older here', [fragment(1)], offers=[at(1)], wanted=['dm']),
    Row('newer here', [fragment(1)], offers=[at(-1)], wanted=['']),
    Row('only another index here', [fragment(0)], offers=[at(0)], wanted=['dm']),
    Row('another index beside it', [fragment(0), fragment(1)], offers=[at(0)], wanted=['']),
    Row('a session without an index takes the highest', [fragment(0), fragment(1)], index=None, offers=[at(0), at(1)],
        wanted=['', 'dm']),
    # Row 8.
    Row('undecided here, offered as durable: made durable', [undecided(1)], offers=[at(0)], wanted=[''],
        names=[name_at(0, 1, '#d')]),
    Row('undecided here, offered as undecided', [undecided(1)], offers=[at(0) + b' durable:False'], wanted=[''],
        names=[name_at(0, 1)]),
    Row('undecided over durable, offered as undecided', [fragment(1), undecided(1, 1)],
        offers=[at(1) + b' durable:False'], wanted=['m'], names=[name_at(0, 1, '#d'), name_at(1, 1)]),
    Row('undecided over durable, offered as durable', [fragment(1), undecided(1, 1)], offers=[at(1)], wanted=[''],
        names=[name_at(1, 1, '#d')]),
    Row('undecided of another index', [undecided(0)], offers=[at(0)], wanted=['dm'], names=[name_at(0, 0)]),
    Row('undecided of another time', [undecided(1)], offers=[at(1)], wanted=['dm'], names=[name_at(0, 1)]),
    Row('undecided in a session without an index', [undecided(1)], index=None, offers=[at(0)], wanted=['dm'],
        names=[name_at(0, 1)]),
    Row('undecided under a newer durable', [fragment(1, 1), undecided(1)], offers=[at(0)], wanted=['']),
    Row('durable twice in one session', [undecided(1)], offers=[at(0), at(0)], wanted=['', '']),
    Row('two undecided times, the older made durable', [undecided(1), undecided(1, 1)], offers=[at(0)], wanted=[''],
        names=[name_at(0, 1, '#d'), name_at(1, 1)]),
    Row('two undecided times, the newer made durable', [undecided(1), undecided(1, 1)], offers=[at(1)], wanted=[''],
        names=[name_at(1, 1, '#d')]),
    Row('undecided beside a durable of the same time', [fragment(0), undecided(1)], offers=[at(0)], wanted=[''],
        names=[name_at(0, 0, '#d'), name_at(0, 1)]),
    # Row 35.
    Row('durable: that is not true', [undecided(1)], offers=[at(0) + b' durable:maybe'], wanted=[''],
        names=[name_at(0, 1)]),
    Row('durable: that is true', [undecided(1)], offers=[at(0) + b' durable:yes'], wanted=[''],
        names=[name_at(0, 1, '#d')]),
    Row('a legacy .durable: nothing is renamed', [fragment(1), renamed(name_at(0, 1, '#d'), name_at(0, 1)),
                                                 bare(at(0).decode() + '.durable')], offers=[at(0)], wanted=[''],
        names=[name_at(0, 1), at(0).decode() + '.durable']),
    Row('a tombstone over fragments', [fragment(1), tombstone(1)], offers=[at(0), at(2)], wanted=['', 'd']),
    Row('undecided over a tombstone', [tombstone(0), undecided(1, 1)], offers=[at(1) + b' durable:False'],
        wanted=['']),
    Row('undecided over a tombstone, made durable', [tombstone(0), undecided(1, 1)], offers=[at(1)], wanted=[''],
        names=[name_at(1, 1, '#d')]),
    Row('a meta', [fragment(1), meta(1)], offers=[at(0), at(0) + b' m:30d40', at(0) + b' m:186a0'], wanted=['', 'm', '']),
    Row('old undecided under durable goes', [undecided(1, -1), aged('#1.data'), fragment(1)], offers=[at(0)],
        wanted=['']),
    # Row 4.
    Row('an index beyond the policy', [fragment(1)], index=9, offers=[at(0)],
        error=b":ERROR: 0 'Fragment index must be less than 3 for a 2+1 policy: 9'\n"),
    Row('an index beyond the policy, nothing here', index=9, offers=[at(0)], wanted=['dm']),
    Row('a negative index', [fragment(1)], index=-1, offers=[at(0)],
        error=b":ERROR: 0 'Fragment index must not be negative: -1'\n"),
    Row('a damaged fragment', [fragment(1), truncated('#1')], offers=[at(0)], wanted=['dm'], names=[]),
    Row('a damaged fragment of another index', [fragment(0), truncated('#0'), fragment(1)], offers=[at(0)], wanted=['']),
)
def test_missing_check(receivers, row):
    play(row, receivers)


@table(
    Row('a new fragment', subrequests=[put_fragment(0, b'1')], names=[name_at(0, 1, '#d')]),
    Row('not committed', subrequests=[put_fragment(0, b'1', NO_COMMIT)], names=[name_at(0, 1)]),
    Row('commit said to be wanted', subrequests=[put_fragment(0, b'1', b'X-Backend-No-Commit: False')],
        names=[name_at(0, 1, '#d')]),
    # Row 16.
    Row('the index from the session', subrequests=[put_fragment(0, None)], names=[name_at(0, 1, '#d')]),
    Row('no index at all', index=None, subrequests=[put_fragment(0, None)], failed=[500], names=[]),
    Row('metadata and session disagree', subrequests=[put_fragment(0, b'2')], names=[name_at(0, 2, '#d')]),
    Row('an index with a leading zero', subrequests=[put_fragment(0, b'02')], names=[name_at(0, 2, '#d')]),
    Row('an index with a sign', subrequests=[put_fragment(0, b'+2')], names=[name_at(0, 2, '#d')]),
    Row('an index beyond the policy', subrequests=[put_fragment(0, b'3')], failed=[500], names=[]),
    Row('a negative index', subrequests=[put_fragment(0, b'-1')], failed=[500], names=[]),
    Row('an invalid index', subrequests=[put_fragment(0, b'x')], failed=[500], names=[]),
    Row('an empty index', subrequests=[put_fragment(0, b'')], failed=[500], names=[]),
    Row('the session\'s index beyond the policy', index=9, subrequests=[put_fragment(0, b'1')], failed=[500], names=None),
    Row('another index of the same time', [fragment(0)], subrequests=[put_fragment(0, b'1')],
        names=[name_at(0, 0, '#d'), name_at(0, 1, '#d')]),
    Row('another index of the same time, no session index', [fragment(0)], index=None,
        subrequests=[put_fragment(0, b'1')], failed=[409], names=[name_at(0, 0, '#d')]),
    Row('the same fragment again', [fragment(1)], subrequests=[put_fragment(0, b'1')], failed=[409]),
    Row('over its undecided self', [undecided(1)], subrequests=[put_fragment(0, b'1')], names=[name_at(0, 1, '#d')]),
    Row('over its undecided self, not committed', [undecided(1)], subrequests=[put_fragment(0, b'1', NO_COMMIT)],
        names=[name_at(0, 1)]),
    Row('newer over older', [fragment(0), fragment(1)], subrequests=[put_fragment(1, b'1')],
        names=[name_at(1, 1, '#d')]),
    Row('newer over older, not committed', [fragment(1)], subrequests=[put_fragment(1, b'1', NO_COMMIT)],
        names=[name_at(0, 1, '#d'), name_at(1, 1)]),
    Row('older than what is here', [fragment(1, 1)], subrequests=[put_fragment(0, b'1')], failed=[409]),
    Row('older than another index', [fragment(0, 1)], subrequests=[put_fragment(0, b'1')]),
    Row('over a tombstone', [tombstone(0)], subrequests=[put_fragment(1, b'1')], names=[name_at(1, 1, '#d')]),
    Row('under a tombstone', [tombstone(1)], subrequests=[put_fragment(0, b'1')], failed=[409]),
    Row('a second index after the session\'s own', subrequests=[put_fragment(0, b'1'), put_fragment(0, b'2')], failed=[409],
        names=[name_at(0, 1, '#d')]),
    Row('a second index before the session\'s own', subrequests=[put_fragment(0, b'2'), put_fragment(0, b'1')],
        names=[name_at(0, 1, '#d'), name_at(0, 2, '#d')]),
    Row('with an offset', subrequests=[put(PATH, at(0, '_0000000000000001'), BODY,
                                           b'X-Object-Sysmeta-Ec-Frag-Index: 1')]),
    Row('a wrong ETag', subrequests=[put_fragment(0, b'1', b'ETag: 0123456789abcdef0123456789abcdef')], failed=[422]),
    Row('an empty archive', subrequests=[put_fragment(0, b'1', body=b'')]),
    Row('over a damaged one', [fragment(1), truncated('#1')], subrequests=[put_fragment(-1, b'1')],
        names=[name_at(-1, 1, '#d')]),
    Row('POST', [fragment(1)], subrequests=[post(1, b'X-Object-Meta-A: b')],
        names=[name_at(0, 1, '#d'), at(1).decode() + '.meta']),
    Row('POST to an undecided fragment', [undecided(1)], subrequests=[post(1)], names=[name_at(0, 1)]),
    Row('POST of a content type', [fragment(1)], subrequests=[
        post(2, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(1))]),
    Row('older POST', [fragment(1), meta(2)], subrequests=[post(1)], failed=[409]),
    Row('PUT under a meta', [fragment(1), meta(2)], subrequests=[put_fragment(1, b'1')],
        names=[name_at(1, 1, '#d'), at(2).decode() + '.meta']),
    Row('PUT over a meta', [fragment(1), meta(2)], subrequests=[put_fragment(3, b'1')], names=[name_at(3, 1, '#d')]),
    Row('DELETE', [fragment(0), fragment(1)], subrequests=[delete(1)], names=[at(1).decode() + '.ts']),
    Row('DELETE of an undecided fragment', [undecided(1)], subrequests=[delete(1)], names=[at(1).decode() + '.ts']),
    Row('DELETE under an undecided fragment', [undecided(1, 2)], subrequests=[delete(1)],
        names=[at(1).decode() + '.ts', name_at(2, 1)]),
    Row('older DELETE', [fragment(1, 1)], subrequests=[delete(0)], failed=[409]),
    Row('DELETE of the same time', [fragment(1)], subrequests=[delete(0)], failed=[409]),
    Row('DELETE over a legacy .durable', [fragment(1), renamed(name_at(0, 1, '#d'), name_at(0, 1)),
                                          bare(at(0).decode() + '.durable')], subrequests=[delete(1)],
        names=[at(1).decode() + '.ts']),
    Row('all that the reconstructor sends', [undecided(0)], index=0, subrequests=[
        put_fragment(1, b'0', b'X-Object-Sysmeta-Ec-Scheme: liberasurecode_rs_vand 2+1',
                     b'X-Object-Sysmeta-Ec-Content-Length: 36', b'X-Object-Sysmeta-Ec-Segment-Size: 1048576'),
        post(2, b'X-Object-Meta-Color: red')]),
)
def test_subrequests(receivers, row):
    play(row, receivers)


def test_an_index_that_only_the_session_tells_is_stored_as_a_number(receivers):
    """Row 16."""
    partition = str(next(_partitions))
    for server in receivers.both():
        converse(server.port, [MISSING_CHECK_START + MISSING_CHECK_END,
                               UPDATES_START + put_fragment(0, None) + UPDATES_END, LAST_CHUNK], partition=partition,
                 headers=[('X-Backend-Storage-Policy-Index', str(EC)), ('X-Backend-Ssync-Frag-Index', '1')])
        path = os.path.join(server.tree.hash_path(partition, NAME, EC), name_at(0, 1, '#d'))
        assert metadata(path)['metadata'][b'X-Object-Sysmeta-Ec-Frag-Index'] == 1


def test_making_durable_writes_nothing_to_hashes_invalid(receivers):
    """Row 8."""
    partition = str(next(_partitions))
    for server in receivers.both():
        undecided(1)(server.tree, partition)
        invalid = os.path.join(server.tree.partition_path(partition, EC), 'hashes.invalid')
        os.truncate(invalid, 0)
        converse(server.port, [MISSING_CHECK_START + b'%s %s\r\n' % (object_hash(NAME).encode(), at(0)) + MISSING_CHECK_END,
                               UPDATES_START + UPDATES_END, LAST_CHUNK], partition=partition,
                 headers=[('X-Backend-Storage-Policy-Index', str(EC)), ('X-Backend-Ssync-Frag-Index', '1')])
        assert os.listdir(server.tree.hash_path(partition, NAME, EC)) == [name_at(0, 1, '#d')]
        assert os.path.getsize(invalid) == 0
