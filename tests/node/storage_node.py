"""A storage node in a directory: Swift's object server on a replication port, an nginx without a site, the pool, and a
place where ssync-node's restart commands are heard."""
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading

from node_rings import write_ring
from ports import free_port
from processes import await_condition, die_with_parent, family, alive
from ssync_node import answers
from swift_cluster import DeviceTree
from swift_server import PROGRAM, user_name
from worker_server import REPOSITORY, build_dir, worker_binary

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND = os.path.join(REPOSITORY, 'deploy', 'ssync-node')
KILLED = os.path.join(HERE, 'killed.py')

OBJECT_SERVER_CONF = '''\
# The one file of a node: its daemons read it too.
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = %(port)d
user = %(user)s
workers = 0
swift_dir = %(swift_dir)s
devices = %(devices)s
mount_check = false
fallocate_reserve = 0

[pipeline:main]
pipeline = healthcheck object-server

[app:object-server]
use = egg:swift#object

[filter:healthcheck]
use = egg:swift#healthcheck

[object-replicator]
sync_method = ssync
'''

WORKER_CONF = '''\
[worker]
workers = 8
socket = %(socket)s
swift_dir = %(real_swift_dir)s
log_target = stderr
object_server_conf = %(conf)s
'''

NGINX_CONF = '''\
load_module "%(module)s";
%(user_line)s
daemon off;
worker_processes 1;
pid "%(place)s/nginx.pid";
lock_file "%(place)s/nginx.lock";
error_log "%(place)s/nginx-error.log" warn;
events { worker_connections 600; }
http {
    client_body_temp_path "%(place)s/temp/body";
    fastcgi_temp_path     "%(place)s/temp/fastcgi";
    proxy_temp_path       "%(place)s/temp/proxy";
    scgi_temp_path        "%(place)s/temp/scgi";
    uwsgi_temp_path       "%(place)s/temp/uwsgi";
    include "%(place)s/nginx/conf.d/*.conf";
}
'''


