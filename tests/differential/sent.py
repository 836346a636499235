"""Random SSYNC conversations: missing checks, subrequests, and how they are broken off."""
import hashlib
import re

from draw import COMMON_CONTENT_TYPES, CONTENT_TYPES
from policies import ERASURE_CODING
from session import Subrequest
from swift_cluster import wire_path

USER_HEADERS = [b'X-Object-Meta-A', b'x-object-meta-a', b'X-OBJECT-META-b', b'X-Object-Meta-Two-Words', b'X-Object-Sysmeta-S',
                b'x-object-sysmeta-t', b'X-Object-Transient-Sysmeta-U', b'Content-Encoding', b'content-disposition', b'X-Static-Large-Object',
                b'X-Object-Manifest', b'Cache-Control', b'X-Other', b'X-Robots-Tag', b'Expires', b'X-Backend-Other', b'X-Delete-After',
                b'X-Object-Sysmeta-Container-Update-Override-Etag', b'x-object-meta-under_score']
BODIES = [0, 0, 1, 5, 5, 100, 4096, 65535, 65536, 65537, 100000]
METHODS = ['PUT'] * 6 + ['POST'] * 3 + ['DELETE'] * 3
# Accepted or not: what Python's int() makes of them decides. Deliberate: none beyond 64 bits. Below all policies' number of fragments, between, above all.
FRAGMENT_INDEXES = [b'0', b'1', b'2'] * 15 + [b'3', b'9', b'02', b'x', b'', b'-1', b'+1', b'1_0', b'0_1', b'1.0', b'1 2', b'None', b'0x1']
POWERS = [b'4'] * 12 + [b'3', b'5', b'0', b'33', b'-1', b'x', b'', b'4.0', b'+4', b'32']

# An expiry or a content type's time that makes no sense, a name without letters or with too many.
REFUSED_WITH_POST = re.compile(
    rb'X-Delete-At: (soon|1\.5|\xd9\xa3)|Content-Type-Timestamp: (|then|-1|nan|99999999999)|X-Object-Meta-(n{129,})?: .*')


