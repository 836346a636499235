"""Swift's lock on a directory, as its daemons take it."""
import contextlib


@contextlib.contextmanager
def held(directory, name=None, limit=1):
    """The lock is held here, outside of the servers."""
    from swift.common.utils import lock_path
    with lock_path(directory, timeout=5, limit=limit, name=name):
        yield
