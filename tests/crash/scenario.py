"""What is stored before a recording, what is sent in it, and what must therefore be on the device after a crash."""
import collections
import dataclasses
import os
import time

import fragments
from processes import await_condition, lock_holders
from replicate_request import replicate
from swift_cluster import EC, GOLD, name_in_suffix, object_hash, partition_of
from wire import (EMPTY_CHECK, LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_DONE, UPDATES_END,
                  UPDATES_START, connected, subrequest)

MIB = 1 << 20
POWER = 10      # of the ring that senders know, while the next one is 11
ERROR, DONE = b':ERROR:', b':UPDATES: END'
# The objects lie in these partitions, whatever their hashes are: a receiver does not ask.
FRESH, MANY, OLD, LARGE, FRAGMENTS, FAILING, REFUSED, INTERRUPTED, REPLICATED = map(str, range(1, 10))

Key = collections.namedtuple('Key', 'policy partition hash')


def objects_directory(policy):
    return 'objects' + ('-%d' % policy if policy else '')


@dataclasses.dataclass
class Written:
    """A file of an object: what its name says and what must be in it."""
    kind: str                       # '.data', '.meta' or '.ts'
    timestamp: str                  # in Swift's internal form
    fragment: int = None
    durable: bool = True
    body: bytes = b''
    metadata: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Session:
    """What a session promised, and how it said so: DONE, ERROR or None."""
    answer: bytes
    acknowledged: list              # (Key, Written) in the order in which they were sent; none unless it was DONE
    changed: set                    # (policy, partition, suffix), whatever the answer was


class Scenario:
    """All that is known of the objects of a recording. Can be pickled."""

    def __init__(self):
        # Recent, so that no tombstone is reclaimed.
        self.start = int(time.time()) - 7200
        self.names = {}             # Key: object's name
        self.written = {}           # Key: {(kind, timestamp, fragment): Written}
        self.sessions = []

    def time(self, seconds):
        return '%010d.00000' % (self.start + seconds)

    def know(self, policy, partition, name, written):
        key = Key(policy, str(partition), object_hash(name))
        self.names[key] = name
        self.written.setdefault(key, {})[written.kind, written.timestamp, written.fragment] = written
        return key


class Before:
    """Stores objects as Swift does: they are durable when the recording begins."""

    def __init__(self, scenario, tree):
        self.scenario, self.tree = scenario, tree
        self.acknowledged = []

    def _know(self, policy, partition, name, written):
        self.acknowledged.append((self.scenario.know(policy, partition, name, written), written))

    def put(self, partition, name, seconds, body, policy=GOLD, fragment=None, durable=True):
        time = self.scenario.time(seconds)
        self.tree.put(partition, name, time, body, policy=policy, fragment=fragment, durable=durable)
        self._know(policy, partition, name, Written('.data', time, fragment, durable, body))

    def post(self, partition, name, seconds):
        time = self.scenario.time(seconds)
        self.tree.post(partition, name, time, {'X-Object-Meta-Old': 'old'})
        self._know(GOLD, partition, name, Written('.meta', time, metadata={'X-Object-Meta-Old': 'old'}))

    def delete(self, partition, name, seconds):
        time = self.scenario.time(seconds)
        self.tree.delete(partition, name, time)
        self._know(GOLD, partition, name, Written('.ts', time))

    def put_objects(self, partition, count):
        """/a/old/0 and so on, with valid hashes."""
        for number in range(count):
            self.put(partition, '/a/old/%d' % number, 0, text('old-%d.' % number))
        self.hash(partition)

    def put_fragments(self, partition, count):
        """The same of the erasure-coding policy: fragments of index 1."""
        for number in range(count):
            archives = fragments.encode(text('old-%d.' % number, 3000))
            self.put(partition, '/a/old/%d' % number, 0, archives[1], EC, 1)
        self.hash(partition, EC)

    def put_lone_durable(self, partition, name, seconds):
        """What is left of an old release's fragment that has gone; no object."""
        directory = self.tree.hash_path(partition, name, EC)
        os.makedirs(directory)
        with open(os.path.join(directory, self.scenario.time(seconds) + '.durable'), 'wb'):
            pass

    def hash(self, partition, policy=GOLD):
        """All suffixes of the partition get valid hashes."""
        from swift.common.storage_policy import POLICIES
        self.tree.manager(policy)._get_hashes(self.tree.device, partition, POLICIES[policy])

    def done(self):
        self.scenario.sessions.append(Session(None, self.acknowledged, set()))


