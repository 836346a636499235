"""One server with its device: a session is built on it and played to it, and what it answered and left is read."""
import errno
import fcntl
import os
import pickle
import re
import shutil
import time

import swift_cluster
from session import GONE
from tree import XATTR, read_tree
from wire import LAST_CHUNK, connected

FAILURE = re.compile(rb'subrequest failed with (\d+)')
TIMEOUT = 30
SESSION_HEADERS = ('content-type', 'x-backend-accept-no-commit', 'content-length')
# Of a GET or HEAD all headers are compared but those that differ from answer to answer or are the front end's own.
OTHER_HEADERS = ('date', 'server', 'connection', 'keep-alive', 'transfer-encoding', 'x-trans-id', 'x-openstack-request-id')
BOUNDARY = re.compile(rb'boundary="?([0-9A-Za-z_-]+)')
LONGEST_XATTR = 1 << 16
LEFT_BEHIND = re.compile(r'/tmp[a-z0-9_]{8}\.tmp$')


class NotStorable(Exception):
    """The file system of the devices cannot store such large metadata."""


class Side:
    def __init__(self, server, log_path):
        self.server = server
        self.tree = server.tree
        self.device = self.tree.device_path
        self.log_path = log_path
        self.before_going = 0    # seconds

    def build(self, session, partition):
        self.partition = self.tree.partition_path(partition, session.policy)
        for entry in session.entries:
            path = os.path.normpath(os.path.join(self.partition, entry.path))
            if entry.contents is None:
                os.makedirs(path, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if entry.link_to:
                target = os.path.join(self.partition, entry.link_to)
                if os.path.exists(target):  # a reduced session may not have it
                    os.link(target, path)
                continue
            with open(path, 'wb') as output:
                output.write(entry.contents)
            os.chmod(path, 0o600)
            self.set_attributes(path, entry)
            if entry.old:
                os.utime(path, (1500000000, 1500000000))

    @staticmethod
    def set_attributes(path, entry):
        try:
            if entry.metadata is not None:
                for number, start in enumerate(range(0, len(entry.metadata) or 1, LONGEST_XATTR)):
                    os.setxattr(path, XATTR + (str(number) if number else ''), entry.metadata[start:start + LONGEST_XATTR])
            if entry.checksum is not None:
                os.setxattr(path, XATTR + '_checksum', entry.checksum)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.E2BIG):
                raise NotStorable from error
            raise

    def forget(self):
        for name in os.listdir(self.device):
            if not name.startswith('.lock'):
                shutil.rmtree(os.path.join(self.device, name), ignore_errors=True)

    def play(self, session, partition):
        """{what: the answer}, in which nothing is left that depends on the server's place."""
        self.log_start = os.path.getsize(self.log_path)
        if session.verb == 'READ':
            return {'read %d %s' % (number, what): value for number, read in enumerate(session.reads)
                    for what, value in self.read(session, read, partition).items()}
        with connected(self.server.port, timeout=TIMEOUT) as client:
            if session.verb == 'REPLICATE':
                return self.replicate(client, session, partition)
            headers = [('X-Backend-Storage-Policy-Index', str(session.policy))]
            if session.frag_index is not None:
                headers.append(('X-Backend-Ssync-Frag-Index', session.frag_index))
            client.start(partition=partition, headers=headers).read_head()
            answer = {'status': client.status, 'headers': {name: client.headers.get(name) for name in SESSION_HEADERS}}
            if client.status.split()[1] != '200':
                return answer
            answer['body'], answer['ended'] = self.converse(client, session)
            answer['body'] = swift_cluster.without_root(answer['body'], self.tree.root)
        return answer

    def replicate(self, client, session, partition):
        path = '/%s/%s' % (self.tree.device, partition) + ('/' + session.suffixes if session.suffixes else '')
        client.raw(('REPLICATE %s HTTP/1.1\r\nHost: x\r\nX-Backend-Storage-Policy-Index: %d\r\n\r\n' % (path, session.policy)).encode())
        reply = client.reply()
        answer = {'status': reply.status, 'ended': reply.ended}
        if reply.code == 200:
            answer['hashes'] = pickle.loads(reply.body)
            answer['headers'] = {'content-type': reply.headers.get('content-type')}
        return answer

    def read(self, session, read, partition):
        place = read.place or '/%s/%s' % (self.tree.device, partition)
        lines = [b'%s %s%s HTTP/1.1' % (read.method.encode(), place.encode(), read.path), b'Host: x', b'Connection: close']
        if not any(header.startswith(b'X-Backend-Storage-Policy-Index') for header in read.headers):
            lines.append(b'X-Backend-Storage-Policy-Index: %d' % session.policy)
        with connected(self.server.port, timeout=TIMEOUT) as client:
            client.raw(b'\r\n'.join(lines + read.headers) + b'\r\n\r\n')
            data = client.to_the_end()
        return whole_answer(data, read.method)

    def converse(self, client, session):
        """What came, and how it ended: None if the client has gone."""
        body = client.read_line()
        end = b':MISSING_CHECK: END\r\n' if session.check_end == 'END' else b''
        self.send(client, session, session.check_start + b''.join(session.missing) + end, session.check_end)
        if session.check_end in GONE:
            return b'', None
        try:
            while not body.endswith(b':MISSING_CHECK: END\r\n'):
                line = client.read_line()
                if not line:
                    return body, client.body_ended
                body += line
            if session.check_end == 'END':
                end = b':UPDATES: END\r\n' if 'END' in session.updates_end else b''
                self.send(client, session, session.updates_start + b''.join(one.bytes() for one in session.updates) + end,
                          session.updates_end)
                if session.updates_end in GONE:
                    return b'', None
        except TimeoutError:
            return body, 'silence'
        body += client.rest()
        return body, client.body_ended

    def send(self, client, session, data, end):
        packet = b''
        for start in range(0, len(data), session.piece):
            piece = data[start:start + session.piece]
            packet += b'%x\r\n%s\r\n' % (len(piece), piece)
        if 'last chunk' in end:
            packet += LAST_CHUNK
        try:
            client.raw(packet)
            if end in GONE:
                self.go(client, end)
        except OSError:
            pass  # the server ended early; what it answered counts

    def go(self, client, how):
        time.sleep(self.before_going)
        if how == 'half close':
            client.socket.shutdown(1)
        elif how == 'close':
            client.close()
        elif how == 'reset':
            client.reset()
        else:
            client.raw(b'no size\r\n')

    def log(self):
        with open(self.log_path, 'rb') as log:
            log.seek(self.log_start)
            return log.read()

    def failures(self):
        """The statuses of the failed subrequests."""
        return [int(code) for code in FAILURE.findall(self.log())]

    def idle(self):
        """Wait until no session holds the partition: only one whose client has gone can."""
        path = os.path.join(self.partition, '.lock-replication')
        end = time.monotonic() + 10
        while os.path.isfile(path) and time.monotonic() < end:
            with open(path) as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    time.sleep(0.01)

    def state(self):
        """All that is on the device but its own locks, and what Swift leaves behind if it cannot write hashes.pkl."""
        return {path: entry for path, entry in read_tree(self.device).items()
                if not path.startswith('.lock') and not LEFT_BEHIND.search(path)}


