"""What a success promises: the object that was sent is on the disk, or a newer whole one, or a newer tombstone.

So does a missing check of what it does not want, for its sender may then delete its own copy. Looked for by the names in the hash directory, as Swift chooses by them, and without its code: what a success promises is
not a matter of comparison.
"""
import collections
import os
import pickle
import re
import time
import urllib.parse

from policies import ERASURE_CODING, INDEXES
from swift_cluster import object_hash

FAILED = re.compile(rb'subrequest failed with \d+: (.*?) \(', re.DOTALL)
# Far from both kinds of times that sessions have.
RECLAIMED = 7 * 24 * 3600
DATA = re.compile(r'(?P<time>\d{10}\.\d{5}(?:_[0-9a-f]+)?)(?:#(?P<index>\d+)(?P<durable>#d)?(?:#[^.]*)?)?\.data')
MARK = re.compile(r'(?P<time>\d{10}\.\d{5}(?:_[0-9a-f]+)?)\.(?P<kind>ts|durable)')
OFFER = re.compile(rb'(?P<digest>[0-9a-f]{32}) (?P<time>\d{10}\.\d{5}(?:_[0-9a-f]+)?)(?: (?P<items>\S*))?\s*')
WANTED = re.compile(rb'(?P<digest>[0-9a-f]{32}) (?P<parts>[dm]+)')
TRUE = (b'true', b'1', b'yes', b'on', b't', b'y')
META = re.compile(r'(?P<time>\d{10}\.\d{5}(?:_[0-9a-f]+)?)(?:[+-][0-9a-f]+)?\.meta')


class Held:
    """The names in a hash directory, read."""

    def __init__(self, directory, policy):
        coded = policy in ERASURE_CODING
        names = os.listdir(directory) if os.path.isdir(directory) else []
        marks = [match for match in map(MARK.fullmatch, names) if match]
        data = [match for match in map(DATA.fullmatch, names) if match and bool(match['index']) == coded]
        if coded:
            # What has an index that the policy does not have is no fragment.
            data = [match for match in data if int(match['index']) < INDEXES[policy]]
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
    return broken_successes(session, partition, answer, log) + broken_offers(session, partition, answer)


def broken_offers(session, partition, answer):
    """A line for each offer that is not wanted, and of which the disk has not what then must be there."""
    check, end, _ = answer.get('body', b'').partition(b':MISSING_CHECK: END\r\n')
    if session.verb != 'SSYNC' or not end:
        return []
    wanted = {match['digest']: match['parts'] for match in map(WANTED.fullmatch, check.splitlines()) if match}
    offers = [Offered(match, session) for match in map(OFFER.fullmatch, session.missing) if match]
    times = collections.Counter(one.digest for one in offers)
    sent = told(session)
    lines = []
    for one in offers:
        parts = wanted.get(one.digest.encode(), b'')
        # Which of several offers was meant is not told. What is quarantined was found damaged by a later subrequest.
        if parts and times[one.digest] > 1 or quarantined(partition, one.digest):
            continue
        held = Held(os.path.join(partition, one.digest[-3:], one.digest), session.policy)
        one.made_durable_by_another = not one.durable and any(
            other.durable and (other.digest, other.time) == (one.digest, one.time) for other in offers)
        later = [other for other in sent if object_hash(other.name) == one.digest and other.time >= one.time]
        # What a DELETE that is older than the reclaim age took away went with its tombstone; what was here may have made
        # room for another fragment that is newer.
        if any(other.method == b'DELETE' and other.reclaimed() or other.method == b'PUT' and held.newest() > one.time for other in later):
            continue
        if not one.holds(held, parts):
            lines.append('%r is not wanted but for %r, and there is %r' % (one.line, parts, sorted(held.names)))
    return lines


def broken_successes(session, partition, answer, log):
    if not certain(session, answer):
        return []
    failed = set(FAILED.findall(log))
    sent = told(session)
    lines = []
    for one in sent:
        # What lies beside it may be damaged, and a later subrequest finds that.
        if failed & one.log_lines(partition) or quarantined(partition, object_hash(one.name)):
            continue
        same = [other for other in sent if other.name == one.name]
        held = Held(one.directory(partition), session.policy)
        if not one.holds(held, same):
            lines.append('success of %r, but there is %r' % (one.line, sorted(held.names)))
    return lines


def told(session):
    """The subrequests that make sense."""
    return [one for one in (Told(one, session) for one in session.updates) if one.time and one.name]


def quarantined(partition, digest):
    objects = os.path.dirname(partition)
    return os.path.isdir(os.path.join(os.path.dirname(objects), 'quarantined', os.path.basename(objects), digest))


