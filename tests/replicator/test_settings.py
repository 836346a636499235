"""An operator's object-server.conf: what Swift's replicator runs with, ours runs with, in the same meaning."""
import logging
import os
import random
import shutil
import sys
from logging.handlers import SysLogHandler

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))

import changed_configuration  # noqa: E402
from asked_program import AskedProgram  # noqa: E402
from swift_cluster import write_swift_conf  # noqa: E402
from worker_server import build_dir  # noqa: E402

CONFIGURATIONS = os.path.join(HERE, '..', 'configurations')
NAMES = sorted(name for name in os.listdir(CONFIGURATIONS) if name not in ('README.md', 'inheritance'))
CHANGED = int(os.environ.get('SSYNC_CONFIGURATIONS', '150'))
SEED = int(os.environ.get('SSYNC_CONFIGURATIONS_SEED', '1'))

INT = 2 ** 31
INF = float('inf')
SECONDS = 1e9
# The lowest value that a replicator can work with; what is below or above the other two is taken as they are.
NUMBERS = {
    'disk_chunk_size': (1, 1024, 64 << 20),
    'keep_cache_size': (0, 0, 2 ** 63 - 1),
    'mb_per_sync': (0, 0, 1 << 20),
    'reclaim_age': (0, 0, 1 << 40),
    'commit_window': (0, 0, SECONDS),
    'network_chunk_size': (1, 1024, 64 << 20),
    'concurrency': (1, 1, 16384),
    'replicator_workers': (-INF, 0, 16384),
    'interval': (-INF, 0, SECONDS),
    'stats_interval': (-INF, 0.1, SECONDS),
    'ring_check_interval': (-INF, 0, SECONDS),
    'http_timeout': (1, 1, SECONDS),
    'node_timeout': (0.001, 0.001, SECONDS),
    'conn_timeout': (0.001, 0.001, SECONDS),
    'handoff_delete': (0, 0, INT - 1),
}
# In a configuration that is changed.
OPTIONS = tuple(NUMBERS) + (
    'devices', 'mount_check', 'disable_fallocate', 'fallocate_reserve', 'swift_dir', 'user', 'log_name', 'log_facility',
    'log_level', 'ring_ip', 'bind_ip', 'bind_port', 'servers_per_port', 'daemonize', 'run_pause', 'handoffs_first',
    'recon_cache_path', 'nice_priority', 'ionice_class', 'ionice_priority', 'lockup_timeout', 'my_own_option', 'log_statsd_host',
    'log_statsd_port', 'log_statsd_default_sample_rate', 'log_statsd_sample_rate_factor', 'log_statsd_metric_prefix')


class Place:
    def __init__(self, path):
        self.path = str(path)
        self.swift_dir = os.path.join(self.path, 'etc')
        write_swift_conf(self.swift_dir)

    def copy(self, name, target):
        """The path of a configuration with sync_method = ssync."""
        source, target = os.path.join(CONFIGURATIONS, name), os.path.join(self.path, target)
        if os.path.isdir(source):
            shutil.copytree(source, target)
            with open(os.path.join(target, '99_ssync.conf'), 'w') as file:
                file.write('[object-replicator]\nsync_method = ssync\n')
            return target
        with open(source) as file:
            lines = [line for line in file if not line.startswith('sync_method')]
        lines.insert(lines.index('[object-replicator]\n') + 1, 'sync_method = ssync\n')
        with open(target, 'w') as file:
            file.writelines(lines)
        return target

    def both(self, paths):
        """(what Swift has, what we have) of each of them."""
        return [(self.swift.ask(path), self.ours.ask(path)) for path in paths]


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp('configurations'))
    swift = [sys.executable, '-B', '-W', 'ignore', os.path.join(HERE, 'swift_answers.py'), 'settings', place.swift_dir]
    with AskedProgram(swift) as place.swift, AskedProgram([os.path.join(build_dir(), 'tests', 'print_settings')]) as place.ours:
        yield place


def works(swift):
    """Whether anything could be replicated with what Swift accepted: numbers, and paths on one line."""
    reserve, is_percent = swift['fallocate_reserve']
    if any(ord(character) < 32 for name in ('devices', 'swift_dir') for character in swift[name]):
        return False
    return (all(swift[name] >= lowest for name, (lowest, _, _) in NUMBERS.items())
            and (0 <= reserve <= 100 if is_percent else reserve >= 0))


def expected(name, value):
    if name in NUMBERS:
        _, least, most = NUMBERS[name]
        return min(max(value, least), most)
    if name == 'fallocate_reserve':
        return [min(value[0], 1 << 62), value[1]]
    if name == 'statsd' and value is not None and not 1 <= value[1] <= 65535:
        return None
    if name == 'ring_port' and value is not None:
        return min(max(value, -INT), INT - 1)
    return value


def meant(name, value):
    if name == 'log_level':
        return getattr(logging, value.upper())
    return getattr(SysLogHandler, value) if name == 'log_facility' else value


def differences(swift, ours):
    return ['%s: Swift %r, we %r' % (name, value, ours[name]) for name, value in swift.items()
            if name != 'sync_method' and meant(name, ours[name]) != expected(name, value)]


def test_public_configurations(place):
    for name, (swift, ours) in zip(NAMES, place.both([place.copy(name, name) for name in NAMES])):
        assert 'refused' not in swift, (name, swift)
        assert 'refused' not in ours, (name, ours)
        assert not differences(swift, ours), (name, differences(swift, ours))


def test_rsync_is_refused_with_the_remedy(place):
    paths = [os.path.join(CONFIGURATIONS, name) for name in ('debian.conf', 'openstack-ansible.conf')]
    for path, (swift, ours) in zip(paths, place.both(paths)):
        assert swift['sync_method'] == 'rsync'
        assert ours['refused'].startswith(path + ': [object-replicator] sync_method'), ours
        assert ours['refused'].endswith('set sync_method = ssync in [object-replicator]'), ours


def test_a_configuration_without_a_replicator_is_refused(place):
    path = os.path.join(CONFIGURATIONS, 'inheritance', 'object-server.conf')
    (swift, ours), = place.both([path])
    assert 'object-replicator' in swift['refused']
    assert ours['refused'].startswith(path + ': missing section [object-replicator]')


def wrong_answer(swift, ours):
    if 'refused' in swift:
        return None
    if swift['sync_method'] != 'ssync':
        return None if 'sync_method' in ours.get('refused', '') else 'accepted another method than ssync'
    if not works(swift):
        return None if 'refused' in ours else 'accepted what cannot work'
    return ours.get('refused') or differences(swift, ours)


def test_changed_configurations(place, monkeypatch):
    """Nothing that Swift's replicator runs with is refused, or read in another meaning."""
    monkeypatch.setattr(changed_configuration, 'OPTIONS', OPTIONS)
    monkeypatch.setattr(changed_configuration, 'SECTIONS', ('[DEFAULT]', '[object-replicator]'))
    draw = random.Random(SEED)
    paths = []
    for number in range(CHANGED):
        path = place.copy(draw.choice(NAMES), 'changed-%d' % number)
        changed_configuration.change(draw, path)
        paths.append(path)
    answers = place.both(paths)
    wrong = [(path, what) for path, (swift, ours) in zip(paths, answers) if (what := wrong_answer(swift, ours))]
    assert not wrong, '\n'.join(map(repr, wrong))
    accepted = sum('refused' not in ours for _, ours in answers)
    assert CHANGED / 4 < accepted < CHANGED, 'the changes are too small or too large: %d' % accepted
