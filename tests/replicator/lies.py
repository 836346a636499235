"""Receivers that do not do what they say: what a replicator that reverts a handoff partition must not believe."""
import pickle
import time

from scripted_peer import OFFER, answer, hashes
from scripted_receiver import ACCEPTED, DONE, NOTHING_WANTED

LAST_CHUNK = b'0\r\n\r\n'
ENDLESS_PIECE = b'x' * 65536
# Swift's replicator listens for as long as there is more.
ENDLESS_SECONDS = 10


def for_long():
    end = time.monotonic() + ENDLESS_SECONDS
    while time.monotonic() < end:
        yield


class Liar:
    """Wants nothing although it has nothing, and says so when it is asked for its suffix hashes or an object."""

    def replicate(self, session):
        session.read_head()
        session.send(self.hashes())

    def hashes(self):
        return hashes({})

    def head(self, session):
        session.read_head()
        session.send(answer(b'404 Not Found'))

    def ssync(self, session):
        self.list(session, [OFFER.match(line)[1] for line in session.offers()])
        self.take(session)
        self.end(session)

    def list(self, session, offered):
        session.say(NOTHING_WANTED)

    def take(self, session):
        session.updates()

    def end(self, session):
        session.say(DONE)
        session.send(LAST_CHUNK)


class WantsNothing(Liar):
    pass


class WantsNothingWithHashesOfAnotherPartition(Liar):
    def hashes(self):
        return hashes({'abc': 'f' * 32, '123': '0' * 32})


class WantsNothingWithHashesThatAreNone(Liar):
    def hashes(self):
        return hashes({'%03x' % suffix: None for suffix in range(4096)})


class SwallowsTheUpdates(Liar):
    def list(self, session, offered):
        session.want(*[digest + b' dm' for digest in offered])


class WantsMetadataOnly(Liar):
    """As one that has the data."""

    def list(self, session, offered):
        session.want(*[digest + b' m' for digest in offered])


class WantsWhatWasNotOffered(Liar):
    def list(self, session, offered):
        session.want(*[b'%032x dm' % number for number in range(3)])


class WantsJunk(Liar):
    def list(self, session, offered):
        session.want(b'no hash', b'\xff\xfe d', b'd' * 5000)


class ErrorInTheList(Liar):
    def list(self, session, offered):
        session.say(b":MISSING_CHECK: START\r\n:ERROR: 500 'the disk is gone'\r\n:MISSING_CHECK: END\r\n")


class ErrorInsteadOfTheList(Liar):
    def list(self, session, offered):
        session.say(b":ERROR: 500 'the disk is gone'\r\n")


class ErrorAfterTheList(Liar):
    def list(self, session, offered):
        session.say(NOTHING_WANTED + b":ERROR: 500 'the disk is gone'\r\n")


class ErrorInTheEnd(Liar):
    def end(self, session):
        session.say(b":UPDATES: START\r\n:ERROR: 500 'the disk is gone'\r\n:UPDATES: END\r\n")
        session.send(LAST_CHUNK)


class ErrorAfterTheEnd(SwallowsTheUpdates):
    def end(self, session):
        session.say(DONE + b":ERROR: 500 'the disk is gone'\r\n")
        session.send(LAST_CHUNK)


class TellsWhatItHas(SwallowsTheUpdates):
    """As a receiver of ours does that is asked for it."""
    accepted = ACCEPTED.replace(b'\r\n\r\n', b'\r\nX-Backend-Ssync-Tell-Held: True\r\n\r\n', 1)

    def ssync(self, session):
        lines = session.offers(self.accepted)
        self.offered = [line.split(b' ')[:2] for line in lines]
        self.list(session, [digest for digest, _ in self.offered])
        self.take(session)
        session.say(b':HELD: START\r\n' + self.held() + b':HELD: END\r\n' + DONE)
        session.send(LAST_CHUNK)

    def held(self):
        """Nothing."""
        return b''


class TellsOlderThings(TellsWhatItHas):
    def held(self):
        return b''.join(b'%s data 1600000000.00000 1600000000.00000\r\n' % digest for digest, _ in self.offered)


class TellsOfOtherObjects(TellsWhatItHas):
    def held(self):
        return b''.join(b'%032x data %s %s\r\n' % (number, time, time) for number, (_, time) in enumerate(self.offered))


class TellsJunk(TellsWhatItHas):
    def held(self):
        return b''.join(b'%s %s\r\n' % (digest, time) for digest, time in self.offered)


