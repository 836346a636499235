"""What subrequests answer and store: the rows of tests/swift-behaviours.md about them."""
import hashlib
import os

import pytest

from pair import (BODY, HASH, NAME, PATH, T, Pair, at, changed, contents, delete, listing, post, posted, put, stamp,
                  stored)
from swift_cluster import EC, SILVER
from wire import subrequest

DAY = 86400
DATA = at(0) + '.data'
FRAGMENT_1 = ('X-Backend-Ssync-Frag-Index', '1')
# What every PUT of these tests stores.
PLAIN = {'X-Timestamp': at(0), 'Content-Length': '10', 'Content-Type': 'text/plain', 'name': NAME,
         'ETag': hashlib.md5(BODY).hexdigest()}


def twice(text):
    """A header's value as it is stored: each byte of its UTF-8 a character."""
    return text.encode().decode('latin-1')


def test_metadata_holds_every_header_sent_but_two(receivers):
    """12: With the names that Python's title() makes of them, and the ETag under its usual name."""
    with Pair(receivers, policy=SILVER) as pair:
        pair.updates(put(0, b'ETag: ' + PLAIN['ETag'].encode(), b'X-Backend-No-Commit: False', b"it's: 1", b'n2b: 2',
                         b'1st: 3', b'dot.ted: 4', b'UPPER-case: 5', b'x-object-meta-mIxEd: 6', b'x_y: 7', b'X-Trans-Id: 8',
                         b'User-Agent: 9', b'X-Backend-Storage-Policy-Index: 7'))
        pair.keeps(DATA, dict(PLAIN, **{"It'S": '1', 'N2B': '2', '1St': '3', 'Dot.Ted': '4', 'Upper-Case': '5',
                                        'X-Object-Meta-Mixed': '6', 'X_Y': '7', 'X-Trans-Id': '8', 'User-Agent': '9',
                                        'X-Backend-Storage-Policy-Index': '1'}))


def test_a_name_with_an_underscore_is_stored_twice(receivers):
    """13: User metadata under both names; another header under one."""
    with Pair(receivers) as pair:
        pair.updates(put(0, b'X-Object-Meta-a_b: 1', b'other_c: 2'))
        pair.keeps(DATA, dict(PLAIN, **{'X-Object-Meta-A-B': '1', 'X-Object-Meta-A_B': '1', 'Other_C': '2'}))


def test_a_name_that_is_not_ascii_is_stored_twice_in_swift_2_30(receivers):
    """13: A byte that is a small letter of Latin-1 becomes a capital in one of them; another header is stored so only."""
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.updates(put(0, b'X-Object-Meta-\xe1\x83\x90: 1', b'\xe1\x83\x90-x: 2'))
        pair.keeps(DATA, dict(PLAIN, **{'X-Object-Meta-\u00e1\u0083\u0090': '1', 'X-Object-Meta-\u00c1\u0083\u0090': '1',
                                        '\u00c1\u0083\u0090-X': '2'}),
                   dict(PLAIN, **{'X-Object-Meta-\u00e1\u0083\u0090': '1', '\u00e1\u0083\u0090-X': '2'}))


def test_a_capital_in_a_name_that_is_not_ascii_becomes_a_small_letter_in_swift_2_30(receivers):
    """13: As Latin-1, in one of the two; newer Swift and ours keep it (N5), so there is one."""
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.updates(put(0, b'X-Object-Meta-\xd0\x96: 1'))
        pair.keeps(DATA, dict(PLAIN, **{'X-Object-Meta-\u00d0\u0096': '1', 'X-Object-Meta-\u00f0\u0096': '1'}),
                   dict(PLAIN, **{'X-Object-Meta-\u00d0\u0096': '1'}))


def test_values_are_encoded_twice_and_the_name_once(receivers):
    """14: A value is the UTF-8 of the Latin-1 reading of its bytes."""
    name = '/a/c/\u00e9\u20ac'
    with Pair(receivers) as pair:
        pair.updates(put(0, b'X-Object-Meta-A: \xc3\xa9t\xc3\xa9!', b'Other: \xff.', path=name.encode()))
        pair.keeps(DATA, dict(PLAIN, **{'name': name, 'X-Object-Meta-A': '\u00c3\u00a9t\u00c3\u00a9!', 'Other': '\u00ff.'}),
                   name=name)


