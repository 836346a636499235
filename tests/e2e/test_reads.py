"""GET and HEAD of objects: the same answers as Swift's object server, and the same disks after them.

Each row is a state of the disk and the requests that meet it, in order; both servers get both.
"""
import dataclasses
import hashlib
import http.client
import itertools
import os
import re
import time
from typing import Any

import pytest

from damage import another_name, change_metadata, file_for_directory, grow, no_metadata, spoiled, truncate
from own_site import own_site
from partition_trees import assert_equal_trees, forget_quarantined
from ports import free_port
from processes import await_condition
from swift_cluster import EC, GOLD, DeviceTree, object_hash, quiet_logger
from wire import ask, connected

T = int(time.time()) - 3600
NAME = '/a/c/o'
BODY = bytes(range(97, 123)) * 4  # 104 bytes
ETAG = hashlib.md5(BODY).hexdigest()
# Swift's server says these about itself and its connection.
TRANSPORT = {'date', 'server', 'connection', 'keep-alive', 'x-trans-id', 'x-openstack-request-id'}
SETTINGS = {}
_partitions = itertools.count(9000)


@dataclasses.dataclass
class Row:
    name: str
    headers: list = dataclasses.field(default_factory=list)  # (name, value)
    status: Any = 200            # of a GET; None: whatever Swift says
    setup: Any = None            # called with (tree, partition)
    path: str = NAME             # as on the wire; '{partition}' may be in it with a leading device
    policy: int = GOLD
    methods: tuple = ('GET', 'HEAD')
    body: Any = None             # what a GET has to bring, where Swift's word is not enough
    worker_status: Any = None    # where ours differs on purpose, the reason beside it
    swift_gone: bool = False     # Swift closes without a reply
    repeat: int = 1              # requests of each method
    same_disk: bool = True


def table(*rows):
    return pytest.mark.parametrize('row', rows, ids=[row.name for row in rows])


def at(seconds, offset=''):
    return '%010d.00000%s' % (T + seconds, offset)


def stored(body=BODY, seconds=0, metadata=None, policy=GOLD, **more):
    def setup(tree, partition):
        tree.put(partition, NAME, T + seconds, body, metadata, policy, **more)
    return setup


def then(*setups):
    def setup(tree, partition):
        for each in setups:
            each(tree, partition)
    return setup


def deleted(seconds=0, policy=GOLD):
    return lambda tree, partition: tree.delete(partition, NAME, T + seconds, policy)


def posted(seconds, metadata=None):
    return lambda tree, partition: tree.post(partition, NAME, T + seconds, metadata)


def comparable(reply):
    """What must be the same of two answers."""
    if reply is None:
        return None
    headers = {name: value for name, value in reply.headers.items() if name not in TRANSPORT}
    body = reply.body
    kind, _, boundary = headers.get('content-type', '').partition('boundary=')
    if kind.startswith('multipart/byteranges'):
        assert len(boundary) == 32 and set(boundary) <= set('0123456789abcdef'), boundary
        headers['content-type'] = kind + 'boundary=<boundary>'
        body = body.replace(boundary.encode(), b'<boundary>' + b' ' * 22)
    return reply.code, headers, body, reply.ended


def play(row, receivers, settings=None):
    tested, swift = receivers.both(SETTINGS if settings is None else settings)
    differs = tested.kind == 'worker' and (row.worker_status is not None or row.swift_gone)
    partitions = {method: str(next(_partitions)) for method in row.methods}
    for method in row.methods:
        partition = partitions[method]
        replies = []
        for server in (tested, swift):
            forget_quarantined(server.tree)
            if row.setup:
                row.setup(server.tree, partition)
            if row.path.startswith('//'):
                path = row.path[1:].replace('{partition}', partition)
            else:
                path = '/sda1/%s%s' % (partition, row.path)
            headers = [('X-Backend-Storage-Policy-Index', str(row.policy))] + row.headers
            for _ in range(row.repeat):
                replies.append(ask(server.port, method, path, headers, timeout=30))
        ours, theirs = replies[:row.repeat], replies[row.repeat:]
        for reply in theirs:
            assert (reply is None) == row.swift_gone, reply
        if row.repeat == 1 and row.status is not None and not row.swift_gone:
            assert theirs[0].code == row.status, theirs[0]
        if differs:
            assert [reply.code for reply in ours] == [row.worker_status] * row.repeat
        elif row.status == 500:
            # The text is Python's traceback.
            assert [reply.code for reply in ours] == [reply.code for reply in theirs]
        else:
            assert [comparable(reply) for reply in ours] == [comparable(reply) for reply in theirs]
        if method == 'GET' and row.body is not None and not differs:
            assert ours[-1].body == row.body
        if row.same_disk or tested.kind == 'swift':
            assert_equal_trees(tested, swift, partition, row.policy)


