"""An operator's configuration of Swift's object server: what Swift runs with, ssync-worker runs with, in the same meaning.

Swift loads tests/configurations and many that are changed at random; what its object server has then is compared with
what `ssync-worker --check` prints. SSYNC_CONFIGURATIONS and SSYNC_CONFIGURATIONS_SEED ask for more of them, or others.
"""
import json
import logging
import os
import random
import shutil
import subprocess
import sys
from logging.handlers import SysLogHandler

import pytest

import changed_configuration
from swift_cluster import write_swift_conf
from worker_server import REPOSITORY, worker_binary

pytestmark = pytest.mark.worker_only

CONFIGURATIONS = os.path.join(REPOSITORY, 'tests', 'configurations')
NAMES = sorted(name for name in os.listdir(CONFIGURATIONS) if name != 'README.md')
CHANGED = int(os.environ.get('SSYNC_CONFIGURATIONS', '150'))
SEED = int(os.environ.get('SSYNC_CONFIGURATIONS_SEED', '1'))

INT64 = 2 ** 63 - 1
SECONDS = 1e9
CHUNK = 64 << 20
# The lowest value that a server can work with; what is below or above the other two is taken as they are.
NUMBERS = {
    'disk_chunk_size': (1, 1024, CHUNK),
    'keep_cache_size': (0, 0, INT64),
    'mb_per_sync': (0, 0, 1 << 20),
    'reclaim_age': (0, 0, 1 << 40),
    'commit_window': (0, 0, SECONDS),
    'client_timeout': (0.001, 0.001, SECONDS),
    'network_chunk_size': (1, 1024, CHUNK),
    'max_upload_time': (1, 1, 10 ** 9),
    'replication_concurrency': (0, 0, 8192),
    'replication_concurrency_per_device': (0, 0, 16384),
    'replication_lock_timeout': (0, 0, 86400),
    'replication_failure_threshold': (0, 0, 2 ** 31 - 1),
    'replication_failure_ratio': (0, 0, SECONDS),
}
TRUTHS = ('mount_check', 'disable_fallocate', 'replication_server', 'keep_cache_private', 'log_requests')


class Place:
    def __init__(self, path):
        self.path = str(path)
        self.swift_dir = os.path.join(self.path, 'etc')
        self.srv = os.path.join(self.path, 'srv')
        write_swift_conf(self.swift_dir)
        os.makedirs(self.srv)

    def copy(self, name, target):
        """The path of a configuration whose devices are in this place, for Swift and for object_server_conf."""
        source, target = os.path.join(CONFIGURATIONS, name), os.path.join(self.path, target)
        if os.path.isdir(source):
            shutil.copytree(source, target)
            paths = [os.path.join(target, file) for file in os.listdir(target)]
        else:
            shutil.copy(source, target)
            paths = [target]
        for path in paths:
            with open(path) as file:
                text = file.read()
            with open(path, 'w') as file:
                file.write(text.replace('/srv', self.srv))
        inherited = os.path.join(target, 'object-server.conf')
        return inherited if os.path.exists(inherited) else target

    def ask_swift(self, paths):
        """What Swift has of each of them."""
        done = subprocess.run([sys.executable, '-W', 'ignore', 'swift_effective_settings.py', self.swift_dir],
                              input=''.join(path + '\n' for path in paths), capture_output=True,
                              text=True, timeout=600, cwd=os.path.dirname(os.path.abspath(__file__)))
        answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]
        assert len(answers) == len(paths), done.stdout[-2000:] + done.stderr[-2000:]
        return answers

    def check(self, path, object_server=''):
        """(exit code, the lines of standard output, those of standard error) of --check."""
        worker_conf = os.path.join(self.path, 'worker.conf')
        with open(worker_conf, 'w') as conf:
            conf.write('[worker]\nswift_dir = %s\nobject_server_conf = %s\n[object-server]\n%s'
                       % (self.swift_dir, path, object_server))
        done = subprocess.run([worker_binary(), '--config', worker_conf, '--check'], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60)
        return (done.returncode, done.stdout.decode('utf-8', 'replace').splitlines(),
                done.stderr.decode('utf-8', 'replace').splitlines())


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def printed_settings(lines):
    begin = lines.index('[object-server]') + 1
    return dict(line.split(' = ', 1) for line in lines[begin:] if ' = ' in line)


def works(swift):
    """Whether any server could run with the numbers that Swift accepted."""
    reserve, is_percent = swift['fallocate_reserve']
    return (all(swift[name] >= lowest for name, (lowest, _, _) in NUMBERS.items())
            and (0 <= reserve <= 100 if is_percent else reserve >= 0))


def meant(name, text):
    """What ssync-worker printed, as swift_effective_settings.py has it."""
    if name in TRUTHS:
        return {'true': True, 'false': False}[text]
    if name == 'fallocate_reserve':
        return [float(text.rstrip('%')), text.endswith('%')]
    if name == 'allowed_headers':
        return sorted(text.split(', ')) if text else []
    if name == 'log_level':
        return getattr(logging, text.upper())
    if name == 'log_facility':
        return getattr(SysLogHandler, text)
    return float(text) if name in NUMBERS else text


