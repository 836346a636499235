"""A file system that hangs as that of a drive does that no longer answers: whoever would change it waits, beyond the reach
of any signal, until it is released."""
import contextlib
import subprocess

from file_systems import CannotMount


@contextlib.contextmanager
def frozen(place):
    """The file system mounted at place hangs. Raises CannotMount if the machine does not permit that."""
    # It ends with us, however we end, and then releases the file system.
    guard = subprocess.Popen(['sh', '-c', 'read nothing; exec fsfreeze -u "$0"', place], stdin=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        try:
            done = subprocess.run(['fsfreeze', '-f', place], capture_output=True, text=True)
        except FileNotFoundError:
            raise CannotMount('fsfreeze is not installed')
        if done.returncode != 0:
            raise CannotMount('fsfreeze -f %s: %s' % (place, done.stderr.strip()))
        yield
    finally:
        guard.stdin.close()
        guard.wait()