@table(
    Row('whole', setup=stored(), body=BODY),
    Row('empty', setup=stored(b''), body=b''),
    Row('one byte', setup=stored(b'x'), body=b'x'),
    Row('a chunk', setup=stored(b'y' * 65536)),
    Row('more than chunks', setup=stored(bytes(range(256)) * 1000 + b'end')),
    Row('nothing', status=404),
    Row('a tombstone', status=404, setup=deleted()),
    Row('a tombstone with an offset', status=404, setup=lambda tree, partition: tree.delete(partition, NAME, at(0, '_5'))),
    Row('deleted after', status=404, setup=then(stored(), deleted(1))),
    Row('user metadata', setup=stored(metadata={'X-Object-Meta-Color': 'red', 'X-Object-Meta-Empty': ''})),
    Row('names as Python spells them', setup=stored(metadata={"X-Object-Meta-It'S": '1', 'X-Object-Meta-N2B': '2',
                                                              'X-Object-Meta-A_B': '3', 'X-Object-Meta-Dot.Ted': '4'})),
    Row('names that differ in case', setup=stored(metadata={'X-Object-Meta-abc': '1', 'X-Object-Meta-ABC': '2'})),
    Row('system metadata', setup=stored(metadata={'X-Object-Sysmeta-Ec-Etag': 'e', 'X-Object-Transient-Sysmeta-T': 't'})),
    Row('prefixes alone', setup=stored(metadata={'X-Object-Meta-': '1', 'X-Object-Sysmeta-': '2',
                                                 'X-Object-Transient-Sysmeta-': '3'})),
    Row('allowed headers', setup=stored(metadata={
        'Content-Disposition': 'attachment', 'Content-Encoding': 'gzip', 'X-Delete-At': str(T + 100000),
        'X-Object-Manifest': 'c/p', 'X-Static-Large-Object': 'True', 'Cache-Control': 'no-cache',
        'Content-Language': 'de', 'Expires': 'Wed, 21 Oct 2015 07:28:00 GMT', 'X-Robots-Tag': 'noindex'})),
    Row('headers that stay inside', setup=stored(metadata={'X-Backend-Storage-Policy-Index': '0', 'X-Other': 'x',
                                                           'Deleted': 'x', 'Content-Type-Timestamp': at(0)})),
    Row('UTF-8 value', setup=stored(metadata={'X-Object-Meta-City': 'Zürich'})),
    Row('blanks around a value', setup=stored(metadata={'X-Object-Meta-Blank': '  two  '})),
    Row('no Content-Type', setup=spoiled(change_metadata(lambda values: values.pop(b'Content-Type')))),
    Row('Content-Type with a charset', setup=stored(metadata={'Content-Type': 'text/plain; charset=latin-1'})),
    Row('quotes in the ETag', setup=stored(metadata={'ETag': '"abc"'}), status=None, methods=('HEAD',)),
    Row('a number as value', setup=spoiled(change_metadata(lambda values: values.update({b'X-Object-Sysmeta-N': 7})))),
    Row('a fraction of a second', setup=lambda tree, partition: tree.put(partition, NAME, T + 0.00001, BODY)),
    Row('almost the next second', setup=lambda tree, partition: tree.put(partition, NAME, T + 0.99999, BODY)),
    Row('a time with an offset', setup=lambda tree, partition: tree.put(partition, NAME, at(0, '_a'), BODY)),
    Row('a POST', setup=then(stored(metadata={'X-Object-Meta-Old': 'x', 'X-Object-Sysmeta-Kept': 'y'}),
                             posted(5, {'X-Object-Meta-New': 'z'}))),
    Row('a POST of a content type', setup=then(stored(), posted(
        5, {'Content-Type': 'image/png', 'Content-Type-Timestamp': at(5)}))),
    Row('a POST of an older content type', setup=then(stored(seconds=3), posted(
        5, {'Content-Type': 'image/png', 'Content-Type-Timestamp': at(1)}))),
    Row('a POST of X-Delete-At', setup=then(stored(), posted(5, {'X-Delete-At': str(T + 100000)}))),
)
def test_objects(receivers, row):
    play(row, receivers)


def big():
    return b''.join(b'%09d\n' % number for number in range(20000))  # 200,000 bytes


def range_row(value, status, length=104, **options):
    body = BODY if length == 104 else big()[:length]
    return Row('%s of %d' % (value, length), [('Range', value)], status, stored(body), methods=('GET',), **options)


MANY = 'bytes=' + ','.join('%d-%d' % (2 * n, 2 * n) for n in range(50))
TOO_MANY = MANY + ',100-100'


@table(
    range_row('bytes=0-9', 206, body=BODY[:10]),
    range_row('bytes=5-5', 206, body=BODY[5:6]),
    range_row('bytes=0-', 206, body=BODY),
    range_row('bytes=0-103', 206, body=BODY),
    range_row('bytes=0-104', 206, body=BODY),
    range_row('bytes=10-', 206, body=BODY[10:]),
    range_row('bytes=103-', 206),
    range_row('bytes=103-5000', 206),
    range_row('bytes=104-', 416),
    range_row('bytes=104-110', 416),
    range_row('bytes=-1', 206, body=BODY[-1:]),
    range_row('bytes=-104', 206, body=BODY),
    range_row('bytes=-500', 206, body=BODY),
    range_row('bytes=-0', 416),
    range_row('bytes=-0,1-2', 206),
    range_row('bytes=5-3', 200),
    range_row('bytes=-', 200),
    range_row('bytes=5', 200),
    range_row('bytes=', 200),
    range_row('bytes=a-b', 200),
    range_row('bytes=1-b', 200),
    range_row('bytes=--5', 200),
    range_row('bytes=1--5', 200),
    range_row('bytes=+1-5', 206),
    range_row('bytes=1-+5', 200),
    range_row('bytes=1_0-20', 206),
    range_row('bytes=1-2_0', 200),
    range_row('bytes=0x1-5', 200),
    range_row('bytes= 1 - 5 ', 206),
    range_row('BYTES=1-5', 206),
    range_row('octets=1-5', 200),
    range_row('1-5', 200),
    range_row('bytes=1-5,', 200),
    range_row('bytes=1-5,x', 200),
    range_row('bytes=99999999999999999999999-', 416),
    range_row('bytes=0-99999999999999999999999', 206),
    range_row('bytes=-99999999999999999999999', 206),
    range_row('bytes=0-4,10-14', 206),
    range_row('bytes=0-4,10-14,20-24', 206),
    range_row('bytes=0-4,200-210', 206),
    range_row('bytes=200-210,300-', 416),
    range_row('bytes=10-14,0-4', 206),
    range_row('bytes=-4,0-3', 206),
    range_row('bytes=0-9,5-14', 206),
    range_row('bytes=0-9,5-14,3-4', 206),
    range_row('bytes=0-9,1-8,2-7', 416),
    range_row('bytes=0-9,0-9', 206),
    range_row('bytes=0-9,0-9,0-9,0-9', 206),
    range_row('bytes=0-9,0-5,0-7', 416),
    range_row('bytes=1-1,3-3,5-5,7-7,9-9,11-11,0-0', 206),
    range_row('bytes=1-1,3-3,5-5,7-7,9-9,11-11,13-13,0-0', 416),
    range_row('bytes=0-,0-', 206),
    range_row('bytes=5-,0-', 206),
    Row('fifty', [('Range', MANY)], 206, stored(), methods=('GET',)),
    Row('fifty-one', [('Range', TOO_MANY)], 416, stored(), methods=('GET',)),
    range_row('bytes=0-9', 416, 0),
    range_row('bytes=0-', 416, 0),
    range_row('bytes=-5', 200, 0),
    range_row('bytes=-0', 416, 0),
    range_row('bytes=65536-65537', 206, 200000),
    range_row('bytes=65535-65536', 206, 200000),
    range_row('bytes=0-65535', 206, 200000),
    range_row('bytes=65536-131071', 206, 200000),
    range_row('bytes=1-199998', 206, 200000),
    range_row('bytes=100000-', 206, 200000),
    range_row('bytes=0-,65536-131071,-1', 206, 200000),
    Row('a HEAD has no ranges', [('Range', 'bytes=0-9')], 200, stored(), methods=('HEAD',)),
    Row('parts have the content type', [('Range', 'bytes=0-1,5-6')], 206,
        stored(metadata={'Content-Type': 'text/plain; charset=utf-8'}), methods=('GET',)),
    Row('parts have a type that is not ASCII', [('Range', 'bytes=0-1,5-6')], 206,
        stored(metadata={'Content-Type': 'text/plän'}), methods=('GET',)),
    Row('two Range headers', [('Range', 'bytes=0-1'), ('Range', '5-6')], 206, stored(), methods=('GET',)),
    Row('not for these', [('Range', 'bytes=0-1'), ('X-Backend-Ignore-Range-If-Metadata-Present', 'X-Static-Large-Object')],
        200, stored(metadata={'X-Static-Large-Object': 'True'}), methods=('GET',)),
    Row('for the others', [('Range', 'bytes=0-1'), ('X-Backend-Ignore-Range-If-Metadata-Present', 'x-other, X-Static-Large-Object')],
        206, stored(), methods=('GET',)),
    Row('not for one of several', [('Range', 'bytes=0-1'), ('X-Backend-Ignore-Range-If-Metadata-Present', 'x-other ,x-object-meta-a')],
        200, stored(metadata={'X-Object-Meta-A': ''}), methods=('GET',)),
    Row('of nothing', [('Range', 'bytes=0-1')], 404, methods=('GET',)),
    Row('of a tombstone', [('Range', 'bytes=0-1')], 404, deleted(), methods=('GET',)),
)
def test_ranges(receivers, row):
    play(row, receivers)


