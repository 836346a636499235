"""What Swift's object server answers though nginx by itself would refuse it: names of the reserved namespace (%00), paths
that cannot be decoded, conditions that come twice; and what our nginx does refuse.

Both servers get the same bytes. Where their answers differ on purpose, the row says what each of them answers.
"""
import dataclasses
import hashlib
import http.client
import json
import os
import random
import re
import time
from typing import Any

import pytest

import fragments
import mutated_heads
from processes import await_condition
from swift_cluster import EC, GOLD
from wire import LAST_CHUNK, Reply, connected

T = int(time.time()) - 3600
# More of them, or others, for the random heads.
HEADS = int(os.environ.get('SSYNC_REQUEST_HEADS', '300'))
SEED = int(os.environ.get('SSYNC_REQUEST_HEADS_SEED', '1'))
SETTINGS = {}
PARTITION = '1'
BODY = b'of the reserved namespace'
ETAG = hashlib.md5(BODY).hexdigest()
PLAIN, RESERVED, VERSION = '/a/c/o', '/a/\0versions\0c/\0o', '/a/\0versions\0c/\0o\x007999999999.99999'
WIRE = '/sda1/1/a/%00versions%00c/%00o'
TWIN = '/a/---versions---c/---o'    # as long on the wire
# Swift's server says these about itself and its connection.
TRANSPORT = {'date', 'server', 'connection', 'keep-alive', 'x-trans-id', 'x-openstack-request-id'}
MORE = {'X-Object-Meta-Color': 'red', 'X-Object-Sysmeta-Ec-Etag': 'e', 'X-Static-Large-Object': 'True'}


@pytest.fixture(scope='module')
def servers(receivers):
    """The one under test and Swift's, with the same objects."""
    both = receivers.both(SETTINGS)
    for server in both:
        for name in (PLAIN, RESERVED, VERSION, TWIN):
            server.tree.put(PARTITION, name, T, BODY, MORE)
        server.tree.delete(PARTITION, '/a/\0c/\0deleted', T)
        server.tree.put(PARTITION, '/a/\0c/\0damaged', T, BODY, {'ETag': '0' * 32})
        fragments.store([None, server.tree, None], PARTITION, RESERVED, T, BODY)
    return both


@dataclasses.dataclass
class Row:
    name: str
    head: str                    # without the line end after it; \\n is a line's end
    status: Any = 200            # of both
    ours: Any = None             # of ours where it differs on purpose, the reason beside it
    body: str = ''
    status_only: bool = False    # the pages say which server it is


def head(path, *lines, method='GET', version='HTTP/1.1'):
    return '\n'.join(['%s %s %s' % (method, path, version), 'Host: h', *lines])


def reserved(name, *lines, status=200, path=WIRE, **options):
    return Row(name, head(path, *lines, **options), status)


def table(*rows):
    return pytest.mark.parametrize('row', rows, ids=[row.name for row in rows])


def exchange(server, head_text, body='', pieces=None):
    """The answer to one request on a connection that it closes."""
    head_text += '' if re.search('^connection:', head_text, re.I | re.M) else '\nConnection: close'
    data = (head_text.replace('\n', '\r\n') + '\r\n\r\n' + body).encode('latin-1')
    with connected(server.port, timeout=30) as client:
        for start in range(0, len(data), pieces or len(data)):
            client.raw(data[start:start + (pieces or len(data))])
        reply = client.reply(has_body=not head_text.startswith('HEAD'))
        if reply.ended != 'cut' and reply.code != 304:
            # What comes after the body would be taken for the next answer.
            while client._receive():
                pass
            assert 'content-length' not in reply.headers or len(client.received) <= int(reply.headers['content-length'])
        return reply


def comparable(reply):
    return reply.code, {name: value for name, value in reply.headers.items() if name not in TRANSPORT}, reply.body, reply.ended


def play(row, servers):
    ours, theirs = [exchange(server, row.head, row.body) for server in servers]
    assert theirs.code == row.status, theirs
    if row.ours is not None and servers[0].kind == 'worker':
        assert ours.code == row.ours, ours
    elif row.status_only:
        assert ours.code == theirs.code, ours
    else:
        assert comparable(ours) == comparable(theirs)


