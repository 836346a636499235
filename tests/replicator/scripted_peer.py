"""A receiver that does what a test tells it to, for as many connections as there are: a replicator's peer."""
import pickle
import re
import socket
import threading

from scripted_receiver import DONE, Session

OFFER = re.compile(rb'([0-9a-f]{32}) ')


def answer(status, body=b'', head=b''):
    return b'HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s' % (status, len(body), head, body)


def hashes(value):
    """An answer to REPLICATE."""
    return answer(b'200 OK', pickle.dumps(value, 2))


class ScriptedPeer:
    """Calls ssync(session) and replicate(session) of its behaviour for each request, the head being read for the second only:
    session.head then has its lines."""

    def __init__(self):
        self.listening = socket.socket()
        self.listening.bind(('127.0.0.1', 0))
        self.listening.listen(64)
        self.port = self.listening.getsockname()[1]
        self.behaviour = None
        self.lock = threading.Lock()
        self.heads = []
        threading.Thread(target=self._accept, daemon=True).start()

    def behave(self, behaviour):
        self.behaviour = behaviour
        self.heads = []

    def _accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                connection.settimeout(60)
                session = Session(connection)
                # The session reads its head itself; here it is only looked at.
                while b'\r\n\r\n' not in session.raw:
                    session._receive()
                method = session.raw.split(b' ', 1)[0]
                with self.lock:
                    self.heads.append(session.raw.split(b'\r\n', 1)[0].decode('latin-1'))
                getattr(self.behaviour, method.decode('latin-1').lower())(session)
        except (OSError, AssertionError):
            # A sender may break off whenever it likes.
            pass

    def close(self):
        # An accept that waits is ended by this only.
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


class Truthful:
    """Takes what it is sent, and tells its suffix hashes as they are: those of the sender once it has been sent all. `written`
    is called at moments of a session that are named."""

    def __init__(self, hashes_of_sender, at=None):
        self.hashes_of_sender = hashes_of_sender
        self.has_all = False
        self.at = at or {}

    def moment(self, name):
        self.at.get(name, lambda: None)()

    def replicate(self, session):
        session.read_head()
        value = self.hashes_of_sender if self.has_all else {}
        self.moment('in REPLICATE')
        session.send(hashes(value))

    def ssync(self, session):
        offered = [OFFER.match(line)[1] for line in session.offers()]
        self.moment('after the offers')
        session.want(*([] if self.has_all else [digest + b' dm' for digest in offered]))
        session.updates()
        self.moment('after the updates')
        self.has_all = True
        session.say(DONE)
        session.send(b'0\r\n\r\n')
