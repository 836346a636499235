"""One storage node: a network name space, devices, and servers that are killed and started as a machine's are."""
import contextlib
import os
import signal
import socket
import subprocess
import sys

import file_systems
from connections import connections
from processes import await_condition, command_line, all_pids, children, die_with_parent, family, open_files, parents
from programs import ONCE
from swift_cluster import DeviceTree
from worker_server import REPOSITORY, build_dir, worker_binary

sys.path.insert(0, os.path.join(REPOSITORY, 'deploy'))
from nginx_config import write_nginx_config  # noqa: E402

CLIENT_PORT, CONTAINER_PORT, ACCOUNT_PORT, REPLICATION_PORT = 6200, 6201, 6202, 6203
# Of accounts and containers, as many operators have it: what happens to the others leaves listings alone.
META_DEVICE = 'meta'
OBJECT_DEVICES = ('d1', 'd2')
DEVICE_BYTES = 320 << 20
SLOTS, DEVICE_SLOTS = 4, 2
RING_CHECK_SECONDS = 1
REPLICATOR = 'object-replicator'
START_SECONDS = 120     # of a sanitizer's build on a busy machine
DAEMON_SECONDS = 240

DEFAULTS = '''\
[DEFAULT]
bind_ip = %(address)s
bind_port = %(port)d
user = root
workers = %(workers)d
swift_dir = %(swift_dir)s
devices = %(devices)s
mount_check = %(mount_check)s
log_level = INFO
recon_cache_path = %(recon)s
conn_timeout = 2
'''

OBJECT_CONF = DEFAULTS + '''\
commit_window = 0
client_timeout = 10

[pipeline:main]
pipeline = object-server

[app:object-server]
use = egg:swift#object
replication_concurrency = %(slots)d
replication_concurrency_per_device = %(device_slots)d
replication_lock_timeout = 5

[object-replicator]
sync_method = ssync
concurrency = 2
node_timeout = 15
interval = 1
ring_check_interval = %(ring_check)d
replicator_workers = %(replicator_workers)d

[object-reconstructor]
concurrency = 2
node_timeout = 15

[object-updater]
node_timeout = 5

[object-relinker]

[object-auditor]
files_per_second = 100000
bytes_per_second = 10000000000
zero_byte_files_per_second = 100000
log_time = 36000
'''

# %(kind)s is account or container.
DATABASE_CONF = DEFAULTS + '''\
db_preallocation = off

[pipeline:main]
pipeline = %(kind)s-server

[app:%(kind)s-server]
use = egg:swift#%(kind)s
allow_versions = true

[%(kind)s-replicator]
node_timeout = 10

[%(kind)s-updater]
[%(kind)s-auditor]
'''

WORKER_CONF = '''\
[worker]
socket = %(socket)s
swift_dir = %(swift_dir)s
object_server_conf = %(conf)s
log_target = stderr
pid_file = %(pid_file)s
'''


