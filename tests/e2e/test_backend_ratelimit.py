"""Requests above the rate of Swift's middleware backend_ratelimit, which came with 2.31: what it answers is recorded here."""
import concurrent.futures
import json
import os
import signal
import subprocess

import pytest

from processes import await_condition
from statsd_server import StatsdServer
from swift_cluster import DeviceTree
from wire import UPDATES_DONE, ask, check_script, converse
from worker_server import worker_binary

pytestmark = pytest.mark.worker_only

CONF = '''[DEFAULT]
devices = %(devices)s
mount_check = false
swift_dir = %(swift_dir)s
log_level = DEBUG
log_statsd_host = 127.0.0.1
log_statsd_port = %(statsd)d
[pipeline:main]
pipeline = healthcheck recon backend_ratelimit object-server
[app:object-server]
use = egg:swift#object
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:recon]
use = egg:swift#recon
[filter:backend_ratelimit]
use = egg:swift#backend_ratelimit
%(filter)s
'''
# Three at once, and then one in ten seconds.
SLOW = {'replicate_requests_per_device_per_second': 0.1, 'requests_per_device_rate_buffer': 20}
BURST = [200, 200, 200, 529, 529]
BODY = (b'<html><h1>Too Many Backend Requests</h1><p>The server is incapable of performing the requested operation due to too '
        b'many requests. Slow down.</p></html>')
METRIC = 'object-server.backend.ratelimit:1|c'


class Limited:
    """A pool whose configuration of Swift's has the middleware, with a file of its own."""

    def __init__(self, own, path, statsd, options):
        self.conf, self.file = os.path.join(path, 'object-server.conf'), os.path.join(path, 'backend-ratelimit.conf')
        self.statsd = statsd
        self.tree = DeviceTree(os.path.join(path, 'devices'))
        self.swift_dir = own.swift_dir
        self.write_conf(options)
        # What run-local sets itself is over Swift's file.
        self.server = own.new('worker', {'worker.object_server_conf': self.conf, 'log_name': 'object-server'}, tree=self.tree,
                              workers=8)

    def write_conf(self, options):
        options = {'backend_ratelimit_conf_path': self.file, 'config_reload_interval': 0.1, **options}
        write(self.conf, CONF % {'devices': self.tree.root, 'swift_dir': self.swift_dir, 'statsd': self.statsd.port,
                                 'filter': ''.join('%s = %s\n' % pair for pair in options.items())})

    def codes(self, number, method='REPLICATE', path='/sda1/1'):
        return [ask(self.server.port, method, path).code for _ in range(number)]

    def refused(self):
        devices = json.loads(ask(self.server.port, 'GET', '/ssync/status.json').body)['devices']
        return sum(device['counts']['requests_refused'] for device in devices)

    def check(self):
        return subprocess.run([worker_binary(), '--config', os.path.join(self.server.run_dir, 'worker.conf'), '--check'],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def await_log(self, words, times=1):
        """By requests of another device, which are what looks at the file."""
        await_condition(lambda: self.codes(1, path='/sdb1/1') and self.server.session_log().count(words) == times, words)


def write(path, text):
    """At once, for whoever reads it."""
    with open(path + '.new', 'w') as file:
        file.write(text)
    os.rename(path + '.new', path)


@pytest.fixture
def limited(own, tmp_path):
    with StatsdServer() as statsd:
        yield lambda options: Limited(own, str(tmp_path), statsd, options)


def test_requests_above_the_rate(limited):
    pool = limited(SLOW)
    assert pool.codes(5) == BURST
    reply = ask(pool.server.port, 'REPLICATE', '/sda1/2')
    assert (reply.status, reply.body) == ('HTTP/1.1 529 Too Many Backend Requests', BODY)
    assert reply.headers['content-type'] == 'text/html; charset=UTF-8' and reply.headers['content-length'] == str(len(BODY))
    assert [metric for metric in pool.statsd.take() if 'ratelimit' in metric] == [METRIC] * 3
    assert pool.refused() == 3
    # Another method, a session, another device, and what is no device's.
    assert pool.codes(4, 'GET', '/sda1/1/a/c/o') == [404] * 4
    assert [converse(pool.server.port, check_script()).body.endswith(UPDATES_DONE) for _ in range(4)] == [True] * 4
    assert pool.codes(4, path='/sdb1/1') == [507, 507, 507, 529]
    assert pool.codes(4, 'GET', '/healthcheck') + pool.codes(4, 'GET', '/recon/time') == [200] * 8
    assert 'REPLICATE /sda1/2' not in pool.server.session_log(), 'Swift does not log them'


def test_all_workers_count_together(limited):
    pool = limited({'requests_per_device_per_second': 0.1, 'requests_per_device_rate_buffer': 20})
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda number: pool.codes(1, ('REPLICATE', 'HEAD')[number % 2], '/sda1/1/a')[0], range(12)))
    assert found.count(529) == 9, found


def test_the_file_is_read_again(limited):
    pool = limited(SLOW)
    failed = 'WARNING Failed to load config file, config unchanged: Unable to read config from ' + pool.file
    pool.await_log(failed)
    assert pool.codes(5) == BURST
    write(pool.file, '[backend_ratelimit]\nreplicate_requests_per_device_per_second = 0\n')
    pool.await_log('INFO Loaded config file %s, config changed' % pool.file)
    assert pool.codes(5) == [200] * 5
    write(pool.file, '[backend_ratelimit]\nreplicate_requests_per_device_per_second = -1\n')
    pool.await_log('WARNING Invalid config file %s, config unchanged: ' % pool.file)
    os.unlink(pool.file)
    pool.await_log(failed, 2)
    assert pool.codes(5) == [200] * 5
    write(pool.file, '[backend_ratelimit]\nreplicate_requests_per_device_per_second = 0\n')
    pool.await_log('INFO Loaded new config file %s, config unchanged' % pool.file)
    assert pool.server.session_log().count(failed) == 2


def test_a_reload_takes_other_rates(limited):
    pool = limited(SLOW)
    assert pool.codes(5) == BURST
    old = pool.server.serving_pids()
    pool.write_conf({})
    os.kill(pool.server.pool_master(), signal.SIGHUP)
    await_condition(lambda: not set(old) & set(pool.server.serving_pids()), 'new workers', 30)
    assert pool.codes(5) == [200] * 5


def test_a_check_says_what_is_limited(limited):
    pool = limited(SLOW)
    write(pool.file, '[backend_ratelimit]\nget_requests_per_device_per_second = 7\n')
    done = pool.check()
    assert done.returncode == 0, done.stderr
    assert ('Requests that each device answers in a second (backend_ratelimit): GET 7.0, REPLICATE 0.1; '
            'unused ones of 20.0 s at once') in done.stdout.splitlines()
    assert not any(line.startswith('no effect') and 'ratelimit' in line for line in done.stdout.splitlines()), done.stdout
    write(pool.file, '[mine]\n')
    assert 'Unable to find backend_ratelimit config section in ' + pool.file in pool.check().stdout
    pool.write_conf({'get_requests_per_device_per_second': 'x'})
    done = pool.check()
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    for word in pool.conf, 'filter:backend_ratelimit', 'get_requests_per_device_per_second = x':
        assert word in done.stderr