def test_trailing_bytes_a0_and_85_of_a_value_are_lost_in_swift_2_30(receivers):
    """14: They are blanks of Latin-1; newer Swift and ours keep them (N5)."""
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.updates(put(0, b'X-Object-Meta-A: voil\xc3\xa0', b'X-Object-Meta-B: \xe2\x80\x85 \t'))
        pair.keeps(DATA, dict(PLAIN, **{'X-Object-Meta-A': 'voil\u00c3', 'X-Object-Meta-B': '\u00e2\u0080'}),
                   dict(PLAIN, **{'X-Object-Meta-A': twice('voil\u00e0'), 'X-Object-Meta-B': twice('\u2005')}))


@pytest.mark.parametrize('spelling,filename', [
    ('1.76e9', '1760000000.00000'), ('+1760000000', '1760000000.00000'), ('001760000000', '1760000000.00000'),
    ('1760000000.123456', '1760000000.12346'), ('1760000000_5', '1760000000.00000_0000000000000005')])
def test_x_timestamp_is_stored_as_spelled(receivers, spelling, filename):
    """15: Only the file's name is normalised."""
    with Pair(receivers) as pair:
        pair.updates(subrequest(b'PUT', PATH, b'X-Timestamp: ' + spelling.encode(), b'Content-Type: text/plain',
                                b'Content-Length: 10', body=BODY))
        pair.holds(filename + '.data')
        pair.keeps(filename + '.data', dict(PLAIN, **{'X-Timestamp': spelling}))


@pytest.mark.parametrize('spelling,length', [('+5', 5), ('0005', 5), ('5_0', 50), ('5', 5)])
def test_content_length_is_stored_as_spelled(receivers, spelling, length):
    """15: And read as Python reads it."""
    body = b'x' * length
    with Pair(receivers) as pair:
        pair.updates(subrequest(b'PUT', PATH, stamp(0), b'Content-Type: text/plain',
                                b'Content-Length: ' + spelling.encode(), body=body))
        pair.keeps(DATA, dict(PLAIN, **{'Content-Length': spelling, 'ETag': hashlib.md5(body).hexdigest()}))
        pair.wants([at(0)], [''])


def test_of_duplicate_headers_the_last_wins(receivers):
    """15: X-Timestamp and Content-Length too."""
    with Pair(receivers) as pair:
        pair.updates(subrequest(b'PUT', PATH, stamp(5), stamp(0), b'Content-Length: 3', b'Content-Length: 10',
                                b'Content-Type: text/plain', b'Other: 1', b'other: 2', body=BODY))
        pair.holds(DATA)
        pair.keeps(DATA, dict(PLAIN, Other='2'))


def put_fragment(seconds, index):
    numbered = () if index is None else (b'X-Object-Sysmeta-Ec-Frag-Index: ' + index,)
    return put(seconds, *numbered)


@pytest.mark.parametrize('sent,filename,kept', [(None, '#1', 1), (b'02', '#2', '02'), (b'2', '#2', '2')])
def test_the_index_of_a_fragment(receivers, sent, filename, kept):
    """16: Without the header it is the session's, and is stored as a number."""
    with Pair(receivers, policy=EC) as pair:
        pair.updates(put_fragment(0, sent), headers=[FRAGMENT_1])
        pair.holds('%s%s#d.data' % (at(0), filename))
        pair.keeps('%s%s#d.data' % (at(0), filename), dict(PLAIN, **{'X-Object-Sysmeta-Ec-Frag-Index': kept}))


