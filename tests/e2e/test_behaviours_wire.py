"""What is said on the wire: the rows of tests/swift-behaviours.md about answers, error lines, checks and locks."""
import contextlib
import os
import select

import pytest

from pair import CHECKED, HASH, NAME, PATH, Pair, at, delete, error, put, stored
from processes import await_condition, unread_bytes
from swift_cluster import EC, GOLD
from swift_lock import held
from wire import (EMPTY_CHECK, HALF_CLOSE, LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_DONE, UPDATES_END,
                  UPDATES_START, Raw, check_script, connected, converse, subrequest, updates_script)

BAD = subrequest(b'DELETE', PATH)       # no X-Timestamp: 400
ABSENT = b'0123456789abcdef0123456789abcdef'
LOCK_SETTINGS = {'replication_lock_timeout': '20'}
SHORT = {'client_timeout': 2, 'replication_lock_timeout': 2, 'replication_failure_threshold': 6}
SHORTER = {'client_timeout': 1, 'replication_lock_timeout': 1, 'replication_concurrency_per_device': 0,
           'replication_failure_threshold': 0, 'replication_failure_ratio': 0}
WORKERS = 5
INDEX, FRAGMENT = 'X-Backend-Storage-Policy-Index', 'X-Backend-Ssync-Frag-Index'


def test_the_answer_when_nothing_is_wanted_and_its_head_before_any_body(receivers):
    """1: The head and the first line end leave before any body is read."""
    for server in receivers.both():
        with connected(server.port, timeout=10) as client:
            client.start(partition='row-1')
            client.read_head()
            assert client.status == 'HTTP/1.1 200 OK'
            assert client.read_line() == b'\r\n'
            client.play(check_script())
            assert client.rest() == (b':MISSING_CHECK: START\r\n\r\n:MISSING_CHECK: END\r\n'
                                     b':UPDATES: START\r\n:UPDATES: END\r\n')
            assert client.body_ended == 'last chunk'


def test_an_error_line_ends_in_lf_alone_and_there_is_no_last_chunk(receivers):
    """2: Then the connection closes."""
    with Pair(receivers) as pair:
        pair.says(updates_script(BAD), b':MISSING_CHECK: START\r\n\r\n:MISSING_CHECK: END\r\n'
                  b":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 0 successes'\n", 'cut')
        pair.says([b'x\r\n'], b":ERROR: 0 \"Looking for :MISSING_CHECK: START got b'x\\\\r\\\\n'\"\n", 'cut')


def test_an_error_in_the_missing_check_discards_the_wanted_lines_but_not_what_was_done(receivers):
    """2: The first line is wanted; the second cleans up an obsolete file; the third is wrong."""
    def obsolete(pair, server):
        with open(os.path.join(pair.directory(server), at(-10) + '.ts'), 'wb'):
            pass
    with Pair(receivers) as pair:
        pair.store(stored(), obsolete)
        pair.holds(at(-10) + '.ts', at(0) + '.data')
        pair.says([MISSING_CHECK_START + ABSENT + b' 1500000000.00000\r\n'
                   + b'%s %s\r\n' % (HASH(NAME).encode(), at(0).encode()) + b'one-word\r\n' + MISSING_CHECK_END],
                  b":ERROR: 0 'list index out of range'\n")
        pair.holds(at(0) + '.data')


def test_the_line_of_too_many_failures(receivers):
    """3: The threshold was set to 6; the seventh subrequest is not looked at."""
    with Pair(receivers, SHORT, workers=WORKERS) as pair:
        pair.says(updates_script(*[BAD] * 6, put(0)), CHECKED + b":ERROR: 0 'Too many 6 failures to 0 successes'\n")
        pair.holds()


def test_the_line_of_a_silent_sender(receivers):
    """3: The seconds are a float."""
    with Pair(receivers, SHORT, workers=WORKERS) as pair:
        pair.says([EMPTY_CHECK, UPDATES_START], CHECKED + b":ERROR: 408 '2.0 seconds: updates line'\n")


