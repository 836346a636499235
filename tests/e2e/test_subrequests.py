"""What a subrequest answers and leaves on the disk: the same as Swift's object server, in one session for each row.

A row's statuses are what both servers log for the subrequests that failed; successes show in the tree.
"""
import dataclasses
import itertools
import os
import re
from typing import Any

import pytest

import tree as device_tree
from damage import (another_name, change_metadata, file_for_directory, grow, no_metadata, quarantined_before, spoiled,
                    truncate)
from partition_trees import assert_equal_trees, forget_quarantined
from processes import await_condition
from swift_cluster import object_hash, without_root
from timed_subrequests import BODY, NAME, PATH, T, at, delete, post, stamp
from tree import read_tree
from wire import (EMPTY_CHECK, LAST_CHUNK, UPDATES_DONE, UPDATES_END, UPDATES_START, converse, put, subrequest,
                  updates_script)

ETAG = b'1db2ac02bd0dce5e7e7b3a4ecb2a6a6e'
FAILURE = re.compile(r'subrequest failed with (\d+)')
SETTINGS = {}
_partitions = itertools.count(500)


@dataclasses.dataclass
class Row:
    name: str
    subrequests: list
    failed: list = dataclasses.field(default_factory=list)   # statuses of those that failed, in order
    setup: Any = None
    cut: bool = False             # the session ends without a line
    worker_failed: Any = None     # where ours differs on purpose
    worker_tree: Any = None       # called with (tree, partition) in place of the comparison
    policy: int = 0


def table(*rows):
    return pytest.mark.parametrize('row', rows, ids=[row.name for row in rows])


def play(row, receivers):
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    differs = tested.kind == 'worker' and (row.worker_failed is not None or row.worker_tree)
    replies = []
    for server in (tested, swift):
        forget_quarantined(server.tree)
        if row.setup:
            row.setup(server.tree, partition)
        seen = len(server.session_log())
        failed = row.failed
        if server.kind == 'worker' and row.worker_failed is not None:
            failed = row.worker_failed
        reply = converse(server.port, updates_script(*row.subrequests), partition=partition,
                         headers=[('X-Backend-Storage-Policy-Index', str(row.policy))], timeout=30)
        reply.body = without_root(reply.body, server.tree.root)
        replies.append(reply)

        def logged():
            return [int(code) for code in FAILURE.findall(server.session_log()[seen:])]
        if failed:
            await_condition(lambda: len(logged()) >= len(failed), lambda: 'failures %r in the log, found %r' % (
                failed, logged()))
        assert logged() == failed, server.kind
        if not row.cut and failed:
            total = len(row.subrequests)
            assert reply.body.endswith(b":ERROR: 500 b'ERROR: With :UPDATES: %d failures to %d successes'\n"
                                       % (len(failed), total - len(failed))), reply
        elif not row.cut:
            assert reply.body.endswith(UPDATES_DONE), reply
    ours, theirs = replies
    if not differs:
        assert (ours.body, ours.ended) == (theirs.body, theirs.ended)
    if tested.kind == 'worker' and row.worker_tree:
        row.worker_tree(tested.tree, partition)
    elif not (tested.kind == 'worker' and row.worker_failed is not None):
        assert_equal_trees(tested, swift, partition, row.policy)
    return tested, swift, partition


def stored(name=NAME, seconds=0, body=BODY, metadata=None, policy=0):
    def setup(tree, partition):
        tree.put(partition, name, T + seconds, body, metadata, policy)
    return setup


def has_data(time):
    """The object has one file, of this time."""
    return lambda tree, partition: check_names(tree, partition, [time.decode() + '.data'])


def check_names(tree, partition, names):
    assert os.listdir(tree.hash_path(partition, NAME)) == names


def tombstone(seconds=0):
    return lambda tree, partition: tree.delete(partition, NAME, T + seconds)


def with_meta(seconds, metadata=None):
    def setup(tree, partition):
        tree.put(partition, NAME, T, BODY)
        tree.post(partition, NAME, T + seconds, metadata)
    return setup