@table(
    reserved('GET'),
    reserved('HEAD', method='HEAD'),
    reserved('a version', path=WIRE + '%007999999999.99999'),
    reserved('letters in capitals and not', path='/sda1/1/a/%00%76ersions%00%63/%00%6F'),
    reserved('HTTP/1.0', version='HTTP/1.0'),
    Row('HTTP/1.0 without Host', 'GET %s HTTP/1.0' % WIRE),
    reserved('HTTP/1.2', version='HTTP/1.2'),
    reserved('a range', 'Range: bytes=3-5', status=206),
    reserved('ranges that are not there', 'Range: bytes=300-500', status=416),
    reserved('a condition', 'If-None-Match: ' + ETAG, status=304),
    reserved('a condition of HEAD', 'If-None-Match: ' + ETAG, status=304, method='HEAD'),
    reserved('another condition', 'If-Match: x', status=412),
    reserved('a query', path=WIRE + '?multipart-manifest=get&x=%00'),
    reserved('another policy', 'X-Backend-Storage-Policy-Index: 1', status=404),
    reserved('a fragment', 'X-Backend-Storage-Policy-Index: 2', 'X-Backend-Fragment-Preferences: []'),
    reserved('no such policy', 'X-Backend-Storage-Policy-Index: 9', status=503),
    reserved('nothing there', path=WIRE + 'ther', status=404),
    reserved('a deleted one', path='/sda1/1/a/%00c/%00deleted', status=404),
    reserved('another device', path='/sdb1/1/a/%00c/%00o', status=507),
    reserved('a NUL within a name', path='/sda1/1/a/c/o%00', status=400),
    reserved('a reserved object in another container', path='/sda1/1/a/c/%00o', status=400),
    reserved('another object in a reserved container', path='/sda1/1/a/%00c/o', status=400),
    reserved('a reserved account', path='/sda1/1/%00a/%00c/%00o', status=404),
    reserved('no object', path='/sda1/1/a/%00c', status=400),
    reserved('not UTF-8', path='/sda1/1/a/%00c/%00%ff', status=412),
    reserved('lines of many kinds', 'X-Backend-Replication: True', 'x_under: 1', 'X.Dot: 2', 'X-Empty:', 'X-Blanks:   3   ',
             'X-High: \xe4', 'rANGE: bytes=0-0', status=206),
    reserved('a line twice', 'X-Backend-Storage-Policy-Index: 0', 'X-Backend-Storage-Policy-Index: 0', status=503),
    reserved('a condition twice', 'If-None-Match: x', 'If-None-Match: ' + ETAG, status=304),
    reserved('many lines', *['X-Line-%d: %s' % (number, 'v' * 100) for number in range(100)], 'Range: bytes=0-1', status=206),
    reserved('long lines', *['X-Line-%d: %s' % (number, 'v' * 8000) for number in range(6)], 'Range: bytes=0-1', status=206),
    reserved('a long path', path=WIRE + 'o' * 7000, status=404),
    reserved('a long path and many lines', *['X-Line-%d: %s' % (number, 'v' * 500) for number in range(90)],
             path=WIRE + 'o' * 7000, status=404),
)
def test_the_reserved_namespace(servers, row):
    play(row, servers)


@table(
    *[Row('GET ' + path, head('/sda1/1/a/c/' + path), status) for path, status in (
        ('%', 404), ('o%', 404), ('%4', 404), ('%zz', 404), ('o%zz?x', 404), ('%2Fo', 404), ('o//', 404), ('o/.', 404),
        ('o/..', 404), ('../../../../../o', 404), ('../../../../../../../o', 404), ('o#x', 404), ('o"\'|\\', 404), ('\xc3\xbc', 404),
        ('\xff', 412), ('%ff', 412), ('o?', 200), ('o?a=%zz', 200), ('o?%00', 200), ('%6f', 200))],
    *[Row('GET ' + path, head(path), status) for path, status in (
        ('/', 400), ('//sda1/1/a/c/o', 400), ('/sda1//1/a/c/o', 400), ('/../sda1/1/a/c/o', 400), ('/./sda1/1/a/c/o', 400),
        ('/sda1/../1/a/c/o', 400), ('/sda1%2F1/a/c/o', 200), ('/sda1/%2E%2E/a/c/o', 400), ('/healthcheck', 400))],
    *[Row(method + ' ' + path, head(path, 'Transfer-Encoding: chunked', method=method), status, body='0\r\n\r\n')
      for method in ('SSYNC', 'REPLICATE') for path, status in (
          ('/sda1/7', 200), ('/sda1/%zz', 200), ('/sda1/%37', 200), ('/sda1%2f7', 200), ('//sda1/7', 400), ('/../sda1/7', 400),
          ('/sda1/..', 400), ('/sda1/%', 200), ('/sda1/7?x', 200), ('/%00', 400), ('/sdb1/%zz', 507))],
    Row('REPLICATE of suffixes with a NUL', head('/sda1/7/abc-%00', method='REPLICATE')),
    Row('REPLICATE of HTTP/1.0', head('/sda1/7', method='REPLICATE', version='HTTP/1.0')),
)
def test_paths(servers, row):
    play(row, servers)


