"""What a success promises: the object that was sent is on the disk, or a newer whole one, or a newer tombstone.

Looked for by the names in the hash directory, as Swift chooses by them, and without its code: what a success promises is
not a matter of comparison.
"""
import collections
import os
import re
import time
import urllib.parse

from policies import ERASURE_CODING
from swift_cluster import object_hash

FAILED = re.compile(rb'subrequest failed with \d+: (.*?) \(', re.DOTALL)
# Far from both kinds of times that sessions have.
RECLAIMED = 7 * 24 * 3600
DATA = re.compile(r'(?P<time>\d{10}\.\d{5}(?:_[0-9a-f]+)?)(?:#(?P<index>\d+)(?P<durable>#d)?(?:#[^.]*)?)?\.data')
MARK = re.compile(r'(?P<time>\d{10}\.\d{5}(?:_[0-9a-f]+)?)\.(?P<kind>ts|durable)')
META = re.compile(r'(?P<time>\d{10}\.\d{5}(?:_[0-9a-f]+)?)(?:[+-][0-9a-f]+)?\.meta')


class Held:
    """The names in a hash directory, read."""

    def __init__(self, directory, coded):
        names = os.listdir(directory) if os.path.isdir(directory) else []
        marks = [match for match in map(MARK.fullmatch, names) if match]
        data = [match for match in map(DATA.fullmatch, names) if match and bool(match['index']) == coded]
        self.names = names
        self.data = {(internal(match['time']), match['index'] and int(match['index'])) for match in data}
        self.tombstones = [internal(match['time']) for match in marks if match['kind'] == 'ts']
        legacy = {internal(match['time']) for match in marks if match['kind'] == 'durable'}
        self.durable = {internal(match['time']) for match in data
                        if not coded or match['durable'] or internal(match['time']) in legacy}
        self.metas = [internal(match['time']) for match in map(META.fullmatch, names) if match]

    def newest(self):
        """The newest time that counts whatever the fragment."""
        return max([*self.durable, *self.tombstones], default='')


def internal(text):
    from swift.common.utils import Timestamp
    return Timestamp(text).internal


def broken(session, partition, answer, log):
    """A line for each success that does not hold."""
    if not certain(session, answer):
        return []
    failed = set(FAILED.findall(log))
    sent = [one for one in (Told(one, session) for one in session.updates) if one.time and one.name]
    lines = []
    for one in sent:
        # What lies beside it may be damaged, and a later subrequest finds that.
        if failed & one.log_lines(partition) or one.quarantined(partition):
            continue
        same = [other for other in sent if other.name == one.name]
        held = Held(one.directory(partition), session.policy in ERASURE_CODING)
        if not one.holds(held, same):
            lines.append('success of %r, but there is %r' % (one.line, sorted(held.names)))
    return lines


def certain(session, answer):
    """Whether it is known which subrequests were answered with success."""
    body = answer.get('body', b'')
    ended = body.endswith(b':UPDATES: END\r\n') or b"b'ERROR: With :UPDATES: " in body
    return session.verb == 'SSYNC' and not session.gone() and ended and all(one.whole() for one in session.updates)


def excused(session, answer, line):
    """Deliberate: where Swift answers success for what is not there, or gone at once, ours keeps what was sent, or fails.

    Whatever comes of it (a suffix, a count of failures, a lock file) is excused where the object is sent for again, and where broken()
    cannot tell.
    """
    kept = kept_only_here(session)
    if not kept:
        return False
    names = collections.Counter(object_hash(one.name) for one in (Told(one, session) for one in session.updates) if one.name)
    not_removable = any(entry.path.endswith('.durable') and entry.contents is None for entry in session.entries)
    return not certain(session, answer) or not_removable or any(names[digest] > 1 or digest in line for digest in kept)


def kept_only_here(session):
    """The hash directories in which something is stored that Swift would find obsolete or not store: see worker/protocol.md.

    Beside a newer .durable file without fragments; a DELETE of what expired by a newer POST.
    """
    if session.verb != 'SSYNC':
        return set()
    told = [one for one in (Told(one, session) for one in session.updates) if one.time and one.name and one.method != b'POST']
    marks = lone_marks(session.entries) if session.policy in ERASURE_CODING else {}
    expiries = expiring_metas(session.entries)
    return {digest for digest, one in ((object_hash(one.name), one) for one in told)
            if max(marks.get(digest, ''), expiries[digest] if one.method == b'DELETE' else '') > one.time}