class TellsAndThenFails(TellsWhatItHas):
    def held(self):
        return (b''.join(b'%s data %s %s\r\n' % (digest, time, time) for digest, time in self.offered)
                + b":ERROR: 500 'the disk is gone'\r\n")


class TellsWithoutEnd(TellsWhatItHas):
    def held(self):
        return b''.join(b'%s data %s %s\r\n' % (digest, time, time) for digest, time in self.offered * 10000)


class TellsWithoutAHeader(TellsAndThenFails):
    accepted = ACCEPTED


class ClosesAfterTheHead(Liar):
    def ssync(self, session):
        session.read_head()


class ClosesAfterTheOffers(Liar):
    def ssync(self, session):
        session.offers()


class ClosesInTheList(Liar):
    def ssync(self, session):
        session.offers()
        session.say(b':MISSING_CHECK: START\r\n')


class ClosesBeforeTheUpdates(Liar):
    def take(self, session):
        pass

    def end(self, session):
        pass


class ClosesAfterTheUpdates(SwallowsTheUpdates):
    def end(self, session):
        pass


class ClosesInTheEnd(SwallowsTheUpdates):
    def end(self, session):
        session.say(b':UPDATES: START\r\n')


class EndsTheListWithTheLastChunk(Liar):
    def ssync(self, session):
        session.offers()
        session.say(NOTHING_WANTED)
        session.send(LAST_CHUNK)


class SaysNothing(Liar):
    """Until the sender gives up."""

    def ssync(self, session):
        session.read_head()
        while True:
            session.read_piece()


class EndlessList(Liar):
    """Whoever keeps what it is told needs ever more memory."""

    def list(self, session, offered):
        session.say(b':MISSING_CHECK: START\r\n')
        for _ in for_long():
            session.say(b''.join(b'%032x dm\r\n' % number for number in range(1000)))


class EndlessLine(Liar):
    def list(self, session, offered):
        for _ in for_long():
            session.say(ENDLESS_PIECE)


class Refuses(Liar):
    def __init__(self, status):
        self.status = status

    def ssync(self, session):
        session.read_head()
        session.send(answer(self.status))


class HostileHashes(Liar):
    """A pickle that runs a command where it is believed: it makes the file of that path."""

    def __init__(self, path):
        self.path = path

    def hashes(self):
        return answer(b'200 OK', pickle.dumps(Command(self.path), 2))


class Command:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import os
        return os.mkdir, (self.path,)


class HashesThatAreNoDictionary(Liar):
    def hashes(self):
        return hashes(['abc', 'f' * 32])


class CutHashes(Liar):
    def hashes(self):
        return answer(b'200 OK', pickle.dumps({'abc': 'f' * 32}, 2)[:-3])


class EndlessHashes(Liar):
    """An answer to REPLICATE that does not end."""

    def replicate(self, session):
        session.read_head()
        session.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        for _ in for_long():
            session.say(ENDLESS_PIECE)


class EndlessHeadOfHashes(Liar):
    def replicate(self, session):
        session.read_head()
        session.send(b'HTTP/1.1 200 OK\r\n')
        for _ in for_long():
            session.send(b'X-A: %s\r\n' % (b'x' * 1000))


class SilentHashes(Liar):
    def replicate(self, session):
        session.read_head()
        session.socket.settimeout(60)
        session.socket.recv(1)


LIES = [
    WantsNothing(), WantsNothingWithHashesOfAnotherPartition(), WantsNothingWithHashesThatAreNone(), SwallowsTheUpdates(),
    WantsMetadataOnly(), WantsWhatWasNotOffered(), WantsJunk(), ErrorInTheList(), ErrorInsteadOfTheList(), ErrorAfterTheList(),
    ErrorInTheEnd(), ErrorAfterTheEnd(), TellsWhatItHas(), TellsOlderThings(), TellsOfOtherObjects(), TellsJunk(), TellsAndThenFails(),
    TellsWithoutEnd(), TellsWithoutAHeader(), ClosesAfterTheHead(), ClosesAfterTheOffers(), ClosesInTheList(), ClosesBeforeTheUpdates(),
    ClosesAfterTheUpdates(), ClosesInTheEnd(), EndsTheListWithTheLastChunk(), SaysNothing(), EndlessList(), EndlessLine(),
    HashesThatAreNoDictionary(), CutHashes(), EndlessHashes(), EndlessHeadOfHashes(), SilentHashes()]
REFUSALS = [Refuses(status) for status in (b'503 Service Unavailable', b'507 Insufficient Storage', b'409 Conflict', b'500 Internal Error')]
