"""A disk that cannot make durable what it is given: nothing of it is acknowledged, and nothing of it stays visible.

Each sync of a session fails in its turn, alone or with all later ones, as on a disk that dies. What the recorder saw
then tells which files are certain (model.py): what failed once is so no more, even if a second try says that all is well.
"""
import itertools
import os
import shutil

import pytest

from checks import KINDS, Checks
from model import STATES, Disk, chooser
from recorded import flat
from recorder import SYNCS
from recording import read_device
from scenario import DONE, MIB, Before, Scenario, Sent, text
from swift_cluster import EC, GOLD
from wire import UPDATES_DONE

_partitions = itertools.count(1)


def objects(scenario, tree, partition):
    """A session of many objects, over some that are here."""
    before = Before(scenario, tree)
    before.put_objects(partition, 4)
    before.done()
    sent = Sent(scenario, partition)
    for number in range(5):
        sent.put('/a/new/%d' % number, 10, text('new-%d.' % number))
    sent.put('/a/old/0', 10, text('newer.'))
    sent.post('/a/old/1', 10)
    sent.delete('/a/old/2', 10)
    sent.put('/a/new/several', 10, text('first.'))
    sent.post('/a/new/several', 11)
    sent.delete('/a/new/several', 12)
    sent.put('/a/new/large', 10, text('large.', 2 * MIB + 1))
    return sent


def archives(scenario, tree, partition):
    """Fragments, over some that are here."""
    before = Before(scenario, tree)
    before.put_fragments(partition, 3)
    before.done()
    sent = Sent(scenario, partition, EC)
    for number in range(3):
        sent.put_fragment('/a/new/%d' % number, 10, text('new-%d.' % number, 3000), 1, durable=number != 1)
    sent.put_fragment('/a/old/0', 10, text('newer.', 3000), 1)
    sent.put_fragment('/a/old/1', 10, text('undecided.', 3000), 1, durable=False)
    sent.delete('/a/old/2', 10)
    return sent


SESSIONS = {'objects': objects, 'fragments': archives}


def visible(stored):
    return {path: (entry.data, entry.xattrs) for path, entry in stored.items() if path.endswith(KINDS)}


class Case:
    """One session on a partition of its own under one rule for the syncs."""

    def __init__(self, server, session, error):
        self.server = server
        self.scenario = Scenario()
        partition = str(next(_partitions))
        self.sent = SESSIONS[session](self.scenario, server.tree, partition)
        self.path = server.tree.partition_path(partition, self.sent.policy)
        self.before = read_device(server.tree.device_path)
        recorder = server.faults
        recorder.clear()
        recorder.faults.clear()
        with recorder.faults.injected([(sync, error, '*') for sync in SYNCS]):
            self.answer = self.sent.play(server, None)
        self.failed = recorder.faults.hits()
        self.calls, self.records = recorder.calls()
        self.after = read_device(server.tree.device_path)
        self.disk = Disk(self.before, self.calls)

    def check(self, directory):
        """Whether anything was acknowledged; what was is certain, and so is what is to be seen."""
        acknowledged = self.answer == UPDATES_DONE
        assert acknowledged or self.answer.startswith(b':ERROR: '), self.answer
        if acknowledged:
            self.scenario.sessions[-1].answer = DONE
            self.scenario.sessions[-1].acknowledged = self.sent.acknowledged
        checks = Checks(self.scenario, self.before, directory)
        try:
            for name in [*STATES, 'random-0', 'random-1']:
                state = self.disk.state(self.records, chooser(name, 1, self.records))
                problems = checks.problems(state, 2 if acknowledged else 1)
                assert not problems, (name, problems, self.failed)
        finally:
            checks.close()
        certain = dict(flat(self.disk.state(self.records, STATES['nothing'])))
        for path, (data, xattrs) in visible(self.after).items():
            there = certain.get(path)
            assert there and (there.data, there.xattrs) == (data, xattrs), (
                '%s is to be seen, and not certain' % path, self.failed)
        return acknowledged

    def send_again(self):
        """On a disk that works again, the same objects with later times."""
        again = Sent(self.scenario, self.sent.partition, self.sent.policy)
        for number in range(3):
            if self.sent.policy == GOLD:
                again.put('/a/new/%d' % number, 20, text('again.'))
            else:
                again.put_fragment('/a/new/%d' % number, 20, text('again.', 3000), 1)
        again.delete('/a/old/0', 20)
        again.play(self.server)

    def close(self):
        shutil.rmtree(self.path)


@pytest.mark.parametrize('session', SESSIONS)
def test_every_sync_fails(recorded, session, root):
    case = Case(recorded, session, 'EIO')
    assert not case.check(root)
    assert visible(case.after) == visible(case.before)
    case.send_again()
    case.close()


@pytest.mark.parametrize('later', ['', '+'], ids=['alone', 'and-all-later'])
@pytest.mark.parametrize('session', SESSIONS)
def test_one_sync_fails(recorded, session, later, root):
    for number in itertools.count(1):
        case = Case(recorded, session, 'EIO@%d%s' % (number, later))
        acknowledged = case.check(root)
        if not case.failed:
            # Beyond the last sync of the session.
            assert acknowledged and number > 10
            break
        # A failure that a second way around it made good may be acknowledged, but not on a dead disk.
        assert not (acknowledged and later), case.failed
        case.send_again()
        case.close()
    case.close()
    assert not os.path.exists(os.path.join(recorded.tree.device_path, 'quarantined'))
