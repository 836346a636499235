"""What the missing check wants, and does to the disk: the rows of tests/swift-behaviours.md about it."""
import hashlib
import os
import pickle

import pytest

import tree as device_tree
from pair import HASH, NAME, T, Pair, as_text, at, bare_file, changed, deleted, listing, posted, put, stored
from swift_cluster import EC
from wire import MISSING_CHECK_START

OTHER = '/a/c/other'
DAY = 86400
FRAGMENT_1 = ('X-Backend-Ssync-Frag-Index', '1')
DATA = at(0) + '.data'
RSYNC = '.%s.Xy095a' % DATA
RETYPED = {'Content-Type': 'a/b', 'Content-Type-Timestamp': at(10)}


def hundred_thousandths(seconds):
    return '%x' % (seconds * 100000)


def m(seconds):
    return ' m:' + hundred_thousandths(seconds)


def t(seconds):
    return ' t:' + hundred_thousandths(seconds)


def test_a_local_tombstone_never_yields_m(receivers):
    """7: Only d, if the data on offer is newer, or nothing."""
    with Pair(receivers) as pair:
        pair.store(deleted())
        pair.wants([at(-1), at(0), at(1), at(-1) + m(30), at(0) + m(30), at(1) + m(30), at(0) + t(30), at(1) + t(30)],
                   ['', '', 'd', '', '', 'd', '', 'd'])


def test_older_data_with_newer_meta_yields_m(receivers):
    """7: The object here is newer than the data on offer, but not than its metadata."""
    with Pair(receivers) as pair:
        pair.store(stored())
        pair.wants([at(-1), at(-1) + m(1), at(-1) + m(2), at(0) + m(1), at(1), at(1) + m(1)],
                   ['', '', 'm', 'm', 'dm', 'dm'])


def test_t_counts_if_newer_than_the_content_type_here_and_than_its_own_data(receivers):
    """7: The .meta here is of +20 and has a content type of +10."""
    with Pair(receivers) as pair:
        pair.store(stored(), posted(20, RETYPED))
        pair.wants([at(0) + t(9), at(0) + t(10), at(0) + t(11), at(30) + t(-1) + ',m:0'],
                   ['', '', 'm', 'dm'])
        # Content type newer than the one here, not than the data it came with: it is not what makes an m.
        pair.wants([at(15) + m(0) + ',t:0', at(15) + ' t:0', at(15) + ' t:-%s' % hundred_thousandths(1), at(15) + t(1)],
                   ['d', 'd', 'd', 'dm'])


def test_an_undecided_fragment_over_a_durable_one_offered_as_undecided_yields_m(receivers):
    """8: Only the data counts as in sync; the metadata is still that of the durable one."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(stored(fragment=1), stored(1, fragment=1, durable=False))
        pair.wants([at(1) + ' durable:False'], ['m'], headers=[FRAGMENT_1])
        pair.holds(at(0) + '#1#d.data', at(1) + '#1.data')


def test_an_undecided_fragment_offered_as_durable_is_renamed(receivers):
    """8: And hashes.invalid is not written, although the suffix's hash changes."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(stored(fragment=1, durable=False),
                   lambda pair, server: os.truncate(pair.path(server, 'hashes.invalid'), 0))
        pair.wants([at(0)], [''], headers=[FRAGMENT_1])
        pair.holds(at(0) + '#1#d.data')
        pair.invalid()


def test_a_temporary_file_of_rsync_hides_a_good_object(receivers):
    """9: It sorts first, and the directory's object is taken from the first file."""
    with Pair(receivers) as pair:
        pair.store(stored())
        pair.wants([at(0)], [''])
        pair.store(bare_file(RSYNC))
        pair.wants([at(0), at(-5)], ['dm', 'dm'])
        pair.holds(RSYNC, DATA)


def named_other(pair, server):
    """The first file has the name of another object."""
    path = os.path.join(pair.directory(server), RSYNC)
    with open(path, 'w'):
        pass
    set_metadata(path, {b'name': OTHER.encode(), b'X-Timestamp': at(0).encode()})


def test_a_wrong_name_in_the_first_file_hides_a_good_object(receivers):
    """9: In 2.30.1 the other object's directory says what is here, and a sender may delete its copy of this one."""
    with Pair(receivers) as pair:
        pair.store(stored(), named_other)
        pair.wants([at(0)], ['dm'])
        pair.store(stored(20, name=OTHER))
        pair.wants([at(0), at(20), at(21)], ['', '', 'dm'], ours=['dm', 'dm', 'dm'])
        pair.updates(put(30), put(5), failed=[409])


def test_data_that_names_another_object_is_wanted_and_refused(receivers):
    """9: In 2.30.1 it counts as had if the other object is here. A PUT is a failure in both, which the sender hears."""
    def change(path):
        set_metadata(path, dict(get_metadata(path), name=OTHER))
    with Pair(receivers) as pair:
        pair.store(stored(), stored(20, name=OTHER), changed(DATA, change))
        pair.wants([at(0)], [''], ours=['dm'])
        pair.updates(put(0), put(30), failed=[403, 403])
        pair.holds(DATA)