@table(
    *[Row('two ' + name, head('/sda1/1' + PLAIN, *['%s: %s' % (name, value) for value in values]), status)
      for name, values, status in (
          ('If-None-Match', ('x', ETAG), 304), ('If-None-Match', ('x', 'y'), 200), ('If-Match', ('x', ETAG), 200),
          ('If-Match', ('"x"  ', '"y"'), 412), ('If-Modified-Since', ('x', 'y'), 200),
          ('If-Unmodified-Since', ('x', 'y'), 200), ('If-Range', ('x', 'y'), 200), ('if-match', ('x', 'y', '', ETAG), 200),
          ('Range', ('bytes=0-1', 'x'), 200), ('User-Agent', ('x', 'y'), 200), ('X-Timestamp', ('1', '2'), 400))],
    Row('two of two', head('/sda1/1' + PLAIN, 'If-None-Match: x', 'If-Match: a', 'If-None-Match: y', 'If-Match: ' + ETAG)),
    Row('one and a range', head('/sda1/1' + PLAIN, 'If-Match: x', 'If-Match: ' + ETAG, 'Range: bytes=1-2'), 206),
    Row('HEAD', head('/sda1/1' + PLAIN, 'If-None-Match: x', 'If-None-Match: ' + ETAG, method='HEAD'), 304),
    Row('a session', head('/sda1/7', 'Transfer-Encoding: chunked', 'If-None-Match: x', 'If-None-Match: y', method='SSYNC'),
        body='0\r\n\r\n'),
)
def test_headers_that_come_twice(servers, row):
    play(row, servers)


@table(
    *[Row('line ' + repr(line), head('/sda1/1' + PLAIN, line), status) for line, status in (
        ('x_under: 1', 200), ('X.Dot: 1', 200), ('X-Colon:: 1', 200), ('X-Empty:', 200), ('X"Q: 1', 200), ('X-\xff: \xff', 200),
        ('X-Tab:\t1', 200), ('X-Control: \x01', 200), ('X_Backend_Storage_Policy_Index: 9', 503), ('HTTP_RANGE: bytes=0-1', 200),
        ('X.Backend.Storage.Policy.Index: 9', 200), ('rAnGe: bytes=0-1', 206), ('Upgrade: h2c', 200), ('Expect: something', 200),
        ('Accept-Encoding: gzip', 200), ('Content-Length: 0', 200), ('Max-Forwards: 0', 200))],
    Row('120 lines', head('/sda1/1' + PLAIN, *['X-Line-%d: %d' % (number, number) for number in range(120)])),
    Row('50 KB of lines', head('/sda1/1' + PLAIN, *['X-Line-%d: %s' % (number, 'v' * 500) for number in range(100)])),
    *[Row('%s with a body' % method, head('/sda1/1' + ('' if method == 'REPLICATE' else PLAIN), line, method=method), body=body)
      for method in ('GET', 'HEAD', 'REPLICATE')
      for line, body in (('Content-Length: 3', 'abc'), ('Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n'))],
    Row('HTTP/1.2', head('/sda1/1' + PLAIN, version='HTTP/1.2')),
)
def test_lines(servers, row):
    play(row, servers)


