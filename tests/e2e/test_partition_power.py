"""X-Backend-Next-Part-Power on subrequests: links in the object's other partition, and clean-up of both."""
import os
import time

import pytest

from swift_cluster import EC, GOLD, SILVER, partition_of
from tree import differences, read_tree
from wire import UPDATES_DONE, converse, put, subrequest, updates_script

T = int(time.time()) - 3600
POWER = 10  # of the ring that the sender knows; the next one is 11


def at(seconds):
    return b'%010d.00000' % (T + seconds)


def power_header(power):
    return b'X-Backend-Next-Part-Power: ' + power


def put_object(name, seconds, power, body=b'body', *headers):
    return put(name.encode(), at(seconds), body, power_header(power), *headers)


def other(method, name, seconds, power, *headers):
    return subrequest(method, name.encode(), b'X-Timestamp: ' + at(seconds), power_header(power), *headers)


FRAGMENT = b'X-Object-Sysmeta-Ec-Frag-Index: 1'
NO_COMMIT = b'X-Backend-No-Commit: True'


def stored_in(partitions, policy=GOLD, **options):
    """The object in each of the partitions, as the relinker leaves it: one file under several names."""
    def setup(tree, name):
        first = None
        for power in partitions:
            place = tree.hash_path(partition_of(name, power), name, policy)
            if first is None:
                tree.put(partition_of(name, power), name, T, b'old', policy=policy, **options)
                first = place
                continue
            os.makedirs(place)
            for file in os.listdir(first):
                os.link(os.path.join(first, file), os.path.join(place, file))
    return setup


def a_file_in_the_way(tree, name):
    os.makedirs(os.path.dirname(tree.partition_path(partition_of(name, POWER + 1))), exist_ok=True)
    open(tree.partition_path(partition_of(name, POWER + 1)), 'w').close()


# name: (policy, power of the partition that the session is about, setup, subrequests, whether all succeed)
ROWS = {
    'PUT': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'11')], True),
    'PUT of another policy': (SILVER, POWER, None, lambda name: [put_object(name, 0, b'11')], True),
    'PUT over both': (GOLD, POWER, stored_in([POWER, POWER + 1]), lambda name: [put_object(name, 1, b'11')], True),
    'PUT over one': (GOLD, POWER, stored_in([POWER]), lambda name: [put_object(name, 1, b'11')], True),
    'POST': (GOLD, POWER, stored_in([POWER, POWER + 1]),
             lambda name: [other(b'POST', name, 1, b'11', b'X-Object-Meta-A: b')], True),
    'DELETE': (GOLD, POWER, stored_in([POWER, POWER + 1]), lambda name: [other(b'DELETE', name, 1, b'11')], True),
    'PUT, POST and DELETE': (GOLD, POWER, None, lambda name: [
        put_object(name, 0, b'11'), other(b'POST', name, 1, b'11'), other(b'DELETE', name, 2, b'11')], True),
    # The ring has the new power already, and the relinker has not cleaned up yet.
    'PUT in the new partition': (GOLD, POWER + 1, stored_in([POWER, POWER + 1]),
                                 lambda name: [put_object(name, 1, b'11')], True),
    'DELETE in the new partition': (GOLD, POWER + 1, stored_in([POWER, POWER + 1]),
                                    lambda name: [other(b'DELETE', name, 1, b'11')], True),
    'no increase': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'')], True),
    'the power as it is': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'10')], True),
    'no number': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'x')], False),
    'no number, over another': (GOLD, POWER, stored_in([POWER]), lambda name: [put_object(name, 1, b'x')], False),
    'too large': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'33')], False),
    '32': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'32')], True),
    'zero': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'0')], True),
    'negative': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'-5')], True),
    'underscores and a sign': (GOLD, POWER, None, lambda name: [put_object(name, 0, b'+1_1')], True),
    'a file in the way': (GOLD, POWER, a_file_in_the_way, lambda name: [put_object(name, 0, b'11')], True),
    'fragment': (EC, POWER, None, lambda name: [put_object(name, 0, b'11', b'body', FRAGMENT)], True),
    'fragment over both': (EC, POWER, stored_in([POWER, POWER + 1], EC, fragment=1),
                           lambda name: [put_object(name, 1, b'11', b'body', FRAGMENT)], True),
    'fragment that is not committed': (EC, POWER, stored_in([POWER, POWER + 1], EC, fragment=1),
                                       lambda name: [put_object(name, 1, b'11', b'body', FRAGMENT, NO_COMMIT)], True),
    'fragment in the new partition': (EC, POWER + 1, stored_in([POWER, POWER + 1], EC, fragment=1),
                                      lambda name: [put_object(name, 1, b'11', b'body', FRAGMENT)], True),
    'DELETE of a fragment': (EC, POWER, stored_in([POWER, POWER + 1], EC, fragment=1),
                             lambda name: [other(b'DELETE', name, 1, b'11')], True),
    'fragment, no number': (EC, POWER, None, lambda name: [put_object(name, 0, b'x', b'body', FRAGMENT)], False),
}


@pytest.mark.parametrize('row', ROWS, ids=list(ROWS))
def test_next_partition_power(receivers, row):
    policy, power, setup, subrequests, succeeds = ROWS[row]
    name = '/a/c/%d' % list(ROWS).index(row)
    trees, replies = [], []
    for server in receivers.both():
        if setup:
            setup(server.tree, name)
        reply = converse(server.port, updates_script(*subrequests(name)), partition=str(partition_of(name, power)),
                         headers=[('X-Backend-Storage-Policy-Index', str(policy))])
        assert reply.body.endswith(UPDATES_DONE) == succeeds, (server.kind, reply)
        replies.append(reply.body)
        trees.append(read_tree(server.tree.device_path))
    assert replies[0] == replies[1]
    assert not differences(*trees)


def test_the_file_is_one_under_two_names(receivers):
    tested, _ = receivers.both()
    converse(tested.port, updates_script(put_object('/a/c/linked', 0, b'11')),
             partition=str(partition_of('/a/c/linked', POWER)))
    inodes = {os.stat(os.path.join(tested.tree.hash_path(partition_of('/a/c/linked', power), '/a/c/linked'),
                                   at(0).decode() + '.data')).st_ino for power in (POWER, POWER + 1)}
    assert len(inodes) == 1
