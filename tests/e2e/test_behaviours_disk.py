"""What is left on the disk: the rows of tests/swift-behaviours.md about it."""
import hashlib
import os
import pickletools
import re
import shutil
import stat
import tempfile

import pytest

from pair import HASH, NAME, PATH, Pair, at, changed, contents, delete, listing, post, put, stored
from swift_cluster import DeviceTree, EC, GOLD, SILVER, name_in_suffix
from target import TARGET
from tree import XATTR, raw_metadata

DATA = at(0) + '.data'


def suffix(name=NAME):
    # Not before the tests' swift.conf is read.
    return HASH(name)[-3:]


def twin():
    """Another object of the same suffix."""
    return name_in_suffix(suffix(), '/a/c/twin')


def truncated(name=NAME):
    return changed(DATA, lambda path: os.truncate(path, 3), name)


def test_hashes_invalid_gets_a_line_for_each_file_written(receivers):
    """22: PUT, POST and DELETE, and an object of the same suffix."""
    other = '/a/c/another'
    with Pair(receivers) as pair:
        pair.updates(put(0), put(0, path=other.encode()), post(1), put(0, path=twin().encode()), delete(2), put(-1),
                     failed=[409])
        # In order, and never twice the fewer for being there already.
        pair.invalid(suffix(), suffix(other), suffix(), suffix(), suffix())


def test_hashes_invalid_gets_a_line_for_each_quarantine(receivers):
    """22: And then one for the file written."""
    with Pair(receivers) as pair:
        pair.store(stored(), truncated(), lambda pair, server: os.truncate(pair.path(server, 'hashes.invalid'), 0))
        pair.wants([at(0)], ['dm'])
        pair.invalid(suffix())
        pair.store(stored(), truncated(), lambda pair, server: os.truncate(pair.path(server, 'hashes.invalid'), 0))
        pair.updates(put(-1))
        pair.invalid(suffix(), suffix())


def test_a_full_replicate_truncates_hashes_invalid(receivers):
    """22: It stays as an empty file."""
    with Pair(receivers) as pair:
        pair.updates(put(0), post(1))
        pair.invalid(suffix(), suffix())
        assert list(pair.replicate()) == [suffix()]
        pair.invalid()


def quarantine(server, policy, *names):
    return os.path.join(server.tree.device_path, 'quarantined', 'objects' + ('-%d' % policy if policy else ''), *names)


@pytest.mark.parametrize('policy', [GOLD, SILVER, EC])
def test_where_quarantine_is(receivers, policy):
    """23: One place for each policy, named as its objects' is, for all partitions."""
    options = {'fragment': 1} if policy == EC else {}
    name = at(0) + '#1#d.data' if policy == EC else DATA
    with Pair(receivers, policy=policy) as pair:
        pair.store(stored(**options), changed(name, lambda path: os.truncate(path, 3)))
        pair.wants([at(0)], ['dm'])
        pair.expect(lambda server: listing(os.path.dirname(quarantine(server, policy))),
                    [os.path.basename(quarantine(pair.servers[0], policy))])
        pair.expect(lambda server: listing(quarantine(server, policy)), [HASH(NAME)])
        pair.expect(lambda server: listing(quarantine(server, policy, HASH(NAME))), [name])


def test_a_second_object_of_a_hash_in_quarantine_gets_a_longer_name(receivers):
    """23: The hash and 32 hex digits."""
    with Pair(receivers) as pair:
        for _ in range(2):
            pair.store(stored(), truncated())
            pair.wants([at(0)], ['dm'])
        for server in pair.servers:
            first, second = listing(quarantine(server, GOLD))
            assert first == HASH(NAME)
            assert re.fullmatch(HASH(NAME) + '-[0-9a-f]{32}', second)
            assert listing(quarantine(server, GOLD, second)) == [DATA]


@pytest.mark.parametrize('act', [lambda pair: pair.wants([at(0)], ['dm']), lambda pair: pair.updates(put(0))],
                         ids=['missing check', 'PUT'])
def test_a_file_in_place_of_a_hash_directory_is_a_file_in_quarantine(receivers, act):
    """23: Under the hash as well."""
    def file_for_directory(pair, server):
        os.makedirs(os.path.dirname(pair.directory(server)))
        with open(pair.directory(server), 'wb') as file:
            file.write(b'junk')
    with Pair(receivers) as pair:
        pair.store(file_for_directory)
        act(pair)
        pair.expect(lambda server: contents(quarantine(server, GOLD, HASH(NAME))), b'junk')


def test_modes(receivers):
    """24: With the umask 022 of both servers."""
    def modes(server):
        found = {}
        for directory, _, names in os.walk(pair.path(server)):
            for name in names:
                kind = os.path.splitext(name)[1] if name[0].isdigit() else name
                found.setdefault(kind, set()).add(oct(stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode)))
        return found
    with Pair(receivers) as pair:
        pair.updates(put(0), post(1), delete(0, path=twin().encode()))
        pair.replicate()
        everything = {'0o755'}
        pair.expect(modes, {'.data': everything, '.meta': everything, '.ts': everything, '.lock': everything,
                            '.lock-replication': everything, 'hashes.pkl': {'0o600'}, 'hashes.invalid': {'0o644'}})
        pair.expect(lambda server: oct(stat.S_IMODE(os.stat(os.path.join(server.tree.device_path, '.lock')).st_mode)), '0o755')