def test_the_line_of_a_partition_that_is_locked(receivers):
    """3: It names the lock."""
    with Pair(receivers, SHORT, workers=WORKERS) as pair, contextlib.ExitStack() as locks:
        pair.says(check_script(), CHECKED + UPDATES_DONE, 'last chunk')
        for server in pair.servers:
            locks.enter_context(held(pair.path(server), 'replication'))
        pair.says(check_script(), b":ERROR: 0 '2 seconds: <devices>/sda1/objects/%s/.lock-replication'\n"
                  % pair.partition.encode())


def refused(pair, code, body=None, **request):
    """An answer with a status of its own, the same from both."""
    replies = [converse(server.port, [LAST_CHUNK], **request) for server in pair.servers]
    for reply in replies:
        assert reply.code == code, reply
        assert body is None or reply.body == body, reply
    ours, theirs = replies
    assert (ours.status, ours.body, ours.headers.get('content-type')) == (
        theirs.status, theirs.body, theirs.headers.get('content-type'))


@pytest.mark.parametrize('index', ['9', 'x'])
def test_an_unknown_policy_is_503(receivers, index):
    """4: And says which."""
    with Pair(receivers) as pair:
        refused(pair, 503, b'No policy with index ' + index.encode(), headers=[(INDEX, index)])


def test_an_empty_policy_header_means_policy_0(receivers):
    """4: The partition shows where it went."""
    with Pair(receivers) as pair:
        pair.says(updates_script(put(0)), CHECKED + UPDATES_DONE, 'last chunk', headers=[(INDEX, '')])
        pair.holds(at(0) + '.data')


@pytest.mark.parametrize('quoted,name', [('x1', 'x1'), ('a%20b', 'a b')])
def test_a_partition_need_not_be_a_number(receivers, quoted, name):
    """4: It is a directory's name."""
    with Pair(receivers) as pair:
        pair.says(updates_script(put(0)), CHECKED + UPDATES_DONE, 'last chunk', partition=quoted)
        pair.partition = name
        pair.holds(at(0) + '.data')


def test_a_partition_of_dots_is_400(receivers):
    """4: Also in another spelling."""
    with Pair(receivers) as pair:
        refused(pair, 400, b'Invalid partition: ..', path='/sda1/%2e%2e')
        refused(pair, 400, b'Invalid partition: ..', path='/sda1/..')
        refused(pair, 400, b'Invalid partition: .', path='/sda1/.')


@pytest.mark.parametrize('policy', [GOLD, EC])
def test_a_frag_index_that_is_no_integer_is_400(receivers, policy):
    """4: In any policy."""
    with Pair(receivers) as pair:
        refused(pair, 400, b"Invalid X-Backend-Ssync-Frag-Index 'x'", headers=[(FRAGMENT, 'x'), (INDEX, str(policy))])


def test_a_frag_index_that_the_policy_does_not_have_ends_the_session_at_the_first_object(receivers):
    """4: If the offered objects do not exist here, the session is normal."""
    with Pair(receivers, policy=EC) as pair:
        pair.wants([at(0)], ['dm'], headers=[(FRAGMENT, '9')])
        pair.store(stored(fragment=1))
        pair.refuses(at(0), b"'Fragment index must be less than 3 for a 2+1 policy: 9'", headers=[(FRAGMENT, '9')])


def test_a_replication_policy_ignores_the_frag_index(receivers):
    """4: Whatever integer it is."""
    with Pair(receivers) as pair:
        pair.store(stored())
        pair.wants([at(0), at(1)], ['', 'dm'], headers=[(FRAGMENT, '9')])