def test_another_index_of_the_same_time_needs_the_sessions_index(receivers):
    """16: Without it any durable fragment is a reason for 409."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(stored(fragment=0))
        pair.updates(put_fragment(0, b'1'), failed=[409])
        pair.holds(at(0) + '#0#d.data')
        pair.updates(put_fragment(0, b'1'), headers=[FRAGMENT_1])
        pair.holds(at(0) + '#0#d.data', at(0) + '#1#d.data')
        pair.updates(put_fragment(0, b'1'), headers=[FRAGMENT_1], failed=[409])


def test_a_404_is_a_success(receivers):
    """17: Of a POST it leaves nothing."""
    with Pair(receivers) as pair:
        pair.updates(post(0, b'X-Object-Meta-A: b'), delete(0))
        pair.holds(at(0) + '.ts')


def test_delete_of_nothing_writes_a_tombstone(receivers):
    """17: With two items of metadata and no contents."""
    with Pair(receivers) as pair:
        pair.updates(delete(0, b'X-Object-Meta-A: b'))
        pair.keeps(at(0) + '.ts', {'X-Timestamp': at(0), 'name': NAME})
        pair.expect(lambda server: contents(os.path.join(pair.directory(server), at(0) + '.ts')), b'')


def test_delete_with_a_reclaimable_time_leaves_its_suffix(receivers):
    """17: The suffix's directory and a line of hashes.invalid."""
    with Pair(receivers) as pair:
        pair.updates(delete(-8 * DAY))
        suffix = HASH(NAME)[-3:]
        pair.expect(lambda server: listing(pair.path(server)), ['.lock', '.lock-replication', suffix, 'hashes.invalid'][:2]
                    + sorted([suffix, 'hashes.invalid']))
        pair.expect(lambda server: listing(pair.path(server, suffix)), [])
        pair.invalid(suffix)


def typed(seconds, kind=b'a/b'):
    return (b'Content-Type: ' + kind, b'Content-Type-Timestamp: ' + at(seconds).encode())


def test_post_stores_a_content_type_older_than_the_data(receivers):
    """18: Its distance stands in the name."""
    with Pair(receivers) as pair:
        pair.store(stored())
        pair.updates(post(1, *typed(-100)))
        pair.holds(DATA, at(1) + '-9a1d20.meta')
        pair.keeps(at(1) + '-9a1d20.meta', {'X-Timestamp': at(1), 'name': NAME, 'Content-Type': 'a/b',
                                            'Content-Type-Timestamp': at(-100)})


def test_an_older_post_with_a_newer_content_type_rewrites_the_newer_meta(receivers):
    """18: Which keeps its time and its metadata."""
    with Pair(receivers) as pair:
        pair.store(stored(), posted(100, {'X-Object-Meta-A': 'kept'}))
        pair.updates(post(50, b'X-Object-Meta-A: older', *typed(50)))
        pair.holds(DATA, at(100) + '-4c4b40.meta')
        pair.keeps(at(100) + '-4c4b40.meta', {'X-Timestamp': at(100), 'name': NAME, 'X-Object-Meta-A': 'kept',
                                              'Content-Type': 'a/b', 'Content-Type-Timestamp': at(50)})


def test_a_post_of_the_datas_time_with_a_newer_content_type_is_500(receivers):
    """18: When there is no .meta."""
    with Pair(receivers) as pair:
        pair.store(stored())
        pair.updates(post(0, *typed(5)), failed=[500])
        pair.holds(DATA)


def test_x_delete_at_in_the_past(receivers):
    """19: A PUT accepts it, a POST answers 400."""
    past = b'X-Delete-At: %d' % (T - 100)
    with Pair(receivers) as pair:
        pair.updates(put(0, past), post(1, past), failed=[400])
        pair.holds(DATA)


LONG = b'/a/c/' + b'o' * 1025


@pytest.mark.parametrize('subrequests,failed', [
    ([subrequest(b'PUT', PATH, stamp(0), b'Content-Length: 1', b'Content-Type:', body=b'x')], [400]),
    ([put(0, b'X-Object-Meta-A: ' + b'v' * 256)], []), ([put(0, b'X-Object-Meta-A: ' + b'v' * 257)], [400]),
    ([put(0, b'Other: ' + b'v' * 8193)], [400]),
    ([put(0, path=LONG[:-1])], []), ([put(0, path=LONG)], [400]), ([delete(0, path=LONG)], []),
], ids=['empty Content-Type', 'value of 256', 'value of 257', 'header of 8193', 'PUT of a name of 1024',
        'PUT of a name of 1025', 'DELETE of a name of 1025'])