# What nginx answers by itself; "What nginx decides" in worker/protocol.md.
@table(
    Row('HTTP/1.1 without Host', 'GET /sda1/1%s HTTP/1.1' % PLAIN, ours=400),
    Row('HTTP/1.1 without Host, reserved', 'GET %s HTTP/1.1' % WIRE, ours=400),
    *[Row('line ' + repr(line), head('/sda1/1' + PLAIN, line), ours=ours) for line, ours in (
        ('Host: h', 400), ('X Blank: 1', 400), ('X-Blank : 1', 400), (': 1', 400), (' folded', 400), ('X-Nul: \0', 400),
        ('Transfer-Encoding: gzip', 501))],
    *[Row('reserved, line ' + repr(line), head(WIRE, line), ours=ours) for line, ours in (
        ('Host: h', 400), ('X Blank: 1', 400), (': 1', 400), (' folded', 400), ('X-Nul: \0', 400), ('Transfer-Encoding: gzip', 501),
        ('If-Match: *\nIf-Match: *\nX Blank: 1', 400), ('If-Match: *\n: 1', 400))],
    Row('a bad Host', 'GET %s HTTP/1.1\nHost: a/b' % WIRE, ours=400),
    Row('two lengths', head('/sda1/1' + PLAIN, 'Content-Length: 0', 'Content-Length: 0'), ours=400),
    Row('two lengths, reserved', head(WIRE, 'Content-Length: 0', 'Content-Length: 0'), ours=400),
    Row('a length and chunks', head(WIRE, 'Content-Length: 3', 'Transfer-Encoding: chunked'), ours=400, body='0\r\n\r\n'),
    Row('a length that is none', head(WIRE, 'Content-Length: x'), 400, status_only=True),
    Row('a control character in the path', head('/sda1/1/a/c/\x01'), 404, ours=400),
    Row('a control character in a reserved path', head(WIRE + '\x01'), 404, ours=400),
    Row('a blank in the path', head('/sda1/1/a/c/o x'), 400, status_only=True),
    Row('a path without a slash', head('sda1/1/a/c/o'), 400, status_only=True),
    Row('an encoded slash before all', head('%2Fsda1/1/a/c/o'), 200, ours=400),
    Row('absolute', head('http://h/sda1/1' + PLAIN), 400, ours=200),
    Row('absolute, reserved', head('http://h' + WIRE), 400, ours=200),
    Row('HTTP/2.0', head(WIRE, version='HTTP/2.0'), 505, status_only=True),
    Row('HTTP/0.9 in words', head(WIRE, version='HTTP/0.9'), ours=400),
    Row('a method in small letters', head(WIRE, method='get'), 405, ours=400),
    Row('TRACE', head('/sda1/1' + PLAIN, method='TRACE'), 405, status_only=True),
    Row('chunks in HTTP/1.0', head('/sda1/7', 'Transfer-Encoding: chunked', method='REPLICATE', version='HTTP/1.0'), ours=400,
        body='0\r\n\r\n'),
    # Swift's bounds are 8 KiB for a line, 64 KiB for all and about 200 lines.
    Row('a line of 9,000 bytes', head('/sda1/1' + PLAIN, 'X-Long: ' + 'v' * 9000), 400, ours=200),
    Row('a path of 9,000 bytes', head(WIRE + 'o' * 9000), 414, ours=404),
    Row('a path of 40,000 bytes', head(WIRE + 'o' * 40000), 414, status_only=True),
    Row('a line of 40,000 bytes', head('/sda1/1' + PLAIN, 'X-Long: ' + 'v' * 40000), 400, status_only=True),
    Row('a line of 40,000 bytes, reserved', head(WIRE, 'X-Long: ' + 'v' * 40000), 400, status_only=True),
    Row('300 lines', head(WIRE, *['X-%d: %d' % (number, number) for number in range(300)]), 431, ours=200),
    Row('1100 lines', head(WIRE, *['X-%d: %d' % (number, number) for number in range(1100)]), 431, ours=400),
    Row('200 KB of lines', head(WIRE, *['X-%d: %s' % (number, 'v' * 2000) for number in range(100)]), 400, status_only=True),
)
def test_what_nginx_decides(servers, row):
    play(row, servers)


def test_a_condition_many_times(servers):
    """Each would be a refusal of its own. Swift's server takes about 200 lines."""
    for path in ('/sda1/1' + PLAIN, WIRE):
        lines = ['If-Match: x'] * 150 + ['If-Match: ' + ETAG]
        play(Row('many', head(path, *lines)), servers)


