"""nginx and the worker pool as deploy/run-local starts them."""
import os
import shlex
import signal
import subprocess
import threading
import time

from ports import free_port
from processes import (STATUS_PROCESS, all_pids, await_condition, command_line, die_with_parent, executable, family, name_of,
                       parents)

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUN_LOCAL = os.path.join(REPOSITORY, 'deploy', 'run-local')
SSYNCCTL = os.path.join(REPOSITORY, 'deploy', 'ssyncctl')
# A sanitizer's build starts slowly on a busy machine.
START_SECONDS = 120
STOP_SECONDS = 30


def build_dir():
    return os.path.abspath(os.environ.get('SSYNC_BUILD_DIR', os.path.join(REPOSITORY, 'build', 'release')))


def worker_binary():
    return os.path.join(build_dir(), 'ssync-worker')


def available():
    return os.access(RUN_LOCAL, os.X_OK) and os.access(worker_binary(), os.X_OK)


def build_with_faults(run_dir, faults):
    """A build whose worker starts under the fault injection, and nginx not."""
    directory = os.path.join(run_dir, 'build-with-faults')
    os.makedirs(directory)
    os.symlink(os.path.join(build_dir(), 'nginx'), os.path.join(directory, 'nginx'))
    path = os.path.join(directory, 'ssync-worker')
    with open(path, 'w') as script:
        words = ['exec', 'env'] + ['%s=%s' % pair for pair in faults.environment.items()] + [worker_binary()]
        script.write('#!/bin/sh\n%s "$@"\n' % ' '.join(shlex.quote(word) for word in words))
    os.chmod(path, 0o755)
    return directory


class WorkerServer:
    kind = 'worker'

    def __init__(self, swift_dir, tree, run_dir, settings=None, workers=None, faults=None):
        """settings are options of [object-server], or SECTION.OPTION."""
        self.tree = tree
        self.run_dir = run_dir
        self.faults = faults
        self.port = free_port()
        os.makedirs(run_dir, exist_ok=True)
        build = build_with_faults(run_dir, faults) if faults else build_dir()
        options = {'mount_check': 'false', 'fallocate_reserve': '0', 'log_level': 'DEBUG'}
        if 'SSYNC_E2E_DURABILITY' in os.environ:
            options['worker.durability'] = os.environ['SSYNC_E2E_DURABILITY']
        options.update(settings or {})
        command = [RUN_LOCAL, '--port', str(self.port), '--devices', tree.root, '--swift-dir', swift_dir,
                   '--run-dir', run_dir, '--build-dir', build]
        if workers:
            command += ['--workers', str(workers)]
        for name, value in options.items():
            command += ['--set', '%s=%s' % (name if '.' in name else 'object-server.' + name, value)]
        self.errors_path = os.path.join(run_dir, 'run-local.stderr')
        self.errors = open(self.errors_path, 'wb')
        self.output = []
        self.ready = threading.Event()
        # Its own process group: a Ctrl-C typed at the tests is ours to pass on.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        start_new_session=True, preexec_fn=die_with_parent)
        self.reader = threading.Thread(target=self._read_output, daemon=True)
        self.reader.start()
        try:
            end = time.monotonic() + START_SECONDS
            while not self.ready.wait(0.1):
                assert self.process.poll() is None, 'run-local ended:\n' + self.log_text()
                assert time.monotonic() < end, 'run-local is not ready:\n' + self.log_text()
            # It is ready as soon as one worker serves.
            if workers:
                await_condition(lambda: len(self.serving_pids()) == workers, 'the pool is whole', START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def _read_output(self):
        expected = 'ready on 127.0.0.1:%d' % self.port
        for line in self.process.stdout:
            self.output.append(line.decode('utf-8', 'replace'))
            if expected in self.output[-1]:
                self.ready.set()

    def log_text(self):
        """All that was logged, standard output and error of run-local included."""
        text = ''.join(self.output)
        for directory, _, names in os.walk(self.run_dir):
            for name in names:
                if name.endswith('.log') or name.endswith('.stderr'):
                    with open(os.path.join(directory, name), encoding='utf-8', errors='replace') as log:
                        text += log.read()
        return text

    def session_log(self):
        """What the pool logged: only grows at its end."""
        with open(self.session_log_path, encoding='utf-8', errors='replace') as log:
            return log.read()

    @property
    def session_log_path(self):
        return os.path.join(self.run_dir, 'worker.log')

    def sockets(self):
        found = []
        for directory, _, names in os.walk(self.run_dir):
            for name in names:
                path = os.path.join(directory, name)
                if os.path.exists(path) and os.stat(path).st_mode & 0o170000 == 0o140000:
                    found.append(path)
        return found

    def all_processes(self):
        """Every process of this run, whether or not it is still run-local's descendant."""
        named = [pid for pid in all_pids() if pid != os.getpid() and self.run_dir in command_line(pid)]
        return family([self.process.pid] + named)

    def pool_master(self):
        """run-local's own child; a worker between fork and exec of another is not mistaken for it."""
        masters = [pid for pid, parent in parents().items()
                   if parent == self.process.pid and executable(pid) == 'ssync-worker']
        assert len(masters) == 1, 'pool masters: %r' % masters
        return masters[0]

    def serving_pids(self):
        master = self.pool_master()
        return sorted(pid for pid, parent in parents().items() if parent == master and name_of(pid) != STATUS_PROCESS)

    @property
    def pool_socket(self):
        return os.path.join(self.run_dir, 'worker.sock')

    def status_pid(self):
        """The process that tells what the pool does, or None."""
        master = self.pool_master()
        return next((pid for pid, parent in parents().items() if parent == master and name_of(pid) == STATUS_PROCESS), None)

    @property
    def control_socket(self):
        return self.pool_socket + '.status.control'

    def nginx_pids(self):
        return sorted(pid for pid in self.all_processes() if executable(pid) == 'nginx')

    def stop(self, with_signal=signal.SIGTERM):
        if self.process.poll() is None:
            before = self.all_processes()
            for pid in before:
                # A stopped process would not notice that it is told to end.
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
            self.process.send_signal(with_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        left = self.all_processes()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        return left

    def await_no_process(self):
        await_condition(lambda: not self.all_processes(),
                        lambda: 'still running: %r' % {pid: command_line(pid) for pid in self.all_processes()})