def http_time(seconds, form='%a, %d %b %Y %H:%M:%S GMT'):
    return time.strftime(form, time.gmtime(T + seconds))


EC_ETAG = {'X-Object-Sysmeta-Ec-Etag': 'the-etag', 'X-Object-Sysmeta-Empty': ''}


@table(
    Row('If-Match', [('If-Match', '"%s"' % ETAG)], 200, stored()),
    Row('If-Match without quotes', [('If-Match', ETAG)], 200, stored()),
    Row('If-Match, one of several', [('If-Match', '"x", "%s"' % ETAG)], 200, stored()),
    Row('If-Match, another', [('If-Match', '"x"')], 412, stored()),
    Row('If-Match, any', [('If-Match', '*')], 200, stored()),
    Row('If-Match, empty', [('If-Match', '')], 412, stored()),
    Row('If-Match, any, of nothing', [('If-Match', '*')], 412),
    Row('If-Match, any, of a tombstone', [('If-Match', '*')], 412, deleted()),
    Row('If-Match of nothing', [('If-Match', '"x"')], 404),
    Row('If-None-Match', [('If-None-Match', '"%s"' % ETAG)], 304, stored()),
    Row('If-None-Match without quotes', [('If-None-Match', ETAG)], 304, stored()),
    Row('If-None-Match, another', [('If-None-Match', '"x"')], 200, stored()),
    Row('If-None-Match, any', [('If-None-Match', '*')], 304, stored()),
    Row('If-None-Match, any, of nothing', [('If-None-Match', '*')], 404),
    Row('If-None-Match before If-Match', [('If-None-Match', ETAG), ('If-Match', 'x')], 304, stored()),
    Row('two If-None-Match', [('If-None-Match', 'x'), ('If-None-Match', ETAG)], 304, stored()),
    Row('If-Modified-Since, the same', [('If-Modified-Since', http_time(0))], 304, stored()),
    Row('If-Modified-Since, later', [('If-Modified-Since', http_time(1))], 304, stored()),
    Row('If-Modified-Since, earlier', [('If-Modified-Since', http_time(-1))], 200, stored()),
    Row('If-Modified-Since, no date', [('If-Modified-Since', 'yesterday')], 200, stored()),
    Row('If-Modified-Since, no such day', [('If-Modified-Since', 'Sun, 31 Feb 2040 08:49:37 GMT')], 200, stored()),
    Row('If-Modified-Since, RFC 850', [('If-Modified-Since', http_time(0, '%A, %d-%b-%y %H:%M:%S GMT'))], 304, stored()),
    Row('If-Modified-Since, asctime', [('If-Modified-Since', http_time(0, '%a %b %d %H:%M:%S %Y'))], 304, stored()),
    Row('If-Modified-Since, asctime, earlier', [('If-Modified-Since', http_time(-1, '%a %b %d %H:%M:%S %Y'))], 200, stored()),
    Row('If-Modified-Since, another zone', [('If-Modified-Since', http_time(0, '%a, %d %b %Y %H:%M:%S +0500'))], 304, stored()),
    Row('If-Modified-Since, a zone at the time', [('If-Modified-Since', http_time(0, '%d %b %Y %H:%M:%S+0500'))], 304, stored()),
    Row('If-Modified-Since, a long month and dots', [('If-Modified-Since', http_time(0, '%a,%d %B %y %H.%M.%S'))], 304, stored()),
    Row('If-Modified-Since, words at the end', [('If-Modified-Since', http_time(0, '%d %b %Y %H:%M:%S or so'))], 304, stored()),
    Row('If-Modified-Since, a day without a comma', [('If-Modified-Since', http_time(0, '%A %d %b %Y %H:%M:%S'))], 200, stored()),
    Row('If-Modified-Since, a year beyond all', [('If-Modified-Since', http_time(0, '%a, %d %b 9%Y %H:%M:%S GMT'))], 200, stored()),
    Row('If-Unmodified-Since, the year before the time', [('If-Unmodified-Since', http_time(-1, '%a %b %d %Y %H:%M:%S'))], 412, stored()),
    Row('If-Modified-Since of a fraction', [('If-Modified-Since', http_time(0))], 200,
        lambda tree, partition: tree.put(partition, NAME, T + 0.5, BODY)),
    Row('If-Modified-Since after a POST', [('If-Modified-Since', http_time(0))], 200, then(stored(), posted(5))),
    Row('If-Modified-Since of nothing', [('If-Modified-Since', http_time(0))], 404),
    Row('If-Unmodified-Since, the same', [('If-Unmodified-Since', http_time(0))], 200, stored()),
    Row('If-Unmodified-Since, later', [('If-Unmodified-Since', http_time(1))], 200, stored()),
    Row('If-Unmodified-Since, earlier', [('If-Unmodified-Since', http_time(-1))], 412, stored()),
    Row('If-Unmodified-Since, no date', [('If-Unmodified-Since', '0')], 200, stored()),
    Row('with a range', [('If-None-Match', ETAG), ('Range', 'bytes=0-1')], 304, stored()),
    Row('If-Range means nothing', [('If-Range', '"x"'), ('Range', 'bytes=0-1')], None, stored()),
    Row('the ETag is elsewhere', [('If-Match', 'the-etag'), ('X-Backend-Etag-Is-At', 'X-Object-Sysmeta-Ec-Etag')],
        200, stored(metadata=EC_ETAG)),
    Row('the ETag is elsewhere, another', [('If-Match', ETAG), ('X-Backend-Etag-Is-At', 'X-Object-Sysmeta-Ec-Etag')],
        412, stored(metadata=EC_ETAG)),
    Row('the ETag is in the second place', [('If-None-Match', 'the-etag'), ('X-Backend-Etag-Is-At', 'X-Other, x-object-sysmeta-ec-etag')],
        304, stored(metadata=EC_ETAG)),
    Row('the ETag is in no place', [('If-None-Match', ETAG), ('X-Backend-Etag-Is-At', 'X-Other')], 304, stored(metadata=EC_ETAG)),
    Row('the ETag elsewhere is empty', [('If-None-Match', '*'), ('X-Backend-Etag-Is-At', 'X-Object-Sysmeta-Empty')],
        200, stored(metadata=EC_ETAG)),
)
def test_conditions(receivers, row):
    play(row, receivers)


