"""Where Swift 2.30.1 loses or corrupts data or wedges a session, the receiver does as newer Swift: both are tested.

The rows N1 to N10 of tests/swift-behaviours.md. With Swift itself under test, each row proves the difference.
"""
import hashlib
import os

import pytest

import tree as device_tree
from pair import (BODY, CHECKED, HASH, NAME, Pair, at, changed, delete, error, listing, post, posted, put, stored)
from replicate_request import replicate
from swift_cluster import EC
from wire import (EMPTY_CHECK, LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_DONE, UPDATES_END,
                  UPDATES_START, check_script)

DATA = at(0) + '.data'
TWO = '30d40'       # two seconds
OFFSET = '_0000000000000002'
SILENT = {'client_timeout': 1}
FULL = {'fallocate_reserve': str(10 ** 15)}


def wanted(pair, *offers):
    """For each server the words for the offers, or the error line that the session ended with."""
    digest = HASH(NAME).encode()

    def look(server):
        reply = pair.converse(server, check_script(*[b'%s %s' % (digest, offer.encode()) for offer in offers]))
        lines = reply.body.split(b'\r\n')
        if not reply.body.endswith(UPDATES_DONE):
            return reply.body[2:]
        return [line.split()[1].decode() for line in lines if line.startswith(digest)]
    return look


def test_an_offset_after_m_is_accepted(receivers):
    """N1: 2.30.1 fails the session, so that such an object would never come into sync."""
    with Pair(receivers) as pair:
        pair.store(stored(), posted(2))
        pair.expect(wanted(pair, '%s m:%s__2' % (at(0), TWO)),
                    error(0, b'"invalid literal for int() with base 16: \'30d40__2\'"'), ['m'])
        # Nothing newer than what is here is on offer.
        pair.expect(wanted(pair, '%s m:%s__0' % (at(0), TWO)),
                    error(0, b'"invalid literal for int() with base 16: \'30d40__0\'"'), [])
        pair.expect(wanted(pair, '%s t:%s__a' % (at(0), TWO)),
                    error(0, b'"invalid literal for int() with base 16: \'30d40__a\'"'), ['m'])


def test_m_and_t_start_from_the_datas_time_without_its_offset(receivers):
    """N2: 2.30.1 adds the data's offset to the metadata's time, and asks for what it has, each time again."""
    with Pair(receivers) as pair:
        pair.store(lambda pair, server: server.tree.put(pair.partition, NAME, at(0, OFFSET), BODY), posted(2))
        pair.holds(at(0, OFFSET) + '.data', at(2) + '.meta')
        pair.expect(wanted(pair, '%s m:%s' % (at(0, OFFSET), TWO)), ['m'], [])
        pair.expect(wanted(pair, '%s m:%s' % (at(0, OFFSET), TWO + '0')), ['m'])
    with Pair(receivers) as pair:
        typed = {'Content-Type': 'a/b', 'Content-Type-Timestamp': at(2)}
        pair.store(lambda pair, server: server.tree.put(pair.partition, NAME, at(0, OFFSET), BODY), posted(2, typed))
        pair.expect(wanted(pair, '%s m:%s,t:%s' % (at(0, OFFSET), '0', TWO)), ['m'], [])


def test_a_timeout_inside_a_puts_body_ends_the_session(receivers):
    """N3: 2.30.1 answers the PUT and would read what is left of its body as the next request; it waits once more."""
    with Pair(receivers, SILENT) as pair:
        pair.trees_differ = True        # 2.30.1 has answered 408 for the PUT by then, with an empty hash directory
        pair.says([EMPTY_CHECK, UPDATES_START + put(0)[:-2]], CHECKED + b":ERROR: 408 '1.0 second: updates line'\n",
                  ours=CHECKED + b":ERROR: 408 '1.0 second: updates content'\n")
        pair.holds()