class Node:
    def __init__(self, network, programs, place, number, swift_dir, ours, our_replicator, loop_devices):
        """network (network.py) has a name space for the node already. ours: whose the replication port is, and
        our_replicator: whose the object replicator."""
        self.name = 'node%d' % number
        self.number = number
        self.address = network.address(self.name)
        self.name_space = network.path(self.name)
        self.programs = programs
        self.ours = ours
        self.our_replicator = our_replicator
        # One node has a process for each device.
        self.replicator_workers = len(OBJECT_DEVICES) if number == 2 else 0
        self.place = os.path.join(place, self.name)
        self.devices_root = os.path.join(self.place, 'devices')
        # Elsewhere: Swift's relinker wants every device that it finds to be mounted.
        self.databases_root = os.path.join(self.place, 'databases')
        self.run_dir = os.path.join(self.place, 'run')
        self.swift_dir = swift_dir
        self.loop_devices = loop_devices
        self.running = {}
        # Some process of its servers, or its replicator, ever.
        self.was_killed = False
        os.makedirs(os.path.join(self.databases_root, META_DEVICE))
        os.makedirs(os.path.join(self.place, 'recon'))
        os.makedirs(self.run_dir)
        for device in OBJECT_DEVICES:
            os.makedirs(self.device_path(device))
            self.make_file_system(device)
        self.trees = {device: DeviceTree(self.devices_root, device) for device in OBJECT_DEVICES}
        self._write_configuration()

    # Devices

    def device_path(self, device):
        return os.path.join(self.devices_root, device)

    def image(self, device):
        return os.path.join(self.place, device + '.img')

    def make_file_system(self, device):
        """An empty one, mounted: a new drive."""
        if not self.loop_devices:
            subprocess.run('rm -rf %s/*' % self.device_path(device), shell=True, check=True)
            return
        with open(self.image(device), 'wb') as image:
            image.truncate(DEVICE_BYTES)
        file_systems.run(*file_systems.KINDS['xfs'], self.image(device))
        self.mount(device)

    def mount(self, device, options='loop'):
        file_systems.run('mount', '-o', options, self.image(device), self.device_path(device))

    def unmount(self, device):
        """Takes a device away: also from those who have files of it open."""
        file_systems.run('umount', '--lazy', self.device_path(device))

    def remount(self, device, how):
        file_systems.run('mount', '-o', 'remount,' + how, self.device_path(device))

    def walk(self, device):
        """os.walk of all that object servers and daemons keep on a device, but for the auditor's notes."""
        root = self.device_path(device)
        for name in sorted(os.listdir(root)):
            if os.path.isdir(os.path.join(root, name)):
                yield from os.walk(os.path.join(root, name))

    # Configuration

    def _conf(self, kind):
        return os.path.join(self.place, kind + '-server.conf')

    def _write_configuration(self):
        base = {'address': self.address, 'swift_dir': self.swift_dir, 'devices': self.devices_root,
                'recon': os.path.join(self.place, 'recon'), 'slots': SLOTS, 'device_slots': DEVICE_SLOTS,
                'ring_check': RING_CHECK_SECONDS, 'replicator_workers': self.replicator_workers,
                'mount_check': 'true' if self.loop_devices else 'false'}
        for kind, text, port, workers in (
                ('object', OBJECT_CONF, CLIENT_PORT, 0),
                # A worker that is killed is replaced by its parent.
                ('replication', OBJECT_CONF, REPLICATION_PORT, 2),
                ('container', DATABASE_CONF, CONTAINER_PORT, 0),
                ('account', DATABASE_CONF, ACCOUNT_PORT, 0)):
            values = {**base, 'port': port, 'kind': kind, 'workers': workers}
            if text is DATABASE_CONF:
                values.update(mount_check='false', devices=self.databases_root)
            with open(self._conf(kind), 'w') as conf:
                conf.write(text % values)
        if self.ours:
            self.socket = os.path.join(self.run_dir, 'worker.sock')
            with open(os.path.join(self.run_dir, 'worker.conf'), 'w') as conf:
                conf.write(WORKER_CONF % {
                    'socket': self.socket, 'swift_dir': self.swift_dir, 'conf': self._conf('replication'),
                    'pid_file': os.path.join(self.run_dir, 'worker.pid')})
            self.nginx_command = write_nginx_config(
                self.run_dir, '%s:%d' % (self.address, REPLICATION_PORT), self.socket,
                os.path.join(build_dir(), 'nginx', 'ngx_http_fastcgi_duplex_module.so'))

    # Servers

    def start(self):
        self.launch()
        self.await_listening()

    def launch(self):
        """All servers, without a wait: await_listening() is for that."""
        for kind in ('account', 'container', 'object'):
            self.running[kind] = self._start_swift(kind + '-server', kind)
        self._launch_replication()

    def start_replication(self):
        """The server of the replication port."""
        self._launch_replication()
        self.await_listening()

    def start_nginx(self):
        self._launch_nginx()
        self.await_listening()

    def _launch_replication(self):
        if self.ours:
            self.running['pool'] = self._start_own('pool', [worker_binary(), '--config',
                                                            os.path.join(self.run_dir, 'worker.conf')])
            self._launch_nginx()
        else:
            self.running['replication'] = self._start_swift('object-server', 'replication')

    def _launch_nginx(self):
        self.running['nginx'] = self._start_own('nginx', self.nginx_command)

    def await_listening(self):
        """Until all servers that have been started listen."""
        for name in self.running:
            self._await_listening(name)

    def _log(self, name):
        return os.path.join(self.place, name + '.log')

    def _start_swift(self, program, kind):
        return self.programs.start(program, [self._conf(kind)], self._log(kind), self.name_space)

    def _start_own(self, name, command):
        with open(self._log(name), 'ab') as log:
            # Not `ip netns exec`: it gives the program mounts of its own, which would not see those of later devices.
            return subprocess.Popen(['nsenter', '--net=' + self.name_space] + command, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, start_new_session=True, preexec_fn=die_with_parent)

    def _await_listening(self, name):
        port = {'account': ACCOUNT_PORT, 'container': CONTAINER_PORT, 'object': CLIENT_PORT}.get(name, REPLICATION_PORT)
        kind, address = (socket.AF_UNIX, self.socket) if name == 'pool' else (socket.AF_INET, (self.address, port))

        def listens():
            status = self.running[name].poll()
            assert status is None, '%s of %s ended with %s, see %s' % (name, self.name, status, self._log(name))
            with socket.socket(kind) as probe:
                probe.settimeout(5)
                return probe.connect_ex(address) == 0
        await_condition(listens, '%s of %s does not listen, see %s' % (name, self.name, self._log(name)), START_SECONDS)

    @property
    def up(self):
        return 'object' in self.running

    # Kills

    def kill(self, *names):
        """kill -9 of servers with all their processes, or of all: a machine that loses its power."""
        self.was_killed = True
        for name in names or list(self.running):
            if name in self.running:
                program = self.running.pop(name)
                # It is not to replace those of its processes that are killed first.
                program.send_signal(signal.SIGSTOP)
                pids = family([program.pid])
                for pid in pids:
                    _kill(pid)
                program.wait()
                await_condition(lambda: not family(pids), '%s of %s does not end' % (name, self.name), 30)

    def replication_servers(self):
        return ('pool', 'nginx') if self.ours else ('replication',)

    def session_processes(self):
        """The processes that serve sessions."""
        master = self.running['pool' if self.ours else 'replication'].pid
        return sorted(pid for pid, parent in parents().items() if parent == master)

    def kill_processes(self, pids):
        self.was_killed = True
        for pid in pids:
            _kill(pid)
        await_condition(lambda: not set(pids) & set(self.session_processes()), '%r do not end' % pids, 30)

    def strangers(self):
        """Processes of pools of this node that are no longer its own."""
        if not self.ours:
            return []
        mine = family([self.running['pool'].pid])
        return [pid for pid in all_pids() if pid not in mine and 'ssync-worker' in command_line(pid)
                and self.run_dir in command_line(pid)]

    # Daemons

    def daemon_log(self, name):
        return self._log(name)

    def start_daemon(self, name, once=True):
        """One pass of a daemon, or with once=False pass after pass: its Program, or of ours its Popen."""
        kind = name.split('-')[0]
        # The object daemons find the devices of this node by the replication port.
        conf = self._conf('replication' if kind == 'object' else kind)
        if name == REPLICATOR and self.our_replicator:
            return self._start_own(name, [os.path.join(build_dir(), 'ssync-replicator'), conf, '-v'] + ['--once'] * once)
        return self.programs.start(name, [conf] + [ONCE] * once, self.daemon_log(name), self.name_space)

    def signal_daemon(self, program, number):
        """To one that was started here, with all its processes."""
        if number == signal.SIGKILL:
            self.was_killed = True
        # It is the leader of a session, and nobody else gets its number before we have asked how it has ended.
        os.killpg(program.pid, number)

    def sends(self, program):
        """Whether a daemon that runs alone on this node is connected to the replication server of any."""
        return any(connection.remote_port == REPLICATION_PORT for connection in connections(program.pid))

    def reverts(self, program):
        """Whether a replicator of this node has a handoff partition locked."""
        pids = [program.pid] + children(program.pid)
        return any(path.endswith('.lock-replication') for pid in pids for path in open_files(pid))

    @contextlib.contextmanager
    def silent(self):
        """Its replication server does nothing for a while: who asks it waits."""
        pids = family([self.running[name].pid for name in self.replication_servers()])
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def keeps_waiting(self, other):
        """Whether another node has asked the replication server of this one, which has not read it yet."""
        return any(connection.local_port == REPLICATION_PORT and connection.remote_address == other.address and connection.unread
                   for connection in connections(self.running[self.replication_servers()[0]].pid))

    def relink(self, action):
        return self.programs.start('relinker', [action, self._conf('replication')], self._log('relinker'), self.name_space)


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
