"""Random sessions: what is in a partition before, and what a sender then says.

A session is plain data, so that it can be printed, reduced and played to two servers. Times are relative to a base
an hour ago: they are of the last hours, or of a month before, never near the reclaim age or an expiry to come.

What worker/protocol.md lists under "Differences to Swift 2.30.1" is not generated; each place says "deliberate". What
README.md lists as open is generated on request only; each place asks `self.open`.
"""
import dataclasses
import hashlib
import pickle

from swift_cluster import name_in_suffix, object_hash, wire_path

MONTH = 30 * 86400
SECONDS = [-3, -2, -1, 0, 0, 0, 1, 2, 3]
FRACTIONS = ['00000'] * 6 + ['00001', '12345', '99999']
# Deliberate: no negative offset; and no value that ends with the bytes 85 or A0, which Swift strips.
OFFSETS = [''] * 9 + ['_0000000000000001', '_000000000000000a']
VALUES = [b'', b'v', b'two words', b'caf\xc3\xa9', b'latin \xe9', b'\xe6\x97\xa5\xe6\x9c\xac', b'a:b: c', b'  spaced\t',
          b'"quoted"', b"it's", b'%41%', b'\xff\xfe', b'x' * 200, b'\xf0\x9f\x98\x80 d', b'a\x00b', b'a\x01b', b'a,b;c=d']
CONTENT_TYPES = [b'text/plain', b'a/b;q=1', b'application/octet-stream', b'', b'caf\xc3\xa9/x', b'text/plain; swift_bytes=7']
USER_HEADERS = [b'X-Object-Meta-A', b'x-object-meta-a', b'X-OBJECT-META-b', b'X-Object-Meta-Two-Words', b'X-Object-Sysmeta-S',
                b'x-object-sysmeta-t', b'X-Object-Transient-Sysmeta-U', b'Content-Encoding', b'content-disposition', b'X-Static-Large-Object',
                b'X-Object-Manifest', b'Cache-Control', b'X-Other', b'X-Robots-Tag', b'Expires', b'X-Backend-Other', b'X-Delete-After',
                b'X-Object-Sysmeta-Container-Update-Override-Etag', b'x-object-meta-under_score']
BODIES = [0, 0, 1, 5, 5, 100, 4096, 65535, 65536, 65537, 100000]
METHODS = ['PUT'] * 6 + ['POST'] * 3 + ['DELETE'] * 3


@dataclasses.dataclass
class Entry:
    """A file or (contents None) a directory of the partition."""
    path: str
    contents: object = None
    metadata: object = None    # bytes of the attribute
    checksum: object = None


@dataclasses.dataclass
class Subrequest:
    line: bytes
    headers: list
    body: bytes = b''

    def bytes(self):
        return self.line + b'\r\n' + b''.join(header + b'\r\n' for header in self.headers) + b'\r\n' + self.body


@dataclasses.dataclass
class Session:
    entries: list
    verb: str = 'SSYNC'
    policy: int = 0
    suffixes: object = None
    check_start: bytes = b':MISSING_CHECK: START\r\n'
    missing: list = dataclasses.field(default_factory=list)
    check_end: str = 'END'          # 'END', 'last chunk', 'half close'
    updates_start: bytes = b':UPDATES: START\r\n'
    updates: list = dataclasses.field(default_factory=list)
    updates_end: str = 'END and last chunk'  # or 'END', 'last chunk', 'half close'
    piece: int = 1 << 16

    def __str__(self):
        lines = ['%s, policy %d, suffixes %r' % (self.verb, self.policy, self.suffixes)]
        for entry in self.entries:
            what = 'directory' if entry.contents is None else brief(entry.contents)
            lines.append('  %s: %s' % (entry.path, what))
            if entry.metadata is not None:
                try:
                    text = repr(pickle.loads(entry.metadata, encoding='bytes'))
                except Exception:  # a damaged pickle
                    text = repr(entry.metadata)
                right = hashlib.md5(entry.metadata).hexdigest().encode() == entry.checksum
                lines.append('    %s, checksum %s' % (text, 'right' if right else entry.checksum))
        if self.verb == 'SSYNC':
            lines.append('  > %r' % self.check_start)
            lines += ['  > %r' % line for line in self.missing]
            lines.append('  missing check ends: %s' % self.check_end)
            lines.append('  > %r' % self.updates_start)
            for subrequest in self.updates:
                lines.append('  > %r' % subrequest.line)
                lines += ['      %r' % header for header in subrequest.headers]
                lines.append('      body %s' % brief(subrequest.body))
            lines.append('  updates end: %s; pieces of %d' % (self.updates_end, self.piece))
        return '\n'.join(lines)


