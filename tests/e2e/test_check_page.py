"""The page that `ssync-worker --check` prints of a node, fit for a ticket."""
import os
import re
import subprocess
import time

import pytest
from swift.common.ring import RingBuilder

from file_systems import CannotMount, mounted
from silent import silent
from swift_cluster import HASH_PREFIX, HASH_SUFFIX, write_swift_conf
from worker_server import worker_binary

pytestmark = pytest.mark.worker_only

OBJECT_SERVER_CONF = '''\
[DEFAULT]
swift_dir = %(swift_dir)s
devices = %(devices)s
mount_check = %(mount_check)s
bind_ip = %(bind_ip)s
client_timeout = 7
log_level = LOUD
servers_per_port = 4
log_anonymization_salt = pepper

[pipeline:main]
pipeline = healthcheck recon object-server

[app:object-server]
use = egg:swift#object
splice = yes

[filter:healthcheck]
use = egg:swift#healthcheck

[filter:recon]
use = egg:swift#recon
'''


class Node:
    def __init__(self, path):
        self.swift_dir = os.path.join(path, 'etc')
        self.devices = os.path.join(path, 'node')
        self.conf = os.path.join(path, 'object-server.conf')
        write_swift_conf(self.swift_dir)
        for name in ('d1', 'd2', 'spare'):
            os.makedirs(os.path.join(self.devices, name))
        self.configure()

    def configure(self, mount_check='false', bind_ip='10.9.8.1'):
        with open(self.conf, 'w') as conf:
            conf.write(OBJECT_SERVER_CONF % dict(vars(self), mount_check=mount_check, bind_ip=bind_ip))

    def build_ring(self, name, addresses):
        """A ring of 16 partitions: devices d1, d2 … with these replication addresses, and one without weight."""
        builder = RingBuilder(4, 2, 0)
        devices = [('d%d' % number, address, 100) for number, address in enumerate(addresses, 1)]
        for device, address, weight in devices + [('d9', '10.9.8.99', 0)]:
            builder.add_dev({'region': 1, 'zone': 7, 'ip': '192.0.2.7', 'port': 6200, 'replication_ip': address,
                             'replication_port': 6400, 'device': device, 'weight': weight})
        builder.rebalance(seed=1)
        builder.get_ring().save(os.path.join(self.swift_dir, name + '.ring.gz'))
        return builder

    def check(self, *arguments):
        """The page. No worker.conf is there."""
        done = subprocess.run([worker_binary(), '--check', '--object-server-conf', self.conf, *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stderr == '', done.stderr
        return done.stdout


@pytest.fixture
def node(tmp_path):
    return Node(str(tmp_path))


def row(page, first, after=''):
    """The cells of the line that begins with this word, behind the line that begins with `after`."""
    lines = page[page.index(after):].splitlines()
    line = next(line for line in lines if line.split(None, 1)[:1] == [first])
    return re.split(r'  +', line.strip())


def test_a_page(node):
    builder = node.build_ring('object', ['10.9.8.1', '10.9.8.2', '10.9.8.3'])
    page = node.check()
    assert '(bind_ip in [DEFAULT] of %s):\n  10.9.8.1\n' % node.conf in page
    # The devices: those that are there, and those that a ring has here.
    assert row(page, 'd1')[1] == 'directory, below fallocate_reserve' or row(page, 'd1')[1] == 'directory'
    assert row(page, 'd1')[-1] == '0'
    assert row(page, 'spare')[-1] == 'none'
    assert re.match(r'[0-9.]+ [KMGT]iB$', row(page, 'd1')[3]), row(page, 'd1')
    assert re.match(r'[0-9.]+ [KMGT]?i?B [0-9]+%$', row(page, 'd1')[4]), row(page, 'd1')
    # The policies: this node's devices only.
    head = 'Policy 0 gold, default, replication'
    assert re.search(r'object\.ring\.gz: format 1, version \d+, 2\^4 partitions, 2\.0 replicas, 4 devices', page)
    _, device, region, zone, address, replication, weight, partitions = row(page, '0', head)
    assert (device, region, zone, address, replication, weight) == (
        'd1', '1', '7', '192.0.2.7:6200', '10.9.8.1:6400', '100.0')
    assert partitions == str(builder.devs[0]['parts'])
    assert '10.9.8.2' not in page
    assert 'Policy 2 parity, liberasurecode_rs_vand 2+1\n  no ring: ' + node.swift_dir + '/object-2.ring.gz' in page
    # What has no effect.
    assert 'no effect: filters' not in page  # healthcheck and recon are answered here
    assert 'no effect: [DEFAULT] servers_per_port = 4 (%s)\n' % node.conf in page
    assert 'no effect: [app:object-server] splice = yes (%s)\n' % node.conf in page
    # The settings.
    assert '# [DEFAULT] of %s\n' % node.conf in page
    assert '\nclient_timeout = 7.0\n' in page
    assert '\n# default, since the value falls back: [DEFAULT] of %s\nlog_level = INFO\n' % node.conf in page
    assert page.endswith('\n%s: configuration is valid\n' % node.conf)
    for secret in (HASH_PREFIX, HASH_SUFFIX, 'pepper'):
        assert secret not in page


def test_worker_conf_is_read_beside_it(node, tmp_path):
    conf = str(tmp_path / 'worker.conf')
    with open(conf, 'w') as file:
        file.write('[worker]\nworkers = 17\nobject_server_conf = /nowhere\n')
    page = node.check('--config', conf)
    assert '\n# [worker] of %s\nworkers = 17\n' % conf in page
    assert page.endswith('\n%s: configuration is valid\n' % conf)


def test_devices_that_are_elsewhere_on_the_machine(node):
    """As where the Python server was moved to a local address, and nginx has the one in the ring."""
    node.build_ring('object', ['127.0.0.1', '10.9.8.2'])
    node.configure(bind_ip='127.0.0.9')
    assert 'Some are at other addresses of this machine (127.0.0.1): set ring_ip' in node.check()
    node.configure(bind_ip='0.0.0.0')
    page = node.check()
    assert 'addresses in rings (of all interfaces)' in page
    assert row(page, '0', 'Policy 0')[5] == '127.0.0.1:6400'


def test_a_ring_that_is_cut(node):
    node.build_ring('object', ['10.9.8.1', '10.9.8.2'])
    ring = os.path.join(node.swift_dir, 'object.ring.gz')
    os.truncate(ring, os.path.getsize(ring) - 3)
    assert '  no ring: %s: is cut: it ends within its data\n' % ring in node.check()


def test_states_of_devices(node):
    node.build_ring('object', ['10.9.8.1', '10.9.8.1', '10.9.8.1'])
    node.configure(mount_check='true')
    place = os.path.join(node.devices, 'd1')
    try:
        with mounted('xfs', os.path.dirname(node.devices), place):
            page = node.check()
    except CannotMount as reason:
        pytest.skip(str(reason))
    assert row(page, 'd1')[1:3] == ['mounted', 'xfs']
    assert row(page, 'd2')[1] == 'not mounted: 507 to all'
    assert row(page, 'd3')[1] == 'No such file or directory: 507 to all'


def test_a_device_that_hangs_does_not_hang_the_command(node):
    try:
        with silent(os.path.join(node.devices, 'd2')):
            begin = time.monotonic()
            page = node.check()
            took = time.monotonic() - begin
    except CannotMount as reason:
        pytest.skip(str(reason))
    assert row(page, 'd2')[1] == 'does not answer within 5 s'
    assert row(page, 'd1')[1] == 'directory'
    assert took < 40


def test_the_option_is_for_check_only(node):
    done = subprocess.run([worker_binary(), '--object-server-conf', node.conf], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count('\n') == 1 and 'object_server_conf' in done.stderr


def test_a_mistake_is_one_line(node):
    with open(node.conf) as conf:
        text = conf.read()
    with open(node.conf, 'w') as conf:
        conf.write(text.replace('client_timeout = 7', 'client_timeout = soon'))
    done = subprocess.run([worker_binary(), '--check', '--object-server-conf', node.conf], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ''
    assert done.stderr.count('\n') == 1 and node.conf in done.stderr