def whole_answer(data, method):
    """An answer to a request with 'Connection: close', as it came until the connection was closed.

    Of a 500, whose reason and body tell where in its own sources Swift was, only the code. No answer at all is a 500.
    nginx leaves an empty Content-Type out.
    """
    if not data:
        # Headers that cannot be encoded, found too late for Swift to answer.
        return {'status': '500'}
    head, _, body = data.partition(b'\r\n\r\n')
    lines = head.split(b'\r\n')
    headers = sorted(tuple(part.strip() for part in line.split(b':', 1)) for line in lines[1:])
    names = {name.lower(): value for name, value in headers}
    ended = 'whole'
    if b'chunked' in names.get(b'transfer-encoding', b''):
        body, ended = unchunked(body)
    elif method != 'HEAD' and b'content-length' in names and len(body) != int(names[b'content-length']):
        ended = 'cut'
    status = lines[0].decode('latin-1')
    if status.split()[1] == '500':
        return {'status': '500'}
    boundary = BOUNDARY.search(names.get(b'content-type', b''))
    if boundary:
        body = body.replace(boundary[1], b'<boundary>')
    # An answer to HEAD has no body; Swift sends one where the path is not UTF-8.
    answer = {'status': status} if method == 'HEAD' else {'status': status, 'body': body, 'ended': ended}
    for name, value in headers:
        if name.decode('latin-1').lower() not in OTHER_HEADERS and (value or name.lower() != b'content-type'):
            values = answer.setdefault(name.decode('latin-1'), [])
            values.append(value.replace(boundary[1], b'<boundary>') if boundary else value)
    return answer


def unchunked(data):
    body = b''
    while True:
        size, newline, data = data.partition(b'\r\n')
        if not newline:
            return body, 'cut'
        length = int(size, 16)
        if not length:
            return body, 'whole'
        body += data[:length]
        data = data[length + 2:]