class Sent:
    def __init__(self, draw, policy, frag_index):
        self.draw = draw
        self.policy = policy
        self.frag_index = frag_index
        self.next_power = False     # subrequests tell a next partition power

    def missing_line(self):
        draw = self.draw
        digest = draw.names.hashes[draw.name_number()].encode()
        if draw.chance(0.1):
            digest = draw.pick([b'd' * 29 + b'abc', b'0' * 32])
        line = digest + b' ' + draw.time().encode()
        if draw.chance(0.5):
            # Deliberate: no m: or t: with an offset, none where the data's time has one.
            line = digest + b' ' + draw.time(offset=False).encode()
            durable = draw.pick([b'no', b'False', b'false', b'0', b'True', b'yes', b'x', b'', b' no'][:5 if draw.chance(0.8) else None])
            items = draw.random.sample([b'm:%x' % draw.pick([0, 1, 100000, 200000, 500000]), b't:%x' % draw.pick([0, 1, 100000, 300000]),
                                        b'durable:' + durable, b'future:1'], draw.random.randrange(1, 4))
            line += b' ' + b','.join(items)
        elif self.policy in ERASURE_CODING and draw.chance(0.4):
            line += b' durable:False'
        if draw.chance(0.008):
            # Deliberate: the hash itself is always one.
            line = draw.pick([b'', digest, digest + b' then', line + b' m:zz', digest + b' ' + draw.time(False).encode() + b' m:-5',
                              line + b' x', line + b' x:y z', digest + b' 1', digest + b' nan', digest + b' ' + draw.time().encode() + b' \xff',
                              digest + b' ' + draw.time(False).encode() + b' m:1:2', digest + b' ' + draw.time(False).encode() + b' %6d%3A1'])
        return line + draw.pick([b'\r\n'] * 20 + [b'\n', b' \r\n'])

    def subrequest(self):
        draw = self.draw
        method = draw.pick(METHODS)
        path = self.path()
        headers = [b'X-Timestamp: ' + draw.sent_time()]
        body = b''
        if method == 'PUT':
            body = self.body(headers)
        elif method == 'POST' and draw.chance(0.4):
            headers.append(b'Content-Type: ' + draw.pick(CONTENT_TYPES))
            if draw.chance(0.85):
                headers.append(b'Content-Type-Timestamp: ' + draw.sent_time())
        elif draw.chance(0.1):
            headers.append(b'Content-Length: ' + draw.pick([b'0', b'0', b'0', b'1']))
        if self.policy in ERASURE_CODING and draw.chance(0.9 if method == 'PUT' else 0.03):
            self.add_fragment_headers(headers)
        if method == 'DELETE' and draw.chance(0.1):
            headers.append(b'X-If-Delete-At: ' + draw.delete_at())
        if draw.chance(0.1):
            headers.append(b'X-Delete-At: ' + draw.delete_at())
        for _ in draw.count(0, 0, 1, 2, 4):
            headers.append(draw.pick(USER_HEADERS) + draw.pick([b': ', b':', b' : ', b':  ']) + draw.value())
        if draw.chance(0.05):
            headers.append(self.odd_header())
        if draw.chance(0.004):
            # More metadata than one extended attribute holds.
            headers += [b'X-Object-Sysmeta-Large-%d: ' % number + b'l' * 8000 for number in range(9)]
        if method == 'POST':
            # Deliberate: nothing for which newer releases refuse a POST.
            headers = [header for header in headers if not REFUSED_WITH_POST.fullmatch(header)]
        if self.next_power and draw.chance(0.8):
            headers.append(b'X-Backend-Next-Part-Power: ' + draw.pick(POWERS))
        if draw.chance(0.02):
            headers.pop(draw.random.randrange(len(headers)))
        if draw.chance(0.1):
            draw.random.shuffle(headers)
        if draw.chance(0.006):
            # Deliberate: no negative length, after which the body would be read as one long line.
            headers.insert(draw.random.randrange(len(headers) + 1), draw.pick([b'no colon', b': v', b'Content-Length: x']))
        line = method.encode() + b' ' + path
        if draw.chance(0.006):
            # Deliberate: a path always begins with a slash.
            line = draw.pick([b'', b'PUT', b'GET ' + path, b'put ' + path, line + b' HTTP/1.1', b'\xff ' + path])
        return Subrequest(line, headers, body)

    def path(self):
        draw = self.draw
        name = draw.names.all[draw.name_number()]
        path = wire_path(name).encode()
        if draw.chance(0.03):
            path = draw.pick([name.encode(), b'/a/c', b'/a/c/%FF', b'/a/c/o%00', b'/a/c//', path + b'/', b'/a/c/o?x=y', b'/a/c/o%0A', b'/a/c/o b',
                              b'/', b'/a/c/' + b'n' * 1100, b'/A' * 3, b'/.a/.c/.o'])
        return path

    def body(self, headers):
        draw = self.draw
        size = draw.pick(BODIES)
        body = bytes([draw.random.randrange(97, 123)]) * size
        headers.append(b'Content-Length: %d' % size)
        headers.append(b'Content-Type: ' + draw.pick(COMMON_CONTENT_TYPES * 5 + CONTENT_TYPES))
        if draw.chance(0.4):
            right = hashlib.md5(body).hexdigest().encode()
            headers.append(b'ETag: ' + (right if draw.chance(0.9) else draw.pick([b'0' * 32, b'', right.upper(), b'"%s"' % right])))
        if draw.chance(0.02):
            body = draw.pick([body + b'x\r\n', body[:-1], body + b'\r\n', b''])
        return body

    def add_fragment_headers(self, headers):
        draw = self.draw
        if draw.chance(0.9):
            same = self.frag_index is not None and draw.chance(0.5)
            index = self.frag_index.encode() if same else draw.pick(FRAGMENT_INDEXES)
            headers.append(b'X-Object-Sysmeta-Ec-Frag-Index: ' + index)
        if draw.chance(0.3):
            headers.append(b'X-Backend-No-Commit: ' + draw.pick([b'True', b'True', b'true', b'1', b'on', b'False', b'', b'no', b'maybe']))
        if draw.chance(0.3):
            headers += [b'X-Object-Sysmeta-Ec-Etag: ' + b'0' * 32, b'X-Object-Sysmeta-Ec-Content-Length: 10']

    def odd_header(self):
        draw = self.draw
        return draw.pick([b'If-None-Match: *', b'X-Backend-No-Commit: True', b'X-Backend-Replication: False', b'Transfer-Encoding: chunked',
                          b'X-Timestamp: ' + draw.sent_time(), b'X-Trans-Id: tx1', b'Host: elsewhere', b'X-Backend-Replication-Headers: x',
                          b'X-Object-Meta-: v', b'Expect: 100-continue', b'X-Backend-Storage-Policy-Index: 1',
                          b'X-Object-Meta-' + b'n' * 130 + b': v', b'If-Modified-Since: Sat, 01 Jan 2022 00:00:00 GMT',
                          b'If-None-Match: abc', b'X-Backend-Clean-Expiring-Object-Queue: f', b'X-Object-Sysmeta-Ec-Frag-Index: 1',
                          b'X-Backend-Ssync-Frag-Index: 1'])

    def break_off(self, session):
        """Let the sender fall silent for ever in the middle of something.

        Deliberate: never in the middle of a line.
        """
        draw = self.draw
        endings = ['last chunk'] * 6 + ['half close', 'close', 'reset', 'broken chunk']
        if not session.updates or draw.chance(0.25):
            session.missing = session.missing[:draw.random.randrange(len(session.missing) + 1)]
            session.check_end = draw.pick(endings)
            return
        session.updates_end = draw.pick(endings)
        session.updates = session.updates[:draw.random.randrange(len(session.updates)) + 1]
        if not all(update.whole() for update in session.updates[:-1]):
            # Where a length is wrong the last line may be one that began in a body.
            session.updates_end = 'END'
            return
        last = session.updates[-1]
        if last.body and last.whole() and draw.chance(0.7):
            last.body = last.body[:draw.pick([0, len(last.body) - 1, draw.random.randrange(len(last.body))])]
        elif draw.chance(0.7):
            last.headers = last.headers[:draw.random.randrange(len(last.headers) + 1)]
            last.head_ends, last.body = False, b''
