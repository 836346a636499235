"""A large object while the worker reads slowly: nginx must keep the body flowing after it has passed on the header.

Stock nginx forgets the upstream's write event once the response header is out, so the body stalls for ever as soon as the
worker's socket has filled once. nginx/README.md says more.
"""
import hashlib
import os
import signal
import threading
import time

from processes import await_condition, lock_holders
from target import TARGET
from wire import EMPTY_CHECK, LAST_CHUNK, UPDATES_DONE, UPDATES_END, UPDATES_START, connected

GIB = 1 << 30
PIECE = 1 << 20
PARTITION = '7'


class Slowed:
    """Stops a process and lets it run again, over and over."""

    def __init__(self, pid, stopped=0.5, running=0.25, times=12):
        self.pid = pid
        self.stopped = stopped
        self.running = running
        self.times = times
        self.done = 0
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while self.done < self.times and not self.end.is_set():
                os.kill(self.pid, signal.SIGSTOP)
                self.end.wait(self.stopped)
                os.kill(self.pid, signal.SIGCONT)
                self.done += 1
                self.end.wait(self.running)
        except ProcessLookupError:
            pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()
        try:
            os.kill(self.pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


def blocks():
    """1 GiB whose pieces all differ, without hashing or storing a gigabyte of noise."""
    noise = bytearray(os.urandom(PIECE))
    for number in range(GIB // PIECE):
        noise[:8] = number.to_bytes(8, 'big')
        yield bytes(noise)


def test_an_object_of_one_gib_arrives_while_the_worker_is_stopped_again_and_again(own):
    server = own.new(TARGET)
    timestamp = b'%010d.00000' % int(time.time())
    digest = hashlib.md5()
    with connected(server.port, timeout=60) as client:
        client.start(partition=PARTITION)
        client.read_head()
        client.send(EMPTY_CHECK)
        assert client.wanted() == []
        lock = os.path.join(server.tree.partition_path(PARTITION), '.lock-replication')
        worker, = await_condition(lambda: lock_holders(lock), 'the session holds its lock')
        assert worker in server.serving_pids()
        client.send(UPDATES_START + b'PUT /a/c/large\r\nX-Timestamp: %s\r\nContent-Type: a/b\r\nContent-Length: %d\r\n\r\n'
                    % (timestamp, GIB))
        with Slowed(worker) as slowed:
            for piece in blocks():
                digest.update(piece)
                client.send(piece)
            client.send(UPDATES_END)
            client.raw(LAST_CHUNK)
            assert client.rest() == UPDATES_DONE
        assert slowed.done >= 3, 'the worker was stopped only %d times' % slowed.done
    assert os.path.getsize(os.path.join(server.tree.hash_path(PARTITION, '/a/c/large'),
                                        timestamp.decode() + '.data')) == GIB
    with server.tree.diskfile(PARTITION, '/a/c/large').open() as diskfile:
        assert diskfile.get_metadata()['ETag'] == digest.hexdigest()
        received = hashlib.md5()
        for piece in diskfile.reader():
            received.update(piece)
    assert received.hexdigest() == digest.hexdigest()
