"""What REPLICATE, GET and HEAD answer: the rows of tests/swift-behaviours.md about them."""
import hashlib
import os
import pickle

import pytest

import tree as device_tree
from pair import BODY, HASH, NAME, Pair, at, changed, contents, listing, stored
from replicate_request import replicate
from swift_cluster import DEVICE, EC
from wire import connected

DATA = at(0) + '.data'
WRONG = '0' * 32


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def made(*names):
    """Empty files of a partition by their paths; a directory's ends with a slash."""
    def setup(pair, server):
        os.makedirs(pair.path(server), exist_ok=True)
        for name in names:
            os.makedirs(os.path.dirname(pair.path(server, name)), exist_ok=True)
            if not name.endswith('/'):
                open(pair.path(server, name), 'w').close()
    return setup


def hashes_file(value):
    def setup(pair, server):
        with open(pair.path(server, 'hashes.pkl'), 'wb') as file:
            pickle.dump(value, file, protocol=2)
    return setup


ABC, DEF = 'abc/%sabc/%s' % ('0' * 29, DATA), 'def/%sdef/%s' % ('0' * 29, DATA)
RIGHT = {'abc': md5(DATA), 'def': md5(DATA)}


def test_replicate_with_suffixes_only_invalidates(receivers):
    """27: Its answer is a pickled None, and hashes.pkl stays as it is."""
    with Pair(receivers) as pair:
        pair.store(made(ABC, DEF), hashes_file({'abc': WRONG, 'def': WRONG, 'valid': True, 'updated': 1.5}))
        before = [contents(pair.path(server, 'hashes.pkl')) for server in pair.servers]
        pair.expect(lambda server: replicate(server, pair.partition, 'abc-123').body, b'\x80\x02N.')
        pair.invalid('abc', '123')
        assert [contents(pair.path(server, 'hashes.pkl')) for server in pair.servers] == before
        assert pair.replicate() == {'abc': md5(DATA), 'def': WRONG}


def test_replicate_with_suffixes_makes_the_partition(receivers):
    """27: With .lock and hashes.invalid, unless none of the suffixes is one."""
    with Pair(receivers) as pair:
        pair.expect(lambda server: replicate(server, pair.partition, 'xyz-ABC-abcd').body, b'\x80\x02N.')
        pair.expect(lambda server: listing(pair.path(server)), None)
        pair.expect(lambda server: replicate(server, pair.partition, 'xyz-abc').body, b'\x80\x02N.')
        pair.expect(lambda server: listing(pair.path(server)), ['.lock', 'hashes.invalid'])
        pair.invalid('abc')


def test_replicate_of_no_partition_makes_nothing(receivers):
    """27: It answers with an empty dictionary."""
    with Pair(receivers) as pair:
        assert pair.replicate() == {}
        pair.expect(lambda server: listing(pair.path(server)), None)


def test_a_valid_hashes_file_is_trusted(receivers):
    """28: Wrong values are returned and a suffix that is not listed omitted, until it is invalidated."""
    with Pair(receivers) as pair:
        pair.store(made(ABC, DEF), hashes_file({'abc': WRONG, 'valid': True, 'updated': 1.5}))
        assert pair.replicate() == {'abc': WRONG}
        replicate_both(pair, 'def')
        assert pair.replicate() == {'abc': WRONG, 'def': md5(DATA)}
        replicate_both(pair, 'abc')
        assert pair.replicate() == RIGHT


def replicate_both(pair, suffixes):
    pair.expect(lambda server: replicate(server, pair.partition, suffixes).code, 200)


@pytest.mark.parametrize('hashes', [{'abc': WRONG, 'xyz': WRONG, 'valid': True, 'updated': 1.5},
                                    {'abc': WRONG, 'abcd': WRONG, 'valid': True}, {'abc': WRONG, 1: WRONG, 'valid': True},
                                    {'abc': WRONG, 'valid': False, 'updated': 1.5}],
                         ids=['key of other letters', 'key too long', 'key of a number', 'valid is False'])