@pytest.mark.parametrize('script,theirs,ours', [
    ([b':MISSING_CHECK: STA', LAST_CHUNK], error(0, b'"Looking for :MISSING_CHECK: START got b\':MISSING_CHECK: STA\'"'), b''),
    ([MISSING_CHECK_START + b'0123', LAST_CHUNK], error(0, b"'list index out of range'"), b''),
    ([MISSING_CHECK_START + b'x' * 70000 + b' 1\r\n' + MISSING_CHECK_END], error(0, b"'list index out of range'"), b''),
    ([EMPTY_CHECK, b':UPD', LAST_CHUNK], CHECKED + error(0, b'"Looking for :UPDATES: START got b\':UPD\'"'), CHECKED),
    ([EMPTY_CHECK, UPDATES_START + b'PUT', LAST_CHUNK],
     CHECKED + error(0, b"'not enough values to unpack (expected 2, got 1)'"), CHECKED),
    ([EMPTY_CHECK, UPDATES_START + b'PUT /a/c/o\r\nX-Other', LAST_CHUNK],
     CHECKED + error(0, b"'not enough values to unpack (expected 2, got 1)'"), CHECKED),
    ([EMPTY_CHECK, UPDATES_START + put(0)[:-2], LAST_CHUNK],
     CHECKED + b":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 0 successes'\n", CHECKED),
], ids=['START', 'a line', 'a line past 65536 bytes', 'UPDATES START', 'a subrequest', 'a header', 'a body'])
def test_what_is_cut_short_ends_the_session_without_a_word(receivers, script, theirs, ours):
    """N4: A line without its newline or a short PUT body is not taken for a whole one."""
    with Pair(receivers) as pair:
        pair.trees_differ = True        # 2.30.1 has begun the PUT
        pair.says(script, theirs, ours=ours)
        pair.holds()


def test_header_values_and_names_keep_their_bytes(receivers):
    """N5: 2.30.1 strips A0 and 85 as blanks, which cuts a UTF-8 letter, and changes the case of a name's bytes."""
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.store(stored())
        pair.updates(post(1, b'X-Object-Meta-A: voil\xc3\xa0', b'X-Object-Meta-B: \xe2\x80\x85',
                          b'X-Object-Meta-\xd0\x96: c', b'X-Object-Meta-T\xc3\xa9: d', b'\xc3\xa9: e'))
        common = {'X-Timestamp': at(1), 'name': NAME}
        pair.keeps(at(1) + '.meta',
                   dict(common, **{'X-Object-Meta-A': 'voil\u00c3', 'X-Object-Meta-B': '\u00e2\u0080',
                                   'X-Object-Meta-\u00d0\u0096': 'c', 'X-Object-Meta-\u00f0\u0096': 'c',
                                   'X-Object-Meta-T\u00e3\u00a9': 'd', '\u00c3\u00a9': 'e'}),
                   dict(common, **{'X-Object-Meta-\u00d0\u0096': 'c', 'X-Object-Meta-T\u00c3\u00a9': 'd', '\u00c3\u00a9': 'e',
                                   'X-Object-Meta-A': 'voil\u00c3\u00a0', 'X-Object-Meta-B': '\u00e2\u0080\u0085'}))


def test_fallocate_reserve_refuses_empty_puts_and_posts_too(receivers):
    """N6: 2.30.1 asks only for PUTs with a size; DELETE must work on a full disk."""
    with Pair(receivers, FULL) as pair:
        pair.trees_differ = True
        pair.store(stored(name='/a/c/here'), stored(name='/a/c/gone'))
        pair.updates(put(0), put(0, body=b'', path=b'/a/c/empty'), post(1, path=b'/a/c/here'), delete(1, path=b'/a/c/gone'),
                     failed=[507], ours=[507, 507, 507])
        pair.holds(at(1) + '.ts', name='/a/c/gone')


@pytest.mark.parametrize('digits', [b'0123456789ABCDEF0123456789ABCDEF', b'0123456789abcdef0123456789abcde', b'abc',
                                    b'..%2f..%2f..'])