def test_the_time_of_the_data_is_the_metadatas(receivers):
    """9: Not the file name's."""
    def change(path):
        set_metadata(path, dict(get_metadata(path), **{'X-Timestamp': at(10)}))
    with Pair(receivers) as pair:
        pair.store(stored(), changed(DATA, change))
        pair.wants([at(5), at(10), at(11)], ['', '', 'dm'])


def get_metadata(path):
    return {as_text(key): as_text(value) for key, value in
            pickle.loads(device_tree.raw_metadata(path), encoding='bytes').items()}


def set_pickle(path, blob, checksum=True):
    os.setxattr(path, device_tree.XATTR, blob)
    if checksum:
        os.setxattr(path, device_tree.XATTR + '_checksum', hashlib.md5(blob).hexdigest().encode())


def set_metadata(path, values):
    values = {as_bytes(key): as_bytes(value) for key, value in values.items()}
    set_pickle(path, pickle.dumps(values, protocol=2))


def as_bytes(value):
    return value.encode() if isinstance(value, str) else value


def without(key):
    def change(path):
        values = get_metadata(path)
        del values[key]
        set_metadata(path, values)
    return change


def with_value(key, value):
    return lambda path: set_metadata(path, dict(get_metadata(path), **{key: value}))


def bad_checksum(path):
    os.setxattr(path, device_tree.XATTR + '_checksum', b'0' * 32)


def no_checksum(path):
    os.removexattr(path, device_tree.XATTR + '_checksum')


def no_metadata(path):
    os.removexattr(path, device_tree.XATTR)
    no_checksum(path)


def cut_pickle(path):
    """In the middle of a text."""
    blob = device_tree.raw_metadata(path)
    set_pickle(path, blob[:blob.index(b'X-Timestamp') + 3])


def cut_pickle_between_operations(path):
    blob = device_tree.raw_metadata(path)
    set_pickle(path, blob[:len(b'\x80\x02}q\x00(')])


@pytest.mark.parametrize('change,text', [
    (lambda path: set_pickle(path, b'garbage'), b"'pickle data was truncated'"),
    (lambda path: set_pickle(path, b'!'), b'"invalid load key, \'!\'."'),
    (cut_pickle, b"'pickle data was truncated'"),
    (lambda path: set_pickle(path, pickle.dumps(['a'], 2)), b'"\'list\' object has no attribute \'items\'"'),
    (without('X-Timestamp'), b'"float() argument must be a string or a real number, not \'NoneType\'"'),
], ids=['garbage', 'no pickle', 'cut pickle', 'pickled list', 'no X-Timestamp'])
def test_metadata_that_ends_the_session(receivers, change, text):
    """10: The object stays where it is."""
    with Pair(receivers) as pair:
        pair.store(stored(), changed(DATA, change))
        pair.refuses(at(0), text)
        pair.holds(DATA)


def test_a_bad_checksum_ends_the_session(receivers):
    """10: The object stays where it is."""
    with Pair(receivers) as pair:
        pair.store(stored(), changed(DATA, bad_checksum))
        for server in pair.servers:
            path = os.path.join(pair.directory(server), DATA)
            computed = hashlib.md5(device_tree.raw_metadata(path)).hexdigest()
            place = os.path.relpath(path, server.tree.root)
            reply = pair.converse(server, [MISSING_CHECK_START + b'%s %s\r\n' % (HASH(NAME).encode(), at(0).encode())])
            assert reply.body[2:].decode() == (
                ':ERROR: 0 "Metadata checksum mismatch for <devices>/%s: stored checksum=\'b\'%s\'\', '
                'computed=\'b\'%s\'\'"\n' % (place, '0' * 32, computed))
        pair.holds(DATA)


@pytest.mark.parametrize('change', [no_metadata, without('name'), cut_pickle_between_operations],
                         ids=['no metadata', 'no name', 'a pickle cut between two operations'])
def test_metadata_that_says_of_whom_it_is_not(receivers, change):
    """10: The object is wanted, and unchanged."""
    with Pair(receivers) as pair:
        pair.store(stored(), changed(DATA, change))
        pair.wants([at(0)], ['dm'])
        pair.holds(DATA)


@pytest.mark.parametrize('change', [lambda path: os.truncate(path, 3), with_value('X-Delete-At', 'soon'),
                                    without('Content-Length')], ids=['wrong size', 'bad X-Delete-At', 'no Content-Length'])
def test_metadata_that_brings_into_quarantine(receivers, change):
    """10: The object is wanted, and was moved away."""
    with Pair(receivers) as pair:
        pair.store(stored(), changed(DATA, change))
        pair.wants([at(0)], ['dm'])
        pair.expect(lambda server: listing(pair.directory(server)), None)
        pair.expect(lambda server: listing(os.path.join(server.tree.device_path, 'quarantined/objects', HASH(NAME))), [DATA])


