"""What is in a partition before, and what a client then says: plain data, to be printed, reduced and played twice."""
import dataclasses
import hashlib
import pickle

# The ways in which a client goes away instead of ending what it says. Each server may see that at another moment.
GONE = ('half close', 'close', 'reset', 'broken chunk')
WHOLE_PIECE = 1 << 16


@dataclasses.dataclass
class Entry:
    """A file or (contents None) a directory of the partition, or of another one ('../5/…')."""
    path: str
    contents: object = None
    metadata: object = None    # bytes of the attribute
    checksum: object = None
    old: bool = False          # written a month ago, else just now
    link_to: object = None     # a name of the file at this path

    def __str__(self):
        if self.link_to:
            return '%s: link to %s' % (self.path, self.link_to)
        what = 'directory' if self.contents is None else brief(self.contents)
        text = '%s: %s%s' % (self.path, what, ', old' if self.old else '')
        if self.metadata is not None:
            try:
                shown = repr(pickle.loads(self.metadata, encoding='bytes'))
            except Exception:  # a damaged pickle
                shown = repr(self.metadata)
            text += '\n    %s, checksum %s' % (shown, 'right' if self.checksum_right() else self.checksum)
        return text

    def checksum_right(self):
        return hashlib.md5(self.metadata).hexdigest().encode() == self.checksum

    def describe(self, metadata):
        """Give it this metadata, with the right checksum."""
        self.metadata = pickle.dumps(metadata, 2)
        self.checksum = hashlib.md5(self.metadata).hexdigest().encode()
        return self


@dataclasses.dataclass
class Subrequest:
    line: bytes
    headers: list
    body: bytes = b''
    head_ends: bool = True     # with a blank line; else the sender stops before it

    def bytes(self):
        head = self.line + b'\r\n' + b''.join(header + b'\r\n' for header in self.headers)
        return head + b'\r\n' + self.body if self.head_ends else head

    def whole(self):
        """Its body has the length that it declares. Only a PUT has to declare it."""
        lengths = [header.split(b':', 1)[1].strip() for header in self.headers if header.lower().startswith(b'content-length')]
        has_none = not lengths and not self.body and not self.line.startswith(b'PUT ')
        return self.head_ends and (has_none or lengths == [b'%d' % len(self.body)])


@dataclasses.dataclass
class Read:
    """A GET or a HEAD."""
    method: str
    path: bytes                # what comes after the partition
    headers: list
    place: object = None       # device and partition, else those of the session


@dataclasses.dataclass
class Session:
    entries: list
    kinds: frozenset
    verb: str = 'SSYNC'        # or 'REPLICATE', 'READ'
    policy: int = 0
    partition: object = None   # a number, if it matters
    suffixes: object = None    # of REPLICATE
    reads: list = dataclasses.field(default_factory=list)
    # All else is of SSYNC.
    frag_index: object = None  # the header's value
    check_start: bytes = b':MISSING_CHECK: START\r\n'
    missing: list = dataclasses.field(default_factory=list)
    check_end: str = 'END'     # or 'last chunk', or one of GONE
    updates_start: bytes = b':UPDATES: START\r\n'
    updates: list = dataclasses.field(default_factory=list)
    updates_end: str = 'END and last chunk'  # or 'END', 'last chunk', or one of GONE
    piece: int = WHOLE_PIECE   # bytes of a chunk

    def gone(self):
        """The client disconnects without reading the rest of the response."""
        return self.verb == 'SSYNC' and (self.check_end in GONE or self.check_end == 'END' and self.updates_end in GONE)

    def __str__(self):
        lines = ['%s (%s), policy %d' % (self.verb, ' '.join(sorted(self.kinds)), self.policy)]
        if self.partition is not None:
            lines[0] += ', partition %s' % self.partition
        lines += ['  %s' % entry for entry in self.entries]
        lines += getattr(self, '_lines_of_' + self.verb)()
        return '\n'.join(lines)

    def _lines_of_REPLICATE(self):
        return ['  suffixes %r' % self.suffixes]

    def _lines_of_READ(self):
        lines = []
        for read in self.reads:
            lines.append('  > %s %s%r' % (read.method, read.place or '', read.path))
            lines += ['      %r' % header for header in read.headers]
        return lines

    def _lines_of_SSYNC(self):
        lines = ['  X-Backend-Ssync-Frag-Index %r' % self.frag_index] if self.frag_index is not None else []
        lines.append('  > %r' % self.check_start)
        lines += ['  > %r' % line for line in self.missing]
        lines.append('  missing check ends: %s' % self.check_end)
        if self.check_end == 'END':
            lines.append('  > %r' % self.updates_start)
            for subrequest in self.updates:
                lines.append('  > %r' % subrequest.line)
                lines += ['      %r' % header for header in subrequest.headers]
                lines.append('      body %s' % brief(subrequest.body) if subrequest.head_ends else '      (no blank line)')
            lines.append('  updates end: %s' % self.updates_end)
        if self.piece != WHOLE_PIECE:
            lines.append('  pieces of %d' % self.piece)
        return lines


def brief(data):
    return '%d bytes' % len(data) if isinstance(data, bytes) and len(data) > 150 else repr(data)