@pytest.mark.parametrize('pieces', [1, 7, 1000])
def test_a_head_in_pieces(servers, pieces):
    """Each piece is an event of its own to the server, or nearly."""
    lines = ['X-Line-%d: %s' % (number, 'v' * 30 * number) for number in range(12)]
    for text in (head(WIRE, *lines, 'Range: bytes=1-2'),
                 head('/sda1/1' + PLAIN, 'If-Match: x', *lines, 'If-Match: ' + ETAG, 'Range: bytes=1-2')):
        replies = [exchange(server, text, pieces=pieces) for server in servers]
        assert replies[1].code == 206
        assert comparable(replies[0]) == comparable(replies[1])


MIXED = [('GET', WIRE, ()), ('GET', '/sda1/1' + PLAIN, ()), ('HEAD', WIRE, ()), ('GET', WIRE, ['If-None-Match: *']),
         ('GET', WIRE + 'ther', ()), ('GET', '/sda1/1' + PLAIN, ['If-Match: x', 'If-Match: ' + ETAG]),
         ('GET', WIRE, ['X-Long: ' + 'v' * 5000] * 9), ('REPLICATE', '/sda1/7', ()), ('GET', WIRE, ['Range: bytes=0-3'])]


@pytest.mark.parametrize('at_once', [False, True], ids=['one after the other', 'all at once'])
def test_requests_follow_each_other_on_one_connection(servers, at_once):
    found = []
    for server in servers:
        requests = [(head(path, *lines, method=method) + '\n\n').replace('\n', '\r\n').encode() for method, path, lines in MIXED]
        with connected(server.port, timeout=30) as client:
            if at_once:
                client.raw(b''.join(requests))
            replies = []
            for data, (method, _, _) in zip(requests, MIXED):
                if not at_once:
                    client.raw(data)
                reply = client.reply(method != 'HEAD')
                if reply.code == 304 or method == 'HEAD':
                    reply = Reply(reply.status, reply.headers, b'', reply.ended)
                client.received = client.received[len(reply.body):]
                replies.append(comparable(reply))
            assert client.received == b''
        found.append(replies)
    assert [reply[0] for reply in found[1]] == [200, 200, 200, 304, 404, 200, 200, 200, 206]
    assert found[0] == found[1]


def test_a_damaged_object_of_the_reserved_namespace_is_quarantined(servers):
    for server in servers:
        reply = exchange(server, head('/sda1/1/a/%00c/%00damaged'))
        assert (reply.code, reply.body) == (200, BODY)
        assert exchange(server, head('/sda1/1/a/%00c/%00damaged')).code == 404
        assert len(os.listdir(os.path.join(server.tree.device_path, 'quarantined', 'objects'))) == 1


def all_that_comes(server, data, piece):
    """What is answered to these bytes, without what differs from answer to answer; None if that may have been lost."""
    with connected(server.port, timeout=30) as client:
        try:
            for start in range(0, len(data), piece):
                client.raw(data[start:start + piece])
            while part := client.socket.recv(1 << 16):
                client.received += part
        except (BrokenPipeError, ConnectionResetError):
            # nginx has refused the head and closed before it had read all.
            return None
    answer = re.sub(rb'\r\n(Date|X-Trans-Id|X-Openstack-Request-Id): [^\r]*', b'', client.received)
    boundary = re.search(rb'boundary=([0-9a-f]+)', answer)
    return answer.replace(boundary[1], b'<boundary>') if boundary else answer


def test_two_conditions_in_lines_that_a_lf_alone_ends(servers):
    for path in ('/sda1/1' + PLAIN, WIRE):
        data = 'GET %s HTTP/1.1\nHost: h\nConnection: close\nIf-Match: x\nIf-Match: %s\n\n' % (path, ETAG)
        for server in servers:
            assert all_that_comes(server, data.encode(), len(data)).startswith(b'HTTP/1.1 200 '), (server.kind, path)


@pytest.mark.worker_only
def test_random_heads_are_answered_as_with_a_path_that_is_decoded(servers):
    """And no process of nginx dies of them."""
    server, draw = servers[0], random.Random(SEED)
    pids = server.nginx_pids()
    answered = 0
    for number in range(HEADS):
        drawn = mutated_heads.head(draw)
        # However the head is damaged, it and a body that it may declare come to an end.
        resumed, plain = [all_that_comes(server, drawn.of(path.encode()) + b'\r\n\r\n' + LAST_CHUNK, drawn.piece)
                          for path in (WIRE, '/sda1/1' + TWIN)]
        assert None in (resumed, plain) or resumed == plain.replace(b'---', b'%00'), (number, drawn, resumed, plain)
        answered += bool(resumed)
    assert server.nginx_pids() == pids
    assert exchange(server, head(WIRE)).code == 200
    assert answered > HEADS / 2


