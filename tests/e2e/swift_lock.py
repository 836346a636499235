"""Swift's lock on a directory, as one of its daemons takes it."""
import contextlib
import subprocess
import sys

from processes import die_with_parent

HOLDER = '''
import sys
from swift.common.utils import lock_path
with lock_path(sys.argv[1], timeout=5, limit=int(sys.argv[2]), name=sys.argv[3] or None):
    print("held", flush=True)
    sys.stdin.read()
'''


@contextlib.contextmanager
def held(directory, name=None, limit=1):
    """Another process that holds Swift's lock on a directory."""
    holder = subprocess.Popen([sys.executable, '-W', 'ignore', '-c', HOLDER, directory, str(limit), name or ''],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
    try:
        assert holder.stdout.readline() == b'held\n'
        yield
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()
