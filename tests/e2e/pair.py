"""Two receivers, the one under test and Swift's own, to which the same is done and of which the same is expected.

Every expectation is written out, so that two equal mistakes do not pass; where ours differs from Swift 2.30.1 on
purpose, `ours` is what it is expected to do. At the end of a `with` block the two device trees must be equal.
"""
import itertools
import os
import pickle
import re
import shutil
import time

from partition_trees import partition_tree
from processes import await_condition
from replicate_request import replicate
from side_by_side import side_by_side
from swift_cluster import GOLD, object_hash, without_root
from tree import differences, metadata
from wire import (EMPTY_CHECK, LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, NOTHING_WANTED, UPDATES_DONE,
                  UPDATES_END, UPDATES_START, converse, subrequest)

# Recent, so that no tombstone is reclaimed while a test runs.
T = int(time.time()) - 3600
NAME, PATH, HASH = '/a/c/o', b'/a/c/o', object_hash
BODY = b'some bytes'
CHECKED = NOTHING_WANTED[2:]
FAILURE = re.compile(r'subrequest failed with (\d+)')
FAILURES = b":ERROR: 500 b'ERROR: With :UPDATES: %d failures to %d successes'\n"
_partitions = itertools.count(1)


def at(seconds, offset=''):
    """A time in Swift's internal form, by its distance to the objects' usual one."""
    return '%010d.00000%s' % (T + seconds, offset)


def stamp(seconds):
    return b'X-Timestamp: ' + at(seconds).encode()


def put(seconds, *headers, body=BODY, path=PATH):
    return subrequest(b'PUT', path, stamp(seconds), b'Content-Length: %d' % len(body), b'Content-Type: text/plain',
                      *headers, body=body)


def post(seconds, *headers, path=PATH):
    return subrequest(b'POST', path, stamp(seconds), *headers)


def delete(seconds, *headers, path=PATH):
    return subrequest(b'DELETE', path, stamp(seconds), *headers)


def error(code, text):
    return b':ERROR: %d %s\n' % (code, text)