class Sent:
    """A session to be sent. What is put into it is thereby known to the scenario."""

    def __init__(self, scenario, partition, policy=GOLD, fragment=None, next_part_power=None):
        self.scenario, self.partition, self.policy = scenario, partition, policy
        self.headers = [('X-Backend-Storage-Policy-Index', str(policy))]
        if fragment is not None:
            self.headers.append(('X-Backend-Ssync-Frag-Index', str(fragment)))
        self.next_part_power = next_part_power
        self.offers = []            # (line, what it acknowledges, the subrequest that is sent if it is wanted)
        self.updates = []
        self.acknowledged = []
        self.changed = set()

    def _subrequest(self, method, name, seconds, written, headers, body=b''):
        lines = [b'X-Timestamp: %s' % self.scenario.time(seconds).encode()]
        partitions = [self.partition]
        if self.next_part_power is not None:
            lines.append(b'X-Backend-Next-Part-Power: %d' % self.next_part_power)
            partitions.append(partition_of(name, self.next_part_power))
        lines += [b'%s: %s' % (key.encode(), value.encode()) for key, value in headers.items()]
        if method == b'PUT':
            lines += [b'Content-Length: %d' % len(body), b'Content-Type: text/plain']
        if written is not None:
            for partition in dict.fromkeys(map(str, partitions)):
                self.acknowledged.append((self.scenario.know(self.policy, partition, name, written), written))
            self.changed.add((self.policy, self.partition, object_hash(name)[-3:]))
        return subrequest(method, name.encode(), *lines, body=body)

    def put(self, name, seconds, body, headers=None, fails=False):
        written = Written('.data', self.scenario.time(seconds), body=body, metadata={'X-Object-Meta-Put': str(seconds)})
        headers = {**written.metadata, **(headers or {})}
        self.updates.append(self._subrequest(b'PUT', name, seconds, None if fails else written, headers, body))

    def put_fragment(self, name, seconds, body, index, durable=True):
        """body: of the object"""
        written = Written('.data', self.scenario.time(seconds), index, durable, fragments.encode(body)[index],
                          {**fragments.fragment_metadata(body), 'X-Object-Sysmeta-Ec-Frag-Index': str(index)})
        headers = {**written.metadata, **({} if durable else {'X-Backend-No-Commit': 'True'})}
        self.updates.append(self._subrequest(b'PUT', name, seconds, written, headers, written.body))

    def post(self, name, seconds):
        written = Written('.meta', self.scenario.time(seconds), metadata={'X-Object-Meta-Post': str(seconds)})
        self.updates.append(self._subrequest(b'POST', name, seconds, written, written.metadata))

    def delete(self, name, seconds, fails=False):
        written = Written('.ts', self.scenario.time(seconds))
        self.updates.append(self._subrequest(b'DELETE', name, seconds, None if fails else written, {}))

    def offer(self, name, seconds, body):
        """The object is here already or is sent; either way it is acknowledged."""
        self.put(name, seconds, body)
        self._offer(name, seconds, self.updates.pop())

    def offer_durable(self, name, seconds, index):
        """A fragment that is here and not durable."""
        written = dataclasses.replace(
            self.scenario.written[Key(self.policy, self.partition, object_hash(name))]['.data', self.scenario.time(seconds),
                                                                                      index], durable=True)
        self.acknowledged.append((self.scenario.know(self.policy, self.partition, name, written), written))
        self._offer(name, seconds, None)

    def _offer(self, name, seconds, update):
        self.offers.append(('%s %s' % (object_hash(name), self.scenario.time(seconds)), object_hash(name), update))

    def play(self, server, expected=DONE):
        """The whole session. expected: its answer; None if it may be either, and nothing counts as promised."""
        with connected(server.port) as client:
            client.start(partition=self.partition, headers=self.headers)
            client.read_head()
            client.play([MISSING_CHECK_START + b''.join(b'%s\r\n' % line.encode() for line, _, _ in self.offers) +
                         MISSING_CHECK_END])
            wanted = {line.split()[0].decode() for line in client.wanted()}
            updates = self.updates + [update for _, digest, update in self.offers if digest in wanted]
            assert None not in updates, 'the fragment was not made durable'
            client.play([UPDATES_START + b''.join(updates) + UPDATES_END, LAST_CHUNK])
            answer = client.rest()
        assert expected is None or (answer == UPDATES_DONE if expected == DONE else answer.startswith(expected)), answer
        self._told(expected)
        return answer

    def break_off(self, server, whole, cut):
        """The sender disconnects in the body of its last subrequest, after the earlier objects are stored."""
        with connected(server.port) as client:
            client.start(partition=self.partition, headers=self.headers)
            client.read_head()
            client.play([EMPTY_CHECK, UPDATES_START + b''.join(self.updates)[:-cut]])
            directory = server.tree.hash_path(self.partition, whole, self.policy)
            await_condition(lambda: os.path.isdir(directory) and os.listdir(directory), 'the object before is there')
        lock = os.path.join(server.tree.partition_path(self.partition, self.policy), '.lock-replication')
        await_condition(lambda: not lock_holders(lock), 'the session has ended')
        self._told(None)

    def _told(self, answer):
        self.scenario.sessions.append(Session(answer, self.acknowledged if answer == DONE else [], self.changed))


