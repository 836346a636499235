"""A receiver that does what a test tells it to: the other half of `wire`."""
import contextlib
import socket
import threading

ACCEPTED = b'HTTP/1.1 200 OK\r\nX-Backend-Accept-No-Commit: True\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n'
NOTHING_WANTED = b':MISSING_CHECK: START\r\n\r\n:MISSING_CHECK: END\r\n'
DONE = b':UPDATES: START\r\n:UPDATES: END\r\n'


class Session:
    """One connection of a sender."""

    def __init__(self, connection):
        self.socket = connection
        self.raw = b''
        self.body = bytearray()
        self.chunk_left = None

    def send(self, data):
        """Bytes as they are."""
        self.socket.sendall(data)

    def say(self, data):
        """One chunk."""
        self.send(b'%x\r\n%s\r\n' % (len(data), data))

    def _receive(self):
        data = self.socket.recv(1 << 16)
        assert data, 'the sender has gone after %r' % self.body[-200:]
        self.raw += data

    def _raw_until(self, end):
        while end not in self.raw:
            self._receive()
        taken, self.raw = self.raw.split(end, 1)
        return taken

    def read_head(self):
        return self._raw_until(b'\r\n\r\n').decode('latin-1').split('\r\n')

    def read_piece(self):
        """Some more of the body, into `body`."""
        if not self.chunk_left:
            self.chunk_left = int(self._raw_until(b'\r\n'), 16) + 2
        if not self.raw:
            self._receive()
        piece = self.raw[:self.chunk_left]
        self.raw = self.raw[len(piece):]
        self.chunk_left -= len(piece)
        # The line end after a chunk's data may come in two pieces.
        after = max(0, 2 - self.chunk_left)
        self.body += piece[:max(0, len(piece) - after)]

    def take(self, size):
        """The next bytes of the body, so many."""
        while len(self.body) < size:
            self.read_piece()
        taken = bytes(self.body[:size])
        del self.body[:size]
        return taken

    def read_until(self, end):
        """The body up to and with these bytes."""
        searched = 0
        while True:
            at = self.body.find(end, searched)
            if at >= 0:
                return self.take(at + len(end))
            searched = max(0, len(self.body) - len(end))
            self.read_piece()

    def offers(self, accepted=ACCEPTED):
        """Accepts the request; the lines of the missing check."""
        self.head = self.read_head()
        self.send(accepted)
        self.read_until(b':MISSING_CHECK: START\r\n')
        lines = self.read_until(b':MISSING_CHECK: END\r\n').split(b'\r\n')
        return lines[:-2]

    def want(self, *lines):
        self.say(b':MISSING_CHECK: START\r\n' + b'\r\n'.join(lines) + b'\r\n:MISSING_CHECK: END\r\n')

    def updates(self):
        """All subrequests, as bytes."""
        self.read_until(b':UPDATES: START\r\n')
        return self.read_until(b':UPDATES: END\r\n')[:-len(b':UPDATES: END\r\n')]


@contextlib.contextmanager
def scripted_receiver(script):
    """Listens, and calls script(session) for the first connection. Yields the port; the script's errors are raised."""
    with socket.socket() as listening:
        listening.bind(('127.0.0.1', 0))
        listening.listen()
        listening.settimeout(60)
        errors = []

        def serve():
            try:
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(60)
                    script(Session(connection))
            except BaseException as error:  # raised where the test sees it
                errors.append(error)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(60)
        assert not thread.is_alive(), 'the script does not end'
        if errors:
            raise errors[0]