@pytest.mark.parametrize('script,answer', [
    ([MISSING_CHECK_START + ABSENT + b' 1500000000.00000\r\n', LAST_CHUNK],
     (b':MISSING_CHECK: START\r\n' + ABSENT + b' dm\r\n:MISSING_CHECK: END\r\n', 'cut')),
    ([EMPTY_CHECK, UPDATES_START, LAST_CHUNK], (CHECKED + UPDATES_DONE, 'last chunk')),
    ([EMPTY_CHECK, UPDATES_START + put(0), LAST_CHUNK], (CHECKED + UPDATES_DONE, 'last chunk'))],
    ids=['missing check', 'updates', 'after a subrequest'])
def test_the_end_of_the_body_is_end_in_either_phase(receivers, script, answer):
    """5: In the missing check the session then has nowhere to read UPDATES START from."""
    with Pair(receivers) as pair:
        pair.says(script, *answer)


def half_closed(server, pair, piece, framed):
    """What is said after the missing check when the sender's side closes inside a PUT's body."""
    with connected(server.port, timeout=20) as client:
        client.start(partition=pair.partition)
        client.read_head()
        client.send(EMPTY_CHECK)
        assert client.wanted() == []
        client.send(UPDATES_START)
        client.play([Raw(b'400\r\n' + piece) if framed else piece, HALF_CLOSE])
        said = client.rest()
        assert client.body_ended == 'cut'
        return said


def test_a_half_close_inside_a_chunk_of_a_put_body(receivers):
    """5: A failure (499), then the end of input, so 2.30.1 says so; newer Swift and ours say nothing more (N4)."""
    with Pair(receivers) as pair:
        pair.trees_differ = True        # how far a receiver had come with the body
        pair.expect(lambda server: half_closed(server, pair, put(0)[:-2], True),
                    b":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 0 successes'\n", b'')
        pair.holds()
        for server in pair.servers:
            assert server.kind == 'worker' or 'subrequest failed with 499: PUT' in server.session_log()


def test_a_half_close_between_chunks_of_a_put_body(receivers):
    """5: No line at all."""
    with Pair(receivers) as pair:
        pair.trees_differ = True
        pair.expect(lambda server: half_closed(server, pair, put(0)[:-2], False), b'')
        pair.holds()


def test_a_half_close_after_the_last_chunk_is_answered(receivers):
    """5: As if the sender had stayed: when all has gone out and the receiver still waits for its lock."""
    def look(server):
        with contextlib.ExitStack() as stack:
            locks = stack.enter_context(contextlib.ExitStack())
            os.makedirs(pair.path(server), exist_ok=True)
            locks.enter_context(held(pair.path(server), 'replication'))
            client = stack.enter_context(connected(server.port, timeout=30))
            client.start(partition=pair.partition).read_head()
            client.play([EMPTY_CHECK, UPDATES_START, put(0), UPDATES_END, LAST_CHUNK])
            if server.kind == 'worker':
                # nginx reads ahead. Swift's server does not, and will find the bytes before the end.
                await_condition(lambda: unread_bytes(server.port, client.socket) == 0, 'nginx has all')
            client.play([HALF_CLOSE])
            client.expect(b'\r\n')
            assert not select.select([client.socket], [], [], 0.3)[0], 'closed at once'
            locks.close()
            return client.rest(), client.body_ended
    with Pair(receivers, LOCK_SETTINGS) as pair:
        pair.expect(look, (CHECKED + UPDATES_DONE, 'last chunk'))
        pair.holds(at(0) + '.data')


def long_header(length):
    """A PUT with a header line of so many bytes with its end."""
    line = b'X-Other: '
    return put(0, line + b'v' * (length - len(line) - 2))


def test_a_line_is_cut_at_65536_bytes(receivers):
    """6: What follows is read as a line of its own, which has no colon; newer Swift and ours end the session (N4)."""
    with Pair(receivers) as pair:
        # As long as may be: the header is too long for Swift's own limits, and that is a failure of the subrequest.
        pair.updates(long_header(65536), failed=[400])
        pair.says(updates_script(long_header(65600)),
                  CHECKED + error(0, b"'not enough values to unpack (expected 2, got 1)'"), ours=CHECKED)


