"""What differs between two servers after the same session."""
import re
import time

import promises
from play import NotStorable
from policies import ERASURE_CODING
from session import brief
from tree import differences

# Logs are written by other threads and processes, and an object may be quarantined after its reader was answered.
SETTLE_SECONDS = 1
# What Swift's log tells when it came to grief by a slip of its own, and which differences come of it.
SLIPS = (
    (b'list.remove(x): x not in list', re.compile('')),
    (b'EXCEPTION in ssync.Receiver while attempting commit', re.compile(r'only in the second: objects\S*/[0-9a-f]{32} .*directory')),
)


# When the client goes away, what it sent before is to be handled before a server sees the end; how long that takes
# nobody tells. So first in a hurry; what then differs is played again with patience.
HURRY = {'before going': 0.05, 'settle': 0.3}
PATIENCE = {'before going': 0.5, 'settle': 3}


class Comparison:
    """Compares ours with Swift's. Both may be Swift's; then nothing may differ."""

    def __init__(self, ours, swift, executor, outcomes=None):
        self.sides = (ours, swift)
        self.executor = executor
        self.outcomes = outcomes
        self.number = 0
        self.settle_seconds = SETTLE_SECONDS

    def on_both(self, action):
        return list(self.executor.map(action, self.sides))

    def differences(self, session):
        """Lines that say what differs, ours first."""
        if not session.gone():
            return self.attempt(session, self.settle_seconds)
        for seconds in (HURRY, PATIENCE):
            for side in self.sides:
                side.before_going = seconds['before going']
            lines = self.attempt(session, seconds['settle'])
            if not lines:
                break
        return lines

    def attempt(self, session, settle_seconds):
        self.number += 1
        partition = str(self.number if session.partition is None else session.partition)
        try:
            try:
                self.on_both(lambda side: side.build(session, partition))
            except NotStorable:
                return []
            before = self.sides[1].state() if self.outcomes else None
            played = self.on_both(lambda side: (side.play(session, partition), None if session.gone() else side.state()))
            answers, states = zip(*played)
            lines = [] if session.gone() else self.differing_answers(session, answers)
            lines += self.differing_trees(session, states, settle_seconds)
            if not session.gone() and session.verb == 'SSYNC':
                lines += self.differing_failures(settle_seconds)
            lines = [line for line in lines if not self.comes_of_a_slip(line)]
            if self.sides[0].server.kind == 'worker':
                lines = [line for line in lines if not promises.excused(session, answers[1], line)]
            if not session.gone():
                ours, theirs = (promises.broken(session, side.partition, answer, side.log())
                                for side, answer in zip(self.sides, answers))
                if theirs:
                    # Deliberate: Swift answers success for what its clean-up then removed.
                    lines = []
                if self.sides[0].server.kind == 'worker':
                    lines += ours
            if self.outcomes:
                self.outcomes.count(session, answers[1], before, self.sides[1].state(), self.sides[1].log())
            return lines
        finally:
            self.on_both(lambda side: side.forget())

    def comes_of_a_slip(self, line):
        log = self.sides[1].log()
        return any(told in log and differs.match(line) for told, differs in SLIPS)

    def differing_answers(self, session, answers):
        self.ends_in_body = False
        if session.verb == 'SSYNC' and 'body' in answers[0] and 'body' in answers[1]:
            self.normalise(*answers)
        for number in range(len(session.reads)):
            self.normalise_read('read %d ' % number, *answers)
        return ['%s: %s / %s' % (key, brief(answers[0].get(key)), brief(answers[1].get(key)))
                for key in sorted(set(answers[0]) | set(answers[1])) if answers[0].get(key) != answers[1].get(key)]

    def normalise(self, ours, swift):
        """Deliberate: the end of the input inside a PUT's body ends our session at once; Swift counts a failure first."""
        failures = self.sides[1].failures()
        mine, theirs = ours['body'], swift['body']
        self.ends_in_body = failures[-1:] == [499] and mine.endswith(b':MISSING_CHECK: END\r\n')
        if self.ends_in_body and theirs.startswith(mine) and theirs[len(mine):].startswith((b':ERROR: 500 ', b':ERROR: 0 \'Too many')):
            swift['body'] = mine

    @staticmethod
    def normalise_read(prefix, ours, swift):
        """Deliberate: we send what we have read; Swift has 4 KiB before it sends the status, which may still become a 500."""
        if swift.get(prefix + 'status') == '500' and ours.get(prefix + 'ended') == 'cut':
            for key in [key for key in ours if key.startswith(prefix)]:
                del ours[key]
            del swift[prefix + 'status']

    def differing_trees(self, session, states, settle_seconds):
        if session.gone():
            # What the sender is still told is not compared, and its end may be seen at any time.
            self.on_both(lambda side: side.idle())
            states = self.on_both(lambda side: side.state())
        end = time.monotonic() + settle_seconds
        while True:
            if session.verb == 'READ' and session.policy in ERASURE_CODING:
                for state in states:
                    forget_repetitions(state)
            lines = differences(*states)
            if not lines or time.monotonic() >= end:
                return lines
            time.sleep(0.02)
            states = self.on_both(lambda side: side.state())

    def differing_failures(self, settle_seconds):
        end = time.monotonic() + settle_seconds
        while True:
            ours, swift = (side.failures() for side in self.sides)
            if self.ends_in_body and swift == ours + [499]:
                swift.pop()
            if ours == swift:
                return []
            if time.monotonic() > end:
                return ['failed subrequests: %r / %r' % (ours, swift)]
            time.sleep(0.01)


def forget_repetitions(state):
    """Swift quarantines a fragment that turns out bad while it is read again when the file is closed."""
    for entry in state.values():
        if 'lines' in entry:
            entry['lines'] = sorted(set(entry['lines']))
