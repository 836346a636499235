"""A disk that fails: the same system calls fail for the same paths under Swift's object server and under ours.

A case is what is stored, a call that fails, and a request. The answers, the statuses of failed subrequests and the
device trees are compared; what Swift makes of it need not be said, because Swift says it. Where we promise more than
Swift does (nothing is acknowledged that could not be made durable), the rows say so.
"""
import dataclasses
import errno
import glob
import itertools
import os
import pickle
import re
import shutil

import pytest

from damage import truncate
from partition_trees import assert_equal_trees, forget_quarantined
from processes import await_condition
from replicate_request import replicate
from session import play_session
from swift_cluster import EC, GOLD, object_hash
from target import TARGET
from timed_subrequests import BODY, NAME, PATH, T, at, delete, post
from tree import read_tree
from wire import UPDATES_DONE, put

MIB = 1 << 20
SETTINGS = {'client_timeout': 20, 'mb_per_sync': 1}
WORKERS = 6
ERROR_WORDS = re.compile(rb':ERROR: 0 .*', re.DOTALL)
FRAGMENT = b'X-Object-Sysmeta-Ec-Frag-Index: 1'
_partitions = itertools.count(100)


def started(receivers):
    return [receivers.new(kind, SETTINGS, WORKERS if kind == 'worker' else 0, with_faults=True) for kind in (TARGET, 'swift')]


@pytest.fixture(scope='module')
def servers(receivers):
    """(the receiver under test, Swift's), with faults to be injected; none of them dies of any."""
    pair = started(receivers)
    pids = [server.serving_pids() for server in pair]
    yield pair
    assert [server.serving_pids() for server in pair] == pids


@pytest.fixture(scope='module')
def servers_without_tmpfile(receivers):
    """The same, on a file system without O_TMPFILE. Servers of their own, since Swift asks only once."""
    return started(receivers)


def put_at(seconds, body=b'newer', *headers):
    return put(PATH, at(seconds), body, FRAGMENT, *headers)


# What is sent: offers of the missing check, or subrequests; None for REPLICATE.
SESSIONS = {
    'check': ([at(0)], []),
    'PUT': ([], [put_at(5)]),
    'big-PUT': ([], [put_at(5, b'x' * (2 * MIB))]),
    'POST': ([], [post(PATH, 5, b'X-Object-Meta-A: new')]),
    'DELETE': ([], [delete(PATH, 5)]),
    'two-PUTs': ([], [put_at(5), put(b'/a/c/other', at(5), b'other', FRAGMENT)]),
}
WRITES = 'PUT POST DELETE'
EVERYTHING = 'check PUT POST DELETE REPLICATE'


def stored(tree, partition, policy, seconds=0, durable=True):
    if policy == EC:
        tree.put(partition, NAME, T + seconds, BODY, policy=EC, fragment=1, durable=durable)
    else:
        tree.put(partition, NAME, T + seconds, BODY)


def with_meta(tree, partition, policy):
    stored(tree, partition, policy)
    tree.post(partition, NAME, T + 1, {'X-Object-Meta-A': 'a'}, policy)


def damaged(tree, partition, policy):
    stored(tree, partition, policy)
    directory = tree.hash_path(partition, NAME, policy)
    truncate(os.path.join(directory, os.listdir(directory)[0]))


def with_hashes(tree, partition, policy):
    """hashes.pkl is there, and a suffix is to be hashed."""
    from swift.common.storage_policy import POLICIES
    stored(tree, partition, policy)
    manager = tree.manager(policy)
    manager._get_hashes(tree.device, partition, POLICIES[policy])
    manager.invalidate_hash(os.path.dirname(tree.hash_path(partition, NAME, policy)))


STATES = {
    'nothing': lambda tree, partition, policy: None,
    'partition': lambda tree, partition, policy: os.makedirs(tree.partition_path(partition, policy)),
    'suffix': lambda tree, partition, policy: os.makedirs(os.path.dirname(tree.hash_path(partition, NAME, policy))),
    'data': stored,
    'undecided': lambda tree, partition, policy: stored(tree, partition, policy, durable=False),
    'meta': with_meta,
    'tombstone': lambda tree, partition, policy: tree.delete(partition, NAME, T, policy),
    'damaged': damaged,
    'hashes': with_hashes,
}


