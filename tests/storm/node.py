"""The node that is stormed: nginx and the pool, each killed and started by itself."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

from ports import free_port
from processes import (STATUS_PROCESS, all_pids, alive, await_condition, command_line, die_with_parent, executable, family,
                       name_of, open_files, parents)
from worker_server import REPOSITORY, build_dir, worker_binary

sys.path.insert(0, os.path.join(REPOSITORY, 'deploy'))
from nginx_config import write_nginx_config  # noqa: E402

WORKERS, SLOTS, DEVICE_SLOTS = 8, 4, 3
START_SECONDS = 120     # of a sanitizer's build on a busy machine
STOP_SECONDS = 60

OWN_END = re.compile(r'worker \d+ (was killed by signal (?!9 )|exited with status (?!0))|worker failed')

CONF = '''\
[worker]
workers = %(workers)d
socket = %(socket)s
swift_dir = %(swift_dir)s
log_target = %(log)s
pid_file = %(pid_file)s
durability = %(durability)s

[object-server]
devices = %(devices)s
mount_check = false
fallocate_reserve = 0
log_requests = false
client_timeout = 10
replication_lock_timeout = 2
replication_concurrency = %(slots)d
replication_concurrency_per_device = %(device_slots)d
'''


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Node:
    def __init__(self, swift_dir, devices, run_dir, durability):
        os.makedirs(run_dir)
        self.run_dir = run_dir
        self.port = free_port()
        self.socket = os.path.join(run_dir, 'worker.sock')
        self.log_path = os.path.join(run_dir, 'worker.log')
        self.conf = os.path.join(run_dir, 'worker.conf')
        with open(self.conf, 'w') as conf:
            conf.write(CONF % {'workers': WORKERS, 'socket': self.socket, 'swift_dir': swift_dir, 'log': self.log_path,
                               'pid_file': os.path.join(run_dir, 'worker.pid'), 'devices': devices, 'slots': SLOTS,
                               'device_slots': DEVICE_SLOTS, 'durability': durability})
        module = os.path.join(build_dir(), 'nginx', 'ngx_http_fastcgi_duplex_module.so')
        self.nginx_command = write_nginx_config(run_dir, '127.0.0.1:%d' % self.port, self.socket, module)
        self.pool = self.nginx = None

    def _start(self, command):
        with open(os.path.join(self.run_dir, 'stderr.log'), 'ab') as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                    preexec_fn=die_with_parent)

    def _await_listening(self, process, kind, address):
        def listens():
            assert process.poll() is None, '%s ended with %s:\n%s' % (process.args[0], process.returncode, self.log_text())
            with socket.socket(kind) as probe:
                return probe.connect_ex(address) == 0
        await_condition(listens, lambda: '%s does not listen:\n%s' % (process.args[0], self.log_text()), START_SECONDS)

    def start_pool(self):
        self.pool = self._start([worker_binary(), '--config', self.conf])
        self._await_listening(self.pool, socket.AF_UNIX, self.socket)

    def start_nginx(self):
        self.nginx = self._start(self.nginx_command)
        self._await_listening(self.nginx, socket.AF_INET, ('127.0.0.1', self.port))

    def log_text(self):
        text = ''
        for name in ('stderr.log', 'worker.log', 'nginx-error.log'):
            path = os.path.join(self.run_dir, name)
            if os.path.exists(path):
                with open(path, encoding='utf-8', errors='replace') as log:
                    text += log.read()[-3000:]
        return text

    def ends_not_asked_for(self):
        """Of workers: those by another signal than ours, or with a failure."""
        with open(self.log_path, encoding='utf-8', errors='replace') as log:
            return [line.strip() for line in log if OWN_END.search(line)]

    @staticmethod
    def children(process):
        return sorted(pid for pid, parent in parents().items() if parent == process.pid)

    def workers(self):
        return [pid for pid in self.children(self.pool) if name_of(pid) != STATUS_PROCESS]

    def busy_workers(self):
        """Those that are in a session."""
        return [pid for pid in self.workers() if any(path.endswith('.lock-replication') for path in open_files(pid))]

    def nginx_workers(self):
        return self.children(self.nginx)

    def pool_processes(self):
        """Of all pools that this node has had."""
        return [pid for pid in all_pids() if executable(pid).startswith('ssync-worker') and self.run_dir in command_line(pid)]

    def kill_pool(self, workers_too):
        """The master is killed, with its workers or so that they end by themselves; and a new pool is started at once."""
        if workers_too:
            os.killpg(self.pool.pid, signal.SIGKILL)
        else:
            self.pool.kill()
        self.pool.wait()
        await_condition(lambda: not self.pool_processes(), lambda: 'still there: %r' % self.pool_processes(), STOP_SECONDS)
        self.start_pool()

    def kill_nginx(self):
        # The group: its master may have replaced a worker just now, and that would keep the port.
        os.killpg(self.nginx.pid, signal.SIGKILL)
        self.nginx.wait()
        self.start_nginx()

    def processes(self):
        roots = [process.pid for process in (self.pool, self.nginx) if process]
        named = [pid for pid in all_pids() if pid != os.getpid() and self.run_dir in command_line(pid)]
        return family(roots + named)

    def stop(self):
        """Tells both to end, and returns what is wrong with how they did."""
        wrong = []
        for process in (self.pool, self.nginx):
            if process and process.poll() is None:
                process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for name, process in (('the pool', self.pool), ('nginx', self.nginx)):
            try:
                status = process.wait(max(0, end - time.monotonic())) if process else 0
                if status != 0:
                    wrong.append('%s ended with status %d' % (name, status))
            except subprocess.TimeoutExpired:
                wrong.append('%s did not end' % name)
        left = {pid: command_line(pid) for pid in self.processes() if alive(pid)}
        if left:
            wrong.append('processes are left: %r' % left)
            kill(left)
        if os.path.exists(self.socket):
            wrong.append('the socket is left: %s' % self.socket)
        return wrong
