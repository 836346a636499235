"""The two servers that are compared, started again before their logs or they themselves grow large."""
import os
import shutil

import swift_cluster
import worker_server
from play import Side
from processes import family
from swift_server import SwiftServer

LARGEST_LOG = 64 << 20
LARGEST_MEMORY = 1 << 30
LOGS = {'worker': 'worker.log', 'swift': 'object-server.log'}


class Servers:
    """kinds: 'worker' or 'swift', of the first and of the second."""

    def __init__(self, root, swift_dir, kinds, log_level):
        self.swift_dir = swift_dir
        self.kinds = kinds
        self.log_level = log_level
        self.places = [os.path.join(root, '%d-%s' % pair) for pair in enumerate(kinds)]
        self.trees = [swift_cluster.DeviceTree(os.path.join(place, 'devices')) for place in self.places]
        self.servers = []
        self.starts = 0

    def start(self):
        """The sides."""
        self.starts += 1
        sides = []
        for kind, place, tree in zip(self.kinds, self.places, self.trees):
            run_dir = os.path.join(place, 'run-%d' % self.starts)
            if kind == 'worker':
                self.servers.append(worker_server.WorkerServer(self.swift_dir, tree, run_dir, {'log_level': 'INFO'}))
            else:
                self.servers.append(SwiftServer(self.swift_dir, tree, run_dir, log_level=self.log_level))
            sides.append(Side(self.servers[-1], os.path.join(run_dir, LOGS[kind])))
        return sides

    def stop(self):
        for server in self.servers:
            server.stop()
        self.servers = []
        for place in self.places:
            shutil.rmtree(os.path.join(place, 'run-%d' % self.starts), ignore_errors=True)

    def memory(self):
        """Bytes that the servers' processes hold."""
        return sum(resident(pid) for pid in family([server.process.pid for server in self.servers]))

    def large(self):
        """They are to be started again."""
        logs = sum(entry.stat().st_size for place in self.places for entry in os.scandir(os.path.join(place, 'run-%d' % self.starts))
                   if entry.is_file())
        return logs > LARGEST_LOG or self.memory() > LARGEST_MEMORY


def resident(pid):
    try:
        with open('/proc/%d/statm' % pid) as statm:
            return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