@dataclasses.dataclass
class Case:
    call: str
    error: str
    path: str                     # a pattern; {hash}, {suffix} and {partition} are directories
    state: str
    request: str
    policy: int = GOLD
    words: bool = True            # what :ERROR: 0 says is the same too
    logged: bool = True           # ours logs this errno
    refused: bool = False         # ours on purpose: not acknowledged, where Swift says that all is well
    theirs: str = ''              # Swift meets this error instead, which it treats as a later release does ours

    def __str__(self):
        return ' '.join(('EC' if self.policy == EC else '', self.call, self.error, self.path, self.state,
                         self.request)).strip()


def cases(call, errors, paths, states, requests, **options):
    return [Case(call, error, path, state, request, **options)
            for error in errors.split() for path in paths.split() for state in states.split()
            for request in ([requests] if requests in SESSIONS else requests.split())]


def table(*rows):
    rows = list(itertools.chain(*rows))
    return pytest.mark.parametrize('case', rows, ids=[str(row) for row in rows])


def places(partition, policy):
    digest = object_hash(NAME)
    objects = 'objects' + ('-%d' % policy if policy else '')
    return {'partition': '%s/%s' % (objects, partition), 'suffix': '%s/%s/%s' % (objects, partition, digest[-3:]),
            'hash': '%s/%s/%s/%s' % (objects, partition, digest[-3:], digest)}


def request(server, partition, name, policy):
    """What the sender sees, and the statuses of failed subrequests."""
    if name.startswith('REPLICATE'):
        reply = replicate(server, partition, object_hash(NAME)[-3:] if 'suffix' in name else None, policy)
        # A 500 carries Swift's traceback.
        return (reply.code, pickle.loads(reply.body) if reply.code == 200 else None, reply.ended), []
    offers, updates = SESSIONS[name]
    outcome = play_session(server, partition, NAME, offers, updates, policy, 1 if policy == EC else None)
    return outcome[:3], outcome.failed


def play(case, servers, rules=()):
    """[(answer, failed)] of both, each with what it logged in the end."""
    partition = str(next(_partitions))
    where = places(partition, case.policy)
    results = []
    for server in servers:
        forget_quarantined(server.tree)
        STATES[case.state](server.tree, partition, case.policy)
        server.faults.clear()
        seen = len(server.session_log())
        error = case.theirs if case.theirs and server.kind == 'swift' else case.error
        with server.faults.injected([*rules, (case.call, error, case.path.format(**where))]):
            answer, failed = request(server, partition, case.request, case.policy)
        assert [hit for hit in server.faults.hits() if hit[0] == case.call] or case.refused, '%s never met the fault' % server.kind
        if server.kind == 'worker' and case.logged:
            assert_logged(server, case, seen, answer, failed)
        results.append((answer, failed))
    return results, partition


def acknowledged(answer):
    return answer[0] == 200 and (not isinstance(answer[1], bytes) or answer[1].endswith(UPDATES_DONE))


def assert_logged(server, case, seen, answer, failed):
    """A failure is in the log, once as an error, with its path and errno."""
    if acknowledged(answer):
        return
    text = '[Errno %d]' % getattr(errno, case.error)

    def lines():
        return [line for line in server.session_log()[seen:].splitlines()
                if ' ERROR ' in line and server.tree.device_path in line and (text in line or 'xattr' in line)]
    await_condition(lines, lambda: 'no error in the log: ' + server.session_log()[seen:])
    # One for each subrequest that failed, or for the session.
    assert len(lines()) == max(len(failed), 1), lines()


def compare(case, servers, rules=()):
    (ours, theirs), partition = play(case, servers, rules)
    if case.refused and servers[0].kind == 'worker':
        assert not acknowledged(ours[0]) and acknowledged(theirs[0]), (ours, theirs)
        return
    if not case.words:
        ours, theirs = [((answer[0], ERROR_WORDS.sub(b':ERROR: 0', answer[1]), answer[2]), failed)
                        for answer, failed in (ours, theirs)]
    assert ours == theirs
    assert_equal_trees(*servers, partition, case.policy)
    # Whole devices are compared, which must not grow with the number of cases.
    for server in servers:
        shutil.rmtree(server.tree.partition_path(partition, case.policy), ignore_errors=True)


DATA, META, TS = '{hash}/%d.00000.data' % T, '{hash}/%d.00000.meta' % (T + 1), '{hash}/%d.00000.ts' % T


