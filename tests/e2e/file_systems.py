"""File systems on loop devices, where the machine allows mounts; and the one in memory."""
import contextlib
import os
import subprocess
import tempfile

# The smallest that mkfs.xfs makes is 300 MB; the images are sparse.
SIZE = 512 << 20
KINDS = {
    'xfs': ['mkfs.xfs', '-q'],
    # As operators have it: inodes of 256 bytes, and extended attributes in one block more.
    'ext4': ['mkfs.ext4', '-q', '-F', '-m', '0', '-I', '256', '-b', '4096', '-O', '^ea_inode'],
}
MEMORY = '/dev/shm'


def in_memory():
    """Where nothing waits for a disk, if that has extended attributes; else None."""
    try:
        with tempfile.NamedTemporaryFile(dir=MEMORY) as probe:
            os.setxattr(probe.name, 'user.probe', b'x')
        return MEMORY
    except OSError:
        return None


class CannotMount(Exception):
    """Why there is no such file system; a reason to skip."""


def run(*command):
    """What the command prints. Raises CannotMount."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotMount('%s is not installed' % command[0])
    if done.returncode != 0:
        raise CannotMount('%s: %s' % (' '.join(command), (done.stderr or done.stdout).strip()))
    return done.stdout.strip()


@contextlib.contextmanager
def mounted(kind, directory, place=None):
    """Make a file system of the kind in directory, mount it on place or directory/<kind>, and give that path. Raises
    CannotMount."""
    if os.geteuid() != 0:
        raise CannotMount('only root can mount a loop device')
    image, place = os.path.join(directory, kind + '.img'), place or os.path.join(directory, kind)
    os.makedirs(place, exist_ok=True)
    with open(image, 'wb') as file:
        file.truncate(SIZE)
    run(*KINDS[kind], image)
    run('mount', '-o', 'loop', image, place)
    try:
        yield place
    finally:
        subprocess.run(['umount', place], check=True)
        os.remove(image)
