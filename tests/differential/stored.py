"""Random partitions: what is stored before a session, sound and damaged."""
import copy
import hashlib
import pickle
import re

from draw import COMMON_CONTENT_TYPES, COMMON_VALUES, CONTENT_TYPES, OFFSETS, VALUES, FRACTIONS, partition_of
from policies import ERASURE_CODING, INDEXES, fragments, scheme
from session import Entry

SIZES = [0, 3, 3, 10, 10, 10, 5000, 5000, 5000, 150000]
# Beyond what one extended attribute holds.
LARGE_VALUE = b'l' * 70000
META = re.compile(r'([\d.]+)(?:_([0-9a-f]+))?(?:[+-][0-9a-f]*)*\.meta$')

# Names that no Swift gives a fragment, but that it reads as one.
ODD_FRAGMENTS = ('%s#02.data', '%s#1#x.data', '%s#1#d#d.data', '%s#+1.data')


class Stored:
    def __init__(self, draw, policy):
        self.draw = draw
        self.policy = policy

    def partition(self):
        draw = self.draw
        if draw.chance(0.08):
            return []
        if draw.damage(0.008):
            return [Entry('', b'a file')]
        entries = {}
        for index in range(len(draw.names.all)):
            if draw.chance(0.6):
                draw.present.append(index)
                for entry in self.hash_directory(index):
                    entries.setdefault(entry.path, entry)
        if draw.damage(0.16):
            entries.setdefault('abc', Entry('abc', b'file' if draw.chance(0.5) else None))
        if draw.damage(0.1):
            path = draw.pick(['nosuffix', 'ABC', 'xyz', '000/junk', '000/' + 'e' * 31 + '0'])
            entries[path] = Entry(path, None if draw.chance(0.5) else b'junk')
        if draw.damage(0.1):
            path = 'abc/' + 'd' * 29 + 'abc/' + draw.time() + ('#0#d.data' if self.policy in INDEXES else '.data')
            if entries.get('abc') is None or entries['abc'].contents is None:
                entries[path] = self.data_file(path, None, 0 if self.policy in INDEXES else None)
        for entry in self.hashes_files():
            entries[entry.path] = entry
        if draw.damage(0.02):
            # Deliberate: no .lock and no hashes.invalid.
            path = draw.pick(['.lock-replication', 'hashes.pkl'])
            entries[path] = Entry(path)
        return list(entries.values())

    def hash_directory(self, index):
        draw = self.draw
        digest = draw.names.hashes[index]
        where = '%s/%s' % (digest[-3:], digest)
        if draw.damage(0.05):
            return [Entry(where)]
        if draw.damage(0.04):
            return [Entry(where, b'a file')]
        if draw.damage(0.03):
            return [Entry(digest[-3:])]
        if draw.damage(0.03):
            # What is named as a file is a directory.
            ending = draw.pick(['.data', '.ts', '.meta', '#0#d.data', '#1.data', '.durable', '.x'])
            return [Entry('%s/%s%s' % (where, draw.time(), ending))]
        entries = []
        if self.policy in ERASURE_CODING:
            for _ in draw.count(0, 1, 1, 1, 2, 2, 3):
                entries += self.fragments(where, index)
            others = draw.random.choices(['ts', 'meta', 'durable'], [1 if draw.living else 3, 4, 1], k=draw.pick([0, 0, 0, 1, 1, 2]))
        else:
            others = draw.random.choices(['data', 'ts', 'meta'], [15, 1, 4] if draw.living else [5, 2, 4], k=draw.pick([1, 1, 2, 2, 3, 4]))
        for kind in others:
            path = '%s/%s' % (where, draw.time())
            if kind == 'data':
                entries.append(self.data_file(path + '.data', index))
            elif kind == 'durable':
                entries.append(Entry(path + '.durable', b''))
            elif kind == 'ts':
                entries.append(self.tombstone(path + '.ts', index))
            else:
                entries.append(self.meta_file(where, index))
        if draw.damage(0.15):
            entries.append(Entry('%s/%s' % (where, self.junk_name()), b'junk'))
        for entry in entries:
            entry.old = draw.chance(0.4)
        # Deliberate: nothing of which Swift takes what the directory happens to list first or last.
        metas = sum(entry.path.endswith('.meta') for entry in entries)
        return list({place_of(entry.path, metas): entry for entry in entries}.values())

    def junk_name(self):
        draw = self.draw
        name = draw.pick(['.%s.data.Ab12Cd', '.%s#1#d.data.Ab12Cd', '.%s.ts.Ab12Cd', '%s', '%s.durable', '%s#1.data', '%s#1#d.data', '%s.tmp',
                          '%s#.data', '%s#x.data', '%s#7#d.data', '%s#02.data', '%s#-1.data', '%s#1#x.data', '%s#1#d#d.data', '%s#+1.data',
                          '%s.DATA', '%s-0.data'])
        if draw.chance(0.5):
            name = draw.pick(['junk', 'junk.txt', '.hidden', 'x.data', 'x.ts', '123.meta', '.data', 'nan.data', '-5.data', 'a.b.c', '1e9.ts',
                              '%s+zz.meta' % draw.time(False), '%s+1+2.meta' % draw.time(False), '%s-.meta' % draw.time(False)])
        if '%s' not in name:
            return name
        stamp = draw.time()
        if name in ODD_FRAGMENTS:
            # Deliberate: no PUT stores the same fragment of the same time; then the directory's order would decide in Swift.
            stamp = stamp.partition('.')[0] + '.54321'
        return name % stamp

    def fragments(self, where, index):
        """Fragments of one time."""
        draw = self.draw
        stamp = draw.time()
        durable = draw.pick(['all'] * (12 if draw.living else 4) + ['some', 'some', 'none', 'none', 'none', 'legacy'])
        indexes = draw.random.sample(range(INDEXES[self.policy]), draw.pick([1, 1, 1, 2, 2, 3]))
        entries = []
        for fragment in indexes:
            mark = '#d' if durable == 'all' or durable == 'some' and draw.chance(0.5) else ''
            entries.append(self.data_file('%s/%s#%d%s.data' % (where, stamp, fragment, mark), index, fragment))
        if durable == 'legacy':
            entries.append(Entry('%s/%s.durable' % (where, stamp), b''))
        return entries

    def data_file(self, path, index, fragment=None):
        draw = self.draw
        size = draw.pick(SIZES)
        # Fragments that can be read, or else what no encoder made: for one who reads them that is damage.
        sound = draw.living and not draw.damages
        real = fragment is not None and (sound or draw.chance(0.95 if draw.living else 0.7))
        body = fragments(self.policy, size)[fragment] if real else b'd' * size
        metadata = {b'name': self.name(index), b'X-Timestamp': time_of(path), b'Content-Type': draw.pick(COMMON_CONTENT_TYPES),
                    b'Content-Length': b'%d' % len(body), b'ETag': hashlib.md5(body).hexdigest().encode()}
        if fragment is not None:
            metadata.update({b'X-Object-Sysmeta-Ec-Frag-Index': b'%d' % fragment, b'X-Object-Sysmeta-Ec-Etag': hashlib.md5(b'd' * size).hexdigest().encode(),
                             b'X-Object-Sysmeta-Ec-Content-Length': b'%d' % size, b'X-Object-Sysmeta-Ec-Scheme': scheme(self.policy).encode(),
                             b'X-Object-Sysmeta-Ec-Segment-Size': b'4096'})
            if draw.damage(0.1):
                metadata[b'X-Object-Sysmeta-Ec-Frag-Index'] = draw.pick([b'', b'9', b'1', b'x'])
        for _ in draw.count(0, 0, 0, 1, 1, 2):
            name = draw.pick([b'X-Object-Meta-A', b'X-Object-Sysmeta-S', b'Content-Encoding', b'Content-Disposition', b'X-Static-Large-Object',
                              b'X-Object-Transient-Sysmeta-U', b'Cache-Control', b'X-Other'])
            metadata[name] = self.value(COMMON_VALUES)
        if draw.chance(0.12):
            metadata[b'X-Delete-At'] = draw.delete_at()
        if body and draw.damage(0.15 if draw.living else 0.03):
            # What a disk did to it: found when it is read.
            place = draw.random.randrange(len(body))
            body = body[:place] + bytes([body[place] ^ 1]) + body[place + 1:]
        if draw.chance(0.004) and not draw.living:
            # Deliberate: not where it is to be told in a header, of which nginx passes on 64 KiB.
            metadata[b'X-Object-Sysmeta-Large'] = LARGE_VALUE
        if draw.damage(0.15 if fragment is None else 0.08):
            self.damage(metadata)
        return self.with_attributes(Entry(path, body), metadata)

    def tombstone(self, path, index):
        draw = self.draw
        metadata = {b'name': draw.names.all[index].encode(), b'X-Timestamp': time_of(path)}
        if draw.damage(0.08):
            self.damage(metadata)
        return self.with_attributes(Entry(path, b'' if draw.chance(0.95) else b'x'), metadata)

    def meta_file(self, where, index):
        draw = self.draw
        stamp = draw.time() if draw.chance(0.5) else '%010d.%s%s' % (draw.base + draw.seconds(), draw.pick(FRACTIONS), draw.pick(OFFSETS))
        metadata = {b'name': draw.names.all[index].encode(), b'X-Timestamp': stamp.encode()}
        delta = ''
        if draw.chance(0.4):
            distance = draw.pick([-200000, -100000, 0, 0, 100000, 300000, -1, 1])
            delta = '%+x' % distance
            raw = int(stamp[:10]) * 100000 + int(stamp[11:16]) + distance
            metadata[b'Content-Type'] = draw.pick(CONTENT_TYPES)
            metadata[b'Content-Type-Timestamp'] = b'%010d.%05d' % (raw // 100000, raw % 100000)
            if '_' in stamp and draw.chance(0.7):
                # As Swift itself names it.
                stamp = '%s_%x' % (stamp[:16], int(stamp[17:], 16))
        if draw.chance(0.5):
            metadata[draw.pick([b'X-Object-Meta-M', b'X-Object-Transient-Sysmeta-U', b'X-Object-Meta-A', b'Content-Encoding'])] = self.value(VALUES)
        if draw.chance(0.1):
            metadata[b'X-Delete-At'] = draw.delete_at()
        if draw.damage(0.08):
            self.damage(metadata)
        return self.with_attributes(Entry('%s/%s%s.meta' % (where, stamp, delta), b''), metadata)

    def value(self, values):
        """As it is stored: as it came, or rather as Swift stores what came.

        Deliberate: what no header can tell is not told of a damaged body, which Swift then reads and we do not.
        """
        value = self.draw.pick(values)
        if self.draw.living:
            # Deliberate: what is to be told in a header is no NUL, which no front end passes on.
            value = value.replace(b'\x00', b'')
        return value.decode('latin-1').encode() if self.draw.living and self.draw.damages or self.draw.chance(0.9) else value

    def name(self, index):
        """The name of one of the pool, or (None) one that is stored in the wrong place."""
        if index is None:
            # Deliberate: not one whose own directory may be a file.
            return b'/a/c/elsewhere'
        return self.draw.names.all[index].encode()

    def damage(self, metadata):
        draw = self.draw
        kind = draw.pick(['size', 'no size', 'bad size', 'name', 'no name', 'bad time', 'no etag', 'no type', 'etag',
                          'no time'])
        if kind == 'size':
            metadata[b'Content-Length'] = b'7'
        elif kind == 'bad size':
            metadata[b'Content-Length'] = draw.pick([b'many', b'', b'-1'])
        elif kind == 'etag':
            metadata[b'ETag'] = b'0' * 32
        elif kind == 'name':
            metadata[b'name'] = draw.pick([self.name(None), b'/a/c', b'o', b'', *map(str.encode, draw.names.all)])
        elif kind == 'bad time':
            metadata[b'X-Timestamp'] = draw.pick([b'', b'then', b'1'])
            metadata.pop(b'X-Delete-At', None)
        else:
            if kind == 'no type':
                # Deliberate: no time of a type that is not there.
                metadata.pop(b'Content-Type-Timestamp', None)
            metadata.pop({'no size': b'Content-Length', 'no name': b'name', 'no time': b'X-Timestamp', 'no etag': b'ETag',
                          'no type': b'Content-Type'}[kind], None)

    def with_attributes(self, entry, metadata):
        draw = self.draw
        entry.describe(metadata)
        blob = entry.metadata
        if draw.damage(0.08):
            kind = draw.pick(['missing', 'cut', 'cut with checksum', 'wrong checksum', 'no checksum', 'no checksum', 'text'])
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
                entry.describe({name.decode('latin-1'): value.decode('latin-1') for name, value in metadata.items()})
        return entry

    def cut(self, blob):
        while True:
            part = blob[:self.draw.random.randrange(len(blob))]
            try:
                pickle.loads(part)
            except (EOFError, pickle.UnpicklingError):  # the first where it is cut between two opcodes
                return part

    def hashes_files(self):
        draw = self.draw
        kind = draw.pick(['none'] * 3 + ['valid'] * 4 + ['invalid', 'garbage', 'empty', 'no valid', 'no updated'])
        values = [None, '0' * 32, 'f' * 32]
        if self.policy in ERASURE_CODING:
            values += [{None: '0' * 32, 1: 'f' * 32}, {}]
        value = {draw.suffix(): draw.pick(values) for _ in draw.count(0, 1, 2, 3)}
        if kind == 'valid':
            value.update(valid=True, updated=1.5)
        elif kind == 'invalid':
            value.update(valid=False, updated=1.5)
        elif kind == 'no valid':
            value.update(updated=1.5)
        elif kind == 'no updated':
            value.update(valid=True)
        if kind in ('garbage', 'empty'):
            yield Entry('hashes.pkl', b'' if kind == 'empty' else b'\x80\x02garbage')
        elif kind != 'none':
            yield Entry('hashes.pkl', pickle.dumps(value, 2))
        if draw.chance(0.5):
            # Deliberate: only lines that are suffixes.
            yield Entry('hashes.invalid', b''.join(draw.suffix().encode() + b'\n' for _ in draw.count(0, 1, 2, 3)))

    def in_both_partitions(self, entries, partition, power):
        """With what the partitions of another power have of the same objects: other names of the files, copies, the only ones."""
        draw = self.draw
        result = []
        for entry in entries:
            result.append(entry)
            parts = entry.path.split('/')
            if len(parts) < 3 or len(parts[1]) != 32:
                continue
            other = partition_of(parts[1], power)
            if other == partition or entry.contents is None:
                continue
            other = '../%d/%s' % (other, entry.path)
            kind = draw.random.choices(['here', 'link', 'copy', 'there'], [4, 4, 1, 1])[0]
            if kind == 'link':
                result.append(Entry(other, b'', link_to=entry.path))
            elif kind == 'copy':
                twin = copy.copy(entry)
                twin.path = other
                result.append(twin)
            elif kind == 'there':
                entry.path = other
        return result


def place_of(path, metas):
    """The key that must be unique in a directory: time and index of a fragment, the time of more than two .meta."""
    name = path.rsplit('/', 1)[1]
    meta = META.match(name)
    if meta and metas > 2:
        return meta[1], int(meta[2] or '0', 16)
    parts = name.split('#')
    if name.endswith('.data') and len(parts) > 1:
        return parts[0], parts[1].split('.')[0].lstrip('+0')
    return path


def time_of(path):
    """The time that a file's name tells."""
    return path.rsplit('/', 1)[1].rsplit('.', 1)[0].split('#')[0].encode()