@table(
    # A directory that cannot be listed.
    cases('list', 'EIO EACCES', '{hash}', 'data meta tombstone', EVERYTHING),
    cases('list', 'ENODATA', '{hash}', 'data meta tombstone', EVERYTHING),
    cases('list', 'EUCLEAN', '{hash}', 'data meta tombstone', EVERYTHING, theirs='ENODATA'),
    cases('open', 'EIO', '{hash}', 'data', EVERYTHING),
    cases('open', 'EUCLEAN', '{hash}', 'data', 'check POST REPLICATE', theirs='ENODATA'),
    cases('open', 'ENOTDIR', '{hash}', 'data', 'check POST REPLICATE'),
    cases('open', 'ENODATA', '{hash}', 'data', 'check POST REPLICATE'),
    # ENODATA again when the directory that took the place of the quarantined one is synced.
    cases('open', 'ENODATA', '{hash}', 'data tombstone', 'PUT DELETE', refused=True),
    cases('open', 'EIO', '{hash}', 'nothing', 'check'),
    # There is nothing to be quarantined.
    cases('open', 'ENODATA ENOTDIR', '{hash}', 'nothing', 'check', logged=False),
    cases('list', 'EIO ENODATA', '{suffix} {partition}', 'data', 'REPLICATE'),
    cases('stat', 'EIO', '{partition}', 'data', 'REPLICATE'),
    # A file that cannot be opened or read. Swift's words are those of what its error led to.
    cases('open', 'EIO EACCES ELOOP', DATA, 'data meta', 'PUT POST DELETE'),
    cases('open', 'EIO EACCES ELOOP', DATA, 'data meta', 'check', words=False),
    cases('open', 'ENODATA', DATA, 'data meta', 'check PUT POST DELETE'),
    cases('open', 'EUCLEAN', DATA, 'data meta', 'check PUT POST DELETE', theirs='ENODATA'),
    cases('getxattr', 'EIO ENODATA EUCLEAN EACCES ERANGE', DATA, 'data meta', 'check PUT POST DELETE'),
    cases('getxattr', 'EIO ENODATA EUCLEAN', META, 'meta', 'check PUT POST DELETE'),
    cases('getxattr', 'EIO ENODATA EUCLEAN', TS, 'tombstone', 'check PUT POST DELETE'),
    cases('getxattr', 'ENOTSUP', DATA, 'data', 'check PUT POST DELETE'),
    cases('getxattr', 'ENOTSUP', META, 'meta', 'check PUT POST DELETE'),
    cases('getxattr', 'ENOTSUP', TS, 'tombstone', 'check PUT POST DELETE'),
    cases('getxattr', 'ENOENT', '{hash}/*', 'data tombstone', 'check'),
    cases('stat', 'EIO EUCLEAN', DATA, 'data meta', 'check PUT POST DELETE'),
    # What is damaged and cannot be moved away: Swift goes on as if it were whole.
    cases('rename', 'EIO ENOSPC', 'quarantined/*', 'damaged', 'check PUT', refused=True),
    cases('mkdir', 'EIO ENOSPC', 'quarantined*', 'damaged', 'check PUT', refused=True),
    cases('write', 'EIO ENOSPC', '{partition}/hashes.invalid', 'damaged', 'check', refused=True),
    cases('write', 'EIO ENOSPC', '{partition}/hashes.invalid', 'damaged', 'PUT'),
)
def test_reading(servers, case):
    compare(case, servers)


def test_a_file_that_is_never_there(servers):
    """Listed, and gone when it is opened, each time: Swift says that there is nothing, on which a sender may delete its
    copy. (2.36 says 503, as ours does.)"""
    for call, path in (('open', DATA), ('getxattr', DATA), ('getxattr', META), ('getxattr', TS)):
        state = 'meta' if path == META else 'tombstone' if path == TS else 'data'
        for name in WRITES.split():
            (ours, theirs), _ = play(Case(call, 'ENOENT', path, state, name, logged=False), servers)
            assert acknowledged(theirs[0])
            assert ours[1] == ([503] if servers[0].kind == 'worker' else []), (path, name)


NEW = '{hash}/#*'      # the unnamed file