EXPIRED = {'X-Delete-At': str(T + 10)}


@table(
    Row('expired', status=404, setup=stored(metadata=EXPIRED)),
    Row('expired, for replication', [('X-Backend-Replication', 'True')], 200, stored(metadata=EXPIRED)),
    Row('expired, not for replication', [('X-Backend-Replication', 'no')], 404, stored(metadata=EXPIRED)),
    # Swift has this header since 2.34, for operators who want an object back that the expirer has not met yet.
    Row('expired, to be opened', [('X-Backend-Open-Expired', 'True')], 404, stored(metadata=EXPIRED), worker_status=200),
    Row('expired, not to be opened', [('X-Backend-Open-Expired', 'no')], 404, stored(metadata=EXPIRED)),
    Row('expired, asked for its time before', [('X-Timestamp', at(5))], 200, stored(metadata=EXPIRED)),
    Row('expired, asked for that time', [('X-Timestamp', at(10))], 404, stored(metadata=EXPIRED)),
    Row('expired by a POST', status=404, setup=then(stored(), posted(5, EXPIRED))),
    Row('If-Match any of an expired one', [('If-Match', '*')], 412, stored(metadata=EXPIRED)),
    Row('a bad X-Timestamp', [('X-Timestamp', 'soon')], 400, stored()),
    Row('an empty X-Timestamp', [('X-Timestamp', '')], 400, stored()),
    Row('an infinite X-Timestamp', [('X-Timestamp', 'inf')], 500, stored()),
    Row('a policy that is not there', [('X-Backend-Storage-Policy-Index', '9')], None, stored()),
    Row('another policy', policy=1, setup=stored(policy=1)),
    Row('in the other policy', status=404, policy=1, setup=stored()),
    Row('another partition', status=404, path='//sda1/1{partition}/a/c/o', setup=stored()),
    Row('a device that is not there', status=507, path='//sdb1/{partition}/a/c/o'),
    Row('a device with a bad name', status=507, path='//sd%20a/{partition}/a/c/o'),
    Row('no object', status=400, path='/a/c'),
    Row('no container', status=400, path='/a'),
    Row('only a device', status=400, path='//sda1'),
    Row('an empty segment', status=400, path='/a//o'),
    Row('an empty object', status=400, path='/a/c/'),
    Row('slashes in the object', status=404, path='/a/c/o/p//q/'),
    Row('path not UTF-8', status=412, path='/a/c/%ff'),
    Row('a query', path='/a/c/o?multipart-manifest=get&x', setup=stored()),
    Row('percent-encoded', path='/%61/c/%6F', setup=stored()),
    Row('UTF-8', path='/a/c/%C3%BC', setup=lambda tree, partition: tree.put(partition, '/a/c/ü', T, BODY)),
    Row('a semicolon and a hash', path='/a/c/o;p%23', setup=lambda tree, partition: tree.put(partition, '/a/c/o;p#', T, BODY)),
    Row('dots', path='/a/c/./o', status=404, setup=stored()),
    Row('two dots', path='/a/c/x/../o', status=404, setup=stored()),
    Row('a partition that is no number', status=404, path='//sda1/x1/a/c/o'),
    Row('a partition of dots', status=400, path='//sda1/%2E%2E/a/c/o', methods=('GET',)),
    Row('tokens', [('X-Auth-Token', 't'), ('X-Storage-Token', 's')], 200, stored()),
)
def test_requests(receivers, row):
    play(row, receivers)


def flip(offset=5):
    def how(path):
        with open(path, 'r+b') as data:
            data.seek(offset)
            byte = data.read(1)
            data.seek(offset)
            data.write(bytes([byte[0] ^ 1]))
    return how


