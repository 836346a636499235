"""A pool for each disk, as "A pool per disk" in deploy/README.md lays it out: one site, whose ports lead to pools of their own."""
import os
import signal
import types

import pytest

from own_site import own_site
from ports import free_port
from processes import await_condition
from swift_cluster import DeviceTree
from wire import (EMPTY_CHECK, LAST_CHUNK, NOTHING_WANTED, UPDATES_DONE, UPDATES_END, UPDATES_START, ask, connected, converse)

pytestmark = pytest.mark.worker_only
SCRIPT = [EMPTY_CHECK, UPDATES_START + UPDATES_END, LAST_CHUNK]


@pytest.fixture
def disks(own, tmp_path):
    """Two disks under one directory, each with a port and a pool of its own."""
    os.chmod(tmp_path, 0o755)
    run_dir = str(tmp_path)
    tree = DeviceTree(os.path.join(run_dir, 'devices'))
    os.makedirs(os.path.join(tree.root, 'sdb1'))
    disks = []
    for device in ('sda1', 'sdb1'):
        pool = own.new('worker', tree=tree, workers=2, settings={'replication_concurrency': '1'})
        port = free_port()
        os.makedirs(os.path.join(run_dir, 'pool-%d' % port))
        socket = pool.pool_socket
        os.symlink(socket, os.path.join(run_dir, 'pool-%d' % port, 'worker.sock'))
        disks.append(types.SimpleNamespace(device=device, pool=pool, port=port))
    listen = '127.0.0.1:%d backlog=4096; listen 127.0.0.1:%d' % tuple(disk.port for disk in disks)
    with own_site(run_dir, listen, os.path.join(run_dir, 'pool-$server_port', 'worker.sock')):
        yield disks


def test_each_port_is_served_by_its_own_pool(disks):
    for disk in disks:
        path = '/%s/1/a/c/from-%d' % (disk.device, disk.port)
        assert ask(disk.port, 'GET', path).code == 404
        await_condition(lambda: path in disk.pool.session_log(), 'the line of %s' % path)
        assert all(path not in other.pool.session_log() for other in disks if other is not disk)


def test_a_pool_that_hangs_leaves_the_others_alone(disks):
    hanging, other = disks
    pids = hanging.pool.serving_pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        with connected(hanging.port) as client:
            client.start(device=hanging.device, partition='1')
            for _ in range(3):
                reply = converse(other.port, SCRIPT, device=other.device, partition='1')
                assert (reply.code, reply.body) == (200, NOTHING_WANTED + UPDATES_DONE)
                assert ask(other.port, 'REPLICATE', '/%s/1' % other.device).code == 200
            assert client.received == b''
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            assert client.read_head().status.endswith('200 OK')
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
