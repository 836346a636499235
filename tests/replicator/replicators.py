"""The replicator programs that can be run and compared: a name and a way to run one pass.

A name is `swift` (the installed one), `ours`, or the directory of another Swift's source tree; of Swift's, `NAME:FAULT` has a
fault of swift_faults.py.
"""
import os
import subprocess

import swift_faults
from processes import die_with_parent
from swift_replicator import Passes
from worker_server import build_dir

PROGRAM = 'ssync-replicator'
PASS_SECONDS = 240


def our_binary():
    return os.path.join(build_dir(), PROGRAM)


def default_name():
    """What is under test: SSYNC_REPLICATOR, else ours."""
    return os.environ.get('SSYNC_REPLICATOR', 'ours')


def available(name):
    return name != 'ours' or os.access(our_binary(), os.X_OK)


class Replicator:
    """One of them. Orders and listings are told to Swift's only."""

    def __init__(self, name, swift_dir):
        self.name = name
        kind, _, fault = name.partition(':')
        self.ours = kind == 'ours'
        self.fault = fault or None
        if fault and (self.ours or fault not in swift_faults.FAULTS):
            raise ValueError('no such fault: %s; there are %s' % (name, ' '.join(swift_faults.FAULTS)))
        if not self.ours and kind != 'swift' and not os.path.isdir(os.path.join(kind, 'swift', 'obj')):
            raise ValueError('neither swift nor ours nor the source tree of a Swift: %s' % kind)
        self.mended = False    # Swift's is to do as its newest release does
        self.passes = None if self.ours else Passes(swift_dir, None if kind == 'swift' else os.path.abspath(kind))

    def start(self, conf, output, options=None, order=None, listing=None):
        """Start a pass; what it prints is appended to output. What is returned has wait, poll, pid and kill."""
        options = options or {}
        if not self.ours:
            return self.passes.start_pass(conf, output, options, order, listing, self.fault, self.mended)
        command = [our_binary(), conf, '--once', '-v']
        for option, value in options.items():
            command += ['--' + option, value]
        with open(output, 'ab') as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                    preexec_fn=die_with_parent)

    def run(self, conf, output, options=None, order=None, listing=None):
        """Run a pass to its end; its exit status."""
        running = self.start(conf, output, options, order, listing)
        try:
            return running.wait(PASS_SECONDS)
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()

    def stop(self):
        if self.passes:
            self.passes.stop()
