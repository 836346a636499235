"""Two devices to measure on: XFS on loop devices where the machine allows it, else directories of what is there."""
import contextlib
import ctypes
import os
import signal
import subprocess

from file_systems import KINDS, CannotMount, run
from processes import await_condition

NAMES = ('sda1', 'sdb1')
CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
DROP_CACHES = '/proc/sys/vm/drop_caches'
libc = ctypes.CDLL(None, use_errno=True)


class NoSpace(Exception):
    """Too little, and what to do."""


class CannotDropCaches(Exception):
    """Why nothing can be read from a cold disk; a reason to skip."""


def _own_mounts():
    """Mounts made from now on are seen by this process and its children only, and end with them, whatever happens."""
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None) != 0:
        raise CannotMount('no mounts of our own: %s' % os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def _undisturbed():
    """Signals wait."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _LoopDevice:
    """An XFS on a loop device. Its image has no name, so nothing is left of it if we are killed."""

    def __init__(self, directory, place, size):
        self.place = place
        self.mounted = False
        image = os.path.join(directory, os.path.basename(place) + '.img')
        with contextlib.ExitStack() as undo:
            self.image = os.open(image, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            undo.callback(os.close, self.image)
            try:
                os.ftruncate(self.image, size)
                run(*KINDS['xfs'], image)
                with _undisturbed():
                    self.path = run('losetup', '--find', '--show', image)
                    self.open = os.open(self.path, os.O_RDONLY)
                    undo.callback(os.close, self.open)
                    # It stays while it is open or mounted.
                    run('losetup', '--detach', self.path)
            finally:
                os.remove(image)
            self.mount()
            undo.pop_all()

    def mount(self):
        run('mount', self.path, self.place)
        self.mounted = True

    def unmount(self):
        def unmounted():
            return subprocess.run(['umount', self.place], capture_output=True).returncode == 0
        # What the last process of a server had open can be in use for a moment longer.
        await_condition(unmounted, '%s is still in use' % self.place)
        self.mounted = False

    def forget_pages(self):
        os.posix_fadvise(self.image, 0, 0, os.POSIX_FADV_DONTNEED)

    def end(self):
        try:
            if self.mounted:
                self.unmount()
        finally:
            os.close(self.open)
            os.close(self.image)


def _file_system_of(directory):
    return run('findmnt', '-n', '-o', 'FSTYPE', '--target', directory)


class Devices:
    """A `devices` directory with two devices. Where nothing can be mounted, they are directories.

    kind says what they are, and reason why not XFS. size is that of each in bytes; together they are not filled further
    than that. Raises NoSpace.
    """

    def __init__(self, directory, size):
        self.root = os.path.join(directory, 'devices')
        self.places = [os.path.join(self.root, name) for name in NAMES]
        for place in self.places:
            os.makedirs(place)
        self.loops = []
        self.reason = None
        self._require_space(directory, size)
        beneath = _file_system_of(directory)
        try:
            if os.geteuid() != 0:
                raise CannotMount('only root can mount a loop device')
            _own_mounts()
            for place in self.places:
                self.loops.append(_LoopDevice(directory, place, size))
            self.kind = 'XFS on loop devices, their images on ' + beneath
        except CannotMount as reason:
            self.end()
            self.reason = str(reason)
            self.kind = beneath
        except BaseException:
            self.end()
            raise
        for place in self.places:
            os.makedirs(os.path.join(place, 'tmp'), exist_ok=True)

    @staticmethod
    def _require_space(directory, size):
        """The images are sparse, and a file system on one does not survive that there is no room for it."""
        status = os.statvfs(directory)
        free = status.f_bavail * status.f_frsize
        if free < size:
            raise NoSpace('%s has %d GiB free, and %d are needed; choose another with --directory' %
                          (directory, free >> 30, (size >> 30) or 1))

    @property
    def mounted(self):
        return bool(self.loops)

    def settle(self):
        """Write what is not written yet, so that the next who is measured does not have to."""
        for place in self.places:
            fd = os.open(place, os.O_RDONLY)
            try:
                if libc.syncfs(fd) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), place)
            finally:
                os.close(fd)

    def drop_caches(self):
        """Forget all that is cached of the devices. Raises CannotDropCaches."""
        self.settle()
        try:
            with open(DROP_CACHES, 'w') as request:
                request.write('3\n')
            return
        except OSError as error:
            reason = '%s: %s' % (DROP_CACHES, error.strerror)
        if not self.loops:
            raise CannotDropCaches(reason)
        for loop in self.loops:
            loop.unmount()
            loop.forget_pages()
            loop.mount()

    def end(self):
        with contextlib.ExitStack() as stack:
            for loop in self.loops:
                stack.callback(loop.end)
            self.loops = []
