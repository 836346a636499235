"""Mistakes in the worker's configuration: exit code 2 and one line that says what to do about it."""
import os
import signal
import socket
import subprocess

import pytest

from swift_cluster import write_swift_conf
from worker_server import worker_binary

pytestmark = pytest.mark.worker_only


class Place:
    """A directory with a configuration that is right, for a test to spoil."""

    def __init__(self, path):
        self.path = str(path)
        self.swift_dir = os.path.join(self.path, 'etc')
        self.devices = os.path.join(self.path, 'devices')
        self.socket = os.path.join(self.path, 'worker.sock')
        self.conf = os.path.join(self.path, 'worker.conf')
        os.makedirs(self.devices)
        write_swift_conf(self.swift_dir)
        self.worker = {'socket': self.socket, 'workers': '6', 'swift_dir': self.swift_dir}
        self.object_server = {'devices': self.devices, 'mount_check': 'false'}

    def write(self):
        with open(self.conf, 'w') as conf:
            for section, options in (('worker', self.worker), ('object-server', self.object_server)):
                conf.write('[%s]\n' % section)
                conf.writelines('%s = %s\n' % pair for pair in options.items())

    def run(self, *arguments, seconds=30):
        """(exit code, standard error); a worker that starts after all is ended."""
        self.write()
        process = subprocess.Popen([worker_binary(), '--config', self.conf, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            _, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise AssertionError('the worker started')
        return process.returncode, errors.decode('utf-8', 'replace')

    def refused(self, *words):
        """Assert the one line for --check and for a start alike, and that it has the words."""
        for arguments in (['--check'], []):
            code, errors = self.run(*arguments)
            assert code == 2, (arguments, code, errors)
            lines = errors.splitlines()
            assert len(lines) == 1, errors
            for word in words:
                assert word in lines[0], (word, lines[0])
            assert 'terminate called' not in errors


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_a_right_configuration_passes(place):
    code, errors = place.run('--check')
    assert code == 0, errors


@pytest.mark.parametrize('section', ['worker', 'object-server'])
def test_unknown_option(place, section):
    (place.worker if section == 'worker' else place.object_server)['replication_concurency'] = '4'
    place.refused(place.conf, section, 'replication_concurency')


@pytest.mark.parametrize('option,value', [
    ('client_timeout', 'soon'), ('replication_concurrency', '4.5'), ('replication_lock_timeout', 'x'),
    ('network_chunk_size', '64k'), ('replication_failure_ratio', 'half'), ('reclaim_age', 'week'),
    ('fallocate_reserve', '1%%'), ('nice_priority', 'low'), ('ionice_class', 'IDLE'), ('ionice_priority', 'x'), ('mb_per_sync', '-'), ('disk_chunk_size', '')])
def test_bad_number(place, option, value):
    place.object_server[option] = value
    if not value:
        pytest.skip('an empty value means the default in Swift')
    place.refused(place.conf, 'object-server', option, value)


def test_bad_number_of_workers(place):
    place.worker['workers'] = 'many'
    place.refused(place.conf, 'worker', 'workers', 'many')


def test_missing_configuration_file(place):
    process = subprocess.run([worker_binary(), '--config', place.conf], stdin=subprocess.DEVNULL, capture_output=True,
                             timeout=30)
    assert process.returncode == 2
    lines = process.stderr.decode().splitlines()
    assert len(lines) == 1 and place.conf in lines[0], lines


def test_missing_swift_conf(place):
    os.unlink(os.path.join(place.swift_dir, 'swift.conf'))
    place.refused(os.path.join(place.swift_dir, 'swift.conf'))


@pytest.mark.parametrize('text', ['[swift-hash]\n', '[storage-policy:0]\nname = gold\ndefault = yes\n',
                                  '[swift-hash]\nswift_hash_path_prefix =\nswift_hash_path_suffix =\n'],
                         ids=['empty section', 'no section', 'empty values'])
def test_neither_hash_prefix_nor_suffix(place, text):
    write_swift_conf(place.swift_dir, text)
    place.refused(os.path.join(place.swift_dir, 'swift.conf'), 'swift-hash', 'swift_hash_path_suffix')


def test_unknown_policy_type(place):
    write_swift_conf(place.swift_dir, '[swift-hash]\nswift_hash_path_suffix = x\n'
                     '[storage-policy:0]\nname = gold\npolicy_type = striped\ndefault = yes\n')
    place.refused('storage-policy:0', 'policy_type', 'striped')


def test_missing_devices_directory(place):
    place.object_server['devices'] = os.path.join(place.path, 'none')
    place.refused(place.conf, 'object-server', 'devices', os.path.join(place.path, 'none'))


def test_devices_that_is_a_file(place):
    place.object_server['devices'] = place.conf
    place.refused(place.conf, 'object-server', 'devices')


def test_unreadable_devices_directory(place):
    if os.geteuid() == 0:
        # root reads everything: let another user try.
        pytest.importorskip('pwd').getpwnam('nobody')
    os.chmod(place.path, 0o755)
    parent = os.path.dirname(place.path)
    while parent not in ('/', '/tmp') and os.stat(parent).st_uid == os.geteuid():
        os.chmod(parent, 0o755)
        parent = os.path.dirname(parent)
    place.worker['socket'] = '/tmp/ssync-e2e-none-%d.sock' % os.getpid()
    os.chmod(place.devices, 0)
    place.write()
    try:
        command = [worker_binary(), '--config', place.conf, '--check']
        if os.geteuid() == 0:
            if subprocess.run(['setpriv', '--reuid=nobody', '--clear-groups', 'test', '-x', worker_binary()]).returncode:
                pytest.skip('another user cannot reach the build')
            command = ['setpriv', '--reuid=nobody', '--clear-groups'] + command
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    finally:
        os.chmod(place.devices, 0o755)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2, lines
    assert len(lines) == 1 and 'devices' in lines[0] and place.devices in lines[0], lines


@pytest.mark.parametrize('kind', ['a listening socket', 'a file'])
def test_socket_path_taken(place, kind):
    """Only a start can tell; --check touches nothing."""
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == 'a file':
            with open(place.socket, 'w') as file:
                file.write('precious')
        else:
            listener.bind(place.socket)
            listener.listen()
        code, errors = place.run()
        lines = errors.splitlines()
        assert code == 2, errors
        assert len(lines) == 1 and 'socket' in lines[0] and place.socket in lines[0], errors
        assert os.path.exists(place.socket)


@pytest.mark.parametrize('workers,concurrency', [(4, 4), (1, 1), (3, 8)])
def test_pool_not_larger_than_replication_concurrency(place, workers, concurrency):
    """The 503 of a session without a slot could never be said: requests would wait unseen in the socket's backlog."""
    place.worker['workers'] = str(workers)
    place.object_server['replication_concurrency'] = str(concurrency)
    place.refused(place.conf, 'workers', str(workers), 'replication_concurrency', str(concurrency))


@pytest.mark.parametrize('workers,concurrency', [(5, 4), (1, 0), (2, 1)])
def test_pool_larger_than_replication_concurrency(place, workers, concurrency):
    place.worker['workers'] = str(workers)
    place.object_server['replication_concurrency'] = str(concurrency)
    code, errors = place.run('--check')
    assert code == 0, errors


def test_options_without_a_meaning_here_are_accepted_and_named(place):
    place.object_server['keep_cache_size'] = '5242880'
    place.object_server['splice'] = 'no'
    place.write()
    done = subprocess.run([worker_binary(), '--config', place.conf, '--check'], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert b'splice' in done.stdout + done.stderr
