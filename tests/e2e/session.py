"""A whole session, and all that is seen of it: the answer, and the statuses of failed subrequests in the log."""
import collections
import os
import re

from processes import await_condition
from swift_cluster import GOLD, object_hash, without_root
from wire import LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_END, UPDATES_START, converse

COUNT = re.compile(rb'With :UPDATES: (\d+) failures')
FAILURE = re.compile(rb'subrequest failed with (\d+)')

Outcome = collections.namedtuple('Outcome', 'code body ended failed')


def play_session(server, partition, name, offers=(), updates=(), policy=GOLD, fragment=None):
    """offers: what follows the hash of the object of that name in lines of the missing check; updates: subrequests."""
    lines = b''.join(b'%s %s\r\n' % (object_hash(name).encode(), offer) for offer in offers)
    headers = [('X-Backend-Storage-Policy-Index', str(policy))]
    if fragment is not None:
        headers.append(('X-Backend-Ssync-Frag-Index', str(fragment)))
    seen = os.path.getsize(server.session_log_path)
    reply = converse(server.port, [MISSING_CHECK_START + lines + MISSING_CHECK_END,
                                   UPDATES_START + b''.join(updates) + UPDATES_END, LAST_CHUNK],
                     partition=partition, headers=headers, timeout=60)
    count = int((COUNT.findall(reply.body) or [0])[0])

    def failed():
        # Only what is new: some tests play thousands of sessions.
        with open(server.session_log_path, 'rb') as log:
            log.seek(seen)
            return [int(code) for code in FAILURE.findall(log.read())]
    await_condition(lambda: len(failed()) >= count, lambda: '%d failures in the log: %r' % (count, failed()))
    return Outcome(reply.code, without_root(reply.body, server.tree.root), reply.ended, failed())