@table(
    Row('new', [put(PATH, at(0), BODY)]),
    Row('empty', [put(PATH, at(0))]),
    Row('over an older one', [put(PATH, at(1), b'newer')], setup=stored()),
    Row('over an equal one', [put(PATH, at(0), BODY)], [409], setup=stored()),
    Row('over a newer one', [put(PATH, at(-1), BODY)], [409], setup=stored()),
    Row('over an older tombstone', [put(PATH, at(1), BODY)], setup=tombstone()),
    Row('over an equal tombstone', [put(PATH, at(0), BODY)], [409], setup=tombstone()),
    Row('over a newer tombstone', [put(PATH, at(-1), BODY)], [409], setup=tombstone()),
    Row('over an expired newer one', [put(PATH, at(-1), BODY)], [409],
        setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    Row('over an expired older one', [put(PATH, at(5), BODY)], setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    # The data decides, not the .meta (2.5.0: data and .meta travel apart).
    Row('under a newer .meta', [put(PATH, at(5), b'newer')], setup=with_meta(10, {'X-Object-Meta-A': 'b'})),
    Row('under a newer .meta with its content type', [put(PATH, at(5), b'newer')], setup=with_meta(
        10, {'Content-Type': 'a/b', 'Content-Type-Timestamp': '%010d.00000' % (T + 7)})),
    Row('two in one session', [put(PATH, at(0), BODY), put(PATH, at(1), b'newer')]),
    Row('two in one session, the older last', [put(PATH, at(1), BODY), put(PATH, at(0), b'older')], [409]),
    Row('many objects of one suffix', [put(b'/a/c/o%d' % i, at(0), b'%d' % i) for i in range(40)]),
    Row('a second policy', [put(PATH, at(0), BODY), delete(b'/a/c/p', 1)], policy=1),
    Row('offset', [put(PATH, at(0, '_0000000000000005'), BODY)]),
    Row('offset over the same without', [put(PATH, at(0, '_5'), b'offset')], setup=stored()),
    Row('larger than a chunk', [put(PATH, at(0), b'0123456789abcdef' * 20000)]),
)
def test_put(receivers, row):
    play(row, receivers)


@table(
    Row('ETag right', [put(PATH, at(0), b'', b'ETag: d41d8cd98f00b204e9800998ecf8427e')]),
    Row('ETag quoted', [put(PATH, at(0), b'', b'ETag: "d41d8cd98f00b204e9800998ecf8427e"')]),
    Row('ETag in upper case', [put(PATH, at(0), b'', b'ETag: D41D8CD98F00B204E9800998ECF8427E')], [422]),
    Row('ETag wrong', [put(PATH, at(0), BODY, b'ETag: ' + ETAG)], [422]),
    Row('ETag wrong over an older object', [put(PATH, at(1), BODY, b'ETag: ' + ETAG)], [422], setup=stored()),
    Row('ETag empty', [put(PATH, at(0), BODY, b'ETag: ')]),
    Row('no X-Timestamp', [subrequest(b'PUT', PATH, b'Content-Length: 4', b'Content-Type: a', body=b'body')], [400]),
    Row('X-Timestamp empty', [put(PATH, b'', b'body')], [400]),
    Row('X-Timestamp a word', [put(PATH, b'yesterday', b'body')], [400]),
    Row('X-Timestamp negative', [put(PATH, b'-1', b'body')], [400]),
    Row('X-Timestamp nan', [put(PATH, b'nan', b'body')], [400]),
    # Swift's integer arithmetic overflows: 500, not 400.
    Row('X-Timestamp inf', [put(PATH, b'inf', b'body')], [500]),
    Row('X-Timestamp too large', [put(PATH, b'99999999999', b'body')], [400]),
    Row('no X-Timestamp for DELETE and POST', [subrequest(b'DELETE', PATH), subrequest(b'POST', PATH)], [400, 400]),
    Row('no Content-Type', [subrequest(b'PUT', PATH, stamp(0), b'Content-Length: 4', body=b'body')], [400]),
    Row('Content-Type empty', [subrequest(b'PUT', PATH, stamp(0), b'Content-Length: 4', b'Content-Type:', body=b'body')],
        [400]),
    Row('Content-Type not UTF-8', [subrequest(b'PUT', PATH, stamp(0), b'Content-Length: 4', b'Content-Type: \xff',
                                              body=b'body')], [400]),
    Row('metadata value of 256', [put(PATH, at(0), BODY, b'X-Object-Meta-A: ' + b'v' * 256)]),
    Row('metadata value of 257', [put(PATH, at(0), BODY, b'X-Object-Meta-A: ' + b'v' * 257)], [400]),
    Row('metadata name of 128', [put(PATH, at(0), BODY, b'X-Object-Meta-' + b'n' * 128 + b': v')]),
    Row('metadata name of 129', [put(PATH, at(0), BODY, b'X-Object-Meta-' + b'n' * 129 + b': v')], [400]),
    Row('metadata name empty', [put(PATH, at(0), BODY, b'X-Object-Meta-: v')], [400]),
    Row('90 metadata items', [put(PATH, at(0), BODY, *[b'X-Object-Meta-%d: v' % i for i in range(90)])]),
    Row('91 metadata items', [put(PATH, at(0), BODY, *[b'X-Object-Meta-%d: v' % i for i in range(91)])], [400]),
    Row('more than 4096 bytes of metadata',
        [put(PATH, at(0), BODY, *[b'X-Object-Meta-%d: %s' % (i, b'v' * 250) for i in range(17)])], [400]),
    Row('header of 8192', [put(PATH, at(0), BODY, b'X-Other: ' + b'v' * 1500)]),
    Row('header of 8193', [put(PATH, at(0), BODY, b'X-Other: ' + b'v' * 8193)], [400]),
    # 2.38: the limits hold for POST too, whatever is there.
    Row('metadata value of 257, POST', [post(PATH, 1, b'X-Object-Meta-A: ' + b'v' * 257)], worker_failed=[400],
        setup=stored()),
    Row('metadata value of 257, POST to nothing', [post(PATH, 1, b'X-Object-Meta-A: ' + b'v' * 257)], worker_failed=[400]),
    Row('name of 1024', [put(b'/a/c/' + b'o' * 1024, at(0), BODY)]),
    Row('name of 1025', [put(b'/a/c/' + b'o' * 1025, at(0), BODY)], [400]),
    Row('DELETE of a name of 1025', [delete(b'/a/c/' + b'o' * 1025, 0)]),
    Row('name not UTF-8', [put(b'/a/c/%ff', at(0), BODY)], [412]),
    Row('name not UTF-8, raw', [put(b'/a/c/\xff', at(0), BODY)], [412]),
    # NUL is legal in UTF-8 here; it is a name in the reserved namespace whose account is not.
    Row('name with NUL', [put(b'/a/c/%00', at(0), BODY)], [400]),
    Row('no object in the path', [put(b'/a/c', at(0), BODY), delete(b'/a', 0), delete(b'/', 0)], [400, 400, 400]),
    Row('no slash at the front', [put(b'a/c/o', at(0), BODY)], [400]),
    Row('X-Delete-At a word', [put(PATH, at(0), BODY, b'X-Delete-At: soon')], [400]),
    Row('X-Delete-At past', [put(PATH, at(0), BODY, b'X-Delete-At: %d' % (T - 100))]),
    Row('X-Delete-At before the epoch', [put(PATH, at(0), BODY, b'X-Delete-At: -5')]),
    Row('X-Delete-At beyond 64 bits', [put(PATH, at(0), BODY, b'X-Delete-At: 9223372036854775808')]),
    Row('X-Delete-At far before the epoch', [put(PATH, at(0), BODY, b'X-Delete-At: -99999999999999999999')]),
    Row('X-Delete-At in other digits', [put(PATH, at(0), BODY, b'X-Delete-At: \xd9\xa3')], [400]),
    Row('X-Delete-At beyond all floats', [put(PATH, at(0), BODY, b'X-Delete-At: ' + b'9' * 310)], [500]),
    Row('over an expiry beyond 64 bits', [put(PATH, at(1), BODY), post(PATH, 2)],
        setup=stored(metadata={'X-Delete-At': '9223372036854775808'})),
    # As old as the data: had that been quarantined, it would be stored.
    Row('over an expiry in other digits', [put(PATH, at(0), BODY)], [409],
        setup=spoiled(change_metadata(lambda values: values.update({b'X-Delete-At': b'\xd9\xa3'})))),
    # 2.36 rounds the number of 10 us, not the printed decimals.
    Row('X-Timestamp of six decimals', [put(PATH, b'%d.523385' % T, BODY)], worker_tree=has_data(b'%d.52338' % T)),
    # 2.38
    Row('an offset of 17 digits', [put(PATH, at(0, '_' + '0' * 16 + '5'), BODY)], worker_failed=[400]),
    Row('X-Delete-At to come', [put(PATH, at(0), BODY, b'X-Delete-At: %d' % (T + 10 ** 6))]),
    Row('Transfer-Encoding', [put(PATH, at(0), BODY, b'Transfer-Encoding: gzip')], [400]),
    Row('If-None-Match * on nothing', [put(PATH, at(0), BODY, b'If-None-Match: *')]),
    Row('If-None-Match * on an object', [put(PATH, at(1), BODY, b'If-None-Match: *')], [412], setup=stored()),
    Row('If-None-Match * on a tombstone', [put(PATH, at(1), BODY, b'If-None-Match: *')], setup=tombstone()),
    Row('If-None-Match of the ETag', [put(PATH, at(1), BODY, b'If-None-Match: "%s"' % b'd41d8cd98f00b204e9800998ecf8427e')],
        [412], setup=stored(body=b'')),
    Row('If-None-Match of another ETag', [put(PATH, at(1), BODY, b'If-None-Match: "x"')], setup=stored()),
    # The body is read away, and is short here: the session ends without a line.
    Row('over max_file_size', [put(PATH, at(0)).replace(b'Content-Length: 0', b'Content-Length: 5368709123')], [413],
        cut=True),
    Row('a failure does not harm its neighbours', [put(b'/a/c/1', at(0), b'one'), put(PATH, b'x', b'PUT /a/c/evil\r\n\r\n'),
                                                   put(b'/a/c/2', at(0), b'two')], [400]),
)
def test_refused(receivers, row):
    play(row, receivers)


@table(
    Row('a live object', [delete(PATH, 1)], setup=stored()),
    Row('a newer one', [delete(PATH, -1)], [409], setup=stored()),
    Row('an equal one', [delete(PATH, 0)], [409], setup=stored()),
    Row('nothing', [delete(PATH, 0)]),
    Row('an older tombstone', [delete(PATH, 1)], setup=tombstone()),
    Row('a newer tombstone', [delete(PATH, -1)], setup=tombstone()),
    Row('an equal tombstone', [delete(PATH, 0)], setup=tombstone()),
    Row('an object and its .meta', [delete(PATH, 20)], setup=with_meta(10)),
    Row('between data and .meta', [delete(PATH, 5)], setup=with_meta(10)),
    Row('an expired one', [delete(PATH, 5)], setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    Row('an expired one, earlier', [delete(PATH, -5)], [409], setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    # Only the suffix directory and its line stay of a tombstone that is reclaimable when it is written.
    Row('nothing, long ago', [delete(PATH, -10 ** 7)]),
    Row('X-If-Delete-At right', [delete(PATH, 5, b'X-If-Delete-At: %d' % (T + 1))],
        setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    Row('X-If-Delete-At wrong', [delete(PATH, 5, b'X-If-Delete-At: %d' % (T + 2))], [412],
        setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    Row('X-If-Delete-At, older', [delete(PATH, -5, b'X-If-Delete-At: %d' % (T + 1))], [409],
        setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    Row('X-If-Delete-At, no such object', [delete(PATH, 5, b'X-If-Delete-At: %d' % (T + 1))]),
    Row('X-If-Delete-At bad', [delete(PATH, 5, b'X-If-Delete-At: soon')], [400], setup=stored()),
    Row('Content-Length 0', [subrequest(b'DELETE', PATH, stamp(1), b'Content-Length: 0')], setup=stored()),
    Row('offset', [subrequest(b'DELETE', PATH, b'X-Timestamp: ' + at(1, '_5'))], setup=stored()),
    Row('other headers', [delete(PATH, 1, b'X-Object-Meta-A: b')], setup=stored()),
)
def test_delete(receivers, row):
    play(row, receivers)


CONTENT_TYPE = [b'Content-Type: a/b']


@table(
    Row('an object', [post(PATH, 1, b'X-Object-Meta-A: b')], setup=stored()),
    Row('nothing', [post(PATH, 1, b'X-Object-Meta-A: b')]),
    Row('an older tombstone', [post(PATH, 1)], setup=tombstone()),
    Row('a newer tombstone', [post(PATH, -1)], setup=tombstone()),
    Row('a newer object', [post(PATH, -1)], [409], setup=stored()),
    Row('an equal object', [post(PATH, 0)], [409], setup=stored()),
    Row('an object with a newer .meta', [post(PATH, 5, b'X-Object-Meta-A: c')], [409],
        setup=with_meta(10, {'X-Object-Meta-A': 'b'})),
    Row('over an older .meta', [post(PATH, 20, b'X-Object-Meta-C: d')], setup=with_meta(10, {'X-Object-Meta-A': 'b'})),
    Row('an expired one', [post(PATH, 10, b'X-Object-Meta-A: b')], setup=stored(metadata={'X-Delete-At': str(T + 1)})),
    Row('X-Delete-At past', [post(PATH, 10, b'X-Delete-At: %d' % (T + 1))], [400], setup=stored()),
    Row('X-Delete-At to come', [post(PATH, 10, b'X-Delete-At: %d' % (T + 10 ** 6))], setup=stored()),
    # 2.38
    Row('X-Delete-At a word', [post(PATH, 10, b'X-Delete-At: soon')], [500], worker_failed=[400], setup=stored()),
    Row('X-Delete-At a word, of nothing', [post(PATH, 10, b'X-Delete-At: soon')], [500], worker_failed=[400]),
    Row('X-Delete-At beyond 64 bits', [post(PATH, 10, b'X-Delete-At: 9223372036854775808')], setup=stored()),
    Row('X-Delete-At negative', [post(PATH, 10, b'X-Delete-At: -1')], [400], setup=stored()),
    Row('Content-Length 0 is stored', [post(PATH, 10, b'Content-Length: 0')], setup=stored()),
    Row('content type newer than data', [post(PATH, 10, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(5))],
        setup=stored()),
    Row('content type as new as the .meta', [post(PATH, 10, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(10))],
        setup=stored()),
    Row('content type without its time', [post(PATH, 10, b'Content-Type: a/b')], setup=stored()),
    Row('content type as old as the data', [post(PATH, 10, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(0))],
        setup=stored()),
    Row('content type older than the data', [post(PATH, 10, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(-10))],
        setup=stored()),
    Row('content type alone newer', [post(PATH, 5, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(5))],
        setup=with_meta(10, {'X-Object-Meta-A': 'b'})),
    Row('content type newer than another', [post(PATH, 20, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(15))],
        setup=with_meta(10, {'Content-Type': 'c/d', 'Content-Type-Timestamp': '%010d.00000' % (T + 7)})),
    Row('content type older than another', [post(PATH, 20, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(5))],
        setup=with_meta(10, {'Content-Type': 'c/d', 'Content-Type-Timestamp': '%010d.00000' % (T + 7)})),
    Row('.meta newer, content type kept', [post(PATH, 20, b'X-Object-Meta-A: z')],
        setup=with_meta(10, {'Content-Type': 'c/d', 'Content-Type-Timestamp': '%010d.00000' % (T + 7)})),
    Row('equal time, newer content type, no .meta',
        [post(PATH, 0, b'Content-Type: a/b', b'Content-Type-Timestamp: ' + at(5))], [500], setup=stored()),
    # 2.38
    Row('bad time of the content type', [post(PATH, 5, b'Content-Type: a/b', b'Content-Type-Timestamp: x')], [500],
        worker_failed=[400], setup=stored()),
    Row('bad time of the content type, of nothing',
        [post(PATH, 5, b'Content-Type: a/b', b'Content-Type-Timestamp: x')], worker_failed=[400]),
    Row('bad time of a content type that is not sent', [post(PATH, 5, b'Content-Type-Timestamp: x')], [500], setup=stored()),
    # lp1453807
    Row('of a static large object', [post(PATH, 5, b'X-Object-Meta-A: b')], setup=stored(
        metadata={'X-Static-Large-Object': 'True', 'X-Object-Sysmeta-Slo-Etag': 'e', 'X-Object-Sysmeta-Slo-Size': '9'})),
    Row('offset', [subrequest(b'POST', PATH, b'X-Timestamp: ' + at(1, '_a'), b'Content-Type: a/b',
                              b'Content-Type-Timestamp: ' + at(1, '_5'))], setup=stored()),
    Row('PUT then POST then DELETE', [put(PATH, at(0), BODY), post(PATH, 1, b'X-Object-Meta-A: b'), delete(PATH, 2)]),
    Row('PUT then POST', [put(PATH, at(0), BODY), post(PATH, 1, b'X-Object-Meta-A: b')]),
    Row('POST then an older PUT', [post(PATH, 5, b'X-Object-Meta-A: b'), put(PATH, at(3), b'newer')], setup=stored()),
)
def test_post(receivers, row):
    play(row, receivers)


def headers_row(name, *headers, **options):
    return Row(name, [put(PATH, at(0), BODY, *headers)], **options)


def has_metadata(**expected):
    def check(tree, partition):
        directory = tree.hash_path(partition, NAME)
        data, = [name for name in os.listdir(directory) if name.endswith('.data')]
        found = device_tree.metadata(os.path.join(directory, data))
        assert found['checksum'] == 'checksum right'
        for key, value in expected['items'].items():
            assert found['metadata'].get(key) == value, (key, found['metadata'])
    return check


@table(
    headers_row('custom headers are kept', b'X-Robots-Tag: none', b'Foo: bar', b'Content-Encoding: gzip'),  # lp1329093
    headers_row('names are title-cased as Python does', b"it's: 1", b'n2b: 2', b'1st: 3', b'dot.ted: 4', b'UPPER-case: 5',
                b'x-object-meta-mIxEd: 6'),
    headers_row('underscore', b'X-Object-Meta-a_b: 1', b'other_header: 2'),
    # Letters that are not ASCII keep their case (2.32); 2.30.1 changes it as if their bytes were Latin-1, and then
    # stores a changed name, or both.
    headers_row('name not ASCII', b'X-Object-Meta-\xc3\xa0b: 1', b'\xc3\xa9t\xc3\xa9: 2', b'X-Object-Meta-T\xc3\xa9: 3',
                worker_tree=has_metadata(items={
                    'X-Object-Meta-\xc3\xa0B'.encode(): b'1', 'X-Object-Meta-\xe3\xa0B'.encode(): None,
                    '\xc3\xa9T\xc3\xa9'.encode(): b'2', '\xc3\xa9T\xe3\xa9'.encode(): None,
                    'X-Object-Meta-T\xc3\xa9'.encode(): b'3', 'X-Object-Meta-T\xe3\xa9'.encode(): None})),
    headers_row('name of other letters', b'X-Object-Meta-\xe1\x83\x90: 1', b'X-Object-Meta-\xc3\x9f: 2',
                b'X-Object-Meta-\xd0\x96\xd0\xb6: 3', worker_tree=has_metadata(items={
                    'X-Object-Meta-\xe1\x83\x90'.encode(): b'1', 'X-Object-Meta-\xc1\x83\x90'.encode(): None,
                    'X-Object-Meta-\xc3\x9f'.encode(): b'2', 'X-Object-Meta-\xe3\x9f'.encode(): None,
                    'X-Object-Meta-\xd0\x96\xd0\xb6'.encode(): b'3', 'X-Object-Meta-\xf0\x96\xf0\xb6'.encode(): None})),
    headers_row('value not ASCII', b'X-Object-Meta-A: \xc3\xa9t\xc3\xa9!', b'Other: \xe2\x82\xac.'),
    headers_row('value not UTF-8', b'X-Object-Meta-A: \xff\xfe.'),
    headers_row('Content-Type not ASCII', b'Content-Type: text/\xc3\xa9x'),
    headers_row('value empty', b'X-Object-Meta-A:', b'X-Object-Meta-B: ', b'Other:'),
    headers_row('value of one byte, twice', b'X-Object-Meta-A: v', b'X-Object-Meta-B: v'),
    headers_row('value with colons', b'X-Object-Meta-A: a:b: c'),
    headers_row('blanks around', b'X-Object-Meta-A :  a  b \t'),
    headers_row('no blank', b'X-Object-Meta-A:a'),
    headers_row('duplicate, the last wins', b'X-Object-Meta-A: 1', b'X-Object-Meta-A: 2', b'x-object-meta-a: 3'),
    headers_row('duplicate X-Timestamp', stamp(5)),
    headers_row('duplicate Content-Length', b'Content-Length: 10'),
    headers_row('etag and no-commit are not kept', b'X-Backend-No-Commit: False', b'ETag:'),
    headers_row('X-Backend-No-Commit', b'X-Backend-No-Commit: True'),
    headers_row('policy index sent', b'X-Backend-Storage-Policy-Index: 7'),
    headers_row('replication headers sent', b'X-Backend-Replication-Headers: x-other', b'X-Backend-Replication: False',
                b'X-Other: a'),
    headers_row('trans id and host', b'X-Trans-Id: tx1', b'Host: x', b'User-Agent: u', b'Referer: r'),
    headers_row('system metadata', b'X-Object-Sysmeta-A: 1', b'X-Object-Transient-Sysmeta-B: 2',
                b'X-Static-Large-Object: True', b'X-Object-Sysmeta-Slo-Etag: x', b'X-Object-Manifest: a/b'),
    headers_row('header without a name', b': value'),
    headers_row('name with a blank', b'X Other: 1'),
    # Header values keep their last byte; 2.30.1 strips A0 and 85 as Python's str.strip() does, which cuts a UTF-8 letter.
    headers_row('value ending in the byte A0', b'X-Object-Meta-A: voil\xc3\xa0', worker_tree=has_metadata(
        items={b'X-Object-Meta-A': 'voil\xc3\xa0'.encode('utf-8')})),
    headers_row('value ending in the byte 85', b'X-Object-Meta-A: \xe2\x80\x85', worker_tree=has_metadata(
        items={b'X-Object-Meta-A': '\xe2\x80\x85'.encode('utf-8')})),
)
def test_headers_are_stored_as_swift_stores_them(receivers, row):
    play(row, receivers)


def test_swift_2_30_cuts_a_letter_that_ends_in_a0(receivers):
    """Guards the row above: without this difference it would need no exception."""
    _, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    converse(swift.port, updates_script(put(PATH, at(0), BODY, b'X-Object-Meta-A: voil\xc3\xa0')), partition=partition)
    has_metadata(items={b'X-Object-Meta-A': b'voil\xc3\x83'})(swift.tree, partition)


@table(*[Row(value.decode(), [put(PATH, value, BODY), delete(b'/a/c/p', 0)], failed) for value, failed in [
    (b'1.76e9', []), (b'+1760000000', []), (b'1_760_000_000', [400]), (b'001760000000', []), (b'1760000000', []),
    (b'1760000000.123456', []), (b'1760000000.1', []), (b'1760000000.999999', []), (b'1760000000_5', []),
    (b'1760000000.00000_0000000000000005', []), (b'1760000000.00000_0x5', []), (b'1760000000.00000_', []),
    (b'0', [409]), (b'0.00001', []), (b'1e3', []), (b'9999999999.99999', []), (b'10000000000', [400]),
    (b'1760000000.00000_g', [400]), (b'1760000000_5_5', [400])]])
def test_spellings_of_x_timestamp(receivers, row):
    play(row, receivers)


@table(*[Row(value.decode(), [
    subrequest(b'PUT', PATH, stamp(0), b'Content-Type: a', b'Content-Length: ' + value, body=b'12345')])
    for value in (b'5', b'+5', b'0005', b' 5 ', b'5\t')] + [
    Row('5_0', [subrequest(b'PUT', PATH, stamp(0), b'Content-Type: a', b'Content-Length: 5_0', body=b'12345' * 10)])])
def test_spellings_of_content_length(receivers, row):
    play(row, receivers)


@table(*[Row(path.decode('latin-1'), [put(path, at(0), BODY)], failed) for path, failed in [
    (b'/a/c/o;p', []), (b'/a/c/o?q=1', []), (b'/a/c/o#f', []), (b'/a/c/o ', []), (b'/a/c/o p', []), (b'/a/c/o%20', []),
    (b'/a/c/o%3Bp%3Fq%23f', []), (b'/a/c/%C3%A0', []), (b'/a/c/\xc3\xa0', []), (b'/a/c/o/p//q', []), (b'/a/c//', []),
    (b'/a/c/..', []), (b'/a/c/.', []), (b'/a/c/%2e%2e/x', []), (b'/a%2Fc/o', []), (b'/a/c%2Fo', []), (b'/a/c/', [400]),
    (b'/a/c/%', []), (b'/a/c/%zz', []), (b'/a/c/%0a', []), (b'/a/c/\xa0', [412]), (b'/a/c/o\x0bx', []), (b'/a/c/o:1', []),
    (b'/a/c/http://x', []), (b'/a/c/+', [])]])
def test_paths(receivers, row):
    play(row, receivers)


@table(
    Row('another name', [put(PATH, at(1), b'new'), post(PATH, 1), delete(PATH, 1)], [403, 403, 403], setup=another_name),
    Row('too short', [put(PATH, at(-1), b'new')], setup=spoiled(truncate)),
    Row('too long', [put(PATH, at(-1), b'new')], setup=spoiled(grow)),
    Row('too short, DELETE', [delete(PATH, -1)], setup=spoiled(truncate)),
    Row('too short, POST', [post(PATH, 1)], setup=spoiled(truncate)),
    Row('no metadata', [put(PATH, at(-1), b'new')], setup=spoiled(no_metadata)),
    Row('checksum wrong', [put(PATH, at(-1), b'new')], setup=spoiled(
        change_metadata(lambda values: values.update({b'X': b'y'}), checksum=False))),
    Row('no name', [put(PATH, at(-1), b'new')], setup=spoiled(change_metadata(lambda values: values.pop(b'name')))),
    Row('no Content-Length', [put(PATH, at(-1), b'new')], setup=spoiled(
        change_metadata(lambda values: values.pop(b'Content-Length')))),
    Row('bad Content-Length', [put(PATH, at(-1), b'new')], setup=spoiled(
        change_metadata(lambda values: values.update({b'Content-Length': b'x'})))),
    Row('bad X-Delete-At', [put(PATH, at(-1), b'new')], setup=spoiled(
        change_metadata(lambda values: values.update({b'X-Delete-At': b'x'})))),
    Row('another one of its hash in quarantine', [put(PATH, at(-1), b'new')], setup=quarantined_before),
    Row('a file where the directory should be', [put(PATH, at(1), b'new')], setup=file_for_directory),
)
def test_corrupt_local_objects(receivers, row):
    play(row, receivers)


@pytest.mark.parametrize('spoil', [truncate, grow, no_metadata,
                                   change_metadata(lambda values: values.pop(b'name')),
                                   change_metadata(lambda values: values.pop(b'Content-Length')),
                                   change_metadata(lambda values: values.pop(b'X-Timestamp')),
                                   change_metadata(lambda values: values.update({b'X': b'y'}), checksum=False),
                                   change_metadata(lambda values: values.update({b'X-Delete-At': b'x'})),
                                   lambda path: os.setxattr(path, device_tree.XATTR, b'garbage')],
                         ids=['short', 'long', 'no metadata', 'no name', 'no Content-Length', 'no X-Timestamp',
                              'bad checksum', 'bad X-Delete-At', 'garbage'])
def test_missing_check_of_a_corrupt_local_object(receivers, spoil):
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    replies = []
    for server in (tested, swift):
        forget_quarantined(server.tree)
        spoiled(spoil)(server.tree, partition)
        line = b'%s %s' % (object_hash(NAME).encode(), at(0))
        script = [b':MISSING_CHECK: START\r\n' + line + b'\r\n:MISSING_CHECK: END\r\n', UPDATES_START + UPDATES_END,
                  LAST_CHUNK]
        reply = converse(server.port, script, partition=partition)
        reply.body = without_root(reply.body, server.tree.root)
        replies.append(reply)
    ours, theirs = replies
    assert_equal_trees(tested, swift, partition)
    assert (ours.body, ours.ended) == (theirs.body, theirs.ended)


def test_a_short_body_is_never_completed_from_the_next_subrequest(receivers):
    """lp1631144: what follows a short body is the body's, and the session ends there."""
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    for server in (tested, swift):
        forget_quarantined(server.tree)
        script = [EMPTY_CHECK, UPDATES_START + put(PATH, at(0), b'x' * 500)[:-300] + put(b'/a/c/p', at(0), b'y'),
                  LAST_CHUNK]
        reply = converse(server.port, script, partition=partition)
        assert reply.ended == 'cut'
        assert not any(path.endswith('.data') for path in read_tree(server.tree.partition_path(partition)))
    assert_equal_trees(tested, swift, partition)


def test_container_headers_are_ignored(receivers):
    """Senders never send them. Swift would try a container update; we store the headers and make none."""
    tested, _ = receivers.both(SETTINGS)
    if tested.kind == 'swift':
        pytest.skip('Swift makes the update')
    partition = str(next(_partitions))
    reply = converse(tested.port, updates_script(put(PATH, at(0), BODY, b'X-Container-Partition: 1',
                                                     b'X-Container-Host: 127.0.0.1:1', b'X-Container-Device: sda1')),
                     partition=partition)
    assert reply.body.endswith(UPDATES_DONE)
    assert not os.path.exists(os.path.join(tested.tree.device_path, 'async_pending'))
