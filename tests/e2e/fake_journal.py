"""A socket in the place of journald's, in a mount name space of a program's own."""
import os
import queue
import shlex
import socket
import struct
import subprocess
import threading

from processes import die_with_parent

# An empty /run, so that nothing of this machine's is touched.
ENTER = 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind %s /run/systemd/journal && exec "$@"'


class FakeJournal:
    def __init__(self, directory):
        self.directory = os.path.join(directory, 'journal')
        os.makedirs(self.directory)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(os.path.join(self.directory, 'socket'))
        self.entries = queue.SimpleQueue()
        # All the time: a queue that is full, of ten entries on some machines, is one that takes no more.
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.stream_path = os.path.join(directory, 'stream')

    def start(self, command):
        """The program, whose standard error is the journal's stream, which systemd's variable tells it."""
        with open(self.stream_path, 'wb') as stream:
            status = os.fstat(stream.fileno())
            return subprocess.Popen(
                ['unshare', '-m', '--propagation', 'private', 'sh', '-c', ENTER % shlex.quote(self.directory), 'sh', *command],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream, preexec_fn=die_with_parent,
                env={**os.environ, 'JOURNAL_STREAM': '%d:%d' % (status.st_dev, status.st_ino)})

    def _read(self):
        while data := self.socket.recv(1 << 20):
            self.entries.put(data)

    def entry(self):
        """The next entry's fields, for which it waits."""
        data = self.entries.get(timeout=30)
        fields = {}
        while data:
            name, _, data = data.partition(b'\n')
            length, = struct.unpack('<Q', data[:8])
            assert name not in fields and data[8 + length:9 + length] == b'\n'
            fields[name.decode()] = data[8:8 + length].decode()
            data = data[9 + length:]
        return fields

    def stream(self):
        with open(self.stream_path, encoding='utf-8') as stream:
            return stream.read()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.socket.close()
