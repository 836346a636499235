"""What monitors ask a node: /healthcheck and /recon/…, answered as Swift's middlewares answer, and swift-recon with it."""
import json
import os
import re
import subprocess
import sys

import pytest

from side_by_side import side_by_side
from wire import ask

PIPELINE = 'healthcheck recon object-server'

CACHES = {
    'object.recon': {
        'async_pending': 7, 'async_pending_last': 1700000000.5,
        'object_replication_time': 1.25, 'object_replication_last': 1700000100.123456,
        'replication_time': 1.25, 'replication_last': 1700000100.123456,
        'replication_stats': {'attempted': 3, 'failure': 1, 'failure_nodes': {'10.0.0.1': {'sd\u00e91': 1}}, 'success': 2},
        'object_reconstruction_time': 0.5, 'object_reconstruction_last': 1700000200,
        'object_updater_sweep': 0.0625,
        'object_auditor_stats_ALL': {'sda1': {'audit_time': 3.5, 'bytes_processed': 12, 'errors': 0, 'passes': 1,
                                              'quarantined': 0, 'start_time': 1700000000.0}},
        'object_auditor_stats_ZBF': {'audit_time': 1.5, 'bytes_processed': 2, 'errors': 0, 'passes': 1, 'quarantined': 0,
                                     'start_time': 1700000000.0},
        'object_expiration_pass': 2.5, 'expired_last_pass': 4},
    'container.recon': {'replication_time': 2.0, 'replication_stats': {'no_change': 1}, 'replication_last': 1700000300.0,
                        'container_updater_sweep': 1.0, 'sharding_last': None},
    'drive.recon': {'drive_audit_errors': 3},
    'relinker.recon': {'devices': {'sda1': {'parts_done': 1}}, 'workers': {}},
}
# Answers that are the same whenever they are asked for, and those of which only the names are.
STEADY = ['async', 'replication', 'replication/account', 'replication/container', 'replication/object', 'devices',
          'updater/container', 'updater/object', 'auditor/account', 'auditor/container', 'auditor/object',
          'expirer/object', 'unmounted', 'ringmd5', 'swiftconfmd5', 'quarantined', 'version', 'driveaudit', 'sharding',
          'relinker', 'reconstruction/object', 'async/any/thing']
UNSTEADY = ['mem', 'load', 'sockstat', 'diskusage', 'mounted', 'time']
UNKNOWN = ['', 'x', 'replication/', 'replication/proxy', 'updater', 'auditor', 'expirer/account', 'reconstruction',
           'a%20b/%ff', '/mem']


class Node:
    """A device tree with two servers on it: Swift's, and ours, which reads the configuration of Swift's."""

    def __init__(self, own, programs, path, pipeline=PIPELINE):
        self.cache = os.path.join(path, 'cache')
        self.disabled = os.path.join(path, 'disabled')
        os.makedirs(self.cache)
        for name, values in CACHES.items():
            self.write_cache(name, json.dumps(values))
        filters = ('[filter:healthcheck]\nuse = egg:swift#healthcheck\ndisable_path = %s\n'
                   '[filter:recon]\nuse = egg:swift#recon\nrecon_cache_path = %s\n' % (self.disabled, self.cache))
        self.swift = own.new('swift', pipeline=pipeline, filters=filters)
        self.worker = own.new('worker', tree=self.swift.tree, settings={'worker.object_server_conf': self.swift.conf_path})
        self.servers = (self.worker, self.swift)
        root = self.swift.tree.root
        os.makedirs(os.path.join(root, 'sdb1'))
        with open(os.path.join(root, 'sda1', '.ismount'), 'w'):
            pass
        for name in ('objects/a', 'objects/b', 'objects-1/c', 'accounts/d'):
            os.makedirs(os.path.join(root, 'sdb1', 'quarantined', name))

    def write_cache(self, name, text):
        with open(os.path.join(self.cache, name), 'w') as cache:
            cache.write(text)

    def ask(self, path, method='GET'):
        """What both answer: (status, type, length, body)."""
        found = []
        for server in self.servers:
            reply = ask(server.port, method, path)
            found.append((reply.code, reply.headers.get('content-type'), reply.headers.get('content-length'), reply.body))
        return found


@pytest.fixture(scope='module')
def node(receivers, programs, tmp_path_factory):
    for name in ('account', 'container', 'object', 'object-1'):
        with open(os.path.join(programs.swift_dir, name + '.ring.gz'), 'wb') as ring:
            ring.write(name.encode())
    return Node(receivers, programs, str(tmp_path_factory.mktemp('node')))


pytestmark = pytest.mark.worker_only


