"""A file system of which every call waits, reads of its size too, as those of a drive do that no longer answers: FUSE
with nobody behind it."""
import contextlib
import ctypes
import os

from file_systems import CannotMount

MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def silent(place):
    """Whoever looks at the directory waits until this ends. Raises CannotMount if the machine does not permit that."""
    try:
        nobody = os.open('/dev/fuse', os.O_RDWR)
    except OSError as error:
        raise CannotMount(str(error))
    try:
        options = b'fd=%d,rootmode=40000,user_id=0,group_id=0' % nobody
        if _libc.mount(b'silent', place.encode(), b'fuse', 0, options) != 0:
            raise CannotMount('fuse on %s: %s' % (place, os.strerror(ctypes.get_errno())))
        try:
            yield
        finally:
            _libc.umount2(place.encode(), MNT_DETACH)
    finally:
        # Releases whoever still waits.
        os.close(nobody)