def expected(name, value):
    if name in NUMBERS:
        _, least, most = NUMBERS[name]
        return float(min(max(value, least), most))
    if name == 'fallocate_reserve':
        return [float(min(value[0], 1 << 62)), value[1]]
    return value.replace('\n', '\\n') if isinstance(value, str) else value


def differences(swift, lines, without=()):
    ours = printed_settings(lines)
    return ['%s: Swift %r, printed %r' % (name, value, ours[name]) for name, value in swift.items()
            if name not in without and meant(name, ours[name]) != expected(name, value)]


@pytest.mark.parametrize('name', NAMES)
def test_a_public_configuration(place, name):
    path = place.copy(name, name)
    swift, = place.ask_swift([path])
    assert 'refused' not in swift, swift
    os.makedirs(swift['devices'], exist_ok=True)
    assert swift['devices'].startswith(place.srv)
    code, lines, errors = place.check(path)
    assert code == 0 and errors == [], (code, errors)
    assert differences(swift, lines) == []
    assert lines[-1].endswith('configuration is valid')


def test_what_is_printed_is_a_configuration(place):
    path = place.copy('inheritance', 'inheritance')
    swift, = place.ask_swift([path])
    os.makedirs(swift['devices'])
    _, lines, _ = place.check(path)
    begin = lines.index('[worker]')
    with open(os.path.join(place.path, 'printed.conf'), 'w') as printed:
        printed.write('\n'.join(line for line in lines[begin:-1] if 'object_server_conf' not in line))
    done = subprocess.run([worker_binary(), '--config', printed.name, '--check'], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, text=True)
    assert done.returncode == 0, done.stderr
    assert printed_settings(done.stdout.splitlines()) == printed_settings(lines)


@pytest.mark.parametrize('use', ['egg:swiftonfile#object', 'egg:swift#mem_object', 'egg:swift#proxy'])
def test_another_server_is_refused(place, use):
    path = place.copy('saio.conf', 'other.conf')
    with open(path) as file:
        text = file.read()
    with open(path, 'w') as file:
        file.write(text.replace('egg:swift#object', use))
    os.makedirs(os.path.join(place.srv, '1', 'node'))
    code, _, errors = place.check(path)
    assert code == 2, errors
    assert len(errors) == 1 and 'use = ' + use in errors[0] and path in errors[0], errors


def test_another_diskfile_module_is_refused(place):
    path = place.copy('debian.conf', 'object-server.conf')
    os.makedirs(os.path.join(place.srv, 'node'))
    text = ('[swift-hash]\nswift_hash_path_suffix = x\n[storage-policy:0]\nname = gold\ndefault = yes\n'
            'diskfile_module = %s\n')
    write_swift_conf(place.swift_dir, text % 'egg:swift#replication.fs')
    assert place.check(path)[0] == 0
    write_swift_conf(place.swift_dir, text % 'egg:swift_kinetic#kinetic.fs')
    code, _, errors = place.check(path)
    assert code == 2, errors
    assert len(errors) == 1 and 'diskfile_module = egg:swift_kinetic#kinetic.fs' in errors[0], errors


def test_a_missing_erasure_coding_backend_is_named(place):
    path = place.copy('debian.conf', 'object-server.conf')
    os.makedirs(os.path.join(place.srv, 'node'))
    write_swift_conf(place.swift_dir, '[swift-hash]\nswift_hash_path_suffix = x\n[storage-policy:0]\nname = gold\n'
                     'default = yes\n[storage-policy:7]\nname = deep\npolicy_type = erasure_coding\n'
                     'ec_type = shss\nec_num_data_fragments = 4\nec_num_parity_fragments = 2\n')
    code, lines, errors = place.check(path)
    assert code == 0, errors
    assert any(line.startswith('not checked:') and 'storage-policy:7' in line and 'shss 4+2' in line
               for line in lines), lines


def test_changed_configurations(place):
    """Nothing that Swift runs with is refused, or read in another meaning, unless no server could work with it."""
    draw = random.Random(SEED)
    paths = []
    for number in range(CHANGED):
        path = place.copy(draw.choice(NAMES), 'changed-%d' % number)
        changed_configuration.change(draw, path)
        paths.append(path)
    accepted, wrong = 0, []
    for path, swift in zip(paths, place.ask_swift(paths)):
        devices = swift.get('devices', '')
        override = ''
        if devices.startswith(place.srv) and devices.isprintable():
            os.makedirs(devices, exist_ok=True)
        else:
            override = 'devices = %s\n' % place.srv
        code, lines, errors = place.check(path, override)
        if code not in (0, 2) or len(errors) != (0 if code == 0 else 1):
            wrong.append((path, 'ended with %d' % code, errors))
        if 'refused' in swift:
            continue
        accepted += 1
        if not works(swift):
            if code == 0:
                wrong.append((path, 'accepted what cannot work', swift))
        elif code != 0:
            wrong.append((path, 'refused', errors))
        elif different := differences(swift, lines, ('devices',) if override else ()):
            wrong.append((path, different))
    assert not wrong, '\n'.join(map(repr, wrong))
    assert CHANGED / 4 < accepted < CHANGED, 'the changes are too small or too large: %d' % accepted