def spoiled_big(how):
    def setup(tree, partition):
        tree.put(partition, NAME, T, big())
        directory = tree.hash_path(partition, NAME)
        data, = os.listdir(directory)
        how(os.path.join(directory, data))
    return setup


@table(
    Row('another name', status=403, setup=another_name),
    Row('too short', status=404, setup=spoiled(truncate)),
    Row('too long', status=404, setup=spoiled(grow)),
    Row('no metadata', status=404, setup=spoiled(no_metadata)),
    Row('checksum wrong', status=404, setup=spoiled(change_metadata(lambda values: values.update({b'X': b'y'}), checksum=False))),
    Row('no name', status=404, setup=spoiled(change_metadata(lambda values: values.pop(b'name')))),
    Row('no Content-Length', status=404, setup=spoiled(change_metadata(lambda values: values.pop(b'Content-Length')))),
    Row('bad Content-Length', status=404, setup=spoiled(change_metadata(lambda values: values.update({b'Content-Length': b'x'})))),
    Row('Content-Length with a sign', setup=spoiled(change_metadata(lambda values: values.update({b'Content-Length': b'+010'})))),
    Row('bad X-Delete-At', status=404, setup=spoiled(change_metadata(lambda values: values.update({b'X-Delete-At': b'x'})))),
    Row('no X-Timestamp', status=500, setup=spoiled(change_metadata(lambda values: values.pop(b'X-Timestamp')))),
    Row('no ETag', status=500, setup=spoiled(change_metadata(lambda values: values.pop(b'ETag')))),
    Row('a file where the directory should be', status=404, setup=file_for_directory),
    Row('a corrupt tombstone', status=404, setup=lambda tree, partition: (
        tree.delete(partition, NAME, T), no_metadata(os.path.join(tree.hash_path(partition, NAME), at(0) + '.ts')))),
    Row('data with another MD5', setup=spoiled(flip()), methods=('GET', 'HEAD')),
    Row('data with another MD5, read again', setup=spoiled(flip()), repeat=2),
    Row('data with another MD5, from byte 1', [('Range', 'bytes=1-')], 206, spoiled(flip()), repeat=2, methods=('GET',)),
    Row('data with another MD5, all but the last', [('Range', 'bytes=0-8')], 206, spoiled(flip()), repeat=2, methods=('GET',)),
    Row('data with another MD5, as a range', [('Range', 'bytes=0-')], 206, spoiled(flip()), repeat=2, methods=('GET',)),
    Row('data with another MD5, in parts', [('Range', 'bytes=0-1,0-')], 206, spoiled(flip()), repeat=2, methods=('GET',)),
    Row('data with another MD5, a whole part first', [('Range', 'bytes=0-,0-1')], 206, spoiled(flip()), repeat=2, methods=('GET',)),
    Row('data with another MD5, conditional', [('If-None-Match', '*')], 304, spoiled(flip()), repeat=2, methods=('GET',)),
    Row('data with another MD5, large', setup=spoiled_big(flip(150000)), repeat=2, methods=('GET',)),
    Row('a letter beyond Latin-1 in a value', status=None, worker_status=500, swift_gone=True, methods=('GET', 'HEAD'),
        setup=spoiled(change_metadata(lambda values: values.update({b'X-Object-Meta-A': 'Ω'.encode()})))),
    Row('bytes that are no text in a value', status=None, worker_status=500, swift_gone=True,
        setup=spoiled(change_metadata(lambda values: values.update({b'X-Object-Meta-A': b'\xff'})))),
    Row('a letter beyond Latin-1 in a value that stays inside',
        setup=spoiled(change_metadata(lambda values: values.update({b'X-Other': 'Ω'.encode()})))),
    Row('a letter beyond Latin-1 in a name', status=500,
        setup=spoiled(change_metadata(lambda values: values.update({'X-Object-Meta-Ω'.encode(): b'v'})))),
    Row('a line end in a value', status=None, worker_status=500,
        setup=spoiled(change_metadata(lambda values: values.update({b'X-Object-Meta-A': b'x\r\nX-Forged: y'})))),
    Row('a blank in a name', status=None, worker_status=500,
        setup=spoiled(change_metadata(lambda values: values.update({b'X-Object-Meta-A B': b'v'})))),
    Row('a colon in a name', status=None, worker_status=500,
        setup=spoiled(change_metadata(lambda values: values.update({b'X-Object-Meta-A:B': b'v'})))),
)
def test_damaged_objects(receivers, row):
    play(row, receivers)


def archive(segments=3, size=1000, index=1):
    """A fragment archive as a proxy makes it."""
    from swift.common.storage_policy import POLICIES
    driver = POLICIES[EC].pyeclib_driver
    return b''.join(driver.encode(bytes([65 + number]) * size)[index] for number in range(segments))


def fragment_size():
    from swift.common.storage_policy import POLICIES
    return POLICIES[EC].fragment_size


def full_archive(last=0):
    """Two whole fragments, and one of a shorter segment."""
    from swift.common.storage_policy import POLICIES
    driver = POLICIES[EC].pyeclib_driver
    body = b''.join(driver.encode(bytes([65 + number]) * POLICIES[EC].ec_segment_size)[1] for number in range(2))
    return body + (driver.encode(b'z' * last)[1] if last else b'')


def fragment(index=1, seconds=0, durable=True, body=None, metadata=None, spoil=None, etag=None):
    """spoil is called with the body, after the ETag was made of it unless etag says so."""
    def setup(tree, partition):
        data = archive(1) if body is None else body() if callable(body) else body
        stored_metadata = dict(metadata or {})
        if spoil:
            if etag != 'of what is spoiled':
                stored_metadata['ETag'] = hashlib.md5(data).hexdigest()
            data = spoil(data)
        tree.put(partition, NAME, T + seconds, data, stored_metadata, EC, fragment=index, durable=durable)
    return setup


def at_byte(offset):
    return lambda data: data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1:]


def preferences(text):
    return [('X-Backend-Fragment-Preferences', text)]


def preferring(*pairs):
    import json
    return preferences(json.dumps([{'timestamp': time_, 'exclude': exclude} for time_, exclude in pairs]))


ANY = preferences('[]')


