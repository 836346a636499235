"""The dialect of Swift 1.11 to 2.2: the verb REPLICATION, as its senders wrote it.

Swift 2.30 does not speak it any more, so the answers are written out.
"""
import itertools
import time

import pytest

from swift_cluster import DeviceTree, object_hash
from tree import objects_only, read_tree
from wire import LAST_CHUNK, connected

pytestmark = pytest.mark.worker_only

T = int(time.time()) - 3600
_partitions = itertools.count(1)


@pytest.fixture
def receiver(receivers):
    return receivers.both()[0]


def begin(client, partition, headers=()):
    client.start(partition=partition, verb='REPLICATION', headers=headers)
    client.read_head()
    assert client.status.split()[1] == '200'


def check(client, *offers):
    client.send(b':MISSING_CHECK: START\r\n')
    for offer in offers:
        client.send(offer + b'\r\n')
    client.send(b':MISSING_CHECK: END\r\n')
    return client.wanted()


def finish(client):
    client.send(b':UPDATES: END\r\n')
    line = client.read_line()
    while not line.strip():
        assert line
        line = client.read_line()
    assert line == b':UPDATES: START\r\n'
    client.expect(b':UPDATES: END\r\n')
    client.raw(LAST_CHUNK)


def offer(name, seconds):
    return b'%s %010d.00000' % (object_hash(name).encode(), T + seconds)


def test_put_and_delete(receiver, root):
    partition = str(next(_partitions))
    receiver.tree.put(partition, '/a/c/deleted', T, b'old')
    with connected(receiver.port) as client:
        begin(client, partition)
        wanted = check(client, offer('/a/c/o', 0), offer('/a/c/deleted', 5))
        # Bare hashes: that sender does not know what a second word means.
        assert wanted == [object_hash('/a/c/o').encode(), object_hash('/a/c/deleted').encode()]
        client.send(b':UPDATES: START\r\n')
        client.send(b'PUT /a/c/o\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n'
                    b'ETag: 841a2d689ad86bd1611447453c22c6fc\r\nX-Object-Meta-Color: blue\r\n'
                    b'X-Timestamp: %010d.00000\r\n\r\n' % T)
        client.send(b'bo')
        client.send(b'dy')
        client.send(b'DELETE /a/c/deleted\r\nX-Timestamp: %010d.00000\r\n\r\n' % (T + 5))
        finish(client)
    expected = DeviceTree('%s/expected-%s' % (root, partition))
    expected.put(partition, '/a/c/o', T, b'body', {'Content-Type': 'text/plain', 'X-Object-Meta-Color': 'blue'})
    expected.delete(partition, '/a/c/deleted', T + 5)
    assert objects_only(read_tree(receiver.tree.partition_path(partition))) == objects_only(
        read_tree(expected.partition_path(partition)))
    with connected(receiver.port) as client:
        begin(client, partition)
        assert check(client, offer('/a/c/o', 0), offer('/a/c/deleted', 5)) == []
        client.send(b':UPDATES: START\r\n')
        finish(client)


def test_the_newest_file_decides_what_is_wanted(receiver):
    """The offered time is compared with the object's newest, .meta included, or the tombstone's."""
    partition = str(next(_partitions))
    receiver.tree.put(partition, '/a/c/data', T, b'body')
    receiver.tree.put(partition, '/a/c/meta', T, b'body')
    receiver.tree.post(partition, '/a/c/meta', T + 10, {'X-Object-Meta-A': 'b'})
    receiver.tree.delete(partition, '/a/c/gone', T)
    for name, newest in (('/a/c/data', 0), ('/a/c/meta', 10), ('/a/c/gone', 0)):
        for seconds in (-5, 0, 5, 10, 15):
            with connected(receiver.port) as client:
                begin(client, partition)
                expected = [object_hash(name).encode()] if seconds > newest else []
                assert check(client, offer(name, seconds)) == expected, (name, seconds)


def test_post_is_refused(receiver):
    partition = str(next(_partitions))
    receiver.tree.put(partition, '/a/c/o', T, b'body')
    before = objects_only(read_tree(receiver.tree.partition_path(partition)))
    with connected(receiver.port) as client:
        begin(client, partition)
        assert check(client) == []
        client.send(b':UPDATES: START\r\n')
        client.send(b'POST /a/c/o\r\nX-Timestamp: %010d.00000\r\n\r\n' % (T + 5))
        assert client.rest() == b":ERROR: 0 'Invalid subrequest method POST'\n"
        assert client.body_ended == 'cut'
    assert objects_only(read_tree(receiver.tree.partition_path(partition))) == before


@pytest.mark.parametrize('line', [b'one', b'one two three', b''])
def test_a_line_has_two_words(receiver, line):
    with connected(receiver.port) as client:
        begin(client, str(next(_partitions)))
        client.send(b':MISSING_CHECK: START\r\n' + line + b'\r\n:MISSING_CHECK: END\r\n')
        answer = client.rest().lstrip(b'\r\n')
        assert answer.startswith(b':ERROR: 0 ') and answer.count(b'\n') == 1, answer
        assert client.body_ended == 'cut'


def test_the_policy_header_of_senders_of_2_0_to_2_2(receiver):
    partition = str(next(_partitions))
    with connected(receiver.port) as client:
        begin(client, partition, [('X-Backend-Storage-Policy-Index', '1')])
        assert check(client, offer('/a/c/o', 0)) == [object_hash('/a/c/o').encode()]
        client.send(b':UPDATES: START\r\n')
        client.send(b'DELETE /a/c/o\r\nX-Timestamp: %010d.00000\r\n\r\n' % T)
        finish(client)
    assert any(path.endswith('.ts') for path in read_tree(receiver.tree.partition_path(partition, 1)))


@pytest.mark.parametrize('path,headers,code', [
    ('/sda1', (), 400), ('/sda1/..', (), 400), ('/none/0', (), 507),
    ('/sda1/0', (('X-Backend-Storage-Policy-Index', '9'),), 503)])
def test_refusals_are_http_statuses(receiver, path, headers, code):
    with connected(receiver.port) as client:
        client.start(verb='REPLICATION', path=path, headers=headers)
        client.read_head()
        assert client.status.split()[1] == str(code)
