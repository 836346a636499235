"""Faults of the disk for a server under test: what tests/fault_injection does, told by rules."""
import contextlib
import errno
import os

from worker_server import build_dir


def library():
    return os.path.join(build_dir(), 'tests', 'libfault_injection.so')


def sanitizer_environment():
    """A sanitizer's runtime wants to be the first library, but works as the second one too."""
    return {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'}


class Faults:
    """The rules of one server and what they did to it. Paths that rules name are relative to its device."""

    def __init__(self, run_dir, device_path):
        self.device_path = device_path
        os.makedirs(run_dir, exist_ok=True)
        self.rules_path = os.path.join(run_dir, 'faults')
        self.hits_path = self.rules_path + '.hits'
        self.calls_path = self.rules_path + '.calls'
        self.clear()

    @property
    def environment(self):
        return {'LD_PRELOAD': library(), 'SSYNC_FAULTS': self.rules_path, **sanitizer_environment()}

    def set(self, rules):
        """rules: of (operation, errno's name, pattern); a name with @<k> is for the k-th matching call from now
        on, with @<k>+ for that and all later ones"""
        def line(operation, error, pattern):
            name, at, number = error.partition('@')
            return '%s %d%s%s %s/%s\n' % (operation, getattr(errno, name), at, number, self.device_path, pattern)
        lines = ''.join(line(*rule) for rule in rules)
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.calls_path)
        # The server may read it at any moment.
        with open(self.rules_path + '.new', 'w') as new:
            new.write(lines)
        os.replace(self.rules_path + '.new', self.rules_path)

    def clear(self):
        self.set([])
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.hits_path)

    def hits(self):
        """The injected failures: (operation, path relative to the device)"""
        try:
            with open(self.hits_path) as hits:
                lines = [line.split(' ', 1) for line in hits.read().splitlines()]
        except FileNotFoundError:
            return []
        return [(operation, os.path.relpath(path, self.device_path)) for operation, path in lines]

    @contextlib.contextmanager
    def injected(self, rules):
        self.set(rules)
        try:
            yield
        finally:
            self.set([])