def test_metadata_without_a_checksum_is_fine(receivers):
    """10: And it is not added."""
    with Pair(receivers) as pair:
        pair.store(stored(), changed(DATA, no_checksum))
        pair.wants([at(0)], [''])
        pair.expect(lambda server: device_tree.metadata(os.path.join(pair.directory(server), DATA))['checksum'], 'no checksum')


@pytest.mark.parametrize('goes,stays', [
    ([at(-1) + '.data', at(-2) + '.ts', at(-1) + '.meta'], []),
    ([at(-1) + '.foo', at(-1)], []),
    ([], [at(1) + '.foo', at(1)]),
    ([], ['junk', '.%s.Xy095a' % at(-1), 'junk.data', 'junk.ts']),
], ids=['obsolete', 'another kind, older', 'another kind, newer', 'no times'])
def test_the_check_deletes_what_is_obsolete_beside_data(receivers, goes, stays):
    """11: And keeps files that are not older."""
    with Pair(receivers) as pair:
        pair.store(stored(), *[bare_file(name) for name in goes + stays])
        pair.wants([at(10)], ['dm'])
        pair.holds(DATA, *stays)


def test_the_check_deletes_data_with_a_tombstone_of_its_time(receivers):
    """11: Of equal times the tombstone's is the one that counts."""
    with Pair(receivers) as pair:
        pair.store(stored(), bare_file(at(0) + '.ts'))
        pair.wants([at(0)], ['dm'])
        pair.holds(at(0) + '.ts')


def test_the_check_deletes_reclaimable_tombstones(receivers):
    """11: With the hash directory, while the suffix's stays."""
    with Pair(receivers) as pair:
        pair.store(bare_file(at(-8 * DAY) + '.ts'))
        pair.wants([at(0)], ['dm'])
        pair.expect(lambda server: listing(os.path.dirname(pair.directory(server))), [])


def age(path):
    os.utime(path, (T - DAY, T - DAY))


@pytest.mark.parametrize('build,left', [
    # Past reclaim_age by its name, and written more than commit_window (60 s) ago.
    ([bare_file(at(-8 * DAY) + '#1.data'), changed(at(-8 * DAY) + '#1.data', age)], []),
    ([bare_file(at(-8 * DAY) + '#1.data')], [at(-8 * DAY) + '#1.data']),
    # Under a durable one: obsolete, but not within commit_window.
    ([bare_file(at(-8 * DAY) + '#1#d.data'), bare_file(at(-9 * DAY) + '#1.data'), changed(at(-9 * DAY) + '#1.data', age)],
     [at(-8 * DAY) + '#1#d.data']),
    ([bare_file(at(-8 * DAY) + '.durable')], []),
    ([bare_file(at(0) + '.durable')], []),
], ids=['old', 'written just now', 'under a durable', 'lone .durable, old', 'lone .durable'])
def test_the_check_deletes_old_undecided_fragments_and_lone_durables(receivers, build, left):
    """11: Of an erasure-coding policy."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(*build)
        pair.wants([at(0)], ['dm'], headers=[FRAGMENT_1])
        pair.holds(*left)


@pytest.mark.parametrize('items,parts', [
    # The .meta here is of +1; 30d40 is 2 seconds.
    ('m:30d40', 'm'), ('m:+30d40', 'm'), ('m:0x30d40', 'm'), ('m:30D40', 'm'), ('m:0X30D40', 'm'), ('m:-30d40', ''),
    ('m:186a0', ''), ('t:+30d40', 'm'), ('t:0x30D40', 'm'), ('t:-30d40', ''),
    ('m%3a30d40', 'm'), ('m%3A3%30d40%2Ct%3a0', 'm'),
    ('m:0 m:30d40', ''), ('x:y m:30d40', ''), ('x:y,m:30d40', 'm'), ('m:0 zz:zz:zz', ''),
])
def test_spellings_of_m_and_t(receivers, items, parts):
    """35: Hexadecimal as Python reads it; the third word is percent-decoded, and the words after it do not count."""
    with Pair(receivers) as pair:
        pair.store(stored(), posted(1))
        pair.wants(['%s %s' % (at(0), items)], [parts])


@pytest.mark.parametrize('word,durable', [
    ('', True), (' x:y', True), (' durable:True', True), (' durable:yes', True), (' durable:1', True), (' durable:ON', True),
    (' durable:t', True), (' durable:False', False), (' durable:maybe', False), (' durable:', False), (' durable:0', False)])
def test_durable_is_true_unless_it_is_said_not_to_be(receivers, word, durable):
    """35: An undecided fragment that is offered as durable becomes so."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(stored(fragment=1, durable=False))
        pair.wants([at(0) + word], [''], headers=[FRAGMENT_1])
        pair.holds(at(0) + ('#1#d.data' if durable else '#1.data'))


def test_beside_a_legacy_durable_nothing_is_renamed(receivers):
    """35: The fragment is durable as it is."""
    with Pair(receivers, policy=EC) as pair:
        pair.store(stored(fragment=1, durable=False), bare_file(at(0) + '.durable'))
        pair.wants([at(0)], [''], headers=[FRAGMENT_1])
        pair.holds(at(0) + '#1.data', at(0) + '.durable')