def ec_row(name, headers=(), status=200, setup=None, **options):
    return Row(name, list(headers), status, setup, policy=EC, **options)


@table(
    ec_row('durable', setup=fragment()),
    ec_row('several indexes', setup=then(fragment(0), fragment(2))),
    ec_row('with metadata', setup=fragment(metadata={'X-Object-Sysmeta-Ec-Etag': 'e', 'X-Object-Meta-A': 'b'})),
    ec_row('undecided', status=404, setup=fragment(durable=False)),
    ec_row('undecided, any will do', ANY, 200, fragment(durable=False)),
    ec_row('undecided over durable', setup=then(fragment(1), fragment(2, 5, False))),
    ec_row('undecided over durable, any will do', ANY, 200, then(fragment(1), fragment(2, 5, False))),
    ec_row('durable over undecided, any will do', ANY, 200, then(fragment(1, durable=False), fragment(2, 5))),
    ec_row('three times, any will do', ANY, 200, then(fragment(1), fragment(0, 5, False), fragment(2, 9, False))),
    ec_row('tombstone', status=404, setup=deleted(policy=EC)),
    ec_row('tombstone over a fragment', ANY, 404, then(fragment(1), deleted(5, EC))),
    ec_row('undecided over a tombstone', status=404, setup=then(deleted(policy=EC), fragment(1, 5, False))),
    ec_row('undecided over a tombstone, any will do', ANY, 200, then(deleted(policy=EC), fragment(1, 5, False))),
    ec_row('an older time preferred', preferring((at(0), []), (at(5), [])), 200, then(fragment(1), fragment(2, 5, False))),
    ec_row('a newer time preferred', preferring((at(5), []), (at(0), [])), 200, then(fragment(1), fragment(2, 5, False))),
    ec_row('an index excluded', preferring((at(0), [2])), 200, then(fragment(1), fragment(2))),
    ec_row('all indexes of a time excluded', preferring((at(5), [2])), 200, then(fragment(1), fragment(2, 5, False))),
    ec_row('all excluded', preferring((at(0), [1])), 404, fragment(1)),
    ec_row('a time that is not there', preferring((at(7), [1])), 200, fragment(1)),
    ec_row('a time as a number', preferences('[{"timestamp": %d, "exclude": [2]}]' % T), 200, then(fragment(1), fragment(2))),
    ec_row('an index as text', preferences('[{"timestamp": "%s", "exclude": ["2"]}]' % at(0)), 200, then(fragment(1), fragment(2))),
    ec_row('more keys', preferences('[{"timestamp": "%s", "exclude": [2], "x": null}]' % at(0)), 200, then(fragment(1), fragment(2))),
    ec_row('an index too large', preferring((at(0), [99])), 200, fragment(1)),
    ec_row('no JSON', preferences('[x'), 200, fragment(1)),
    ec_row('no JSON, undecided', preferences('[x'), 404, fragment(1, durable=False)),
    ec_row('null', preferences('null'), 404, fragment(1, durable=False)),
    ec_row('empty', preferences(''), 404, fragment(1, durable=False)),
    ec_row('an empty object', preferences('{}'), 200, fragment(1, durable=False)),
    ec_row('a number', preferences('5'), 500, fragment(1)),
    ec_row('an object', preferences('{"timestamp": "%s", "exclude": []}' % at(0)), 500, fragment(1)),
    ec_row('numbers', preferences('[5]'), 500, fragment(1)),
    ec_row('a negative index', preferring((at(0), [-1])), 500, fragment(1)),
    ec_row('an invalid index', preferring((at(0), ['x'])), 500, fragment(1)),
    ec_row('an index with a point', preferring((at(0), [1.0])), 500, fragment(1)),
    ec_row('an invalid time', preferring(('soon', [])), 500, fragment(1)),
    ec_row('no exclude', preferences('[{"timestamp": "%s"}]' % at(0)), 500, fragment(1)),
    ec_row('no timestamp', preferences('[{"exclude": []}]'), 500, fragment(1)),
    ec_row('exclude is null', preferences('[{"timestamp": "1", "exclude": null}]'), 500, fragment(1)),
    ec_row('bad preferences on a device that is not there', preferences('5'), 507, path='//sdb1/{partition}/a/c/o'),
    Row('bad preferences mean nothing here', preferences('5'), 200, stored()),
    ec_row('conditional', [('If-None-Match', 'e'), ('X-Backend-Etag-Is-At', 'X-Object-Sysmeta-Ec-Etag')], 304,
           fragment(metadata={'X-Object-Sysmeta-Ec-Etag': 'e'})),
    ec_row('a range', [('Range', 'bytes=80-99')], 206, fragment(), methods=('GET',)),
    ec_row('ranges', [('Range', 'bytes=0-9,80-99')], 206, fragment(), methods=('GET',)),
    ec_row('expired, for replication', ANY + [('X-Backend-Replication', 'True')], 200,
           fragment(metadata={'X-Delete-At': str(T + 10)}, durable=False)),
    ec_row('an empty archive', setup=fragment(body=b'')),
    ec_row('a POST', setup=then(fragment(1), lambda tree, partition: tree.post(
        partition, NAME, T + 5, {'X-Object-Meta-New': 'x'}, EC))),
    ec_row('whole fragments', setup=fragment(body=full_archive), methods=('GET',)),
    ec_row('whole fragments and a rest', setup=fragment(body=lambda: full_archive(5000)), methods=('GET',)),
)
def test_fragments(receivers, row):
    play(row, receivers)