@pytest.mark.worker_only
def test_the_access_log_says_what_was_asked(servers):
    """Not what became of the request on its way through nginx."""
    server = servers[0]
    marks = {'GET': 'mark-1', 'SSYNC': 'mark-2', 'POST': 'mark-3'}
    exchange(server, head(WIRE, 'X-Trans-Id: mark-1'))
    exchange(server, head('/sda1/%zz', 'X-Trans-Id: mark-2', 'Transfer-Encoding: chunked', method='SSYNC'), '0\r\n\r\n')
    exchange(server, head(WIRE, 'X-Trans-Id: mark-3', method='POST'))
    exchange(server, head('/sda1/7', 'X-Trans-Id: mark-4', 'Transfer-Encoding: chunked', 'Host: again', method='SSYNC'))

    def entries():
        with open(os.path.join(server.run_dir, 'access.log'), encoding='utf-8', errors='replace') as log:
            return {entry['trans_id']: entry for entry in map(json.loads, log) if entry['trans_id'].startswith('mark-')}
    await_condition(lambda: len(entries()) == 4, lambda: entries())
    found = entries()
    for method, mark in marks.items():
        assert found[mark]['method'] == method
        assert found[mark]['upstream_status'] == str(found[mark]['status'])
    assert found['mark-1']['path'] == WIRE and found['mark-1']['device_partition'] == 'sda1/1'
    assert found['mark-1']['bytes_in'] == len(head(WIRE, 'X-Trans-Id: mark-1', 'Connection: close').replace('\n', '\r\n')) + 4
    assert found['mark-3']['status'] == 405
    assert (found['mark-4']['method'], found['mark-4']['status'], found['mark-4']['upstream_status']) == ('SSYNC', 400, '')


def test_a_session_with_a_path_that_cannot_be_decoded(servers):
    """Its body follows the head as in any other."""
    found = []
    for server in servers:
        with connected(server.port, timeout=30) as client:
            client.start(path='/sda1/%zz').read_head()
            client.expect(b'\r\n')
            client.send(b':MISSING_CHECK: START\r\n:MISSING_CHECK: END\r\n')
            assert client.wanted() == []
            client.send(b':UPDATES: START\r\n:UPDATES: END\r\n')
            client.raw(LAST_CHUNK)
            found.append((client.rest(), client.body_ended))
    assert found[0] == found[1] == (b':UPDATES: START\r\n:UPDATES: END\r\n', 'last chunk')


@pytest.mark.worker_only
@pytest.mark.parametrize('sent', ['GET %s HTTP/1.1\r\n', 'GET %s HTTP/1.1\r\nHost: h\r\nX-Ha', 'GET %s HTTP/1.1\r\nHost: h\r\n'],
                         ids=['the line', 'half a header', 'a header'])
@pytest.mark.parametrize('how', ['closes', 'resets'])
def test_a_client_that_goes_within_its_head(servers, sent, how):
    server = servers[0]
    pids = server.nginx_pids()
    with connected(server.port, timeout=30) as client:
        client.raw((sent % WIRE).encode())
        getattr(client, {'closes': 'close', 'resets': 'reset'}[how])()
    assert exchange(server, head(WIRE)).code == 200
    assert server.nginx_pids() == pids


def test_what_the_headers_are_to_the_reconstructor(servers):
    """As it asks, with http.client."""
    found = []
    for server in servers:
        connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=30)
        connection.putrequest('GET', WIRE, skip_host=False)
        for name, value in (('X-Backend-Storage-Policy-Index', str(GOLD)), ('X-Backend-Replication', 'True'),
                            ('X-Backend-Fragment-Preferences', '[]'), ('User-Agent', 'obj-reconstructor 1')):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        found.append((response.status, response.read(), sorted(
            (name.lower(), value) for name, value in response.getheaders() if name.lower() not in TRANSPORT)))
        connection.close()
    assert found[0] == found[1]
    assert found[0][:2] == (200, BODY)
