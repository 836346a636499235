"""What a pass says and leaves behind, as Swift's replicator says and leaves it."""
import json
import os
import random
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))

from asked_program import AskedProgram  # noqa: E402
from swift_cluster import write_swift_conf  # noqa: E402
from worker_server import build_dir  # noqa: E402

SEED = int(os.environ.get('SSYNC_PASSES_SEED', '1'))
COUNTS = ('attempted', 'failure', 'hashmatch', 'remove', 'rsync', 'success', 'suffix_count', 'suffix_hash', 'suffix_sync')
# What may be in object.recon before.
CACHES = ('', '{}', '{"object_replication_time": 7, "replication_stats": {"old": 1, "failure_nodes": {"10.0.0.9": {"sdz": 1}}}}',
          '{"replication_stats": 7, "object_auditor_stats_ALL": {"sda": {"errors": 1.5}}, "zo\\u00eb": "\\u20ac\\ud83d\\ude00"}',
          '{"object_replication_per_disk": {"gone": {"replication_time": 1}}}', '{"cut": ', 'text', '{"a": 1}\nmore',
          '{"big": 123456789012345678, "float": 1e-7, "exponent": 1e22, "negative": -3, "list": [true, false, null, []]}')


class Both:
    """Swift's code, and ours."""

    def ask(self, call):
        """(Swift's answer, ours)."""
        line = json.dumps(call)
        return self.swift.ask(line), self.ours.ask(line)


@pytest.fixture(scope='module')
def both(tmp_path_factory):
    swift_dir = str(tmp_path_factory.mktemp('reports'))
    write_swift_conf(swift_dir)
    both = Both()
    swift = [sys.executable, '-B', '-W', 'ignore', os.path.join(HERE, 'swift_answers.py'), 'reports', swift_dir]
    with AskedProgram(swift) as both.swift, AskedProgram([os.path.join(build_dir(), 'tests', 'report_pass')]) as both.ours:
        yield both


def random_count(draw):
    return draw.choice((0, 0, 1, 7, 1000, draw.randint(0, 10 ** 9)))


def random_stats(draw):
    stats = {name: random_count(draw) for name in COUNTS}
    stats['failure_nodes'] = {'10.0.0.%d' % draw.randint(1, 3): {'sd%s\u00e9' % draw.choice('abc'): draw.randint(1, 9)}
                              for _ in range(draw.randint(0, 3))}
    return stats


def random_time(draw):
    return draw.choice((0.0, 0.25, 59.994, 60.0, 3600.0, 1e5 / 3, draw.random(), draw.uniform(0, 1e6)))


def random_moments(draw):
    """When a pass is asked for its lines: counts only grow, and what was attempted is at most the number of jobs."""
    jobs = draw.choice((1, 3, 7, 1000, 12345678))
    moments, attempted, elapsed, times = [], 0, 0.0, []
    for _ in range(draw.randint(1, 4)):
        attempted = draw.randint(attempted, jobs)
        elapsed += random_time(draw)
        times = times + [random_time(draw) for _ in range(draw.randint(1, 5))]
        moments.append((dict(random_stats(draw), attempted=attempted), jobs, elapsed, times))
    return moments


def test_lines_of_passes(both):
    draw = random.Random(SEED)
    text = ''
    for _ in range(200):
        call = ('lines', random_moments(draw))
        swift, ours = both.ask(call)
        assert ours == swift, call
        text += json.dumps(swift)
    for words in ('Nothing replicated', 'suffixes checked', 'Partition times', 'h remaining', 'm remaining', 's remaining'):
        assert words in text


def random_updates(draw):
    """Calls that give updates."""
    devices = {'sd' + letter: random_stats(draw) for letter in 'abc'[:draw.randint(1, 3)]}
    time, minutes = 1.7e9 + draw.random(), random_time(draw) / 60
    return [('pass', random_stats(draw), time, minutes), ('per_disk', devices, time, minutes)]


def test_what_passes_leave_in_the_cache(both, tmp_path):
    """The same updates, put into a file by Swift and into another by us, one after the other."""
    draw = random.Random(SEED)
    updates = [{}, {'replication_stats': {}}, {'object_replication_per_disk': {'sda': {}, 'none': {}}},
               {'new': {'a': {}}}, {'new': 'text \u00e9'}, {'zo\u00eb': {'b': [1, {'c': None}]}}]
    for _ in range(20):
        for call in random_updates(draw):
            swift, ours = both.ask(call)
            assert ours == swift, call
            updates.append(swift)
    paths = [str(tmp_path / name) for name in ('swift.recon', 'ours.recon')]
    for cache in CACHES * 2:
        for path in paths:
            with open(path, 'w') as file:
                file.write(cache)
        for update in draw.choices(updates, k=4):
            for program, path in zip((both.swift, both.ours), paths):
                assert program.ask(json.dumps(('dump', path, update))) is None
            with open(paths[0], 'rb') as one, open(paths[1], 'rb') as other:
                assert other.read() == one.read(), (cache, update)
    assert sorted(os.listdir(tmp_path)) == ['ours.recon', 'swift.recon']


def random_per_disk(draw):
    per_disk = {}
    for letter in 'abc'[:draw.randint(1, 3)]:
        minutes, time = random_time(draw), random_time(draw)
        per_disk['sd' + letter] = {'replication_stats': random_stats(draw), 'replication_time': minutes,
                                   'replication_last': time, 'object_replication_time': minutes,
                                   'object_replication_last': time}
    return per_disk


def test_what_processes_left_is_put_together(both, tmp_path):
    draw = random.Random(SEED)
    path = str(tmp_path / 'object.recon')
    assert both.ask(('aggregated', path, ['sda'])) == ({}, {})
    sums = 0
    for _ in range(40):
        with open(path, 'w') as file:
            json.dump({'object_replication_per_disk': random_per_disk(draw)}, file)
        call = ('aggregated', path, ['sd' + letter for letter in 'abc'[:draw.randint(1, 3)]])
        swift, ours = both.ask(call)
        assert ours == swift, call
        sums += 'replication_stats' in swift
    assert 0 < sums < 40


def test_swift_recon_shows_it(both, tmp_path, capsys, monkeypatch):
    from swift.cli import recon
    from swift.common.middleware.recon import ReconMiddleware
    stats = dict({name: 1 for name in COUNTS}, attempted=3, failure=2, success=7, failure_nodes={'10.0.0.1': {'sda': 2}})
    update = both.ours.ask(json.dumps(('pass', stats, 1.7e9, 1.5)))
    both.ours.ask(json.dumps(('dump', str(tmp_path / 'object.recon'), update)))
    answer = ReconMiddleware(None, {'recon_cache_path': str(tmp_path)}).get_replication_info('object')
    assert answer['replication_stats'] == stats
    program = recon.SwiftRecon()
    program.server_type, program.pool = 'object', recon.eventlet.GreenPool(1)
    monkeypatch.setattr(recon.Scout, 'scout', lambda self, host: ('http://%s:%d/' % host, answer, 200, 0, 0))
    program.replication_check([('10.0.0.1', 6200)])
    shown = capsys.readouterr().out
    assert 'replication_time] low: 1, high: 1, avg: 1.5' in shown, shown
    assert 'replication_success] low: 7, high: 7' in shown and 'replication_failure] low: 2' in shown, shown
    assert 'Oldest completion was 2023-11-14 22:13:20' in shown, shown
