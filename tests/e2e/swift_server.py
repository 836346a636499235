"""Swift's own object server as a process: the receiver that ours is compared with."""
import os
import signal
import socket
import subprocess
import sys
import time

from ports import free_port
from processes import alive, die_with_parent, family

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = 'swift-object-server'

CONF = '''\
[DEFAULT]
bind_ip = %(address)s
bind_port = %(port)d
user = %(user)s
workers = %(workers)d
swift_dir = %(swift_dir)s
devices = %(devices)s
%(defaults)s

[pipeline:main]
pipeline = %(pipeline)s

[app:object-server]
use = egg:swift#object
%(settings)s

%(filters)s
'''


def user_name():
    import pwd
    return pwd.getpwuid(os.geteuid()).pw_name


class SwiftServer:
    kind = 'swift'

    def __init__(self, swift_dir, tree, run_dir, settings=None, workers=0, log_level='DEBUG', faults=None, programs=None,
                 pipeline='object-server', filters='', address='127.0.0.1', port=None):
        """programs (swift_programs.py): start it there, where Swift and an equal swift.conf are loaded already.
        filters: sections of those in the pipeline."""
        self.tree = tree
        self.run_dir = run_dir
        self.faults = faults
        self.address = address
        self.port = port or free_port()
        os.makedirs(run_dir, exist_ok=True)
        self.log_path = os.path.join(run_dir, 'object-server.log')
        self.conf_path = conf_path = os.path.join(run_dir, 'object-server.conf')
        settings = settings or {}
        defaults = {'mount_check': 'false', 'fallocate_reserve': '0', 'log_level': log_level, **settings}

        def lines(options):
            return '\n'.join('%s = %s' % pair for pair in options.items())
        with open(conf_path, 'w') as conf:
            conf.write(CONF % {'address': address, 'port': self.port, 'user': user_name(), 'workers': workers, 'swift_dir': swift_dir,
                               'devices': tree.root, 'defaults': lines(defaults), 'settings': lines(settings),
                               'pipeline': pipeline, 'filters': filters})
        # Faults are injected into a process from its start.
        if programs and not faults:
            self.process = programs.start(PROGRAM, [conf_path, '-v'], self.log_path)
        else:
            command = [sys.executable, os.path.join(HERE, 'swift_command.py'), swift_dir, '/usr/bin/' + PROGRAM, conf_path, '-v']
            with open(self.log_path, 'wb') as log:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent,
                    env={**os.environ, **faults.environment} if faults else None)
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def _await_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError('the object server ended: %s' % self.log_text())
            with socket.socket() as probe:
                if probe.connect_ex((self.address, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError('the object server does not listen: %s' % self.log_text())

    def log_text(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as log:
            return log.read()

    session_log = log_text

    @property
    def session_log_path(self):
        return self.log_path

    def serving_pids(self):
        """The processes that run sessions."""
        pids = family([self.process.pid])
        return sorted(pids - {self.process.pid}) or [self.process.pid]

    def stop(self):
        pids = family([self.process.pid])
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
