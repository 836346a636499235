"""Builds the packages, lets lintian judge them, and installs, upgrades, removes and purges them in a Debian where nothing
runs. test_walk.py does it where systemd runs."""
import glob
import os
import subprocess

import pytest
from conftest import REPOSITORY
from debian_root import DebianRoot, output

NAMES = ['libnginx-mod-http-fastcgi-duplex', 'ssync-replicator', 'ssync-send', 'ssync-worker']


@pytest.fixture(name='root')
def fixture_root(debian, tmp_path):
    return debian.copy_to(DebianRoot(str(tmp_path / 'root')))


def test_lintian_has_neither_errors_nor_warnings(packages):
    changes = glob.glob(os.path.join(REPOSITORY, 'build', 'package', '*.changes'))
    assert sorted(packages) == NAMES and len(changes) == 1
    said = output('lintian', '--allow-root', '--fail-on', 'error,warning', *changes)
    assert not [line for line in said.splitlines() if line[:2] in ('E:', 'W:')], said


def test_the_module_is_for_one_nginx(packages):
    wanted = subprocess.run(['sed', '-n', 's/^nginx:abi=//p', '/usr/share/nginx/src/debian/libnginx-mod.abisubstvars'],
                            stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    assert wanted.startswith('nginx-abi-')
    assert wanted in output('dpkg-deb', '-f', packages['libnginx-mod-http-fastcgi-duplex'], 'Depends')


@pytest.mark.parametrize('name', ['ssync-replicator', 'ssync-send'])
def test_senders_need_none_of_the_others(packages, name):
    needed = output('dpkg-deb', '-f', packages[name], 'Depends', 'Recommends')
    assert 'nginx' not in needed and 'ssync-worker' not in needed


def test_from_the_installation_to_the_purge(packages, newer_worker, root):
    before = root.files_of_ours()
    assert before == []
    root.install(*[root.put(packages[name]) for name in NAMES])
    assert 'ssync' in root.run('id -nG www-data').split()
    assert root.run('getent group ssync').strip().endswith(':www-data')
    assert 'ssync' not in root.run('id -nG swift').split()
    root.run('nginx -t')
    assert root.run('ls /etc/nginx/modules-enabled').split().count('50-mod-http-fastcgi-duplex.conf') == 1
    root.run('mkdir -p /srv/node')
    assert root.run('ssync-worker --check').endswith('/etc/swift/ssync-worker.conf: configuration is valid\n')
    root.run('ssync-send --version')
    root.run('ssync-replicator --version')
    root.run('ssync-node --help')
    root.run('logrotate --debug /etc/logrotate.d/ssync-worker')
    assert root.run('dpkg --verify ' + ' '.join(NAMES)) == ''

    # A conffile that the operator changed stays.
    root.run('echo "# mine" >>/etc/swift/ssync-worker.conf')
    root.run('dpkg -i ' + root.put(newer_worker))
    assert root.run('tail -n 1 /etc/swift/ssync-worker.conf') == '# mine\n'

    root.run('apt-get remove -qy ' + ' '.join(NAMES))
    root.run('nginx -t')
    assert os.path.exists(root.inside('etc/swift/ssync-worker.conf'))
    root.run('apt-get purge -qy ' + ' '.join(NAMES))
    assert root.files_of_ours() == []
    assert 'ssync' not in root.run('cat /etc/group')
    root.run('getent passwd swift')
    root.run('nginx -t')