class StorageNode:
    def __init__(self, place, programs):
        self.place = place
        self.programs = programs
        self.port, self.proxies_port = free_port(), free_port()
        self.tree = DeviceTree(os.path.join(place, 'devices'))
        self.swift_dir = os.path.join(place, 'swift')
        self.nginx_dir = os.path.join(place, 'nginx')
        self.state_dir = os.path.join(place, 'state')
        self.conf = os.path.join(self.swift_dir, 'object-server.conf')
        self.site = os.path.join(self.nginx_dir, 'conf.d', 'ssync.conf')
        self.access = os.path.join(self.nginx_dir, 'ssync-access.conf')
        self.socket = os.path.join(place, 'pool.sock')
        self.log_path = os.path.join(place, 'object-server.log')
        self.running = {}    # the processes by name
        self.restarts = []   # the names of services, as they were asked to be started again
        self._write_files()

    def _write_files(self):
        for directory in (self.swift_dir, os.path.join(self.nginx_dir, 'conf.d'), os.path.join(self.place, 'temp')):
            os.makedirs(directory)
        values = {'port': self.port, 'user': user_name(), 'swift_dir': self.swift_dir, 'devices': self.tree.root,
                  'socket': self.socket, 'real_swift_dir': self.programs.swift_dir, 'conf': self.conf, 'place': self.place,
                  'module': os.path.join(build_dir(), 'nginx', 'ngx_http_fastcgi_duplex_module.so'),
                  # As root, nginx would serve as "nobody", who cannot reach a socket in a private directory.
                  'user_line': 'user root;' if os.geteuid() == 0 else ''}
        for path, text in ((self.conf, OBJECT_SERVER_CONF), (os.path.join(self.swift_dir, 'ssync-worker.conf'), WORKER_CONF),
                           (os.path.join(self.nginx_dir, 'nginx.conf'), NGINX_CONF)):
            with open(path, 'w') as file:
                file.write(text % values)
        os.chmod(self.conf, 0o640)
        write_ring(os.path.join(self.swift_dir, 'object.ring.gz'),
                   [{'port': self.proxies_port, 'replication_port': self.port}])

    def start(self):
        self._start_object()
        self._start_pool()
        self.nginx_command = ['nginx', '-p', self.place, '-e', os.path.join(self.place, 'nginx-error.log'),
                              '-c', os.path.join(self.nginx_dir, 'nginx.conf')]
        self.running['nginx'] = self._popen(self.nginx_command, 'nginx.log')
        self.controls = socket.socket(socket.AF_UNIX)
        self.controls.bind(os.path.join(self.place, 'controls'))
        self.controls.listen()
        # One thread until the end: the processes that it starts end with it.
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        await_condition(self.python_in_front, lambda: 'the object server answers: ' + self._object_log(), 60)
        await_condition(lambda: answers.pool_accepts(self.socket), 'the pool accepts', 60)

    def stop(self):
        if hasattr(self, 'controls'):
            self.controls.shutdown(socket.SHUT_RDWR)
            self.listener.join()
            self.controls.close()
        for process in self.running.values():
            self._end(process)

    # What ssync-node's commands do.

    def _listen(self):
        while True:
            try:
                connection, _ = self.controls.accept()
            except OSError:
                return
            with connection:
                name = connection.recv(100).decode()
                self.restarts.append(name)
                connection.sendall(b'done' if self._restart(name) else b'failed')

    def _restart(self, name):
        if name == 'nginx':
            self.running['nginx'].send_signal(signal.SIGHUP)
        elif name == 'object':
            self._end(self.running['object'])
            self._start_object()
        elif name == 'pool':
            self._start_pool()
        elif name == 'no-pool':
            self.stop_pool()
        return name in ('nginx', 'object', 'pool', 'no-pool')

    def _start_object(self):
        self.running['object'] = self.programs.start(PROGRAM, [self.conf, '-v'], self.log_path)

    def _start_pool(self):
        self.running['pool'] = self._popen(
            [worker_binary(), '--config', os.path.join(self.swift_dir, 'ssync-worker.conf')], 'pool.log')

    def listen_on(self, address, ring_address):
        """Put the object server on another address of the same port, at which the ring has it."""
        with open(self.conf) as file:
            text = file.read()
        with open(self.conf, 'w') as file:
            file.write(text.replace('bind_ip = 127.0.0.1\n', 'bind_ip = %s\n' % address, 1))
        write_ring(os.path.join(self.swift_dir, 'object.ring.gz'),
                   [{'port': self.proxies_port, 'replication_port': self.port, 'replication_ip': ring_address}])
        self._restart('object')
        await_condition(lambda: answers.python_server_at(ring_address, self.port), self._object_log, 60)

    def stop_pool(self):
        self._end(self.running.pop('pool'))

    def _popen(self, command, log):
        with open(os.path.join(self.place, log), 'ab') as output:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                    preexec_fn=die_with_parent)

    def _end(self, process):
        pids = family([process.pid])
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)

    # ssync-node.

    def options(self):
        def restart(name):
            return shlex.join([sys.executable, '-S', '-E', os.path.join(HERE, 'ask_restart.py'),
                               os.path.join(self.place, 'controls'), name])
        return ['--swift-dir', self.swift_dir, '--nginx-dir', self.nginx_dir, '--state-dir', self.state_dir,
                '--log-dir', self.place, '--worker-conf', os.path.join(self.swift_dir, 'ssync-worker.conf'),
                '--worker', worker_binary(), '--nginx', shlex.join(self.nginx_command),
                '--restart-object', restart('object'), '--restart-nginx', restart('nginx'),
                '--restart-pool', restart('pool'), '--stop-pool', restart('no-pool')]

    def run(self, verb, *more, status=0):
        """What it printed, after it has ended with this status."""
        del self.restarts[:]
        ended, text = self._run(COMMAND, [verb, *self.options(), *more])
        assert ended == status, '%s: status %d:\n%s\n%s' % (verb, ended, text, self._object_log())
        return text

    def run_killed(self, verb, calls):
        """Run it and kill it after so many calls that change something. False if it ended before."""
        ended, text = self._run(KILLED, [str(calls), COMMAND, verb, *self.options()])
        assert ended in (0, -signal.SIGKILL), text
        return ended != 0

    def _run(self, program, arguments):
        """The status and the output of a program of Python, in a process that has most modules already."""
        output = os.path.join(self.place, 'command.log')
        ended = self.programs.start_by({'program': program, 'arguments': arguments, 'output': output}).wait(120)
        with open(output, encoding='utf-8') as log:
            text = log.read()
        os.unlink(output)
        return ended, text

    # What is to be seen.

    def python_in_front(self):
        return answers.python_server_at('127.0.0.1', self.port)

    def wrong_behind_nginx(self):
        return answers.what_is_wrong_behind_nginx('127.0.0.1', self.port)

    def files(self):
        """Of every file that ssync-node may touch: the bytes, mode and owner."""
        found = {}
        for top in (self.swift_dir, self.nginx_dir, self.state_dir):
            for directory, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(directory, name)
                    if os.path.islink(path):
                        found[path] = os.readlink(path)
                        continue
                    status = os.stat(path)
                    with open(path, 'rb') as file:
                        found[path] = file.read(), status.st_mode, status.st_uid
        return found

    def begin(self):
        self.first_files = self.files()
        assert self.python_in_front()

    def end(self):
        """Back to the beginning, whatever a test that failed has left."""
        self.run('disable')
        shutil.rmtree(self.state_dir, ignore_errors=True)
        for path in self.files().keys() - self.first_files.keys():
            os.unlink(path)
        for path, (content, _, _) in self.first_files.items():
            with open(path, 'wb') as file:
                file.write(content)
        if not self.python_in_front():
            self._restart('object')
            await_condition(self.python_in_front, self._object_log, 60)
        if 'pool' not in self.running:
            self._start_pool()
            await_condition(lambda: answers.pool_accepts(self.socket), 'the pool accepts', 60)

    def _object_log(self):
        with open(self.log_path, errors='replace') as log:
            return log.read()[-2000:]
