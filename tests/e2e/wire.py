"""A scripted ssync client: it sends exactly the bytes a test gives it and reads what comes back."""
import contextlib
import errno
import select
import socket
import time


class Raw(bytes):
    """Bytes of a script that go out as they are, not as one chunk."""


class Pause(float):
    """Seconds of silence in a script: the thing under test when a client is silent."""


LAST_CHUNK = Raw(b'0\r\n\r\n')


class HalfClose:
    """The client shuts its sending side."""


HALF_CLOSE = HalfClose()


class Reply:
    """A whole answer: status line, headers (lower-case names), body, and how the body ended.

    ended is 'last chunk' (or the Content-Length reached), 'cut' (closed before that) or 'silence' (still open when
    the time was up).
    """

    def __init__(self, status, headers, body, ended):
        self.status = status
        self.headers = headers
        self.body = body
        self.ended = ended

    @property
    def code(self):
        return int(self.status.split()[1])

    def __repr__(self):
        return 'Reply(%r, %r, %s)' % (self.status, self.body, self.ended)


class Client:
    """One request on one connection."""

    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.received = b''
        self.closed = False
        self.chunk_left = None  # bytes left of the current chunk; None before the first
        self.body_ended = None
        self.line = b''
        self.status = None
        self.headers = {}

    def close(self):
        self.socket.close()

    def reset(self):
        """Close so that the other side sees a reset, as when a host's process dies with unread data."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\x01\0\0\0\0\0\0\0')
        self.socket.close()

    def start(self, device='sda1', partition='0', verb='SSYNC', headers=(), path=None):
        path = path if path is not None else '/%s/%s' % (device, partition)
        lines = ['%s %s HTTP/1.1' % (verb, path), 'Host: 127.0.0.1', 'Transfer-Encoding: chunked']
        lines += ['%s: %s' % pair for pair in headers]
        self.raw(('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1'))
        return self

    def raw(self, data):
        self.socket.sendall(data)

    def send(self, data):
        """One chunk."""
        self.raw(b'%x\r\n%s\r\n' % (len(data), data))

    def play(self, script):
        for step in script:
            if isinstance(step, HalfClose):
                self.socket.shutdown(socket.SHUT_WR)
            elif isinstance(step, Pause):
                time.sleep(step)
            elif isinstance(step, Raw):
                self.raw(step)
            else:
                self.send(step)

    def _receive(self):
        """False when the peer has closed or reset."""
        if self.closed:
            return False
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b''
        if not data:
            self.closed = True
            return False
        self.received += data
        return True

    def read_head(self):
        while b'\r\n\r\n' not in self.received:
            if not self._receive():
                raise EOFError('closed before the header ended: %r' % self.received)
        head, self.received = self.received.split(b'\r\n\r\n', 1)
        lines = head.decode('latin-1').split('\r\n')
        self.status = lines[0]
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(':', 1)
            self.headers[name.strip().lower()] = value.strip()
        return self

    def read_some(self):
        """The next piece of body; b'' at its end, when body_ended says which end it was."""
        while self.body_ended is None:
            if self.chunk_left:
                if not self.received and not self._receive():
                    self.body_ended = 'cut'
                    break
                piece = self.received[:self.chunk_left]
                self.received = self.received[len(piece):]
                self.chunk_left -= len(piece)
                return piece
            # Between chunks: the CRLF after the last one, if any, then a size line.
            prefix = b'' if self.chunk_left is None else b'\r\n'
            while b'\r\n' not in self.received[len(prefix):]:
                if not self._receive():
                    self.body_ended = 'cut'
                    return b''
            size, self.received = self.received[len(prefix):].split(b'\r\n', 1)
            self.chunk_left = int(size.split(b';')[0], 16)
            if self.chunk_left == 0:
                self.body_ended = 'last chunk'
        return b''

    def read_line(self):
        """The next line of the body with its end; b'' at the end of the body."""
        while b'\n' not in self.line:
            piece = self.read_some()
            if not piece:
                line, self.line = self.line, b''
                return line
            self.line += piece
        line, self.line = self.line.split(b'\n', 1)
        return line + b'\n'

    def expect(self, *lines):
        for line in lines:
            got = self.read_line()
            assert got == line, 'expected %r, got %r' % (line, got)

    def wanted(self):
        """Read the answer to a missing check: the wanted lines."""
        line = self.read_line()
        while line == b'\r\n':
            line = self.read_line()
        assert line == b':MISSING_CHECK: START\r\n', line
        result = []
        while True:
            line = self.read_line()
            assert line, 'the response ended early'
            if line == b':MISSING_CHECK: END\r\n':
                return result
            if line.strip():
                result.append(line.strip())

    def rest(self):
        body, self.line = self.line, b''
        try:
            while True:
                piece = self.read_some()
                if not piece:
                    break
                body += piece
        except socket.timeout:
            self.body_ended = 'silence'
        return body

    def reply(self, has_body=True):
        """Everything to the end of the answer."""
        self.read_head()
        if not has_body:
            return Reply(self.status, self.headers, b'', 'last chunk')
        if 'chunked' in self.headers.get('transfer-encoding', ''):
            body = self.rest()
            return Reply(self.status, self.headers, body, self.body_ended)
        length = int(self.headers['content-length'])
        while len(self.received) < length and self._receive():
            pass
        return Reply(self.status, self.headers, self.received[:length],
                     'last chunk' if len(self.received) >= length else 'cut')

    def to_the_end(self):
        """All that comes until the peer closes."""
        while self._receive():
            pass
        return self.received

    def seconds_until_refused(self, limit=5.0):
        """Keep sending; how long until the system says that nobody listens."""
        self.socket.setblocking(False)
        begun = time.monotonic()
        data = b'1000\r\n' + b'x' * 4096 + b'\r\n'
        while time.monotonic() - begun < limit:
            try:
                self.socket.send(data)
            except BlockingIOError:
                select.select([], [self.socket], [], 0.05)
            except OSError as error:
                assert error.errno in (errno.EPIPE, errno.ECONNRESET), error
                return time.monotonic() - begun
        raise AssertionError('the peer still accepts data after %s seconds' % limit)


@contextlib.contextmanager
def connected(port, **options):
    client = Client(port, **options)
    try:
        yield client
    finally:
        client.close()


def converse(port, script, device='sda1', partition='0', verb='SSYNC', headers=(), path=None, timeout=60):
    """Send a whole script, then read the whole answer."""
    with connected(port, timeout=timeout) as client:
        client.start(device, partition, verb, headers, path)
        # A session may end before its script does; what was answered until then is what counts.
        try:
            client.play(script)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return client.reply()


def ask(port, method, path, headers=(), timeout=60):
    """A request without a body, on a connection of its own, and the whole answer; None if there was none."""
    with connected(port, timeout=timeout) as client:
        lines = ['%s %s HTTP/1.1' % (method, path), 'Host: 127.0.0.1', 'Connection: close']
        lines += ['%s: %s' % pair for pair in headers]
        client.raw(('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1'))
        try:
            reply = client.reply(has_body=method != 'HEAD')
        except EOFError:
            assert client.received == b'', client.received
            return None
        # What comes after the body would be taken for the next answer.
        if reply.ended != 'cut' and reply.code != 304:
            while client._receive():
                pass
            assert method == 'HEAD' or len(client.received) <= int(reply.headers.get('content-length', 0)), client.received
        return reply


MISSING_CHECK_START = b':MISSING_CHECK: START\r\n'
MISSING_CHECK_END = b':MISSING_CHECK: END\r\n'
UPDATES_START = b':UPDATES: START\r\n'
UPDATES_END = b':UPDATES: END\r\n'
EMPTY_CHECK = MISSING_CHECK_START + MISSING_CHECK_END
NOTHING_WANTED = b'\r\n:MISSING_CHECK: START\r\n\r\n:MISSING_CHECK: END\r\n'
UPDATES_DONE = b':UPDATES: START\r\n:UPDATES: END\r\n'


def check_script(*lines):
    """A session that only asks."""
    return [MISSING_CHECK_START + b''.join(line + b'\r\n' for line in lines) + MISSING_CHECK_END,
            UPDATES_START + UPDATES_END, LAST_CHUNK]


def updates_script(*subrequests):
    """A session that asks nothing and sends subrequests."""
    return [EMPTY_CHECK, UPDATES_START + b''.join(subrequests) + UPDATES_END, LAST_CHUNK]


def subrequest(method, path, *headers, body=b''):
    """path and headers (whole lines) as bytes."""
    return b'%s %s\r\n' % (method, path) + b''.join(line + b'\r\n' for line in headers) + b'\r\n' + body


def put(path, timestamp, body=b'', *headers):
    return subrequest(b'PUT', path, b'X-Timestamp: %s' % timestamp, b'Content-Length: %d' % len(body),
                      b'Content-Type: text/plain', *headers, body=body)
