"""ssync-send: what it sends arrives as if Swift's own sender had sent it, and what goes wrong is told."""
import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import pickle
import pty
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

import fragments
from faults import Faults
from object_kinds import KINDS, T, store
from ports import free_port
from processes import die_with_parent
from scripted_receiver import ACCEPTED, DONE, scripted_receiver
from sender import offered_lines, replicate
from swift_cluster import DEVICE, EC, GOLD, SILVER, DeviceTree, object_hash
from tree import differences, objects_only, read_tree
from worker_server import build_dir

PARTITION = '42'
SIZES = [0, 1, 65535, 65536, 65537, 200000, 3 << 20]
LARGE = 64 << 20
IN_SYNC, REFUSED, MISTAKE, LOST, INTERRUPTED = 0, 1, 2, 3, 130
RECEIVERS = ['worker', 'swift']
_number = itertools.count()


class Result:
    def __init__(self, code, output, errors):
        self.code = code
        self.output = output
        self.errors = errors

    @property
    def json(self):
        return json.loads(self.output)

    def counts(self, *names):
        return tuple(self.json[name] for name in names)

    def __repr__(self):
        return 'exit status %d\n%s%s' % (self.code, self.output, self.errors)


def program():
    return os.path.join(build_dir(), 'ssync-send')


