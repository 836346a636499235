"""ssync-node --replicator: one unit of systemd in the place of another. systemctl is a fake here; ../packages has a real one."""
import json
import os
import shutil
import subprocess
import sys

import pytest
from node_rings import write_ring
from storage_node import COMMAND
from swift_cluster import write_swift_conf
from worker_server import build_dir

HERE = os.path.dirname(os.path.abspath(__file__))
SWIFT = 'swift-object-replicator'
OURS = 'ssync-replicator'


class Systemd:
    def __init__(self, place):
        self.place = place
        self.conf = os.path.join(place, 'object-server.conf')
        self.state_dir = os.path.join(place, 'state')
        self.units = os.path.join(place, 'units.json')
        os.mkdir(os.path.join(place, 'bin'))
        shutil.copy(os.path.join(HERE, 'fake_systemctl.py'), os.path.join(place, 'bin', 'systemctl'))
        write_swift_conf(place)
        for policy in range(3):
            write_ring(os.path.join(place, 'object%s.ring.gz' % ('-%d' % policy if policy else '')), [{'port': 6200, 'replication_port': 6200}])
        self.write_conf('sync_method = ssync')
        self.write(**{SWIFT: {'active': True, 'enabled': True, 'exec': '/usr/bin/%s %s' % (SWIFT, self.conf)},
                      OURS: {'active': False, 'enabled': False, 'exec': '/usr/bin/%s %s' % (OURS, self.conf)}})

    def write_conf(self, line):
        with open(self.conf, 'w') as conf:
            conf.write('[DEFAULT]\nswift_dir = %s\n[object-replicator]\n%s\n' % (self.place, line))

    def write(self, **units):
        with open(self.units, 'w') as file:
            json.dump({'units': units, 'done': []}, file)

    def change(self, unit, **values):
        with open(self.units) as file:
            state = json.load(file)
        state['units'][unit].update(values)
        with open(self.units, 'w') as file:
            json.dump(state, file)

    def run(self, verb, *options, status=0):
        done = subprocess.run([sys.executable, '-B', COMMAND, verb, '--replicator', '--state-dir', self.state_dir, '--patience', '0.5',
                               '--replicator-command', os.path.join(build_dir(), OURS), *options],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
                              env={**os.environ, 'FAKE_UNITS': self.units, 'PATH': os.path.join(self.place, 'bin') + ':' + os.environ['PATH']})
        assert done.returncode == status, done.stdout
        return done.stdout

    def read(self):
        with open(self.units) as file:
            return json.load(file)

    def running(self):
        return {name: (unit['active'], unit['enabled']) for name, unit in self.read()['units'].items()}


@pytest.fixture
def systemd(tmp_path):
    return Systemd(str(tmp_path))


BEFORE = {SWIFT: (True, True), OURS: (False, False)}


def test_there_and_back(systemd):
    assert systemd.run('status', status=3) == 'disabled\n'
    assert 'enabled: ssync-replicator in the place of swift-object-replicator.service' in systemd.run('enable')
    assert systemd.running() == {SWIFT: (False, False), OURS: (True, True)}
    assert systemd.run('status').startswith('enabled')
    assert systemd.run('enable') == 'enabled already: nothing to do\n'
    systemd.run('disable')
    assert systemd.running() == BEFORE
    assert os.listdir(systemd.state_dir) == []
    assert systemd.run('disable') == 'disabled already: nothing to do\n'


def test_one_that_did_not_run_is_not_started(systemd):
    systemd.change(SWIFT, active=False, enabled=False)
    systemd.run('enable')
    systemd.run('disable')
    assert systemd.running() == {SWIFT: (False, False), OURS: (False, False)}


def test_a_dry_run(systemd):
    said = systemd.run('enable', '--dry-run')
    assert 'systemctl disable --now swift-object-replicator.service' in said and 'systemctl enable --now ssync-replicator' in said
    assert systemd.running() == BEFORE and not os.path.exists(systemd.state_dir)


@pytest.mark.parametrize('values', [{'dies': True}, {'fails': 'enable'}])
def test_what_does_not_run_is_undone(systemd, values):
    systemd.change(OURS, **values)
    said = systemd.run('enable', status=1)
    assert 'not enabled; everything is as it was before' in said
    assert systemd.running() == BEFORE
    assert systemd.run('status', status=3) == 'disabled\n'


def test_a_configuration_that_it_does_not_take(systemd):
    systemd.write_conf('sync_method = rsync')
    assert 'sync_method' in systemd.run('enable', status=1)
    assert systemd.running() == BEFORE and systemd.read()['done'] == []


def test_half_is_told_and_mended(systemd):
    systemd.run('enable')
    systemd.change(SWIFT, active=True)
    assert 'half: swift-object-replicator.service runs' in systemd.run('status', status=1)
    systemd.run('enable')
    assert systemd.running() == {SWIFT: (False, False), OURS: (True, True)}


@pytest.mark.parametrize('missing', [SWIFT, OURS])
def test_what_is_not_there(systemd, missing):
    units = systemd.read()['units']
    del units[missing]
    systemd.write(**units)
    said = systemd.run('enable', status=2)
    assert 'Nothing was changed' in said
    assert ('install the package ssync-replicator' if missing == OURS else "no unit of systemd runs Swift's object replicator") in said