def test_the_order_of_the_requests_checks(receivers):
    """31: Policy, path with its names, frag index, device."""
    policy, index = (INDEX, '9'), (FRAGMENT, 'x')
    with Pair(receivers) as pair:
        refused(pair, 503, path='/sda1', headers=[policy, index])
        refused(pair, 503, path='/none/..', headers=[policy, index])
        refused(pair, 400, b'Invalid path: /sda1', path='/sda1', headers=[index])
        refused(pair, 400, b'Invalid partition: ..', path='/none/..', headers=[index])
        refused(pair, 400, b"Invalid X-Backend-Ssync-Frag-Index 'x'", path='/none/0', headers=[index])
        refused(pair, 507, path='/none/0')


def test_spellings_of_the_path(receivers):
    """31: An empty last segment is ignored; a device that quoting would change is unknown (507)."""
    with Pair(receivers) as pair:
        pair.says(updates_script(put(0)), CHECKED + UPDATES_DONE, 'last chunk', path='/sda1/%s/' % pair.partition)
        pair.holds(at(0) + '.data')
        for server in pair.servers:
            os.makedirs(os.path.join(server.tree.root, 'a+b'), exist_ok=True)
        refused(pair, 507, path='/a+b/0')


def test_without_a_replication_server_the_methods_are_405(receivers):
    """31: Before every other check."""
    with Pair(receivers, {'replication_server': 'false'}) as pair:
        for verb in ('SSYNC', 'REPLICATE'):
            refused(pair, 405, b'<html><h1>Method Not Allowed</h1><p>The method is not allowed for this resource.'
                    b'</p></html>', verb=verb, path='/sda1/0', headers=[(INDEX, '9')])


def test_how_one_second_is_written(receivers):
    """32: In the singular; the partition's lock an integer, a client's silence a float."""
    with Pair(receivers, SHORTER, workers=WORKERS) as pair, contextlib.ExitStack() as locks:
        pair.says([], b":ERROR: 408 '1.0 second: missing_check start'\n")
        for server in pair.servers:
            locks.enter_context(held(pair.path(server), 'replication'))
        pair.says(check_script(), b":ERROR: 0 '1 second: <devices>/sda1/objects/%s/.lock-replication'\n"
                  % pair.partition.encode())


@pytest.mark.parametrize('script,line', [
    # Text in single quotes; bytes, and quotes within, in a nested repr with doubled backslashes.
    ([EMPTY_CHECK, b'garbage\r\n'], br''':ERROR: 0 "Looking for :UPDATES: START got b'garbage\\r\\n'"'''),
    ([EMPTY_CHECK, b"it's\r\n"], br''':ERROR: 0 'Looking for :UPDATES: START got b"it\'s\\r\\n"' '''.strip()),
    ([EMPTY_CHECK, b'''it's "so"\r\n'''], br''':ERROR: 0 'Looking for :UPDATES: START got b\'it\\\'s "so"\\r\\n\'' '''.strip()),
    ([EMPTY_CHECK, b'\xff\xc3\xa0\t\\\x00\n'], br''':ERROR: 0 "Looking for :UPDATES: START got b'\\xff\\xc3\\xa0\\t\\\\\\x00\\n'"'''),
    ([EMPTY_CHECK, UPDATES_START + b'GET /a/c/o\r\n\r\n'], b":ERROR: 0 'Invalid subrequest method GET'"),
    ([EMPTY_CHECK, UPDATES_START + b"it's /a/c/o\r\n\r\n"], b''':ERROR: 0 "Invalid subrequest method it's"'''),
    # Letters beyond ASCII are printed; the wire's bytes are their Latin-1 reading.
    ([EMPTY_CHECK, UPDATES_START + b'\xe9\xad\x7f /a/c/o\r\n\r\n'],
     b":ERROR: 0 'Invalid subrequest method \xc3\xa9\\xad\\x7f'"),
    # An HTTP error's body is bytes.
    ([EMPTY_CHECK, UPDATES_START + BAD + UPDATES_END], b":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 0 successes'"),
])
def test_error_lines_are_printed_as_python_prints_them(receivers, script, line):
    """33: Of an exception the text, of an HTTP error the bytes."""
    with Pair(receivers) as pair:
        pair.says(script, CHECKED + line + b'\n')


