"""Builds the packages, lets lintian judge them, and installs, upgrades, removes and purges them in a new Debian."""
import glob
import os
import shutil
import subprocess

import pytest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MIRROR = os.environ.get('SSYNC_DEBIAN_MIRROR', 'http://deb.debian.org/debian')
NAMES = ['libnginx-mod-http-fastcgi-duplex', 'ssync-send', 'ssync-worker']
OF_SWIFT = 'python3'  # Swift's own files have ssync in their names.


def output(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    assert done.returncode == 0, '%s: %d\n%s' % (' '.join(command), done.returncode, done.stdout[-5000:])
    return done.stdout


@pytest.fixture(scope='session', name='packages')
def fixture_packages():
    """Paths of the packages, by name."""
    before = output('git', 'status', '--porcelain', cwd=REPOSITORY) if os.path.isdir(REPOSITORY + '/.git') else None
    output(os.path.join(REPOSITORY, 'deploy', 'package'))
    if before is not None:
        assert output('git', 'status', '--porcelain', cwd=REPOSITORY) == before
    paths = glob.glob(os.path.join(REPOSITORY, 'build', 'package', '*.deb'))
    found = {os.path.basename(path).partition('_')[0]: path for path in paths}
    return {name: path for name, path in found.items() if not name.endswith('-dbgsym')}


class Root:
    """A Debian of its own, in a directory."""

    def __init__(self, path):
        self.path = path
        output('debootstrap', '--variant=minbase', '--include=ca-certificates', 'bookworm', path, MIRROR)
        self.write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755)
        shutil.copy('/etc/resolv.conf', self.inside('etc/resolv.conf'))
        self.run('apt-get update -q')
        self.install('nginx-light', 'swift-object', 'logrotate')

    def inside(self, path):
        return os.path.join(self.path, path)

    def write(self, path, text, mode=0o644):
        with open(self.inside(path), 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(self.inside(path), mode)

    def run(self, script):
        """What it prints. With /proc and process ids of its own, so that whatever it starts ends with it."""
        return output('unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c',
                      'mount -t proc proc "$0/proc" && exec chroot "$0" sh -ec "$1"', self.path, script,
                      env=dict(os.environ, DEBIAN_FRONTEND='noninteractive', LC_ALL='C.UTF-8'))

    def install(self, *what):
        return self.run('apt-get install -qy --no-install-recommends ' + ' '.join(what))

    def put(self, package):
        shutil.copy(package, self.inside('root'))
        return '/root/' + os.path.basename(package)

    def files_of_ours(self):
        found = self.run("find / -xdev \\( -name '*ssync*' -o -name '*fastcgi*duplex*' \\) -not -path '/root/*'")
        return [path for path in found.splitlines() if OF_SWIFT not in path]


@pytest.fixture(scope='session', name='root')
def fixture_root(tmp_path_factory):
    return Root(str(tmp_path_factory.mktemp('debian') / 'root'))


def newer(package, directory):
    """The same package with a later version."""
    tree = str(directory / 'tree')
    output('dpkg-deb', '-R', package, tree)
    control = os.path.join(tree, 'DEBIAN', 'control')
    with open(control, encoding='utf-8') as file:
        lines = file.read().splitlines()
    with open(control, 'w', encoding='utf-8') as file:
        file.writelines((line + '+1' if line.startswith('Version: ') else line) + '\n' for line in lines)
    result = str(directory / 'newer.deb')
    output('dpkg-deb', '--root-owner-group', '-b', tree, result)
    return result


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


def test_ssync_send_needs_none_of_the_others(packages):
    assert 'nginx' not in output('dpkg-deb', '-f', packages['ssync-send'], 'Depends', 'Recommends')


def test_from_the_installation_to_the_purge(packages, root, tmp_path):
    root.install(*[root.put(packages[name]) for name in NAMES])
    assert 'ssync' in root.run('id -nG www-data').split()
    assert root.run('getent group ssync').strip().endswith(':www-data')
    assert 'ssync' not in root.run('id -nG swift').split()
    root.run('nginx -t')
    assert root.run('ls /etc/nginx/modules-enabled').split().count('50-mod-http-fastcgi-duplex.conf') == 1
    root.run('mkdir -p /srv/node')
    assert root.run('ssync-worker --check').endswith('/etc/swift/ssync-worker.conf: configuration is valid\n')
    root.run('ssync-send --version')
    root.run('logrotate --debug /etc/logrotate.d/ssync-worker')
    assert root.run('dpkg --verify ' + ' '.join(NAMES)) == ''

    # A conffile that the operator changed stays.
    root.run('echo "# mine" >>/etc/swift/ssync-worker.conf')
    root.run('dpkg -i ' + root.put(newer(packages['ssync-worker'], tmp_path)))
    assert root.run('tail -n 1 /etc/swift/ssync-worker.conf') == '# mine\n'

    root.run('apt-get remove -qy ' + ' '.join(NAMES))
    root.run('nginx -t')
    assert os.path.exists(root.inside('etc/swift/ssync-worker.conf'))
    root.run('apt-get purge -qy ' + ' '.join(NAMES))
    assert root.files_of_ours() == []
    assert 'ssync' not in root.run('cat /etc/group')
    root.run('getent passwd swift')
    root.run('nginx -t')
