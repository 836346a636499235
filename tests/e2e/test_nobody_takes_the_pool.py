"""Readers that do not read, a drive that hangs, input that ends a worker, senders that fall silent: whoever else comes is
served, and how soon. Nothing else runs beside these tests."""
import contextlib
import re
import socket
import struct
import time

import pytest

from hung_device import HUNG, ask_of_the_hung_device, hang, two_devices  # noqa: F401
from open_session import finish, session
from processes import await_condition
from replicate_request import replicate
from side_by_side import side_by_side
from swift_cluster import without_root
from target import TARGET
from wire import (EMPTY_CHECK, LAST_CHUNK, MISSING_CHECK_START, UPDATES_DONE, UPDATES_END, UPDATES_START, ask, check_script,
                  connected, converse, put)

SOON = 3            # seconds in which an idle server answers, with room for a busy machine
PATIENCE = 10       # after which a test fails rather than to wait on
T = b'%010d.00000' % (int(time.time()) - 100)
MIB = 1 << 20
WORKERS, SLOTS = 6, 2
ROOM = WORKERS - SLOTS - 1      # of workers, for requests that are no sessions


@contextlib.contextmanager
def within(seconds, what):
    begun = time.monotonic()
    yield
    taken = time.monotonic() - begun
    assert taken < seconds, '%s took %.1f s' % (what, taken)


def served(server, device='sda1', partition='1'):
    """A whole session that stores something, soon."""
    with within(SOON, 'a session to ' + device):
        reply = converse(server.port, [EMPTY_CHECK, UPDATES_START + put(b'/a/c/honest', b'%.5f' % time.time(), b'body') +
                                       UPDATES_END, LAST_CHUNK], device, partition, timeout=PATIENCE)
    assert reply.body.endswith(UPDATES_DONE), reply


# Readers that do not read


