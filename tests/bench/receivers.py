"""The receivers that speak the replication protocol: ours behind nginx, and Swift's object server."""
import pickle
import time

import wire
from accounting import Account, memory_kb
from commands import Failed

REHASH_TIMEOUT = 3600


class Receiver:
    """A server that has just been started; fresh_kb is its resident_kb() then.

    Each operation gives what it took: seconds, objects, bytes, cpu_seconds, peak_kb.
    """

    def __init__(self, title, server, sender):
        self.title = title
        self.server = server
        self.sender = sender
        self.fresh_kb = self.resident_kb()

    def _account(self):
        return Account(self.server.process.pid, self.server.serving_pids)

    def _sessions(self, loads, wanted, only_check, seconds_of):
        with self._account() as account:
            outcomes = self.sender.send(loads, self.server.port, only_check)
        asked = [outcome['wanted'] for outcome in outcomes]
        if wanted is not None and asked != [wanted] * len(loads):
            raise Failed('%s wanted %r objects, not %d each' % (self.title, asked, wanted))
        return {'seconds': max(seconds_of(outcome) for outcome in outcomes),
                'objects': sum(load.objects for load in loads),
                'bytes': sum(outcome['bytes'] for outcome in outcomes),
                'cpu_seconds': account.cpu_seconds, 'peak_kb': account.peak_kb}

    def write(self, loads, wanted=None):
        """Sessions at once, in each of which all is missing here, or as many objects as wanted says."""
        return self._sessions(loads, loads[0].objects if wanted is None else wanted, False,
                              lambda outcome: outcome['missing_check_seconds'] + outcome['updates_seconds'])

    def prepare_check(self, load):
        """The load is all that a receiver is told."""

    def check(self, load):
        """A session in which all is here."""
        return self._sessions([load], 0, True, lambda outcome: outcome['missing_check_seconds'])

    def rehash(self, load):
        """(what it took, {suffix: hash})"""
        begun = time.monotonic()
        with self._account() as account:
            reply = wire.ask(self.server.port, 'REPLICATE', '/%s/%d' % (load.device, load.partition),
                             [('X-Backend-Storage-Policy-Index', str(load.policy))], timeout=REHASH_TIMEOUT)
            seconds = time.monotonic() - begun
        if reply is None or reply.code != 200:
            raise Failed('%s answers REPLICATE with %r' % (self.title, reply))
        return ({'seconds': seconds, 'objects': load.objects, 'bytes': 0, 'cpu_seconds': account.cpu_seconds,
                 'peak_kb': account.peak_kb}, pickle.loads(reply.body))

    def resident_kb(self):
        """Of the largest of the processes that run sessions."""
        return max(memory_kb(pid) for pid in self.server.serving_pids())

    def warm_up(self, load):
        """Have every program and module loaded that a session needs."""
        self.sender.send([load], self.server.port)