def test_a_hashes_file_that_is_not_valid_is_made_anew(receivers, hashes):
    """28: All suffixes are hashed."""
    with Pair(receivers) as pair:
        pair.store(made(ABC, DEF), hashes_file(hashes))
        assert pair.replicate() == RIGHT


def test_hashes_of_an_erasure_coding_policy_are_dictionaries(receivers):
    """29: Of None, for what has no index, and of fragment indexes as integers."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(stored(fragment=0), stored(fragment=2), stored(1, fragment=2, durable=False))
        assert pair.replicate() == {HASH(NAME)[-3:]: {
            None: md5(at(0) + '.durable'), 0: md5(at(0)), 2: md5(at(1) + at(0))}}


def test_any_directory_of_three_characters_is_taken_for_a_suffix(receivers):
    """29: Whatever the characters; others are not."""
    with Pair(receivers) as pair:
        pair.store(made('xyz/junk/' + DATA, 'abcd/junk/' + DATA, 'ab/junk/' + DATA))
        assert pair.replicate() == {'xyz': md5(DATA)}


def test_emptied_suffixes_are_removed(receivers):
    """29: When they are hashed, with the hash directories that were emptied."""
    with Pair(receivers) as pair:
        pair.store(made('abc/', 'xyz/', 'def/%sdef/' % ('0' * 29), '123/%s123/%s.ts' % ('0' * 29, at(-8 * 86400))))
        assert pair.replicate() == {}
        pair.expect(lambda server: listing(pair.path(server)), ['.lock', 'hashes.pkl'])


def ask(server, verb, partition):
    """The whole answer; nothing if the connection was closed without one."""
    with connected(server.port, timeout=20) as client:
        client.raw(('%s /%s/%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
                    % (verb, DEVICE, partition, NAME)).encode())
        answer = b''
        while True:
            try:
                piece = client.socket.recv(65536)
            except ConnectionResetError:
                piece = b''
            if not piece:
                break
            answer += piece
    return answer


def with_item(key, value):
    """Metadata with an item that is UTF-8 once, which no request can store."""
    def change(path):
        values = pickle.loads(device_tree.raw_metadata(path), encoding='bytes')
        values[key.encode()] = value.encode()
        blob = pickle.dumps(values, protocol=2)
        os.setxattr(path, device_tree.XATTR, blob)
        os.setxattr(path, device_tree.XATTR + '_checksum', hashlib.md5(blob).hexdigest().encode())
    return changed(DATA, change)


@pytest.mark.parametrize('verb', ['GET', 'HEAD'])
def test_a_read_of_stored_code_points_up_to_ff(receivers, verb):
    """30: They go out as bytes."""
    with Pair(receivers) as pair:
        pair.store(stored(), with_item('X-Object-Meta-A', 'voil\u00c3\u00a0'))
        for server in pair.servers:
            head, _, body = ask(server, verb, pair.partition).partition(b'\r\n\r\n')
            assert head.startswith(b'HTTP/1.1 200 OK\r\n')
            assert b'\r\nX-Object-Meta-A: voil\xc3\xa0' in head
            assert body == (BODY if verb == 'GET' else b'')


@pytest.mark.parametrize('verb', ['GET', 'HEAD'])
def test_a_read_of_a_value_with_a_code_point_above_ff(receivers, verb):
    """30: Swift closes the connection without a reply, of which nginx would make a 502; ours answers 500."""
    with Pair(receivers) as pair:
        pair.store(stored(), with_item('X-Object-Meta-A', '\u20ac'))
        pair.expect(lambda server: ask(server, verb, pair.partition)[:13], b'', b'HTTP/1.1 500 ')


@pytest.mark.parametrize('verb', ['GET', 'HEAD'])
def test_a_read_of_a_name_with_a_code_point_above_ff(receivers, verb):
    """30: 500."""
    with Pair(receivers) as pair:
        pair.store(stored(), with_item('X-Object-Meta-\u20ac', 'a'))
        pair.expect(lambda server: ask(server, verb, pair.partition)[:13], b'HTTP/1.1 500 ')