def brief(data):
    return repr(data) if len(data) <= 200 else '%d bytes' % len(data)


class Names:
    """Few, so that what is stored and what is sent meet; two of them share a suffix."""

    def __init__(self):
        first = '/a/c/o'
        self.all = [first, name_in_suffix(object_hash(first)[-3:], '/a/c/twin'), '/a/c/caf\u00e9 %41/x', '/a\u65e5/c/o?q=1#f']
        self.hashes = [object_hash(name) for name in self.all]


class Generator:
    def __init__(self, random, names, base, open_differences=False):
        self.open = open_differences
        self.random = random
        self.names = names
        self.base = base

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, choices):
        return self.random.choice(choices)

    def seconds(self):
        return self.pick(SECONDS) - (MONTH if self.chance(0.12) else 0)

    def time(self, offset=True):
        return '%010d.%s%s' % (self.base + self.seconds(), self.pick(FRACTIONS), self.pick(OFFSETS) if offset else '')

    def session(self):
        session = Session(self.partition())
        session.policy = 1 if self.chance(0.1) else 0
        if self.chance(0.25):
            session.verb = 'REPLICATE'
            if self.chance(0.4):
                session.suffixes = '-'.join(self.suffix() for _ in range(self.random.randrange(1, 4)))
            return session
        session.piece = self.pick([1 << 16] * 6 + [1000, 4096, 50])
        session.missing = [self.missing_line() for _ in range(self.random.randrange(0, 6))]
        session.updates = [self.subrequest() for _ in range(self.pick([0, 1, 1, 2, 3, 5, 8]))]
        if self.chance(0.02):
            session.check_start = self.pick([b'\r\n', b':UPDATES: START\r\n', b':MISSING_CHECK: START\n', b'  :MISSING_CHECK: START \r\n',
                                             b":what's \xe9 this\r\n"])
        if self.chance(0.02):
            session.updates_start = self.pick([b'\r\n', b':UPDATES: END\r\n', b':UPDATES: START\n', b'junk "\'\x00\r\n'])
        if self.chance(0.02):
            session.check_end = self.pick(['last chunk', 'half close'])
        if self.chance(0.1):
            session.updates_end = self.pick(['last chunk', 'last chunk', 'END', 'half close'])
        if session.updates_end == 'END' and any(not subrequest_whole(one) for one in session.updates):
            session.updates_end = 'END and last chunk'  # else END may be taken for a body, and all wait
        return session

    # What is stored.

    def partition(self):
        entries = {}
        if self.chance(0.08):
            return []
        for index in range(len(self.names.all)):
            if self.chance(0.6):
                for entry in self.hash_directory(index):
                    entries.setdefault(entry.path, entry)
        if self.chance(0.08):
            entries.setdefault('abc', Entry('abc', b'file' if self.open and self.chance(0.5) else None))
        if self.chance(0.05):
            entries['nosuffix'] = Entry('nosuffix', None if self.chance(0.5) else b'junk')
        if self.chance(0.05):
            path = 'abc/' + 'd' * 29 + 'abc/' + self.time() + '.data'
            if entries.get('abc') is None or entries['abc'].contents is None:
                entries[path] = self.data_file(path, None)
        for entry in self.hashes_files():
            entries[entry.path] = entry
        return list(entries.values())

    def hash_directory(self, index):
        digest = self.names.hashes[index]
        where = '%s/%s' % (digest[-3:], digest)
        if self.chance(0.05):
            return [Entry(where)]
        if self.chance(0.04):
            return [Entry(where, b'a file')]
        if self.chance(0.03):
            return [Entry(digest[-3:])]
        entries = []
        for kind in self.random.choices(['data', 'ts', 'meta'], [5, 2, 4], k=self.pick([1, 1, 2, 2, 3, 4])):
            path = '%s/%s' % (where, self.time())
            if kind == 'data':
                entries.append(self.data_file(path + '.data', index))
            elif kind == 'ts':
                entries.append(self.tombstone(path + '.ts', index))
            else:
                entries.append(self.meta_file(where, index))
        if self.chance(0.1):
            junk = self.pick(['.%s.data.Ab12Cd' % self.time(), 'junk', 'junk.txt', self.time(), '.hidden', 'x.data', 'x.ts', '123.meta',
                              '%s.durable' % self.time(), '%s#1.data' % self.time(), '%s#1#d.data' % self.time(), '%s.tmp' % self.time(),
                              '.data', 'nan.data', '-5.data', 'a.b.c', '%s+zz.meta' % self.time(False)])
            entries.append(Entry('%s/%s' % (where, junk), b'junk'))
        return entries

    def data_file(self, path, index):
        body = b'd' * self.pick([0, 3, 10, 5000])
        metadata = {b'name': self.name(index), b'X-Timestamp': time_of(path),
                    b'Content-Type': self.pick(CONTENT_TYPES[:3]), b'Content-Length': b'%d' % len(body),
                    b'ETag': hashlib.md5(body).hexdigest().encode()}
        if self.chance(0.3):
            metadata[self.pick([b'X-Object-Meta-A', b'X-Object-Sysmeta-S', b'Content-Encoding'])] = self.pick(VALUES[:6])
        if self.chance(0.12):
            metadata[b'X-Delete-At'] = self.delete_at()
        if self.chance(0.12):
            self.damage(metadata, index)
        return self.with_attributes(Entry(path, body), metadata)

    def tombstone(self, path, index):
        metadata = {b'name': self.names.all[index].encode(), b'X-Timestamp': time_of(path)}
        if self.chance(0.05):
            self.damage(metadata, index)
        return self.with_attributes(Entry(path, b'' if self.chance(0.95) else b'x'), metadata)

    def meta_file(self, where, index):
        seconds, delta = self.seconds(), ''
        metadata = {b'name': self.names.all[index].encode()}
        stamp = '%010d.%s%s' % (self.base + seconds, self.pick(FRACTIONS), self.pick(OFFSETS))
        metadata[b'X-Timestamp'] = stamp.encode()
        if self.chance(0.4):
            distance = self.pick([-200000, -100000, 0, 0, 100000, -1])
            delta = '%+x' % distance
            raw = int(stamp[:10]) * 100000 + int(stamp[11:16]) + distance
            metadata[b'Content-Type'] = self.pick(CONTENT_TYPES)
            metadata[b'Content-Type-Timestamp'] = b'%010d.%05d' % (raw // 100000, raw % 100000)
        if self.chance(0.5):
            metadata[self.pick([b'X-Object-Meta-M', b'X-Object-Transient-Sysmeta-U'])] = self.pick(VALUES)
        if self.chance(0.1):
            metadata[b'X-Delete-At'] = self.delete_at()
        if self.chance(0.06):
            self.damage(metadata, index)
        return self.with_attributes(Entry('%s/%s%s.meta' % (where, stamp, delta), b''), metadata)

    def name(self, index):
        """The name of one of the pool, or (None) one that is stored in the wrong place."""
        if index is None:
            return b'/a/c/o' if self.open else b'/a/c/elsewhere'
        return self.names.all[index].encode()

    def delete_at(self):
        return self.pick([b'%d' % (self.base - 5), b'%d' % (self.base + MONTH), b'%d' % (self.base - MONTH), b'soon', b'', b'1.5', b'0',
                          b' %d ' % (self.base + MONTH), b'-1', b'99999999999'])

    def damage(self, metadata, index):
        kind = self.pick(['size', 'no size', 'bad size', 'name', 'no name', 'bad time', 'no etag', 'no type'] + (['no time'] if self.open else []))
        if kind == 'size':
            metadata[b'Content-Length'] = b'7'
        elif kind == 'bad size':
            metadata[b'Content-Length'] = self.pick([b'many', b'', b'-1'])
        elif kind == 'name':
            metadata[b'name'] = self.pick([self.name(None), b'/a/c', b'o', b''] + ([b'/a/c/\xff'] if self.open else []))
        elif kind == 'bad time':
            metadata[b'X-Timestamp'] = self.pick([b'', b'then', b'1'])
        else:
            metadata.pop({'no size': b'Content-Length', 'no name': b'name', 'no time': b'X-Timestamp', 'no etag': b'ETag',
                          'no type': b'Content-Type'}[kind], None)

    def with_attributes(self, entry, metadata):
        blob = pickle.dumps(metadata, 2)
        entry.metadata = blob
        entry.checksum = hashlib.md5(blob).hexdigest().encode()
        if self.chance(0.06):
            kind = self.pick(['missing', 'cut', 'cut with checksum', 'wrong checksum', 'no checksum', 'no checksum', 'text'])
            if kind == 'missing':
                entry.metadata = entry.checksum = None
            elif kind.startswith('cut'):
                entry.metadata = self.cut(blob)
                if kind != 'cut':
                    entry.checksum = hashlib.md5(entry.metadata).hexdigest().encode()
            elif kind == 'wrong checksum':
                entry.checksum = b'0' * 32
            elif kind == 'no checksum':
                entry.checksum = None
            else:
                # As unicode: what older releases' pickles read as.
                entry.metadata = pickle.dumps({name.decode('latin-1'): value.decode('latin-1')
                                               for name, value in metadata.items()}, 2)
                entry.checksum = hashlib.md5(entry.metadata).hexdigest().encode()
        return entry

    def cut(self, blob):
        while True:
            part = blob[:self.random.randrange(len(blob))]
            try:
                pickle.loads(part)
            except (EOFError, pickle.UnpicklingError):  # the first where it is cut between two opcodes
                return part

    def suffix(self):
        return self.pick([digest[-3:] for digest in self.names.hashes] + ['abc', '000'])

    def hashes_files(self):
        kind = self.pick(['none'] * 3 + ['valid'] * 4 + ['invalid', 'garbage', 'empty', 'no valid', 'no updated'] + (['no dict'] if self.open else []))
        value = {self.suffix(): self.pick([None, '0' * 32, 'f' * 32]) for _ in range(self.random.randrange(0, 4))}
        if kind == 'valid':
            value.update(valid=True, updated=1.5)
        elif kind == 'invalid':
            value.update(valid=False, updated=1.5)
        elif kind == 'no valid':
            value.update(updated=1.5)
        elif kind == 'no updated':
            value.update(valid=True)
        elif kind == 'no dict':
            value = self.pick([None, [], 'text'])
        if kind in ('garbage', 'empty'):
            yield Entry('hashes.pkl', b'' if kind == 'empty' else b'\x80\x02garbage')
        elif kind != 'none':
            yield Entry('hashes.pkl', pickle.dumps(value, 2))
        if self.chance(0.5):
            # Deliberate: only lines that are suffixes.
            yield Entry('hashes.invalid', b''.join(self.suffix().encode() + b'\n' for _ in range(self.random.randrange(0, 4))))

    # What is sent.

    def missing_line(self):
        digest = self.pick(self.names.hashes + ['d' * 29 + 'abc', '0' * 32]).encode()
        line = digest + b' ' + self.time().encode()
        if self.chance(0.5):
            # Deliberate: no m: or t: with an offset, none where the data's time has one.
            line = digest + b' ' + self.time(offset=False).encode()
            items = self.random.sample([b'm:%x' % self.pick([0, 1, 100000, 200000, 500000]), b't:%x' % self.pick([0, 1, 100000, 300000]),
                                        b'durable:%s' % self.pick([b'no', b'True', b'x']), b'future:1'], self.random.randrange(1, 4))
            line += b' ' + b','.join(items)
        if self.chance(0.008):
            # Deliberate: the hash itself is always one.
            line = self.pick([b'', digest, digest + b' then', line + b' m:zz', digest + b' ' + self.time(False).encode() + b' m:-5',
                              line + b' x', line + b' x:y z', digest + b' 1', digest + b' nan', digest + b' ' + self.time().encode() + b' \xff'])
        return line + self.pick([b'\r\n'] * 20 + [b'\n', b' \r\n'])

    def subrequest(self):
        method = self.pick(METHODS)
        name = self.pick(self.names.all)
        path = wire_path(name).encode()
        if self.chance(0.03):
            path = self.pick([name.encode(), b'/a/c', b'/a/c/%FF', b'/a/c/o%00', b'/a//o', path + b'/', b'/a/c/o?x=y', b'/a/c/o%0A', b'/a/c/o b',
                              b'/', b'/a/c/' + b'n' * 1100, b'/A' * 3, b'/.a/.c/.o'])
        headers = [b'X-Timestamp: ' + self.sent_time()]
        body = b''
        if method == 'PUT':
            size = self.pick(BODIES)
            body = bytes([self.random.randrange(97, 123)]) * size
            headers.append(b'Content-Length: %d' % size)
            headers.append(b'Content-Type: ' + self.pick(CONTENT_TYPES[:3] * 5 + CONTENT_TYPES))
            if self.chance(0.4):
                right = hashlib.md5(body).hexdigest().encode()
                headers.append(b'ETag: ' + (right if self.chance(0.9) else self.pick([b'0' * 32, b'', right.upper(), b'"%s"' % right])))
            if self.chance(0.02):
                body = self.pick([body + b'x\r\n', body[:-1], body + b'\r\n', b''])
        elif method == 'POST' and self.chance(0.4):
            headers.append(b'Content-Type: ' + self.pick(CONTENT_TYPES))
            if self.chance(0.85):
                headers.append(b'Content-Type-Timestamp: ' + self.sent_time())
        elif self.chance(0.1):
            headers.append(b'Content-Length: ' + self.pick([b'0', b'0', b'0', b'1']))
        if method == 'DELETE' and self.chance(0.1):
            headers.append(b'X-If-Delete-At: ' + self.delete_at())
        if self.chance(0.15):
            headers.append(b'X-Delete-At: ' + self.delete_at())
        for _ in range(self.pick([0, 0, 1, 2, 4])):
            value = self.pick(VALUES[:6] if self.chance(0.6) else VALUES)
            headers.append(self.pick(USER_HEADERS) + self.pick([b': ', b':', b' : ', b':  ']) + value)
        if self.chance(0.05):
            headers.append(self.pick([b'If-None-Match: *', b'X-Backend-No-Commit: True', b'X-Backend-Replication: False', b'Transfer-Encoding: chunked',
                                      b'X-Timestamp: ' + self.sent_time(), b'X-Trans-Id: tx1', b'Host: elsewhere', b'X-Backend-Replication-Headers: x',
                                      b'X-Object-Meta-: v', b'Expect: 100-continue', b'X-Backend-Storage-Policy-Index: 1',
                                      b'X-Object-Meta-' + b'n' * 130 + b': v', b'If-Modified-Since: Sat, 01 Jan 2022 00:00:00 GMT',
                                      b'X-Backend-Next-Part-Power: 4', b'If-None-Match: abc', b'X-Backend-Clean-Expiring-Object-Queue: f']))
        if self.chance(0.02):
            headers.pop(self.random.randrange(len(headers)))
        if self.chance(0.1):
            self.random.shuffle(headers)
        if self.chance(0.006):
            # Deliberate: no negative length, after which the body would be read as one long line.
            headers.insert(self.random.randrange(len(headers) + 1), self.pick([b'no colon', b': v', b'Content-Length: x']))
        line = method.encode() + b' ' + path
        if self.chance(0.006):
            # Deliberate: a path always begins with a slash.
            line = self.pick([b'', b'PUT', b'GET ' + path, b'put ' + path, line + b' HTTP/1.1', b'\xff ' + path])
        return Subrequest(line, headers, body)

    def sent_time(self):
        if self.chance(0.01):
            return self.pick([b'', b'then', b'1', b'-1', b'nan', b'1e9', b'99999999999', b'1700000000', b'1700000000.123456789'])
        return self.time().encode()


def time_of(path):
    return path.rsplit('/', 1)[1].rsplit('.', 1)[0].encode()


def subrequest_whole(subrequest):
    """Its body is as long as it says."""
    lengths = [header.split(b':', 1)[1].strip() for header in subrequest.headers if header.lower().startswith(b'content-length')]
    return lengths in ([], [b'%d' % len(subrequest.body)])