@pytest.mark.parametrize('script,answer', [
    ([LAST_CHUNK], b''),
    ([EMPTY_CHECK, LAST_CHUNK], CHECKED),
    # A PUT that fails at once: its body is read away, and is short.
    ([EMPTY_CHECK, UPDATES_START + subrequest(b'PUT', PATH, b'Content-Length: 10', b'Content-Type: a') + b'short', LAST_CHUNK],
     CHECKED),
], ids=['end before START', 'end before UPDATES START', 'a failed PUT whose body is short'])
def test_no_error_line_at_all(receivers, script, answer):
    """34: The end of input before a START, and in the body of a PUT that failed before it was read."""
    with Pair(receivers) as pair:
        pair.says(script, answer)


@pytest.mark.parametrize('checked', [False, True], ids=['missing check', 'updates'])
def test_no_error_line_for_broken_chunks(receivers, checked):
    """34: The sender has the head, and is in the middle of its session."""
    def look(server):
        with connected(server.port, timeout=20) as client:
            client.start(partition=pair.partition)
            client.read_head()
            assert client.read_line() == b'\r\n'
            if checked:
                client.send(EMPTY_CHECK)
                assert client.wanted() == []
                client.send(UPDATES_START)
            else:
                client.send(MISSING_CHECK_START)
            client.raw(b'zz\r\n')
            return client.rest(), client.body_ended
    with Pair(receivers) as pair:
        pair.expect(look, (b'', 'cut'))
        pair.trees_differ = True        # whether a receiver had its locks before it heard of the chunk


@pytest.mark.parametrize('script,line', [
    ([MISSING_CHECK_START + b'\r\n'], b":ERROR: 0 'list index out of range'\n"),
    ([EMPTY_CHECK, UPDATES_START + b'\r\n'],
     CHECKED + b":ERROR: 0 'not enough values to unpack (expected 2, got 1)'\n"),
], ids=['missing check', 'updates'])
def test_a_blank_line_is_an_error(receivers, script, line):
    """34: In both phases."""
    with Pair(receivers) as pair:
        pair.says(script, line)


def test_the_threshold_is_tested_after_every_subrequest(receivers):
    """36: If no failure is allowed the first ends the session, however many successes there were; no success does."""
    with Pair(receivers, SHORTER, workers=WORKERS) as pair:
        absent = [delete(0, path=b'/a/c/absent%d' % number) for number in range(7)]
        pair.says(updates_script(), CHECKED + UPDATES_DONE, 'last chunk')
        pair.says(updates_script(*absent), CHECKED + UPDATES_DONE, 'last chunk')
        pair.says(updates_script(*absent, BAD, put(0)), CHECKED + b":ERROR: 0 'Too many 1 failures to 7 successes'\n")
        pair.says(updates_script(BAD, put(0)), CHECKED + b":ERROR: 0 'Too many 1 failures to 0 successes'\n")
        pair.holds()


def test_above_the_threshold_it_is_the_ratio_that_counts(receivers):
    """36: Six failures to six successes are not more than 1.0; the seventh is, although a success came between."""
    with Pair(receivers, SHORT, workers=WORKERS) as pair:
        absent = [delete(0, path=b'/a/c/absent%d' % number) for number in range(7)]
        pair.says(updates_script(*absent[:6], *[BAD] * 6), CHECKED
                  + b":ERROR: 500 b'ERROR: With :UPDATES: 6 failures to 6 successes'\n")
        pair.says(updates_script(*absent[:6], *[BAD] * 6, absent[6], BAD, BAD, put(0)), CHECKED
                  + b":ERROR: 0 'Too many 8 failures to 7 successes'\n")
        pair.holds()