@contextlib.contextmanager
def stalled_readers(server, path, count):
    """So many clients that ask for an object and take nothing of it."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            # Before it connects, so that the other side cannot send much more than this.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(30)
            client.connect(('127.0.0.1', server.port))
            client.sendall(b'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' % path)
            clients.append(client)
        yield clients


def status(client):
    """The status of an answer, which is left unread."""
    return client.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL).split(b' ')[1]


@pytest.mark.worker_only
def test_readers_that_do_not_read(own):
    settings = {'replication_concurrency': SLOTS, 'replication_concurrency_per_device': 0}
    ours, theirs = own.new(TARGET, settings, WORKERS), own.new('swift', settings)
    for server in (ours, theirs):
        server.tree.put('7', '/a/c/large', T.decode(), b'x' * (16 * MIB))
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(stalled_readers(server, b'/sda1/7/a/c/large', WORKERS)) for server in (ours, theirs)]
        for server in (ours, theirs):
            served(server)
            with within(SOON, 'a REPLICATE'):
                # Answered; by ours perhaps that there is no room for it.
                assert replicate(server, '1', timeout=PATIENCE).code in (200, 503)
        with within(SOON, 'the status of all readers'):
            statuses = sorted(map(status, readers[0]))
        # They are all of one device, which may have less than all the room.
        assert b'200' in statuses and set(statuses[ROOM:]) == {b'503'}, statuses
        with within(SOON, 'the refusal of one more'), stalled_readers(ours, b'/sda1/7/a/c/large', 1) as more:
            assert status(more[0]) == b'503'
        # As many sessions as ever, all of them at once.
        for client in [stack.enter_context(session(ours, str(20 + number))) for number in range(SLOTS)]:
            finish(client)
    # Once they are gone there is room again.
    await_condition(lambda: replicate(ours, '1').code == 200, 'room for a REPLICATE')


# A drive that hangs


@pytest.mark.worker_only
def test_a_drive_that_hangs(two_devices):
    server, place = two_devices
    with contextlib.ExitStack() as stack:
        stack.push(hang(place).__exit__)
        clients = ask_of_the_hung_device(server, stack)
        # For as long as it hangs, and longer than any waits for a lock.
        end = time.monotonic() + 6
        while time.monotonic() < end:
            served(server)
            with within(SOON, 'a REPLICATE'):
                assert replicate(server, '1', timeout=PATIENCE).code == 200
            with within(SOON, 'a GET'):
                assert ask(server.port, 'GET', '/sda1/1/a/c/honest', timeout=PATIENCE).code == 200
        # All but the one that may use the device are answered: those for which there was room to wait as by Swift, the
        # others at once.
        answers = [without_root(answer_so_far(client), server.tree.root) for client in clients]
        waited = [answer for answer in answers if re.fullmatch(
            rb"\r\n:ERROR: 0 '[0-9.]+ seconds?: <devices>/%s/\.lock'\n" % HUNG.encode(), answer)]
        refused = [answer for answer in answers if answer.startswith(b'\r\n:ERROR: 503 ')]
        assert len(waited) == 2 and len(refused) == len(clients) - 3, answers
    # And when it goes on, so does everything.
    await_condition(lambda: b'UPDATES: END' in converse(server.port, check_script(), HUNG, '1').body, 'the device is served', 30)
    served(server)


def answer_so_far(client):
    """What has come of the body; that a session still waits is no error."""
    client.socket.settimeout(0.5)
    try:
        client.read_head()
    except socket.timeout:
        return b''
    return client.rest()


# Input that ends a worker


def record(kind, body=b'', request=1):
    return struct.pack('>BBHHBx', 1, kind, request, len(body), 0) + body


BEGIN = record(1, struct.pack('>HB5x', 1, 0))
MALFORMED = [
    bytes(range(256)) * 4,
    record(1, b'abc'),
    BEGIN + record(4, b'\x80'),
    BEGIN + record(4, b'\xff' * 8 + b'A' * 60000),
    # libfcgi 2.4.2 writes the names that it knows into 64 bytes, however often they are asked for: the worker aborts.
    record(9, b'\x0e\0FCGI_MAX_CONNS' * 20, 0) + record(9, b'', 0),
]


@pytest.mark.worker_only
def test_malformed_fastcgi(own):
    server = own.new('worker', workers=WORKERS)
    path = server.pool_socket
    before = set(server.serving_pids())
    for data in MALFORMED + [MALFORMED[-1]] * 50:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(path)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(data)
    served(server)
    with within(SOON, 'a REPLICATE'):
        assert replicate(server, '1').code == 200
    await_condition(lambda: len(server.serving_pids()) == WORKERS, 'the pool is whole', SOON)
    assert not before & set(server.serving_pids()), 'no worker has died: the input is no longer bad enough'


# Senders that fall silent


def silent(client, partition, phase):
    """A session that says nothing any more, in a phase."""
    client.start(partition=partition)
    client.read_head()
    if phase != 'after the head':
        client.send(MISSING_CHECK_START if phase == 'in the missing check' else EMPTY_CHECK)
    if phase == 'in the updates':
        assert client.wanted() == []
        client.send(UPDATES_START)


def test_senders_that_fall_silent(receivers):
    """Each is told so after client_timeout, and its slot is another's."""
    phases = ['after the head', 'in the missing check', 'after the missing check', 'in the updates']
    settings = {'client_timeout': 2, 'replication_concurrency': len(phases), 'replication_concurrency_per_device': 0}

    def look(server):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(connected(server.port)) for _ in phases]
            for number, (client, phase) in enumerate(zip(clients, phases)):
                silent(client, str(number), phase)
            assert b':ERROR: 503' in converse(server.port, check_script(), partition='9').body
            with within(2 + SOON, 'the end of all silent sessions'):
                answers = [client.rest() for client in clients]
            # All slots are free, though the silent ones have not even closed.
            sessions = [stack.enter_context(session(server, str(20 + number))) for number in range(len(phases))]
            for client in sessions:
                finish(client)
        return answers
    ours, theirs = side_by_side(look, receivers.both(settings, len(phases) + 2))
    assert all(b':ERROR: 408' in answer for answer in theirs), theirs
    assert ours == theirs