def test_the_directory_for_temporary_files_is_never_made(receivers):
    """24: A file has no name until it has its own."""
    with Pair(receivers) as pair:
        pair.updates(put(0), post(1), delete(0, path=twin().encode()))
        pair.replicate()
        pair.expect(lambda server: [name for name in os.listdir(server.tree.device_path) if name.startswith('tmp')], [])


def pickled(server, pair, filename=DATA):
    return raw_metadata(os.path.join(pair.directory(server), filename))


def test_the_head_of_pickled_metadata(receivers):
    """25: Newer Swift tells by its first 32 bytes that Python 3 wrote it."""
    with Pair(receivers) as pair:
        pair.updates(put(0), delete(0, path=twin().encode()))
        head = b'\x80\x02}q\x00(c_codecs\nencode\nq\x01X'
        pair.expect(lambda server: pickled(server, pair)[:len(head)], head)
        pair.expect(lambda server: b'_codecs\nencode' in pickled(server, pair)[:32], True)


def test_the_whole_pickle_of_a_tombstone(receivers):
    """25: A text is encoded as Latin-1, and what was written before is taken from the memo."""
    def text(value, memo):
        return b'X' + len(value).to_bytes(4, 'little') + value + b'q' + bytes([memo])
    first, time = b'X-Timestamp', at(0).encode()
    with Pair(receivers) as pair:
        pair.updates(delete(0))
        pair.expect(lambda server: pickled(server, pair, at(0) + '.ts'), b''.join([
            b'\x80\x02}q\x00(c_codecs\nencode\nq\x01', text(first, 2), text(b'latin1', 3), b'\x86q\x04Rq\x05',
            b'h\x01', text(time, 6), b'h\x03\x86q\x07Rq\x08',
            b'h\x01', text(b'name', 9), b'h\x03\x86q\nRq\x0b',
            b'h\x01', text(PATH, 12), b'h\x03\x86q\rRq\x0e', b'u.']))


def test_empty_and_short_values_in_a_pickle(receivers):
    """25: An empty one is bytes(), and equal ones of a byte are one object, which longer ones are not."""
    with Pair(receivers) as pair:
        pair.updates(put(0, b'X-Object-Meta-A:', b'X-Object-Meta-B: v', b'X-Object-Meta-C: v', b'X-Object-Meta-D:',
                         b'X-Object-Meta-E: vw', b'X-Object-Meta-F: vw'))

        def look(server):
            blob = pickled(server, pair)
            operations = [(operation.name, argument) for operation, argument, _ in pickletools.genops(blob)]
            return (blob.count(b'c__builtin__\nbytes\n'), b'c__builtin__\nbytes\nq' in blob,
                    operations.count(('BINUNICODE', 'v')), operations.count(('BINUNICODE', 'vw')))
        pair.expect(look, (1, True, 1, 2))
        first, second = [pickled(server, pair) for server in pair.servers]
        assert first == second


def can_hold_long_attributes(directory):
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        try:
            os.setxattr(file.name, XATTR, b'x' * 65536)
            os.setxattr(file.name, XATTR + '1', b'x' * 65536)
        except OSError:
            return False
        return True


@pytest.fixture
def roomy(own):
    """Two servers on a file system whose extended attributes may be long: ext4 has 4 KiB of them for a file."""
    roots = []
    try:
        for place in (tempfile.gettempdir(), '/dev/shm'):
            if os.path.isdir(place) and can_hold_long_attributes(place):
                break
        else:
            pytest.skip('no file system here takes 64 KiB of extended attributes')
        servers = []
        servers = []
        for kind in (TARGET, 'swift'):
            roots.append(tempfile.mkdtemp(prefix='ssync-e2e-', dir=place))
            os.chmod(roots[-1], 0o755)
            servers.append(own.new(kind, tree=DeviceTree(os.path.join(roots[-1], 'devices'))))
        yield servers
    finally:
        own.stop()
        for root in roots:
            shutil.rmtree(root, ignore_errors=True)


def test_metadata_over_65536_bytes_is_split(roomy):
    """26: In three attributes here, and the checksum is that of the whole."""
    headers = [b'Other-%d: %s' % (number, b'%d' % number * 8000) for number in range(1, 10)]
    headers += [b'More-%d: %s' % (number, b'%d' % number * 8000) for number in range(1, 9)]

    def look(server):
        path = os.path.join(pair.directory(server), DATA)
        blob = raw_metadata(path)
        names = sorted(name for name in os.listxattr(path) if name.startswith('user.'))
        sizes = [len(os.getxattr(path, XATTR + piece)) for piece in ('', '1', '2')]
        assert os.getxattr(path, XATTR + '_checksum') == hashlib.md5(blob).hexdigest().encode()
        assert sum(sizes) == len(blob)
        return names, sizes[:2]
    with Pair(None, servers=roomy) as pair:
        pair.updates(put(0, *headers))
        pair.expect(look, ([XATTR, XATTR + '1', XATTR + '2', XATTR + '_checksum'], [65536, 65536]))
        pair.wants([at(0)], [''])
