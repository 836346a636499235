"""Random sessions, of every kind.

What worker/protocol.md lists under "Differences to Swift 2.30.1" is not generated; each place says "deliberate". What
README.md lists as open is generated on request only; each place asks `draw.open`.
"""
import random

import policies
from draw import Draw, names_of_one_partition, ordinary_names, partition_of
from reads import Reads
from sent import Sent
from session import Session
from stored import Stored

KINDS = ('replication', 'ec', 'faults', 'reads', 'part-power')
POWER = 3
ORDINARY = 'ordinary'
LONG_LINE = 60000
FRAG_INDEXES = [None, None, '0', '0', '1', '1', '2']
# Deliberate: none beyond 64 bits.
ODD_FRAG_INDEXES = ['', '9', '3', '4', 'x', '-1', '+1', '01', '0_1', '1.0', 'None']


class Generator:
    def __init__(self, seed, open_differences=False):
        self.seed = seed
        self.open = open_differences
        self.names = {ORDINARY: ordinary_names(), POWER: names_of_one_partition(POWER)}

    def session(self, number, base):
        """The session of this number: it depends on the seed and the number only, but for its times."""
        source = random.Random('%d/%d' % (self.seed, number))
        kind = source.choices(['ssync', 'replicate', 'faults', 'reads', 'part-power'], [50, 15, 8, 17, 10])[0]
        coded = source.random() < 0.5
        if coded:
            policy = source.choice(policies.ERASURE_CODING)
        else:
            policy = policies.SILVER if source.random() < 0.1 else policies.GOLD
        kinds = {'ec' if coded else 'replication'}
        if kind in KINDS:
            kinds.add(kind)
        draw = Draw(source, self.names[POWER if kind == 'part-power' else ORDINARY], base, self.open)
        draw.living = kind == 'reads'
        stored = Stored(draw, policy)
        session = Session(stored.partition(), frozenset(kinds), policy=policy)
        if kind == 'replicate':
            session.verb = 'REPLICATE'
            if draw.chance(0.4):
                session.suffixes = '-'.join(draw.suffix() for _ in draw.count(1, 2, 3))
        elif kind == 'reads':
            session.verb = 'READ'
            reads = Reads(draw, policy)
            session.reads = [reads.read() for _ in draw.count(1, 2, 2, 3, 4)]
        else:
            self.converse(draw, session, kind)
        if kind == 'part-power':
            # The power is about to be increased, or it was and the relinker has not been everywhere.
            power = POWER if draw.chance(0.6) else POWER + 1
            session.partition = partition_of(draw.pick(draw.names.hashes), power)
            other = POWER + 1 if power == POWER else POWER
            session.entries = stored.in_both_partitions(session.entries, session.partition, other)
        return session

    def converse(self, draw, session, kind):
        if session.policy in policies.ERASURE_CODING or draw.chance(0.05):
            session.frag_index = draw.pick(FRAG_INDEXES if draw.chance(0.9) else ODD_FRAG_INDEXES)
        sent = Sent(draw, session.policy, session.frag_index)
        sent.next_power = kind == 'part-power'
        session.piece = draw.pick([1 << 16] * 6 + [1000, 4096, 50])
        session.missing = [sent.missing_line() for _ in draw.count(0, 1, 2, 3, 4, 5)]
        session.updates = [sent.subrequest() for _ in draw.count(0, 1, 1, 2, 3, 5, 8)]
        if kind == 'faults':
            self.add_fault(draw, sent, session)
        else:
            if draw.chance(0.1):
                session.updates_end = draw.pick(['last chunk', 'last chunk', 'END'])
        if any(not one.whole() for one in session.updates):
            # Deliberate: what is taken for lines is no line that is too long.
            session.updates = [one for one in session.updates if not one.whole() or len(one.body) < LONG_LINE]
            if session.updates_end == 'END':
                session.updates_end = 'END and last chunk'  # else END may be taken for a body, and all wait

    def add_fault(self, draw, sent, session):
        kind = draw.pick(['break off'] * 5 + ['check start', 'updates start', 'lengths'])
        if kind == 'break off':
            sent.break_off(session)
        elif kind == 'check start':
            session.check_start = draw.pick([b'\r\n', b':UPDATES: START\r\n', b':MISSING_CHECK: START\n', b'  :MISSING_CHECK: START \r\n',
                                             b":what's \xe9 this\r\n", b':MISSING_CHECK: END\r\n'])
        elif kind == 'updates start':
            session.updates_start = draw.pick([b'\r\n', b':UPDATES: END\r\n', b':UPDATES: START\n', b'junk "\'\x00\r\n'])
        else:
            for subrequest in session.updates:
                if subrequest.body and draw.chance(0.5):
                    # Deliberate: what is too much is no line that is too long.
                    subrequest.body = draw.pick([subrequest.body[:-1], subrequest.body + b'\r\n', b'', subrequest.body + subrequest.body[:1000]])