def text(name, size=64):
    """A body that identifies its object."""
    return (name * (size // len(name) + 1)).encode()[:size]


def store(scenario, tree):
    """What is on the device before the recording."""
    before = Before(scenario, tree)
    before.put_objects(OLD, 10)
    before.post(OLD, '/a/old/1', 1)
    before.delete(OLD, '/a/old/gone', 1)
    before.hash(OLD)
    before.put(LARGE, '/a/old/large', 0, text('old large.', 2 * MIB))
    before.hash(LARGE)
    before.put_fragments(FRAGMENTS, 4)
    for name in ('/a/ec/marked', '/a/ec/marked/undecided', '/a/ec/marked/deleted'):
        before.put_lone_durable(FRAGMENTS, name, 20)
    before.put(FAILING, '/a/old/0', 5, text('old and newer.'))
    before.hash(FAILING)
    before.done()


def fresh_partition(scenario, server):
    sent = Sent(scenario, FRESH)
    for number in range(8):
        sent.put('/a/fresh/%d' % number, 10, text('fresh-%d.' % number))
    # Two objects of one suffix, and one of no bytes.
    suffix = object_hash('/a/fresh/0')[-3:]
    sent.put(name_in_suffix(suffix, '/a/fresh/same-'), 10, text('same suffix.'))
    sent.put('/a/fresh/empty', 10, b'')
    sent.delete('/a/fresh/never', 10)
    sent.play(server)


def many_objects(scenario, server):
    """Enough for batches that overlap, if there are batches; then newer ones over a part of them."""
    for seconds, numbers in ((10, range(60)), (11, range(0, 60, 2))):
        sent = Sent(scenario, MANY)
        for number in numbers:
            sent.put('/a/many/%d' % number, seconds, text('%d-%d.' % (number, seconds)))
        sent.play(server)


def over_old_objects(scenario, server):
    sent = Sent(scenario, OLD)
    for number in range(3):
        sent.put('/a/old/%d' % number, 10, text('newer-%d.' % number))
    sent.post('/a/old/3', 10)
    sent.delete('/a/old/4', 10)
    sent.delete('/a/old/5', 10)
    sent.put('/a/old/gone', 10, text('again.'))
    sent.put('/a/old/new', 10, text('new.'))
    sent.play(server)


def several_of_one_object(scenario, server):
    sent = Sent(scenario, OLD)
    sent.put('/a/old/6', 20, text('six.'))
    sent.post('/a/old/6', 21)
    sent.delete('/a/old/6', 22)
    sent.put('/a/several/posted', 20, text('to be posted.'))
    sent.post('/a/several/posted', 21)
    sent.post('/a/several/posted', 22)
    sent.delete('/a/old/7', 20)
    sent.put('/a/old/7', 21, text('seven.'))
    sent.put('/a/several/twice', 20, text('first.'))
    sent.put('/a/several/other', 20, text('in between.'))
    sent.put('/a/several/twice', 21, text('second.'))
    sent.play(server)


def after_hashing(scenario, server):
    """Between two sessions a replicator asks for the hashes: hashes.invalid is emptied."""
    reply = replicate(server, OLD)
    assert reply.code == 200, reply
    sent = Sent(scenario, OLD)
    sent.put('/a/old/8', 30, text('eight.'))
    sent.put('/a/old/0', 30, text('once more.'))
    sent.play(server)


def large(scenario, server):
    sent = Sent(scenario, LARGE)
    sent.put('/a/large/before', 10, text('small.'))
    sent.put('/a/old/large', 10, text('large.', 3 * MIB + 12345))
    sent.put('/a/large/after', 10, text('small.'))
    sent.play(server)


def erasure_coded(scenario, server):
    sent = Sent(scenario, FRAGMENTS, EC)
    sent.put_fragment('/a/old/0', 10, text('over an old one.', 3000), 1)
    sent.put_fragment('/a/old/1', 10, text('over an old one, undecided.', 3000), 1, durable=False)
    sent.put_fragment('/a/ec/durable', 10, text('durable.', 3000), 1)
    sent.put_fragment('/a/ec/undecided', 10, text('undecided.', 3000), 1, durable=False)
    sent.put_fragment('/a/ec/two', 10, text('two of them.', 3000), 0)
    sent.put_fragment('/a/ec/later', 10, text('decided later.', 3000), 2, durable=False)
    # They are older than what is there, and must outlive it.
    sent.put_fragment('/a/ec/marked', 10, text('durable.', 3000), 1)
    sent.put_fragment('/a/ec/marked/undecided', 10, text('undecided.', 3000), 1, durable=False)
    sent.delete('/a/ec/marked/deleted', 10)
    sent.delete('/a/old/2', 10)
    sent.post('/a/old/3', 10)
    sent.play(server)


def made_durable_by_the_offer(scenario, server):
    for name, index in (('/a/ec/later', 2), ('/a/old/1', 1)):
        sent = Sent(scenario, FRAGMENTS, EC, fragment=index)
        sent.offer_durable(name, 10, index)
        sent.play(server)


def some_that_fail(scenario, server):
    sent = Sent(scenario, FAILING)
    sent.put('/a/failing/first', 10, text('first.'))
    sent.put('/a/failing/etag', 10, text('another etag.'), {'ETag': '0' * 32}, fails=True)
    sent.put('/a/old/0', 4, text('older than what is here.'), fails=True)
    sent.delete('/a/old/0', 4, fails=True)
    sent.put('/a/failing/last', 10, text('last.'))
    sent.play(server, ERROR)


def in_next_partition(scenario, server):
    for number, power in enumerate((POWER + 1, POWER + 1, POWER)):
        name = '/a/power/%d' % number
        sent = Sent(scenario, str(partition_of(name, POWER)), next_part_power=power)
        sent.put(name, 10, text('in two partitions.'))
        if number == 1:
            sent.post(name, 11)
            sent.delete(name, 12)
        sent.play(server)


def after_a_failure(scenario, server):
    """What a session made and did not acknowledge counts for the next one: directories too."""
    sent = Sent(scenario, REFUSED)
    sent.put('/a/refused/0', 10, text('another etag.'), {'ETag': '0' * 32}, fails=True)
    sent.play(server, ERROR)
    sent = Sent(scenario, REFUSED)
    sent.put('/a/refused/0', 11, text('the right etag.'))
    sent.play(server)


def after_a_sender_that_went(scenario, server):
    sent = Sent(scenario, INTERRUPTED)
    names = ['/a/interrupted/%d' % number for number in range(3)]
    for name in names:
        sent.put(name, 10, text(name))
    sent.put('/a/interrupted/cut', 10, text('cut.', 2 * MIB))
    sent.break_off(server, names[-1], MIB)
    sent = Sent(scenario, INTERRUPTED)
    for name in names:
        sent.offer(name, 10, text(name))
    sent.put('/a/interrupted/cut', 10, text('cut.', 2 * MIB))
    sent.play(server)


def after_invalidation(scenario, server):
    """A replicator tells of suffixes that it has sent by rsync: that alone makes a partition."""
    reply = replicate(server, REPLICATED, object_hash('/a/replicated/0')[-3:])
    assert reply.code == 200, reply
    sent = Sent(scenario, REPLICATED)
    sent.put('/a/replicated/0', 10, text('replicated.'))
    sent.play(server)


PARTS = [fresh_partition, many_objects, over_old_objects, several_of_one_object, after_hashing, large, erasure_coded,
         made_durable_by_the_offer, some_that_fail, in_next_partition, after_a_failure, after_a_sender_that_went,
         after_invalidation]
