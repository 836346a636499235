"""A device on a file system that can be made to hang, beside one that is as it should be."""
import os
import time

import pytest

from file_systems import CannotMount, mounted
from frozen import frozen
from swift_cluster import DeviceTree
from wire import UPDATES_DONE, Client, check_script, converse

HUNG = 'sdb1'


@pytest.fixture
def two_devices(own, root):
    """A server with a device that is as it should be, and HUNG, which can be made to hang: (server, its place)"""
    tree = DeviceTree(os.path.join(root, 'two-devices-%d' % time.monotonic_ns()))
    place = os.path.join(tree.root, HUNG)
    try:
        with mounted('xfs', os.path.dirname(tree.root), place):
            server = own.new('worker', {'replication_lock_timeout': 2}, workers=8, tree=tree)
            for device in ('sda1', HUNG):
                for partition in ('1', '2', '3', '4', '5', '6'):
                    assert converse(server.port, check_script(), device, partition).body.endswith(UPDATES_DONE)
            try:
                yield server, place
            finally:
                server.stop()
    except CannotMount as reason:
        pytest.skip(str(reason))


def ask_of_the_hung_device(server, stack):
    """More sessions and REPLICATEs than a device may have; the clients of the sessions."""
    clients = []
    for partition in ('1', '2', '3', '4', '5', '6'):
        client = Client(server.port)
        stack.callback(client.close)
        client.start(HUNG, partition)
        clients.append(client)
    for partition in ('1', '2', '3', '4', '5', '6') * 2:
        client = Client(server.port)
        stack.callback(client.close)
        client.raw(b'REPLICATE /%s/%s/abc HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' % (HUNG.encode(), partition.encode()))
    return clients


def hang(place):
    """frozen(), or the test is skipped."""
    context = frozen(place)
    try:
        context.__enter__()
    except CannotMount as reason:
        pytest.skip(str(reason))
    return context
