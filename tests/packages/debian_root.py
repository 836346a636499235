"""A Debian system in a directory, with Swift's object servers and nginx, in which nothing runs."""
import os
import shutil
import subprocess

MIRROR = os.environ.get('SSYNC_DEBIAN_MIRROR', 'http://deb.debian.org/debian')
RELEASE = 'bookworm'
FIRST = 'ca-certificates,dbus,systemd,systemd-sysv'
THEN = 'curl logrotate nginx-light swift swift-object'
OF_SWIFT = 'python3'  # Swift's own files have ssync in their names.
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LC_ALL': 'C.UTF-8',
               'DEBIAN_FRONTEND': 'noninteractive'}


def output(*command, **options):
    """What a command prints, that has to succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    assert done.returncode == 0, '%s: %d\n%s' % (' '.join(command), done.returncode, done.stdout[-5000:])
    return done.stdout


class DebianRoot:
    def __init__(self, path):
        self.path = path

    def bootstrap(self):
        output('debootstrap', '--variant=minbase', '--include=' + FIRST, RELEASE, self.path, MIRROR)
        self.write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755)  # nothing is started
        shutil.copy('/etc/resolv.conf', self.inside('etc/resolv.conf'))
        self.run('apt-get update -q')
        self.install(THEN)

    def copy_to(self, other):
        """Make another root of the same content."""
        output('cp', '-a', '--reflink=auto', self.path, other.path)
        return other

    def inside(self, path):
        return os.path.join(self.path, path.lstrip('/'))

    def read(self, path):
        with open(self.inside(path), encoding='utf-8') as file:
            return file.read()

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.inside(path)), exist_ok=True)
        with open(self.inside(path), 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(self.inside(path), mode)

    def run(self, script, **options):
        """What it prints. With /proc and process ids of its own, so that whatever it starts ends with it."""
        return output('unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c',
                      'mount -t proc proc "$0/proc" && exec chroot "$0" sh -ec "$1"', self.path, script, env=ENVIRONMENT,
                      **options)

    def install(self, *what):
        return self.run('apt-get install -qy --no-install-recommends ' + ' '.join(what))

    def put(self, package, directory='root'):
        """The name inside of a copy of this file."""
        os.makedirs(self.inside(directory), exist_ok=True)
        shutil.copy(package, self.inside(directory))
        return os.path.join('/', directory, os.path.basename(package))

    def files_of_ours(self):
        """What there is with a name of ours, of what lives on a disk."""
        found = self.run("find / -xdev \\( -name '*ssync*' -o -name '*fastcgi*duplex*' \\)"
                         " -not -path '/root/*' -not -path '/var/cache/apt/*'")
        return [path for path in found.splitlines() if OF_SWIFT not in path]