def certain(session, answer):
    """Whether it is known which subrequests were answered with success."""
    body = answer.get('body', b'')
    ended = body.endswith(b':UPDATES: END\r\n') or b"b'ERROR: With :UPDATES: " in body
    return session.verb == 'SSYNC' and not session.gone() and ended and all(one.whole() for one in session.updates)


def excused(session, answer, line):
    """Deliberate: where Swift answers success for what is not there, or gone at once, ours keeps what was sent, or fails.

    Whatever comes of it (a suffix, a count of failures, a lock file) is excused where the object is sent for again, and where broken()
    cannot tell. Where the files of an offered object name another one, Swift looks at that one's directory, and changes it.
    """
    if offers_misnamed(session):
        return True
    kept = kept_only_here(session)
    if not kept:
        return False
    names = collections.Counter(object_hash(one.name) for one in (Told(one, session) for one in session.updates) if one.name)
    not_removable = any(entry.path.endswith('.durable') and entry.contents is None for entry in session.entries)
    return not certain(session, answer) or not_removable or any(names[digest] > 1 or digest in line for digest in kept)


def offers_misnamed(session):
    """Whether what is stored of an offered object has the name of another one."""
    if session.verb != 'SSYNC':
        return False
    offered = {match['digest'].decode() for match in map(OFFER.fullmatch, session.missing) if match}
    for entry in session.entries:
        digest = os.path.basename(os.path.dirname(entry.path))
        name = name_in(entry.metadata) if digest in offered and entry.metadata else b''
        if name.count(b'/') >= 3 and object_hash(name.decode()) != digest:
            return True
    return False


def name_in(blob):
    try:
        name = pickle.loads(blob, encoding='bytes').get(b'name', b'')
        return name if isinstance(name, bytes) else b''
    except Exception:  # a damaged pickle
        return b''


def kept_only_here(session):
    """The hash directories in which something is stored that Swift would find obsolete or not store: see worker/protocol.md.

    Beside a newer .durable file without fragments; a DELETE of what expired by a newer POST.
    """
    if session.verb != 'SSYNC':
        return set()
    overtaken = [one for one in told(session) if one.method != b'POST']
    marks = lone_marks(session.entries) if session.policy in ERASURE_CODING else {}
    expiries = expiring_metas(session.entries)
    return {digest for digest, one in ((object_hash(one.name), one) for one in overtaken)
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
        mark, fragment = MARK.fullmatch(name), DATA.fullmatch(name)
        if mark and mark['kind'] == 'durable':
            marks[directory].add(internal(mark['time']))
        elif fragment and fragment['index']:
            data[directory].add(internal(fragment['time']))
    newest = collections.defaultdict(str)
    # An object may lie in the partition of the next partition power too.
    for directory, times in marks.items():
        digest = directory.rpartition('/')[2]
        newest[digest] = max(newest[digest], max(times - data[directory], default=''))
    return newest


class Offered:
    """A line of the missing check, and what it promises not to want it."""

    def __init__(self, match, session):
        self.line = match[0].strip()
        self.digest = match['digest'].decode()
        self.time = internal(match['time'].decode())
        self.coded = session.policy in ERASURE_CODING
        # An index that is none is no success.
        self.index = int(session.frag_index) if self.coded and session.frag_index else None
        items = dict(item.partition(b':')[::2] for item in (match['items'] or b'').split(b','))
        self.durable = items.get(b'durable', b'true').lower() in TRUE
        self.meta = self.later(items.get(b'm'))
        self.made_durable_by_another = False

    def later(self, distance):
        """The data's time and so many units of 10 microseconds, as Swift writes it; None without them."""
        if distance is None:
            return None
        seconds, fraction = self.time[:16].split('.')
        raw = int(seconds + fraction) + int(distance, 16)
        return '%010d.%05d' % (raw // 100000, raw % 100000)

    def holds(self, held, parts):
        if max(held.tombstones, default='') >= self.time:
            return True
        mine = [time for time, index in held.data
                if self.index in (None, index) and (time in held.durable or time == self.time and not self.durable)]
        if b'd' not in parts and max(mine, default='') < self.time:
            return False
        if b'm' in parts or b'd' in parts or self.meta is None:
            return True
        if max(mine) not in held.durable or self.made_durable_by_another:
            return True  # no POST is taken for what is not durable
        return max([*mine, *held.metas], default='') >= self.meta


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
            committed = self.headers.get(b'x-backend-no-commit', b'').lower() not in TRUE
            # A tombstone of that very time came after it.
            deleted = max(held.tombstones, default='') >= self.time
            return stored and (self.time in held.durable or not committed) or deleted or held.newest() > self.time
        if self.coded or any(other.method == b'PUT' for other in same):
            return True
        # 404, a success too, if nothing was there.
        living = max(held.durable, default='') > max(held.tombstones, default='')
        return not living or held.newest() >= self.time or max(held.metas, default='') >= self.time