@table(
    cases('mkdir', 'EIO ENOSPC EDQUOT EROFS', '{hash}', 'suffix', 'PUT DELETE'),
    cases('mkdir', 'EIO ENOSPC EDQUOT EROFS', '{suffix}', 'partition', 'PUT DELETE'),
    cases('mkdir', 'EIO ENOSPC EROFS', '{partition}', 'nothing', 'check PUT REPLICATE-suffix'),
    cases('tmpfile', 'EIO ENOSPC EDQUOT EROFS EACCES', '{hash}', 'data', WRITES),
    cases('tmpfile', 'EIO ENOSPC', '{hash}', 'nothing tombstone', 'PUT DELETE'),
    cases('fallocate', 'EIO ENOSPC EDQUOT EPERM ENOSYS EOPNOTSUPP EINVAL', NEW, 'data', 'PUT'),
    cases('write', 'EIO ENOSPC EDQUOT', NEW, 'nothing data', 'PUT'),
    cases('fdatasync', 'EIO ENOSPC', NEW, 'nothing data', 'big-PUT'),
    cases('setxattr', 'EIO ENOSPC EDQUOT ENOTSUP E2BIG EPERM', NEW, 'data', WRITES),
    cases('setxattr', 'ENOSPC ENOTSUP', NEW, 'nothing', 'PUT DELETE'),
    cases('fsync', 'EIO ENOSPC EDQUOT', NEW, 'data', WRITES),
    cases('fsync', 'EIO', NEW, 'nothing tombstone', 'PUT DELETE'),
    cases('link', 'EIO ENOSPC EDQUOT EMLINK EPERM', '{hash}/*', 'data', WRITES),
    cases('link', 'EIO', '{hash}/*', 'nothing tombstone', 'PUT DELETE two-PUTs'),
    # Swift tries twice and then takes it for done.
    cases('link', 'ENOENT EEXIST', '{hash}/*', 'data', WRITES, refused=True),
    cases('unlink', 'EIO EROFS ENOENT', '{hash}/*', 'data meta tombstone', 'PUT DELETE'),
    # The locks and the invalidations.
    cases('open', 'EIO ENOSPC EROFS', '{partition}/.lock', 'data', 'PUT DELETE REPLICATE REPLICATE-suffix'),
    cases('flock', 'EIO ENOLCK', '{partition}/.lock', 'data', 'PUT REPLICATE'),
    cases('open', 'EIO EROFS', '{partition}/.lock-replication .lock', 'data', 'check'),
    cases('flock', 'EIO', '{partition}/.lock-replication .lock', 'data', 'check', words=False),
    cases('open', 'EIO ENOSPC', '{partition}/hashes.invalid', 'nothing data', 'PUT DELETE REPLICATE-suffix'),
    cases('write', 'EIO ENOSPC', '{partition}/hashes.invalid', 'nothing data', 'PUT REPLICATE-suffix'),
)
def test_writing(servers, case):
    compare(case, servers)


@table(
    cases('open', 'EIO EACCES', '{partition}/hashes.pkl {partition}/hashes.invalid', 'hashes', 'REPLICATE'),
    cases('read', 'EIO', '{partition}/hashes.pkl {partition}/hashes.invalid', 'hashes', 'REPLICATE'),
    cases('open', 'EIO ENOSPC', '{partition}/tmp*', 'hashes', 'REPLICATE'),
    cases('write', 'EIO ENOSPC', '{partition}/tmp*', 'hashes data', 'REPLICATE'),
    cases('fsync', 'EIO', '{partition}/tmp*', 'hashes data', 'REPLICATE'),
    cases('rename', 'EIO ENOSPC', '{partition}/hashes.pkl', 'hashes data', 'REPLICATE'),
    cases('fsync', 'EIO', '{partition}', 'hashes data', 'REPLICATE', refused=True),
)
def test_hashes(servers, case):
    (ours, theirs), partition = play(case, servers)
    if case.refused and servers[0].kind == 'worker':
        assert (ours[0][0], theirs[0][0]) == (500, 200)
        return
    assert ours == theirs
    for server in servers:
        left = glob.glob(os.path.join(server.tree.partition_path(partition), 'tmp*'))
        # Swift leaves the file that it could not write.
        assert not left or server.kind == 'swift'
        for path in left:
            os.remove(path)
    assert_equal_trees(*servers, partition)


@table(
    cases('list', 'EIO ENODATA', '{hash}', 'data undecided', 'check PUT', policy=EC),
    cases('getxattr', 'EIO', '{hash}/*', 'data', 'check PUT', policy=EC),
    cases('getxattr', 'EIO', '{hash}/*', 'undecided', 'check', policy=EC),
    cases('tmpfile', 'EIO ENOSPC', '{hash}', 'data', 'PUT', policy=EC),
    cases('fsync', 'EIO', '{hash}/#*', 'data', 'PUT', policy=EC),
    cases('link', 'EIO', '{hash}/*', 'data', 'PUT', policy=EC),
    # Making a fragment durable.
    cases('rename', 'EIO ENOSPC EDQUOT', '{hash}/*#d.data', 'undecided', 'check', policy=EC),
    cases('rename', 'EIO ENOSPC EDQUOT', '{hash}/*#d.data', 'nothing data', 'PUT', policy=EC),
)
def test_fragments(servers, case):
    compare(case, servers)