def test_a_hash_that_is_not_32_lower_case_hex_digits_is_refused(receivers, digits):
    """N7: 2.30.1 makes a path of it."""
    with Pair(receivers) as pair:
        pair.trees_differ = True
        script = [MISSING_CHECK_START + digits + b' 1500000000.00000\r\n' + MISSING_CHECK_END, UPDATES_START + UPDATES_END,
                  LAST_CHUNK]

        def look(server):
            return b':ERROR: 0 ' in pair.converse(server, script).body
        pair.expect(look, False, True)


def test_container_headers_of_a_subrequest_have_no_effect(receivers):
    """N8: 2.30.1 tells the container server, and leaves a file for the updater when it cannot."""
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.updates(put(0, b'X-Container-Partition: 1', b'X-Container-Host: 127.0.0.1:1', b'X-Container-Device: sda1'))
        pair.holds(DATA)
        pair.expect(lambda server: os.path.isdir(os.path.join(server.tree.device_path, 'async_pending')), True, False)


def directory_in_the_way(name):
    return lambda pair, server: os.makedirs(os.path.join(pair.directory(server), name, 'full'))


def test_a_name_that_cannot_be_given_is_a_failure(receivers):
    """N8: A directory stands in the way. 2.30.1 is silent only when its two tries both meet another writer."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(directory_in_the_way(at(0) + '#1.data'))
        pair.updates(put(0, b'X-Object-Sysmeta-Ec-Frag-Index: 1'), failed=[500])
        pair.holds(at(0) + '#1.data')


def test_a_directory_with_an_objects_name_is_a_failure(receivers):
    """N8: And no reason for quarantine."""
    with Pair(receivers) as pair:
        pair.store(directory_in_the_way(DATA))
        pair.updates(put(0), put(1), post(2), failed=[500, 500, 500])
        pair.holds(DATA)


def hostile(path):
    """A pickle that makes a file beside the object when it is loaded."""
    made = os.path.join(os.path.dirname(path), 'executed').encode()
    return b'\x80\x02c__builtin__\nopen\nX' + len(made).to_bytes(4, 'little') + made + b'X\x01\x00\x00\x00w\x86R.'


def test_a_hostile_pickle_of_metadata_is_not_executed(receivers):
    """N9: The session ends all the same."""
    def spoil(path):
        blob = hostile(path)
        os.setxattr(path, device_tree.XATTR, blob)
        os.setxattr(path, device_tree.XATTR + '_checksum', hashlib.md5(blob).hexdigest().encode())
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.store(stored(), changed(DATA, spoil))
        pair.refuses(at(0), b'"\'_io.TextIOWrapper\' object has no attribute \'items\'"',
                     ours=error(0, b'"global \'__builtin__\'.\'open\' is forbidden"'))
        pair.expect(lambda server: 'executed' in listing(pair.directory(server)), True, False)


def test_a_hostile_hashes_file_is_not_executed(receivers):
    """N9: It is made anew."""
    def spoil(pair, server):
        with open(pair.path(server, 'hashes.pkl'), 'wb') as file:
            file.write(hostile(file.name))
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.store(stored(), spoil)

        def look(server):
            reply = replicate(server, pair.partition)
            return reply.code, os.path.exists(pair.path(server, 'executed'))
        pair.expect(look, (500, True), (200, False))


@pytest.mark.parametrize('path', ['/a//o', '//c/o', '/%2Fc/o', 'http://h/a/c/o'])
def test_a_path_with_an_empty_segment_ends_the_session(receivers, path):
    """N10: Since 2.38 the line of the log for its 400 cannot be written."""
    with Pair(receivers) as pair:
        script = [EMPTY_CHECK, UPDATES_START + b'DELETE %s\r\nX-Timestamp: %s\r\n\r\n' % (path.encode(), at(0).encode()) +
                  UPDATES_END, LAST_CHUNK]
        quoted = path.replace('%2F', '/').replace(':', '%253A')
        pair.expect(lambda server: pair.converse(server, script).body.split(b'\r\n')[-1].split(b' failures')[0],
                    b':ERROR: 500 b\'ERROR: With :UPDATES: 1',
                    b":ERROR: 0 'Invalid path: /sda1/%s%s'\n" % (pair.partition.encode(), quoted.encode()))