def expiring_metas(entries):
    """The newest time of a .meta file with an expiry, by hash directory."""
    newest = collections.defaultdict(str)
    for entry in entries:
        directory, _, name = entry.path.rpartition('/')
        meta = META.fullmatch(name)
        if meta and b'X-Delete-At' in (entry.metadata or b''):
            digest = directory.rpartition('/')[2]
            newest[digest] = max(newest[digest], internal(meta['time']))
    return newest


def lone_marks(entries):
    """The newest time of a .durable file (or directory of that name) without a fragment of that time, by hash directory."""
    marks, data = collections.defaultdict(set), collections.defaultdict(set)
    for entry in entries:
        directory, _, name = entry.path.rpartition('/')
        digest = directory.rpartition('/')[2]
        mark, fragment = MARK.fullmatch(name), DATA.fullmatch(name)
        if mark and mark['kind'] == 'durable':
            marks[digest].add(internal(mark['time']))
        elif fragment and fragment['index']:
            data[digest].add(internal(fragment['time']))
    return {digest: max(times - data[digest], default='') for digest, times in marks.items()}


class Told:
    """A subrequest, and what its success would promise."""

    def __init__(self, subrequest, session):
        self.line = subrequest.line.strip()
        self.method, _, path = self.line.partition(b' ')
        self.headers = dict((part.strip() for part in header.split(b':', 1)) for header in subrequest.headers if b':' in header)
        self.headers = {name.lower(): value for name, value in self.headers.items()}
        self.coded = session.policy in ERASURE_CODING
        self.session = session
        try:
            self.time = internal(self.headers.get(b'x-timestamp', b'').decode('latin-1'))
            self.name = urllib.parse.unquote(urllib.parse.urlparse(b'/d/p' + path).path.decode(), errors='strict')[4:]
        except (ValueError, OverflowError):
            self.time = self.name = None

    def log_lines(self, partition):
        """What ours and Swift call it: the line as it was sent; the whole path, quoted."""
        path = '/'.join(['', os.path.basename(os.path.dirname(os.path.dirname(partition))), os.path.basename(partition)]) + self.name
        return {self.line, b'%s %s' % (self.method, urllib.parse.quote(path).encode())}

    def directory(self, partition):
        digest = object_hash(self.name)
        return os.path.join(partition, digest[-3:], digest)

    def quarantined(self, partition):
        objects = os.path.dirname(partition)
        return os.path.isdir(os.path.join(os.path.dirname(objects), 'quarantined', os.path.basename(objects), object_hash(self.name)))

    def reclaimed(self):
        return float(self.time.partition('_')[0]) < time.time() - RECLAIMED

    def index(self):
        """None without one: then there is no success to hold."""
        of_session = self.session.frag_index
        if of_session is None:
            of_session = self.headers.get(b'x-backend-ssync-frag-index')
        sent = self.headers.get(b'x-object-sysmeta-ec-frag-index', of_session)
        return int(sent) if self.coded and sent is not None else None

    def holds(self, held, same):
        if any(other.method == b'DELETE' and other.reclaimed() and other.time >= self.time for other in same):
            return True  # what it deleted went with the tombstone itself
        if self.method == b'DELETE':
            # An expirer's DELETE of something else is a 404, a success that stores nothing.
            return held.newest() >= self.time or b'x-if-delete-at' in self.headers
        if self.method == b'PUT':
            stored = (self.time, self.index()) in held.data
            committed = self.headers.get(b'x-backend-no-commit', b'').lower() not in (b'true', b'1', b'yes', b'on', b't', b'y')
            # A tombstone of that very time came after it.
            deleted = max(held.tombstones, default='') >= self.time
            return stored and (self.time in held.durable or not committed) or deleted or held.newest() > self.time
        if self.coded or any(other.method == b'PUT' for other in same):
            return True
        # 404, a success too, if nothing was there.
        living = max(held.durable, default='') > max(held.tombstones, default='')
        return not living or held.newest() >= self.time or max(held.metas, default='') >= self.time