@table(
    cases('fsync', 'EIO ENOSPC', '{hash}', 'nothing data', WRITES),
    cases('open', 'EIO', '{suffix} {partition}', 'nothing', 'PUT DELETE'),
    cases('fsync', 'EIO', '{suffix} {partition}', 'nothing', 'PUT DELETE'),
    cases('fsync', 'EIO', '{partition}/hashes.invalid', 'nothing data', WRITES),
    cases('fsync', 'EIO ENOSPC EDQUOT', NEW, 'nothing data', WRITES),
    cases('fdatasync', 'EIO', NEW, 'nothing data', 'big-PUT'),
    cases('fsync', 'EIO', '{hash}', 'nothing data', 'PUT', policy=EC),
)
@pytest.mark.worker_only
def test_what_cannot_be_synced_is_not_acknowledged(servers, case):
    """No new name is visible before it is durable; the next session stores the objects that this one could not."""
    if case.request == 'POST' and case.state == 'nothing':
        pytest.skip('a POST to nothing writes nothing')
    partition = str(next(_partitions))
    server = servers[0]
    STATES[case.state](server.tree, partition, case.policy)
    before = names(server, partition, case.policy)
    seen = len(server.session_log())
    server.faults.clear()
    with server.faults.injected([(case.call, case.error, case.path.format(**places(partition, case.policy)))]):
        answer, failed = request(server, partition, case.request, case.policy)
        assert server.faults.hits()
    assert not acknowledged(answer)
    assert_logged(server, case, seen, answer, failed)
    if 'hashes.invalid' not in case.path:
        assert names(server, partition, case.policy) == before
    answer, failed = request(server, partition, case.request, case.policy)
    if 'hashes.invalid' in case.path and case.request != 'DELETE':
        # It is whole and durable; only nobody was told.
        assert failed == [409]
    elif failed != [409]:
        assert acknowledged(answer), (answer, failed)


def names(server, partition, policy):
    return sorted(path for path, entry in read_tree(server.tree.partition_path(partition, policy)).items()
                  if path.endswith(('.data', '.meta', '.ts')))


WITHOUT_TMPFILE = ('tmpfile', 'EOPNOTSUPP', '*')


@table(
    cases('tmpfile', 'EOPNOTSUPP EINVAL EISDIR', '{hash}', 'nothing data meta tombstone', 'PUT DELETE two-PUTs'),
    cases('tmpfile', 'EOPNOTSUPP', '{hash}', 'data', 'POST'),
    cases('mkdir', 'EIO ENOSPC', 'tmp', 'data', 'PUT'),
    cases('open', 'EIO ENOSPC EDQUOT EROFS', 'tmp/tmp*', 'data', WRITES),
    cases('fallocate', 'ENOSPC EIO', 'tmp/tmp*', 'data', 'PUT'),
    cases('write', 'ENOSPC EIO', 'tmp/tmp*', 'data', 'PUT'),
    cases('setxattr', 'ENOSPC ENOTSUP EIO', 'tmp/tmp*', 'data', 'PUT POST'),
    cases('fsync', 'EIO', 'tmp/tmp*', 'data', WRITES),
    cases('rename', 'EIO ENOSPC', '{hash}/*', 'data', WRITES),
    cases('fsync', 'EIO', '{hash}', 'data', WRITES, refused=True),
)
def test_without_o_tmpfile(servers_without_tmpfile, case):
    # Swift asks for an unnamed file once in its life only; ours each time.
    for server in servers_without_tmpfile:
        if case.call == 'mkdir' and os.path.exists(os.path.join(server.tree.device_path, 'tmp')):
            os.rmdir(os.path.join(server.tree.device_path, 'tmp'))
    if case.call == 'tmpfile':
        case = dataclasses.replace(case, call='stat', path='no such path', refused=False)
        rules = [WITHOUT_TMPFILE]
        partition = str(next(_partitions))
        results = []
        for server in servers_without_tmpfile:
            STATES[case.state](server.tree, partition, GOLD)
            with server.faults.injected(rules):
                results.append(request(server, partition, case.request, GOLD))
        assert results[0] == results[1]
        assert_equal_trees(*servers_without_tmpfile, partition)
        return
    compare(case, servers_without_tmpfile, [WITHOUT_TMPFILE])
