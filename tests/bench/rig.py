"""The devices, the running servers, and what is measured with them."""
import contextlib
import os
import shutil
import tempfile

import swift_cluster
from bench import Bench
from devices import Devices
from file_system import FileSystem
from load import Sender
from receivers import Receiver
from rsync_daemon import Rsync, RsyncDaemon
from swift_server import SwiftServer
from titles import title_of
from worker_server import WorkerServer

MEMORY_FILE_SYSTEM = '/dev/shm'
# Two of the four sessions at once go to one device.
CONCURRENCY = {'replication_concurrency': '4', 'replication_concurrency_per_device': '2'}
FILE_SYSTEM_OPTIONS = {'fs-one': [], 'fs-16': ['--threads', '16'], 'fs-batch': ['--batch', '64']}
RSYNC_OPTIONS = {'rsync-fsync': ['--fsync'], 'rsync': []}
WARM_UP_OBJECTS, WARM_UP_SIZE = 20, 4096


class Rig:
    """Leaving the context of the stack ends all of it, the servers before the devices."""

    def __init__(self, root, options, scale, programs, stack):
        self.root = root
        self.options = options
        self.programs = programs
        self.stack = stack
        self.devices = Devices(root, scale.device_size)
        stack.callback(self.devices.end)
        self.settings = {**CONCURRENCY, 'log_level': 'INFO', 'mount_check': str(self.devices.mounted).lower()}
        self.tree = swift_cluster.DeviceTree(self.devices.root)
        self.swift_dir = os.path.join(root, 'etc')
        swift_cluster.write_swift_conf(self.swift_dir)
        swift_cluster.adopt_swift_dir(self.swift_dir)
        self.sender = Sender(programs.sender, self.swift_dir)
        # Our worker stores what others find on the disk, also where it is not measured itself.
        workers = self._workers()
        self.bench = Bench(self.devices, next(iter(workers.values())), self._source_directories(), scale,
                           options.rounds or scale.rounds, programs)
        self.bench.systems = self._systems(workers)
        for system in self.bench.systems.values():
            system.warm_up(self.bench.load(WARM_UP_OBJECTS, WARM_UP_SIZE))
        self.bench.clear()

    def _run_dir(self, name):
        return os.path.join(self.root, 'run-' + name)

    def _source_directories(self):
        directories = [os.path.join(self.root, 'sources')]
        os.mkdir(directories[0])
        with contextlib.suppress(OSError):
            memory = tempfile.mkdtemp(prefix='ssync-bench-', dir=MEMORY_FILE_SYSTEM)
            self.stack.callback(shutil.rmtree, memory, ignore_errors=True)
            os.setxattr(memory, 'user.probe', b'x')
            directories.insert(0, memory)
        return directories

    def _workers(self):
        durabilities = self.options.durability
        workers = {}
        for durability in durabilities or [None]:
            name = 'worker-' + durability if len(durabilities) > 1 else 'worker'
            settings = {**self.settings, **({'worker.durability': durability} if durability else {})}
            server = WorkerServer(self.swift_dir, self.tree, self._run_dir(name), settings, self.options.workers)
            self.stack.callback(server.stop)
            workers[name] = Receiver(title_of(name), server, self.sender)
        return workers

    def _swift(self):
        server = SwiftServer(self.swift_dir, self.tree, self._run_dir('swift'), self.settings,
                             workers=self.options.swift_workers, log_level='INFO')
        self.stack.callback(server.stop)
        return Receiver(title_of('swift'), server, self.sender)

    def _systems(self, workers):
        systems = {}
        daemon = None
        for name in self.options.systems:
            if name == 'worker':
                systems.update(workers)
            elif name == 'swift':
                systems[name] = self._swift()
            elif name in RSYNC_OPTIONS:
                if not daemon:
                    daemon = RsyncDaemon(self.devices, self._run_dir('rsync'))
                    self.stack.callback(daemon.stop)
                systems[name] = Rsync(daemon, self.devices, self.bench.sources, RSYNC_OPTIONS[name])
            else:
                systems[name] = FileSystem(self.programs.limits, self.devices, self.root, FILE_SYSTEM_OPTIONS[name])
        return systems