def run(*arguments, environment=None):
    done = subprocess.run([program(), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=300, env={**os.environ, **(environment or {})})
    return Result(done.returncode, done.stdout, done.stderr)


def to(port, device=DEVICE):
    return '127.0.0.1:%d/%s' % (port, device)


@pytest.fixture
def send(swift_dir):
    """Sends a tree's partition; the result."""
    def send(tree, port, *options, policy=GOLD, partition=PARTITION, environment=None):
        return run('--swift-dir', swift_dir, '--device-dir', tree.device_path, '--partition', partition,
                   '--policy', policy, '--json', *options, to(port), environment=environment)
    return send


@pytest.fixture
def load(swift_dir):
    """Sends synthetic objects; the result."""
    def load(port, *options, partition=PARTITION):
        return run('--swift-dir', swift_dir, '--partition', partition, '--json', *options, to(port))
    return load


def new_tree(root, name='source'):
    return DeviceTree(os.path.join(root, '%s-%d' % (name, next(_number))))


def twin_of(tree, root):
    """A copy, for a sender that changes what it sends."""
    twin = os.path.join(root, 'twin-%d' % next(_number))
    shutil.copytree(tree.root, twin)
    return DeviceTree(twin)


def populate(tree):
    """Objects of every kind and size."""
    noise = os.urandom(SIZES[-1] + len(KINDS) * len(SIZES))
    for number, (kind, size) in enumerate(itertools.product(KINDS, SIZES)):
        store(tree, PARTITION, number, kind, noise[number:number + size])
    return len(KINDS) * len(SIZES)


@pytest.fixture(scope='module')
def source(root, swift_dir):
    tree = new_tree(root)
    tree.count = populate(tree)
    return tree


@pytest.mark.parametrize('kind', RECEIVERS)
def test_a_partition_arrives_as_swifts_sender_sends_it(send, source, own, root, kind):
    received, expected = own.new(kind), own.new(kind)
    before = read_tree(source.root)
    result = send(source, received.port)
    assert result.code == IN_SYNC, result
    assert result.counts('offered', 'wanted', 'failed', 'skipped', 'status') == (source.count, source.count, 0, 0, None)
    assert result.counts('put', 'delete') == (source.count - len(SIZES), len(SIZES))
    assert result.json['post'] == 5 * len(SIZES)
    assert result.json['bytes'] == sum(SIZES) * (len(KINDS) - 1)
    assert result.errors == ''
    assert not differences(read_tree(source.root), before)

    outcome = replicate(twin_of(source, root), PARTITION, expected.port, newer=True)
    assert outcome.success, outcome.log
    assert not differences(*[read_tree(server.tree.device_path) for server in (received, expected)])

    again = send(source, received.port)
    assert again.code == IN_SYNC, again
    assert again.counts('offered', 'wanted', 'put', 'post', 'delete', 'bytes') == (source.count, 0, 0, 0, 0, 0)


@pytest.mark.parametrize('kind', RECEIVERS)
def test_a_dry_run_tells_and_changes_nothing(send, source, own, kind):
    server = own.new(kind)
    told = send(source, server.port, '--dry-run')
    assert told.code == IN_SYNC, told
    assert objects_only(read_tree(server.tree.device_path)) == {}
    sent = send(source, server.port)
    names = ('offered', 'wanted', 'put', 'post', 'delete', 'bytes')
    assert told.counts(*names) == sent.counts(*names)
    after = read_tree(server.tree.device_path)
    told = send(source, server.port, '--dry-run')
    assert told.counts(*names) == (source.count, 0, 0, 0, 0, 0)
    assert not differences(read_tree(server.tree.device_path), after)


def test_only_what_differs_is_sent(send, receivers, root):
    tree = new_tree(root)
    server = receivers.get('worker')
    names = ['/a/differs/%d' % number for number in range(6)]
    for name in names:
        tree.put('50', name, T, b'body')
    assert send(tree, server.port, partition='50').json['put'] == 6
    tree.put('50', names[0], T + 1, b'new body')
    tree.post('50', names[1], T + 1, {'X-Object-Meta-A': 'b'})
    tree.delete('50', names[2], T + 1)
    result = send(tree, server.port, partition='50')
    assert result.code == IN_SYNC, result
    assert result.counts('offered', 'wanted', 'put', 'post', 'delete', 'bytes') == (6, 3, 1, 1, 1, 8)
    assert objects_only(read_tree(server.tree.partition_path('50'))) == objects_only(read_tree(tree.partition_path('50')))


def test_suffixes_are_chosen(send, source, receivers):
    names = sorted(name for name in os.listdir(source.partition_path(PARTITION)) if len(name) == 3)[:3]
    result = send(source, receivers.get('worker').port, '--suffix', ','.join(names[:2]), '--suffix', names[2])
    assert result.code == IN_SYNC, result
    received = os.listdir(receivers.get('worker').tree.partition_path(PARTITION))
    assert sorted(name for name in received if len(name) == 3) == names


def test_another_policy(send, receivers, root):
    tree = new_tree(root)
    server = receivers.get('worker')
    tree.put('51', '/a/silver/o', T, b'body', policy=SILVER)
    assert send(tree, server.port, policy=SILVER, partition='51').json['put'] == 1
    assert objects_only(read_tree(server.tree.partition_path('51', SILVER)))


def test_what_is_offered_is_what_swift_offers(send, source, root):
    offered = []

    def script(session):
        offered.extend(session.offers())
        assert session.head[0] == 'SSYNC /sda1/42 HTTP/1.1'
        assert 'X-Backend-Storage-Policy-Index: 0' in session.head
        assert 'Transfer-Encoding: chunked' in session.head
        assert not [line for line in session.head if line.lower().startswith('x-backend-ssync')]
        session.want()
        assert session.updates() == b''
        session.say(DONE)
    with scripted_receiver(script) as port:
        assert send(source, port).code == IN_SYNC
    assert sorted(offered) == sorted(offered_lines(twin_of(source, root), PARTITION))


def test_old_tombstones_are_not_offered(send, root):
    tree = new_tree(root)
    directory = os.path.join(tree.partition_path(PARTITION), 'abc', '0' * 29 + 'abc')
    os.makedirs(directory)
    with open(os.path.join(directory, '%d.00000.ts' % (T - 604800)), 'wb'):
        pass

    def nothing(session):
        assert session.offers() == []
        session.want()
        session.updates()
        session.say(DONE)

    def one(session):
        assert len(session.offers()) == 1
        session.want()
        session.updates()
        session.say(DONE)
    for script, options in ((nothing, ()), (one, ('--reclaim-age', 1000000))):
        with scripted_receiver(script) as port:
            assert send(tree, port, *options).code == IN_SYNC
    assert os.listdir(directory)


# Erasure coding

@pytest.fixture(scope='module')
def fragment_source(root, swift_dir):
    """Fragments 1 and 2 of objects on one device: durable, undecided, undecided and newer than a durable one, gone."""
    tree = new_tree(root)
    only_one = [None, tree, None]
    both = [None, tree, tree]
    body = os.urandom(3 << 20)
    fragments.store(both, PARTITION, '/a/ec/durable', T, body)
    fragments.store(both, PARTITION, '/a/ec/small', T, b'small')
    fragments.store(only_one, PARTITION, '/a/ec/undecided', T, body, durable=False)
    fragments.store(both, PARTITION, '/a/ec/newer', T, b'old')
    fragments.store(only_one, PARTITION, '/a/ec/newer', T + 10, b'new', durable=False)
    fragments.store([None, None, tree], PARTITION, '/a/ec/other index', T, body)
    fragments.store(only_one, PARTITION, '/a/ec/posted', T, b'posted')
    tree.post(PARTITION, '/a/ec/posted', T + 5, {'X-Object-Meta-A': 'b'}, EC)
    tree.delete(PARTITION, '/a/ec/deleted', T, EC)
    return tree


@pytest.mark.parametrize('kind', RECEIVERS)
@pytest.mark.parametrize('index', [1, 2])
def test_fragments_arrive_as_the_reconstructor_sends_them(send, fragment_source, own, root, kind, index):
    received, expected = own.new(kind), own.new(kind)
    before = read_tree(fragment_source.root)
    result = send(fragment_source, received.port, '--frag-index', index, policy=EC)
    assert result.code == IN_SYNC, result
    assert result.json['failed'] == 0
    assert not differences(read_tree(fragment_source.root), before)
    outcome = replicate(twin_of(fragment_source, root), PARTITION, expected.port, EC, fragment=index,
                        include_non_durable=True)
    assert outcome.success, outcome.log
    trees = [read_tree(server.tree.device_path) for server in (received, expected)]
    assert objects_only(trees[0])
    assert not differences(*trees)
    again = send(fragment_source, received.port, '--frag-index', index, policy=EC)
    assert again.counts('offered', 'wanted') == (result.json['offered'], 0)


@pytest.mark.parametrize('accepts', [True, False])
def test_fragments_that_are_not_durable_are_for_receivers_that_know_them(send, fragment_source, accepts):
    answer = ACCEPTED if accepts else ACCEPTED.replace(b'X-Backend-Accept-No-Commit: True\r\n', b'')
    newer = object_hash('/a/ec/newer').encode()

    def script(session):
        head = session.read_head()
        assert 'X-Backend-Ssync-Frag-Index: 1' in head and 'X-Backend-Ssync-Node-Index: 1' in head
        session.send(answer)
        lines = session.read_until(b':MISSING_CHECK: END\r\n').split(b'\r\n')[1:-2]
        undecided = {line.split()[0] for line in lines if line.endswith(b' durable:False')}
        assert (newer in undecided) == accepts
        assert (object_hash('/a/ec/undecided').encode() in undecided) == accepts
        assert newer in {line.split()[0] for line in lines}
        session.want(newer + b' d')
        put = session.updates()
        assert (b'X-Backend-No-Commit: True\r\n' in put) == accepts
        assert b'X-Timestamp: %d.00000\r\n' % (T + 10 if accepts else T) in put
        session.say(DONE)
    with scripted_receiver(script) as port:
        result = send(fragment_source, port, '--frag-index', 1, policy=EC)
    assert result.code == IN_SYNC, result
    assert ('not durable' in result.errors) != accepts


# What is wrong with the source

def data_file(tree, name, partition=PARTITION):
    directory = tree.hash_path(partition, name)
    found, = os.listdir(directory)
    return os.path.join(directory, found)


def truncate(path):
    os.truncate(path, 1)


def spoil_checksum(path):
    os.setxattr(path, 'user.swift.metadata_checksum', b'0' * 32)


def remove_metadata(path):
    os.removexattr(path, 'user.swift.metadata')


def spoil_bytes(path):
    with open(path, 'r+b') as file:
        file.write(b'spoiled')


def change_metadata(path, name, value):
    metadata = pickle.loads(os.getxattr(path, 'user.swift.metadata'), encoding='bytes')
    metadata[name] = value
    blob = pickle.dumps(metadata, protocol=2)
    os.setxattr(path, 'user.swift.metadata', blob)
    os.setxattr(path, 'user.swift.metadata_checksum', hashlib.md5(blob).hexdigest().encode())


def name_another(path):
    """The metadata of an object that belongs elsewhere."""
    change_metadata(path, b'name', b'/a/c/another')


def make_a_file_of_its_directory(path):
    directory = os.path.dirname(path)
    shutil.rmtree(directory)
    with open(directory, 'wb'):
        pass


def forge_a_header(path):
    change_metadata(path, b'X-Object-Meta-A', b'x\r\n\r\nDELETE /a/bad/good')


@pytest.mark.parametrize('damage', [truncate, spoil_checksum, remove_metadata, spoil_bytes, name_another, forge_a_header,
                                    make_a_file_of_its_directory], ids=lambda damage: damage.__name__)
def test_a_damaged_object_is_told_and_the_others_arrive(send, root, receivers, damage):
    tree = new_tree(root)
    server = receivers.get('worker')
    partition_path = server.tree.partition_path(PARTITION)
    shutil.rmtree(partition_path, ignore_errors=True)
    for name in ('/a/bad/bad', '/a/bad/good', '/a/bad/better'):
        tree.put(PARTITION, name, T, b'some bytes')
    damage(data_file(tree, '/a/bad/bad'))
    before = read_tree(tree.root)
    result = send(tree, server.port)
    assert result.code == REFUSED, result
    assert result.counts('put', 'failed', 'status') == (2, 1, None)
    assert object_hash('/a/bad/bad') in result.errors
    assert not differences(read_tree(tree.root), before)
    assert len(objects_only(read_tree(partition_path))) == 2


@pytest.mark.parametrize('kind', RECEIVERS)
def test_damage_that_shows_in_the_middle_of_a_body_is_refused_by_the_receiver(send, root, receivers, kind):
    tree = new_tree(root)
    server = receivers.get(kind)
    for name in ('/a/large/bad', '/a/large/good', '/a/large/better'):
        tree.put('60', name, T, b'x' * 300000)
    spoil_bytes(data_file(tree, '/a/large/bad', '60'))
    result = send(tree, server.port, partition='60')
    assert result.code == REFUSED, result
    assert result.counts('put', 'failed') == (3, 1)
    assert '1 failures to 2 successes' in result.json['status']
    assert object_hash('/a/large/bad') in result.errors
    received = objects_only(read_tree(server.tree.partition_path('60')))
    assert len(received) == 2 and not any(object_hash('/a/large/bad') in path for path in received)


def test_an_object_that_shrinks_while_it_is_sent_is_filled_up(send, root):
    tree = new_tree(root)
    body = os.urandom(1 << 20) * (LARGE >> 20)
    tree.put(PARTITION, '/a/c/shrinks', T, body)
    tree.put(PARTITION, '/a/c/stays', T, b'stays')

    def script(session):
        offered = [line.split()[0] for line in session.offers()]
        first = object_hash('/a/c/shrinks').encode()
        session.want(*[digest + b' d' for digest in offered])
        begin = session.read_until(b'PUT /a/c/shrinks\r\n')
        session.read_until(b'\r\n\r\n')
        # What sockets hold of 64 MiB is far less than half of it.
        os.truncate(data_file(tree, '/a/c/shrinks'), LARGE // 2)
        received = session.take(LARGE)
        assert received[:LARGE // 2] == body[:LARGE // 2]
        assert received[LARGE // 2:] == bytes(LARGE // 2)
        rest = begin + session.read_until(b':UPDATES: END\r\n')
        assert b'PUT /a/c/stays\r\n' in rest
        assert first in offered
        session.say(b":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 1 successes'\n")
    with scripted_receiver(script) as port:
        result = send(tree, port)
    assert result.code == REFUSED, result
    assert result.json['failed'] == 1


def test_what_vanishes_is_skipped(send, root):
    tree, later = new_tree(root), new_tree(root)
    names = ['/a/c/gone', '/a/c/stays', '/a/c/deleted']
    for name in names:
        tree.put(PARTITION, name, T, b'body')
    later.delete(PARTITION, '/a/c/deleted', T + 1)

    def script(session):
        session.offers()
        for name in ('/a/c/gone', '/a/c/deleted'):
            shutil.rmtree(tree.hash_path(PARTITION, name))
        os.rename(later.hash_path(PARTITION, '/a/c/deleted'), tree.hash_path(PARTITION, '/a/c/deleted'))
        session.want(*[object_hash(name).encode() + b' dm' for name in names])
        updates = session.updates()
        assert b'PUT /a/c/stays\r\n' in updates and b'gone' not in updates
        assert b'DELETE /a/c/deleted\r\nX-Timestamp: %d.00000\r\n\r\n' % (T + 1) in updates
        session.say(DONE)
    with scripted_receiver(script) as port:
        result = send(tree, port)
    assert result.code == IN_SYNC, result
    assert result.counts('wanted', 'put', 'post', 'delete', 'skipped', 'failed') == (3, 1, 0, 1, 1, 0)


@pytest.mark.parametrize('operation, pattern', [('list', '*{hash}'), ('open', '*{hash}/*'), ('read', '*{hash}/*'),
                                                ('getxattr', '*{hash}/*'), ('list', '*/{suffix}')])
def test_a_disk_that_fails(send, root, receivers, operation, pattern):
    tree = new_tree(root)
    server = receivers.get('worker')
    shutil.rmtree(server.tree.partition_path(PARTITION), ignore_errors=True)
    for name in ('/a/eio/bad', '/a/eio/good'):
        tree.put(PARTITION, name, T, b'some bytes')
    digest = object_hash('/a/eio/bad')
    faults = Faults(os.path.join(tree.root, 'faults'), tree.device_path)
    faults.set([(operation, 'EIO', pattern.format(hash=digest, suffix=digest[-3:]))])
    result = send(tree, server.port, environment=faults.environment)
    assert faults.hits()
    assert result.code == REFUSED, result
    assert result.counts('put', 'failed') == (1, 1)
    assert digest[-3:] in result.errors
    assert len(objects_only(read_tree(server.tree.partition_path(PARTITION)))) == 1


# What is wrong with the receiver

SOME = ('--synthetic', 10)


def test_a_receiver_that_is_not_there(load):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        result = load(probe.getsockname()[1], *SOME)
    assert result.code == LOST, result
    assert 'Connection refused' in result.json['status'] and 'Connection refused' in result.errors


@pytest.mark.parametrize('kind', RECEIVERS)
def test_an_error_status_is_told_in_the_receivers_words(swift_dir, receivers, kind):
    server = receivers.get(kind)
    result = run('--swift-dir', swift_dir, '--partition', 1, *SOME, to(server.port, 'nosuch'))
    assert result.code == REFUSED, result
    assert 'the receiver answered 507 Insufficient Storage: ' in result.errors
    assert 'Drive: nosuch' in result.errors


@pytest.mark.parametrize('kind', RECEIVERS)
def test_a_receiver_that_is_busy(load, own, kind):
    server = own.new(kind, {'replication_concurrency_per_device': '1', 'replication_lock_timeout': '1'})
    with open(os.path.join(server.tree.device_path, '.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = load(server.port, '--synthetic', 200000)
    assert result.code == REFUSED, result
    assert result.json['status'].startswith(':ERROR: 0 ') and '.lock' in result.json['status']


def head(status, *headers, body=b''):
    return ('HTTP/1.1 %s\r\n' % status + ''.join(line + '\r\n' for line in headers)).encode() + b'\r\n' + body


ANSWERS = {
    'no HTTP': (b'220 mail.example.org ESMTP\r\n\r\n', REFUSED, 'response is not HTTP'),
    'no status': (b'HTTP/1.1 ab OK\r\n\r\n', REFUSED, 'response is not HTTP'),
    'nothing': (b'', LOST, 'closed the connection before sending a response'),
    'half a head': (b'HTTP/1.1 200 OK\r\nServer: x', LOST, 'closed the connection'),
    'an endless head': (b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 20000, REFUSED, 'response headers are too long'),
    'an unknown encoding': (head('200 OK', 'Transfer-Encoding: gzip'), REFUSED, 'gzip'),
    'an invalid length': (head('200 OK', 'Content-Length: -1'), REFUSED, 'Content-Length'),
    'a bad gateway': (head('502 Bad Gateway', 'Content-Length: 26', body=b'<html>\r\n<h1>Bad</h1>\r\n no'), REFUSED,
                      'answered 502 Bad Gateway: Bad no'),
    'a redirection': (head('301', 'Content-Length: 0'), REFUSED, 'answered 301'),
    'no slot': (ACCEPTED + b"18\r\n:ERROR: 503 b'too many'\n\r\n", REFUSED, ":ERROR: 503 b'too many'"),
    'no slot, not chunked': (head('200 OK', body=b'\r\n:ERROR: 503 x\n'), REFUSED, ':ERROR: 503 x'),
    'no slot, cut': (head('200 OK', body=b'\r\n:ERROR: 503 x'), REFUSED, ':ERROR: 503 x'),
    'a chunk without a size': (ACCEPTED + b'zz\r\n', REFUSED, 'invalid chunk size in response'),
    'a chunk that is too long': (ACCEPTED + b'2\r\nabcd\r\n', REFUSED, 'missing line end after a chunk'),
    'an endless size': (ACCEPTED + b'0' * 5000, REFUSED, 'too long'),
    'an early end': (ACCEPTED + b'0\r\n\r\n', LOST, 'closed the connection'),
    'other words': (head('200 OK', body=b'hello\r\n'), REFUSED, "unexpected response b'hello'"),
    'the wrong phase': (head('200 OK', body=DONE), REFUSED, "unexpected response b':UPDATES: START'"),
    'an endless line': (head('200 OK', body=b'x' * 100000), REFUSED, 'line from the receiver is too long'),
}
# Else it would be a matter of luck whether the sender notices the end first.
NOT_CLOSED = ('other words', 'the wrong phase', 'an endless line')


@pytest.mark.parametrize('case', ANSWERS)
def test_answers_that_are_none(load, case):
    answer, code, words = ANSWERS[case]

    def script(session):
        session.read_head()
        with contextlib.suppress(ConnectionError):
            session.send(answer)
            if case not in NOT_CLOSED:
                session.socket.shutdown(socket.SHUT_WR)
            while session.socket.recv(1 << 16):
                pass
    with scripted_receiver(script) as port:
        result = load(port, *SOME)
    assert result.code == code, result
    assert words in result.json['status']
    assert words in result.errors


@pytest.mark.parametrize('line', [b'0' * 32 + b' d', b'x', b'../../../etc/passwd d', b'\xff\x00 d', b'd'])
def test_what_was_not_offered_is_not_sent(load, line):
    def script(session):
        session.offers()
        session.want(line)
        assert session.socket.recv(1 << 16) == b''
    with scripted_receiver(script) as port:
        result = load(port, *SOME)
    assert result.code == REFUSED, result
    assert 'wants an object that was not offered' in result.json['status']
    assert result.json['put'] == 0


def test_wanted_lines_of_other_receivers(load):
    """Without parts, with others that are not known, twice, in another order: each object is sent once."""
    def script(session):
        hashes = [line.split()[0] for line in session.offers()]
        session.want(hashes[3], hashes[1] + b' dx', hashes[1] + b' m', hashes[0] + b' m', b'', hashes[2] + b' q more')
        updates = session.updates()
        assert re.findall(rb'PUT \S+/(o\d)\r\n', updates) == [b'o1', b'o2', b'o3']
        session.say(DONE)
    with scripted_receiver(script) as port:
        result = load(port, *SOME)
    assert result.code == IN_SYNC, result
    assert result.counts('wanted', 'put') == (4, 3)


def test_a_receiver_that_answers_line_by_line(load):
    """It stops reading while its responses are not read: a sender that only writes would hang forever."""
    count = 300000

    def script(session):
        session.read_head()
        session.send(ACCEPTED)
        session.say(b':MISSING_CHECK: START\r\n')
        session.read_until(b':MISSING_CHECK: START\r\n')
        line = session.read_until(b'\r\n')
        while line != b':MISSING_CHECK: END\r\n':
            session.say(line.split()[0] + b' d\r\n')
            line = session.read_until(b'\r\n')
        session.say(b':MISSING_CHECK: END\r\n')
        assert session.updates().count(b'PUT ') == count
        session.say(DONE)
    with scripted_receiver(script) as port:
        result = load(port, '--synthetic', count, '--size', 0)
    assert result.code == IN_SYNC, result
    assert result.counts('offered', 'wanted', 'put') == (count, count, count)


def want_all(session):
    session.want(*[line.split()[0] + b' d' for line in session.offers()])


def test_an_error_in_the_middle_of_the_updates_is_heard(load):
    def script(session):
        want_all(session)
        session.read_until(b'PUT ')
        session.say(b":ERROR: 0 'Too many 100 failures to 7 successes'\n")
        # Closing with data unread resets the connection.
    with scripted_receiver(script) as port:
        result = load(port, '--synthetic', 20, '--size', '20M')
    assert result.code == REFUSED, result
    assert result.json['status'] == ":ERROR: 0 'Too many 100 failures to 7 successes'"
    assert result.json['failed'] == 100
    assert result.json['put'] < 20


@pytest.mark.parametrize('reset', [True, False])
def test_a_receiver_that_goes_without_a_word(load, reset):
    def script(session):
        want_all(session)
        session.read_until(b'PUT ')
        if not reset:
            session.socket.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while session.socket.recv(1 << 16):
                    pass
    with scripted_receiver(script) as port:
        result = load(port, '--synthetic', 20, '--size', '20M')
    assert result.code == LOST, result
    assert '127.0.0.1' in result.json['status']


def test_a_receiver_that_takes_nothing(load):
    def script(session):
        want_all(session)
        # Until the sender has had enough.
        while session.socket.recv(1, socket.MSG_PEEK) and not ended.is_set():
            ended.wait(0.05)
    ended = threading.Event()
    with scripted_receiver(script) as port:
        result = load(port, '--synthetic', 2, '--size', LARGE, '--timeout', '0.5')
        ended.set()
    assert result.code == LOST, result
    assert 'timed out: accepted no data for 0.5 seconds' in result.json['status']


@pytest.mark.parametrize('silent_at', ['head', 'missing check', 'updates'])
def test_a_receiver_that_is_silent(load, silent_at):
    def script(session):
        if silent_at != 'head':
            lines = session.offers()
            if silent_at == 'updates':
                session.want(lines[0].split()[0])
        with contextlib.suppress(ConnectionError):
            while session.socket.recv(1 << 16):
                pass
    with scripted_receiver(script) as port:
        result = load(port, *SOME, '--timeout', '0.5')
    assert result.code == LOST, result
    assert 'timed out: sent nothing for 0.5 seconds' in result.json['status']


# The command

@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('at', ['missing check', 'updates'])
def test_a_signal_ends_it_with_a_report(swift_dir, number, at):
    reached, ended = threading.Event(), threading.Event()

    def script(session):
        if at == 'updates':
            want_all(session)
            session.read_until(b'PUT ')
        else:
            session.offers()
        reached.set()
        assert ended.wait(60)
    with scripted_receiver(script) as port:
        process = subprocess.Popen(
            [program(), '--swift-dir', swift_dir, '--partition', '1', '--json', '--synthetic', '20', '--size', '20M', to(port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent)
        assert reached.wait(60)
        process.send_signal(number)
        result = Result(process.wait(60), *process.communicate())
        ended.set()
    assert result.code == INTERRUPTED, result
    assert number.name in result.json['status']
    assert result.json['offered'] == 20


MISTAKES = {
    'nothing': ([], 'receiver'),
    'no receiver': (['--synthetic', '1', '--partition', '1'], 'receiver'),
    'no partition': (['--synthetic', '1', 'h:1/d'], '--partition'),
    'no objects': (['--partition', '1', 'h:1/d'], 'either --device-dir or --synthetic'),
    'two kinds of objects': (['--partition', '1', '--synthetic', '1', '--device-dir', '/', 'h:1/d'], 'either --device-dir'),
    'an invalid partition': (['--partition', '../1', '--synthetic', '1', 'h:1/d'], 'not a partition number'),
    'an invalid suffix': (['--partition', '1', '--device-dir', '/', '--suffix', 'abc,XYZ', 'h:1/d'], "'XYZ'"),
    'a receiver without a device': (['--partition', '1', '--synthetic', '1', 'h:1'], 'missing device'),
    'a receiver without a port': (['--partition', '1', '--synthetic', '1', 'h/d'], 'no valid port'),
    'a receiver with a bad port': (['--partition', '1', '--synthetic', '1', 'h:99999/d'], 'no valid port'),
    'a receiver with a path': (['--partition', '1', '--synthetic', '1', 'h:1/d/2'], 'cannot contain a slash'),
    'a receiver without a host': (['--partition', '1', '--synthetic', '1', ':1/d'], 'missing host'),
    'a bare IPv6 address': (['--partition', '1', '--synthetic', '1', '::1:6200/d'], 'brackets'),
    'an unknown policy': (['--partition', '1', '--synthetic', '1', '--policy', '9', 'h:1/d'], 'no such policy'),
    'no fragment': (['--partition', '1', '--synthetic', '1', '--policy', str(EC), 'h:1/d'], '--frag-index (0 to 2)'),
    'a fragment too far': (['--partition', '1', '--synthetic', '1', '--policy', str(EC), '--frag-index', '3', 'h:1/d'],
                           'fragments 0 to 2'),
    'a fragment of nothing': (['--partition', '1', '--synthetic', '1', '--frag-index', '0', 'h:1/d'], 'not erasure-coded'),
    'a partition that is not there': (['--partition', '1', '--device-dir', '/nonexistent', 'h:1/d'],
                                      '/nonexistent/objects/1'),
    'an invalid size': (['--partition', '1', '--synthetic', '1', '--size', 'big', 'h:1/d'], 'big'),
    'an invalid limit': (['--partition', '1', '--synthetic', '1', '--bandwidth-limit', '-5', 'h:1/d'], 'bandwidth-limit'),
    'an invalid time': (['--partition', '1', '--synthetic', '1', '--timestamp', 'now', 'h:1/d'], '--timestamp'),
    'a time too late': (['--partition', '1', '--synthetic', '1', '--timestamp', '9999999999.99999', 'h:1/d'], '--timestamp'),
    'a timeout of nothing': (['--partition', '1', '--synthetic', '1', '--timeout', '0', 'h:1/d'], '--timeout'),
    'an unknown option': (['--partition', '1', '--synthetic', '1', '--delete', 'h:1/d'], '--delete'),
}


@pytest.mark.parametrize('case', MISTAKES)
def test_mistakes_are_named(swift_dir, case):
    arguments, words = MISTAKES[case]
    result = run('--swift-dir', swift_dir, *arguments)
    assert result.code == MISTAKE, result
    assert words in result.errors
    assert result.output == ''
    assert len(result.errors.splitlines()) <= 2


def test_no_swift_conf(root):
    result = run('--swift-dir', os.path.join(root, 'nosuch'), '--partition', 1, '--synthetic', 1, 'h:1/d')
    assert result.code == MISTAKE, result
    assert 'nosuch/swift.conf' in result.errors


def test_help_and_version():
    for option in ('--help', '--version'):
        result = run(option)
        assert result.code == 0 and result.output and not result.errors
    assert 'Exit status' in run('--help').output


def test_one_line_for_people(swift_dir, receivers):
    server = receivers.get('worker')
    arguments = ['--swift-dir', swift_dir, '--partition', 70, '--synthetic', 3, to(server.port)]
    dry, first, second = run('--dry-run', *arguments), run(*arguments), run(*arguments)
    assert dry.output.startswith('3 offered, 0 in sync, 3 wanted; to send: 3 PUT, 0 POST, 0 DELETE, 12.0 KiB; ')
    assert first.output.startswith('3 offered, 0 in sync, 3 wanted; sent: 3 PUT, 0 POST, 0 DELETE, 12.0 KiB; ')
    assert second.output.startswith('3 offered, 3 in sync, 0 wanted; sent: 0 PUT, 0 POST, 0 DELETE, 0 bytes; ')
    assert [len(result.output.splitlines()) for result in (dry, first, second)] == [1, 1, 1]


def test_progress_is_for_terminals(swift_dir, receivers):
    server = receivers.get('worker')
    ours, theirs = pty.openpty()
    with os.fdopen(ours, 'rb', buffering=0) as terminal:
        with os.fdopen(theirs, 'wb') as errors:
            subprocess.run([program(), '--swift-dir', swift_dir, '--partition', '71', '--synthetic', '3', to(server.port)],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, timeout=60, check=True)
        shown = b''
        # A terminal gives its output in pieces, and an error once nobody has it open.
        with contextlib.suppress(OSError):
            while piece := terminal.read(1 << 16):
                shown += piece
    assert b'missing check' in shown and b'updates' in shown
    assert shown.endswith(b'\r\x1b[K')


def test_a_limited_session_arrives_whole(load, receivers):
    server = receivers.get('worker')
    result = load(server.port, '--synthetic', 3, '--size', 100000, '--bandwidth-limit', '4M', partition='72')
    assert result.code == IN_SYNC, result
    files = objects_only(read_tree(server.tree.partition_path('72')))
    assert [size for size, _, _ in files.values()] == [100000] * 3


def test_ipv6(swift_dir):
    try:
        with socket.socket(socket.AF_INET6) as listening:
            listening.bind(('::1', 0))
    except OSError:
        pytest.skip('no IPv6 here')
    port = free_port()
    result = run('--swift-dir', swift_dir, '--partition', 1, *SOME, '[::1]:%d/sda1' % port)
    assert result.code == LOST, result
    assert '[::1]:%d' % port in result.errors


# Synthetic objects

@pytest.mark.parametrize('kind', RECEIVERS)
def test_synthetic_objects(load, receivers, kind):
    server = receivers.get(kind)
    options = ['--synthetic', 20, '--synthetic-first', 100, '--size', '5K', '--timestamp', T]
    result = load(server.port, *options, partition='80')
    assert result.code == IN_SYNC, result
    assert result.counts('offered', 'wanted', 'put', 'bytes') == (20, 20, 20, 20 * 5120)
    stored = objects_only(read_tree(server.tree.partition_path('80')))
    expected = set()
    for number in range(100, 120):
        digest = object_hash('/AUTH_ssync-send/synthetic/o%d' % number)
        expected.add('%s/%s/%d.%05d.data' % (digest[-3:], digest, T, number))
    assert set(stored) == expected
    for size, md5, metadata in stored.values():
        assert (size, md5.encode()) == (5120, metadata[b'ETag'])

    assert load(server.port, *options, partition='80').json['wanted'] == 0
    result = load(server.port, *options, '--newer-every', 5, partition='80')
    assert result.counts('wanted', 'put') == (4, 4)
    newer = set(objects_only(read_tree(server.tree.partition_path('80')))) - expected
    assert {path.rsplit('/')[-1] for path in newer} == {'%d.%05d.data' % (T + 1, number) for number in range(100, 120, 5)}
    assert load(server.port, *options, '--newer-every', 5, partition='80').json['wanted'] == 0


@pytest.mark.parametrize('kind', RECEIVERS)
@pytest.mark.parametrize('size', [0, 10, 1 << 20, (2 << 20) + 12345])
def test_synthetic_fragments_are_whole(load, root, own, kind, size):
    """Any two of the three decode to an object with the declared ETag and length."""
    from swift.common.storage_policy import POLICIES
    server = own.new(kind)
    archives, told = [], []
    for index in (0, 2):
        options = ['--synthetic', 2, '--size', size, '--policy', EC, '--frag-index', index]
        result = load(server.port, *options, partition=str(90 + index))
        assert result.code == IN_SYNC, result
        assert load(server.port, *options, partition=str(90 + index)).json['wanted'] == 0
        with server.tree.diskfile(90 + index, '/AUTH_ssync-send/synthetic/o1', EC, frag_index=index).open() as diskfile:
            metadata = diskfile.get_metadata()
            archives.append(b''.join(diskfile.reader()))
        assert not os.path.exists(os.path.join(server.tree.device_path, 'quarantined'))
        assert metadata['ETag'] == hashlib.md5(archives[-1]).hexdigest()
        assert metadata['X-Object-Sysmeta-Ec-Frag-Index'] == str(index)
        told.append({name: value for name, value in metadata.items()
                     if name.startswith('X-Object-Sysmeta-Ec') and not name.endswith('Index')})
    policy = POLICIES[EC]
    whole = b''
    for at in range(0, len(archives[0]), policy.fragment_size):
        whole += policy.pyeclib_driver.decode([archive[at:at + policy.fragment_size] for archive in archives])
    assert told[0] == told[1] == {
        'X-Object-Sysmeta-Ec-Content-Length': str(size), 'X-Object-Sysmeta-Ec-Etag': hashlib.md5(whole).hexdigest(),
        'X-Object-Sysmeta-Ec-Scheme': policy.ec_scheme_description,
        'X-Object-Sysmeta-Ec-Segment-Size': str(policy.ec_segment_size)}
    assert len(whole) == size


def test_a_synthetic_dry_run_sends_nothing(load, receivers):
    server = receivers.get('worker')
    result = load(server.port, '--synthetic', 5, '--dry-run', partition='95')
    assert result.counts('offered', 'wanted', 'put', 'bytes', 'dry_run') == (5, 5, 5, 5 * 4096, True)
    assert objects_only(read_tree(server.tree.partition_path('95'))) == {}