@table(
    ec_row('not what liberasurecode writes', status=500, setup=fragment(body=b'no fragment'), repeat=2, methods=('GET',)),
    ec_row('an archive with another MD5', setup=fragment(spoil=at_byte(300)), repeat=2, methods=('GET',)),
    # Swift fails to quarantine it a second time, and marks its suffix once more before.
    ec_row('an archive with another MD5 and a bad header', setup=fragment(spoil=at_byte(3)), repeat=2, methods=('GET',),
           same_disk=False),
    ec_row('a bad header that its MD5 covers', status=500, setup=fragment(spoil=at_byte(3), etag='of what is spoiled'),
           methods=('GET',)),
    ec_row('a bad header, from byte 1', [('Range', 'bytes=1-')], 206,
           fragment(spoil=at_byte(3), etag='of what is spoiled'), repeat=2, methods=('GET',)),
    ec_row('a bad header, not to the end', [('Range', 'bytes=0-9')], 206,
           fragment(spoil=at_byte(3), etag='of what is spoiled'), repeat=2, methods=('GET',)),
    ec_row('a bad payload that its MD5 covers', setup=fragment(spoil=at_byte(300), etag='of what is spoiled'),
           repeat=2, methods=('GET',)),
    ec_row('a HEAD of a bad header', setup=fragment(spoil=at_byte(3)), repeat=2, methods=('HEAD',)),
    ec_row('a bad whole fragment, a range in it', [('Range', 'bytes=0-9')], 206,
           fragment(body=full_archive, spoil=at_byte(3), etag='of what is spoiled'), repeat=2, methods=('GET',)),
)
def test_damaged_fragments(receivers, row):
    play(row, receivers)


@pytest.mark.parametrize('where', ['the first', 'the second', 'the last, shorter one'])
def test_a_damaged_archive_never_arrives_whole(receivers, where):
    tested, swift = receivers.both(SETTINGS)
    partition = str(next(_partitions))
    offset = {'the first': 3, 'the second': fragment_size() + 3, 'the last, shorter one': 2 * fragment_size() + 3}[where]
    body = full_archive(5000)
    for server in (tested, swift):
        forget_quarantined(server.tree)
        fragment(body=body, spoil=at_byte(offset), etag='of what is spoiled')(server.tree, partition)
        reply = ask(server.port, 'GET', '/sda1/%s%s' % (partition, NAME), [('X-Backend-Storage-Policy-Index', str(EC))])
        assert reply.code == 200
        assert int(reply.headers['content-length']) == len(body)
        assert reply.ended == 'cut', server.kind
        # All before the fragment is sent, whatever of it.
        assert reply.body == at_byte(offset)(body)[:len(reply.body)]
        if server.kind == 'worker':
            assert len(reply.body) >= offset - offset % 65536 - 65536
    assert_equal_trees(tested, swift, partition, EC)
    assert os.listdir(os.path.join(tested.tree.device_path, 'quarantined', 'objects-2')) == [object_hash(NAME)]


@table(
    ec_row('two parts', [('Range', 'bytes=0-1,5-6')], 500, fragment(body=b'x' * 1500000), methods=('GET',)),
    ec_row('a second part from its start', [('Range', 'bytes=999999-,0-1')], 206, fragment(body=b'x' * 1500000), methods=('GET',)),
)
def test_what_is_no_fragment_is_found_before_its_part_leaves(receivers, row):
    # In one piece a whole fragment is read, so it is judged when nothing but the part's head has been written.
    play(row, receivers, SETTINGS | {'disk_chunk_size': str(1 << 20)})


def test_the_settings_of_the_page_cache_are_taken(receivers):
    for settings in ({'keep_cache_size': '10', 'keep_cache_private': 'true'}, {'keep_cache_size': '0'},
                     {'disk_chunk_size': '1024'}):
        for row in (Row('whole', [('X-Auth-Token', 't')], setup=stored(big())),
                    Row('range', [('Range', 'bytes=1000-3000,5-')], 206, stored(big()), methods=('GET',)),
                    Row('damaged', setup=spoiled_big(flip(150000)), repeat=2, methods=('GET',))):
            play(row, receivers, settings)


def test_reads_do_not_depend_on_replication_server(receivers):
    play(Row('whole', setup=stored()), receivers, {'replication_server': 'false'})


def test_the_log_has_a_line(receivers):
    tested, swift = receivers.both(SETTINGS)
    lines = []
    for server in (tested, swift):
        stored()(server.tree, '2')
        agent = 'agent-%d' % next(_partitions)
        for number, headers in enumerate(([('Range', 'bytes=0-9')], [('X-Backend-Replication', 'True')]), 1):
            ask(server.port, 'GET', '/sda1/2' + NAME, headers + [('X-Trans-Id', 'tx1'), ('User-Agent', agent), ('Referer', 'r')])
            # Written after the answer, and another worker may be faster with the next.
            await_condition(lambda: server.session_log().count(agent) >= number, 'the line')
        found = [line for line in server.session_log().splitlines() if agent in line]
        lines.append([line.replace(agent, 'agent') for line in found])
    entry = re.compile(r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:[\d:]{8} \+0000\] (".*") [0-9.]+ ("-" )\d+ (.*)$')
    ours, theirs = [[entry.search(line).groups() for line in server_lines] for server_lines in lines]
    assert ours == theirs
    if tested.kind == 'worker':
        assert ['INFO' in line for line in lines[0]] == [True, False]
        assert ['DEBUG' in line for line in lines[0]] == [False, True]


def test_answers_follow_each_other_on_one_connection(receivers):
    tested, swift = receivers.both(SETTINGS)
    for server in (tested, swift):
        stored()(server.tree, '8')
        connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=30)
        for method, headers, status, body in (
                ('GET', {}, 200, BODY), ('HEAD', {}, 200, b''), ('GET', {'If-None-Match': '*'}, 304, b''),
                ('HEAD', {'If-None-Match': '*'}, 304, b''), ('GET', {'Range': 'bytes=0-4'}, 206, BODY[:5]),
                ('GET', {'If-Match': 'x'}, 412, b''), ('GET', {'Range': 'bytes=500-'}, 416, None), ('GET', {}, 200, BODY)):
            connection.request(method, '/sda1/8' + NAME, headers=headers)
            socket = connection.sock
            response = connection.getresponse()
            got = response.read()
            assert (response.status, body) == (status, got if body is not None else None), (server.kind, method, headers)
            assert connection.sock is socket, 'a new connection after %s %r' % (method, headers)
        connection.close()