class Pair:
    """The two receivers, and a partition that is theirs alone."""

    def __init__(self, receivers, settings=None, policy=GOLD, workers=None, servers=None):
        self.servers = servers or receivers.both(settings, workers)
        self.policy = policy
        self.partition = str(next(_partitions))
        self.trees_differ = False       # set by a test of a difference that shows on the disk
        for server in self.servers:
            # Another test's: the second quarantine of a hash gets another place than the first.
            for name in ('quarantined', 'async_pending', 'tmp'):
                shutil.rmtree(os.path.join(server.tree.device_path, name), ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and not self.trees_differ:
            self.assert_equal_trees()

    def assert_equal_trees(self):
        found = differences(*[self.tree_of(server) for server in self.servers])
        assert not found, found

    def tree_of(self, server):
        return partition_tree(server.tree, self.partition, self.policy)

    def path(self, server, *names):
        return os.path.join(server.tree.partition_path(self.partition, self.policy), *names)

    def directory(self, server, name=NAME):
        return server.tree.hash_path(self.partition, name, self.policy)

    def store(self, *setups):
        """Each is called with (pair, server) for both servers."""
        for server in self.servers:
            for setup in setups:
                setup(self, server)

    def expect(self, look, golden, ours=None):
        """look(server) must be golden for both; for our worker `ours`, if that is given."""
        for server, found in zip(self.servers, side_by_side(look, self.servers)):
            expected = ours if server.kind == 'worker' and ours is not None else golden
            assert found == expected, '%s: expected %r, found %r' % (server.kind, expected, found)

    def converse(self, server, script, headers=(), timeout=30, **options):
        if self.policy:
            headers = [('X-Backend-Storage-Policy-Index', str(self.policy)), *headers]
        reply = converse(server.port, script, partition=options.pop('partition', self.partition), headers=headers,
                         timeout=timeout, **options)
        reply.body = without_root(reply.body, server.tree.root)
        return reply

    def says(self, script, golden, ended='cut', ours=None, **options):
        """A whole session. golden is what follows the first line end of the answer."""
        def look(server):
            reply = self.converse(server, script, **options)
            assert reply.code == 200, reply
            assert reply.body[:2] == b'\r\n', reply
            return reply.body[2:], reply.ended
        self.expect(look, (golden, ended), None if ours is None else (ours, ended))

    def wants(self, offers, parts, name=NAME, ours=None, **options):
        """A session that only asks. offers: what follows the hash in each line; parts: the word for each, '' for none."""
        digest = HASH(name).encode()
        lines = b''.join(b'%s %s\r\n' % (digest, offer.encode()) for offer in offers)

        def answer(words):
            wanted = b'\r\n'.join(b'%s %s' % (digest, word.encode()) for word in words if word)
            return MISSING_CHECK_START + wanted + b'\r\n' + MISSING_CHECK_END + UPDATES_DONE
        self.says([MISSING_CHECK_START + lines + MISSING_CHECK_END, UPDATES_START + UPDATES_END, LAST_CHUNK],
                  answer(parts), 'last chunk', ours=None if ours is None else answer(ours), **options)

    def refuses(self, offer, text, name=NAME, **options):
        """A missing check that ends the session with an error."""
        self.says([MISSING_CHECK_START + b'%s %s\r\n' % (HASH(name).encode(), offer.encode()) + MISSING_CHECK_END],
                  error(0, text), **options)

    def updates(self, *subrequests, failed=(), ours=None, headers=()):
        """A session that asks nothing. failed: the statuses of those that fail, in their order, as both servers log them."""
        for server in self.servers:
            statuses = list(ours if server.kind == 'worker' and ours is not None else failed)
            seen = len(server.session_log())
            reply = self.converse(server, [EMPTY_CHECK, UPDATES_START + b''.join(subrequests) + UPDATES_END, LAST_CHUNK],
                                  headers)

            def logged():
                return [int(status) for status in FAILURE.findall(server.session_log()[seen:])]
            if statuses:
                await_condition(lambda: len(logged()) >= len(statuses),
                                lambda: '%s: failures %r, found %r, %r' % (server.kind, statuses, logged(), reply))
            assert logged() == statuses, (server.kind, reply)
            end = FAILURES % (len(statuses), len(subrequests) - len(statuses)) if statuses else UPDATES_DONE
            assert reply.body == NOTHING_WANTED + end, (server.kind, reply)

    def holds(self, *names, name=NAME):
        """The names in the hash directory; none for an empty one and for none."""
        self.expect(lambda server: listing(self.directory(server, name)) or [], sorted(names))

    def metadata(self, server, filename, name=NAME):
        found = metadata(os.path.join(self.directory(server, name), filename))
        assert found['checksum'] == 'checksum right'
        return {as_text(key): as_text(value) for key, value in found['metadata'].items()}

    def keeps(self, filename, golden, ours=None, name=NAME):
        """The whole metadata of a file; keys and values are text where they are UTF-8."""
        self.expect(lambda server: self.metadata(server, filename, name), golden, ours)

    def invalid(self, *suffixes):
        """The lines of hashes.invalid, in their order; None alone: there is no such file."""
        golden = None if suffixes == (None,) else ''.join(suffix + '\n' for suffix in suffixes).encode()
        self.expect(lambda server: contents(self.path(server, 'hashes.invalid')), golden)

    def replicate(self, suffixes=None):
        """REPLICATE's answer, which both must give."""
        replies = [replicate(server, self.partition, suffixes, self.policy) for server in self.servers]
        assert [reply.code for reply in replies] == [200, 200], replies
        values = [pickle.loads(reply.body) for reply in replies]
        assert values[0] == values[1]
        return values[0]


def as_text(value):
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def listing(directory):
    """Sorted names; None if there is no such directory."""
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else None


def contents(path):
    """The bytes of a file; None if there is none."""
    if not os.path.exists(path):
        return None
    with open(path, 'rb') as file:
        return file.read()


# What a test may store, to be called with (pair, server).

def stored(seconds=0, body=BODY, metadata=None, name=NAME, **options):
    return lambda pair, server: server.tree.put(pair.partition, name, T + seconds, body, metadata, pair.policy, **options)


def posted(seconds, metadata=None, name=NAME):
    return lambda pair, server: server.tree.post(pair.partition, name, T + seconds, metadata, pair.policy)


def deleted(seconds=0, name=NAME):
    return lambda pair, server: server.tree.delete(pair.partition, name, T + seconds, pair.policy)


def bare_file(filename, content=b'', name=NAME):
    """A file without metadata in the hash directory."""
    def setup(pair, server):
        directory = pair.directory(server, name)
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, filename), 'wb') as made:
            made.write(content)
    return setup


def changed(filename, change, name=NAME):
    """change(path) is called for a file in the hash directory."""
    return lambda pair, server: change(os.path.join(pair.directory(server, name), filename))