@pytest.mark.parametrize('check', STEADY)
def test_a_check_is_answered_as_by_swift(node, check):
    ours, theirs = node.ask('/recon/' + check)
    assert ours == theirs
    assert ours[:2] == (200, 'application/json')


def shape(value):
    """Names and types. Of a list those that there are, as others may mount something meanwhile."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    return {str(shape(item)) for item in value} if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize('check', UNSTEADY)
def test_a_check_that_changes_has_the_same_names(node, check):
    ours, theirs = node.ask('/recon/' + check)
    assert ours[:2] == theirs[:2] == (200, 'application/json')
    assert shape(json.loads(ours[3])) == shape(json.loads(theirs[3]))


def test_what_recon_does_not_know_is_404(node):
    for check in UNKNOWN:
        ours, theirs = node.ask('/recon/' + check)
        assert ours == theirs and ours[0] == 404, (check, ours, theirs)


@pytest.mark.parametrize('method', ['HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'REPLICATE'])
def test_middlewares_do_not_look_at_the_method(node, method):
    for path in ('/healthcheck', '/recon/version', '/recon/x'):
        ours, theirs = node.ask(path, method)
        assert ours == theirs, (method, path)
        assert ours[0] == (404 if path == '/recon/x' else 200)


def test_healthcheck_and_its_file(node):
    assert node.ask('/healthcheck') == [(200, 'text/plain', '2', b'OK')] * 2
    with open(node.disabled, 'w'):
        pass
    try:
        assert node.ask('/healthcheck') == [(503, 'text/plain', '16', b'DISABLED BY FILE')] * 2
    finally:
        os.unlink(node.disabled)


def test_a_cache_file_that_makes_no_sense(node):
    nothing = {'drive_audit_errors': None}
    path = os.path.join(node.cache, 'drive.recon')
    for text in ('', '{"drive_audit_errors": 1', '[1]', '[' * 100000):
        node.write_cache('drive.recon', text)
        ours, theirs = node.ask('/recon/driveaudit')
        assert ours == theirs and json.loads(ours[3]) == nothing, text[:30]
    # Swift waits for somebody who writes into it.
    os.unlink(path)
    os.mkfifo(path)
    assert json.loads(ask(node.worker.port, 'GET', '/recon/driveaudit').body) == nothing
    os.unlink(path)
    node.write_cache('drive.recon', json.dumps(CACHES['drive.recon']))
    assert 'Error reading recon cache file: %s: not a regular file' % path in node.worker.session_log()


SWIFT_RECON = '''\
import sys
from swift.common import utils
utils.set_swift_dir(sys.argv.pop(1))
port = int(sys.argv.pop(1))
from swift.cli import recon
recon.SwiftRecon.get_hosts = lambda *_: {('127.0.0.1', port)}
sys.exit(recon.main())
'''
# Loads, sockets, times of the clock, and space that others use meanwhile.
CHANGES = re.compile(r'(?<=\[)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?=\])|\d+(\.\d+)? (second|minute|hour|day)s? ago')
NUMBERS_OF = re.compile(r'^(\[(1m|5m|15m)_load_avg\]|\[\w*(tcp|orphan|time_wait)\w*\]|Disk usage|Distribution|\s+\d+% ).*$',
                        re.MULTILINE)


def swift_recon(programs, port):
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', SWIFT_RECON, programs.swift_dir, str(port), 'object',
                           '--swiftdir', programs.swift_dir, '-raRudlqT', '--md5', '--sockstat', '--auditor', '--updater',
                           '--expirer', '--driveaudit', '--swift-versions'], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr[-3000:]
    text = CHANGES.sub('T', done.stdout.replace(str(port), 'PORT'))
    return NUMBERS_OF.sub(lambda match: re.sub(r'\d+', 'N', match.group()), text)


def test_swift_recon_prints_the_same(node, programs):
    ours, theirs = side_by_side(lambda server: swift_recon(programs, server.port), node.servers)
    assert ours == theirs
    for expected in ('1/1 hosts matched, 0 error[s] while checking hosts.', 'Not mounted: sdb1', '[async_pending] low: 7'):
        assert expected in ours, ours
    assert 'error' not in ours.replace('0 error[s]', '').replace('drive_audit_errors', '').replace('errors', '').lower(), ours


def test_without_them_in_the_pipeline_the_object_server_answers(own, programs, tmp_path):
    node = Node(own, programs, str(tmp_path), pipeline='object-server')
    for path in ('/healthcheck', '/recon/version'):
        ours, theirs = node.ask(path)
        assert ours == theirs and ours[0] == 400, path