@pytest.mark.worker_only
def test_a_worker_is_free_when_its_reader_has_gone(own):
    server = own.new('worker', workers=1, settings={'replication_concurrency': '0'})
    server.tree.put('3', NAME, T, (b'x' * 65536 for _ in range(1000)))
    with connected(server.port) as client:
        client.raw(b'GET /sda1/3/a/c/o HTTP/1.1\r\nHost: h\r\n\r\n')
        client.read_head()
        client.reset()
    reply = ask(server.port, 'HEAD', '/sda1/3' + NAME, timeout=20)
    assert reply.code == 200
    assert not os.path.exists(os.path.join(server.tree.device_path, 'quarantined'))


@pytest.mark.worker_only
def test_a_reader_that_takes_nothing_is_cut(own):
    server = own.new('worker', workers=1, settings={'replication_concurrency': '0', 'client_timeout': '1'})
    length = 1000 * 65536
    server.tree.put('3', NAME, T, (b'x' * 65536 for _ in range(1000)))
    with connected(server.port) as client:
        client.raw(b'GET /sda1/3/a/c/o HTTP/1.1\r\nHost: h\r\n\r\n')
        # It is being served.
        client.read_head()
        # The only worker answers again while that one still waits.
        assert ask(server.port, 'HEAD', '/sda1/3' + NAME, timeout=30).code == 200
        count = len(client.received)
        client.received = b''
        while client._receive():
            count += len(client.received)
            client.received = b''
        assert 0 < count < length
    assert not os.path.exists(os.path.join(server.tree.device_path, 'quarantined'))


def test_a_large_object_arrives_through_a_slow_reader(receivers):
    """Far more than all buffers on the way; the reader takes its time at the beginning."""
    tested, _ = receivers.both(SETTINGS)
    pieces = [bytes([number % 256]) * 1000003 for number in range(40)]
    tested.tree.put('4', NAME, T, pieces)
    with connected(tested.port, timeout=60) as client:
        client.raw(b'GET /sda1/4/a/c/o HTTP/1.1\r\nHost: h\r\n\r\n')
        client.read_head()
        time.sleep(1)
        digest = hashlib.md5(client.received)
        count = len(client.received)
        while count < 40 * 1000003:
            client.received = b''
            assert client._receive()
            digest.update(client.received)
            count += len(client.received)
    assert digest.hexdigest() == hashlib.md5(b''.join(pieces)).hexdigest()



@pytest.mark.worker_only
def test_a_site_with_a_python_server_for_the_other_methods(own, tmp_path):
    """As deploy/README.md sets it up: reads are ours, writes the Python server's, both on the same disks."""
    ours = own.new('worker')
    theirs = own.new('swift', workers=0, tree=ours.tree)
    port = free_port()
    socket_path = ours.pool_socket
    other_methods = 'if ($ssync_worker = 0) { proxy_pass http://127.0.0.1:%d; }' % theirs.port
    with own_site(str(tmp_path), '127.0.0.1:%d' % port, socket_path, other_methods):
        put = ask(port, 'PUT', '/sda1/1' + NAME, [('X-Timestamp', at(0)), ('Content-Length', '0'), ('Content-Type', 'a/b')])
        assert put.code == 201
        got = ask(port, 'GET', '/sda1/1' + NAME)
        assert (got.code, got.headers['content-type'], got.headers['x-timestamp']) == (200, 'a/b', at(0))
        deleted_reply = ask(port, 'DELETE', '/sda1/1' + NAME, [('X-Timestamp', at(5))])
        assert deleted_reply.code == 204
        assert ask(port, 'HEAD', '/sda1/1' + NAME).headers['x-backend-timestamp'] == at(5)
        # swift-recon --validate-servers looks for this header.
        assert ask(port, 'OPTIONS', '/').headers['server'].startswith('object-server/')
        log = theirs.log_text()
        assert '"PUT /sda1' in log and '"DELETE /sda1' in log
        assert '"GET /sda1' not in log and '"HEAD /sda1' not in log


class OneNodeRing:
    """Every fragment's place is another device of the same server."""

    def __init__(self, port, devices):
        self.nodes = [{'id': index, 'index': index, 'device': device, 'ip': '127.0.0.1', 'port': port,
                       'replication_ip': '127.0.0.1', 'replication_port': port, 'region': 1, 'zone': 1}
                      for index, device in enumerate(devices)]

        self.devs = self.nodes

    def get_part_nodes(self, partition):
        return self.nodes

    def get_more_nodes(self, partition):
        return iter(())


@pytest.mark.parametrize('segments', [1, 3])
def test_the_reconstructor_rebuilds_a_fragment_from_what_it_reads(receivers, segments):
    from swift.common.storage_policy import POLICIES
    from swift.obj.reconstructor import ObjectReconstructor
    tested, _ = receivers.both(SETTINGS)
    policy = POLICIES[EC]
    devices = ['sda1', 'sdb1', 'sdc1']
    data = [bytes([65 + number]) * policy.ec_segment_size for number in range(segments - 1)] + [b'the rest' * 500]
    archives = [b''.join(policy.pyeclib_driver.encode(segment)[index] for segment in data) for index in range(3)]
    partition = '7'
    length = sum(len(segment) for segment in data)
    name = '/a/c/for %d segments' % segments
    for index in (0, 1):
        DeviceTree(tested.tree.root, devices[index]).put(
            partition, name, T, archives[index], {
                'X-Object-Sysmeta-Ec-Etag': hashlib.md5(b''.join(data)).hexdigest(),
                'X-Object-Sysmeta-Ec-Content-Length': str(length), 'X-Object-Sysmeta-Ec-Scheme': 'x',
                'X-Object-Meta-Color': 'grün'}, EC, fragment=index, durable=index == 0)
    ring = OneNodeRing(tested.port, devices)
    policy.object_ring, before = ring, policy.object_ring
    try:
        reconstructor = ObjectReconstructor({'devices': tested.tree.root, 'mount_check': 'false'}, logger=quiet_logger())
        local = tested.tree.diskfile(partition, name, EC, frag_index=0)
        with local.open():
            rebuilt = reconstructor.reconstruct_fa({'policy': policy, 'partition': partition},
                                                   dict(ring.nodes[2], backend_index=2), local)
            assert b''.join(rebuilt.reader()) == archives[2]
            assert rebuilt.get_metadata()['X-Object-Meta-Color'] == 'grün'.encode().decode('latin-1')
    finally:
        policy.object_ring = before