def test_limits(receivers, subrequests, failed):
    """19: Of content type, metadata values, any header, names."""
    with Pair(receivers) as pair:
        pair.updates(*subrequests, failed=failed)


@pytest.mark.parametrize('path,name', [
    (b'/a/c/o;p', '/a/c/o'), (b'/a/c/o?q=1', '/a/c/o'), (b'/a/c/o#f', '/a/c/o'), (b'/a/c/o  ', '/a/c/o'),
    (b'/a/c/o \t', '/a/c/o'), (b'/a/c/o p', '/a/c/o p'), (b'/a/c/ o', '/a/c/ o'), (b'/a/c/o%3Bp%3Fq%23f%20', '/a/c/o;p?q#f ')])
def test_what_is_dropped_from_a_path(receivers, path, name):
    """20: Raw parameters, query, fragment and trailing blanks; not what is percent-encoded, nor inner blanks."""
    with Pair(receivers) as pair:
        pair.updates(put(0, path=path))
        pair.keeps(DATA, dict(PLAIN, name=name), name=name)


def test_a_failed_put_leaves_an_empty_hash_directory(receivers):
    """21: And neither .lock nor hashes.invalid."""
    with Pair(receivers) as pair:
        pair.updates(put(0, b'ETag: ' + b'0' * 32), failed=[422])
        pair.expect(lambda server: listing(pair.directory(server)), [])
        pair.expect(lambda server: listing(pair.path(server)), ['.lock-replication', HASH(NAME)[-3:]])


def test_a_put_over_a_corrupt_object_succeeds(receivers):
    """21: Even with an older time; the object that was there is in quarantine."""
    with Pair(receivers) as pair:
        pair.store(stored(), changed(DATA, lambda path: os.truncate(path, 3)))
        pair.updates(put(-5))
        pair.holds(at(-5) + '.data')
        pair.expect(lambda server: listing(os.path.join(server.tree.device_path, 'quarantined/objects', HASH(NAME))), [DATA])


def test_a_put_over_another_objects_name_is_403(receivers):
    """21: It stays as it is."""
    def moved(pair, server):
        os.makedirs(os.path.dirname(pair.directory(server)), exist_ok=True)
        os.rename(pair.directory(server, '/a/c/other'), pair.directory(server))
    with Pair(receivers) as pair:
        pair.store(stored(name='/a/c/other'), moved)
        pair.updates(put(1), failed=[403])
        pair.holds(DATA)


def test_put_without_a_content_type_is_a_failure(receivers):
    """37: 400."""
    with Pair(receivers) as pair:
        pair.updates(subrequest(b'PUT', PATH, stamp(0), b'Content-Length: 1', body=b'x'), failed=[400])
        pair.holds()


def test_an_expired_newer_object_still_gives_409(receivers):
    """37: Expiry does not make an object older."""
    with Pair(receivers) as pair:
        pair.store(stored(metadata={'X-Delete-At': str(T + 1)}))
        pair.updates(put(-1), put(0), delete(-1), failed=[409, 409, 409])
        pair.holds(DATA)


def test_post_stores_even_a_content_length_of_0(receivers):
    """37: As any header that was sent."""
    with Pair(receivers) as pair:
        pair.store(stored())
        pair.updates(post(1, b'Content-Length: 0', b'X-Object-Meta-A: b'))
        pair.keeps(at(1) + '.meta', {'X-Timestamp': at(1), 'name': NAME, 'Content-Length': '0', 'X-Object-Meta-A': 'b'})


@pytest.mark.parametrize('content_type,ending', [(None, ''), (9, '-186a0'), (10, '+0')])
def test_names_of_meta_files(receivers, content_type, ending):
    """37: A content type adds the distance of its time, in units of 10 microseconds."""
    with Pair(receivers) as pair:
        pair.store(stored())
        pair.updates(post(10, *(typed(content_type) if content_type is not None else ())))
        pair.holds(DATA, '%s%s.meta' % (at(10), ending))
