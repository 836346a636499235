"""The fixtures of ../e2e, and recorded workers in each of the ways in which they can make objects durable."""
import importlib.util
import os
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.join(os.path.dirname(HERE), 'e2e')
sys.path[:0] = [HERE, E2E]

# By another name, as this file is `conftest` too.
_spec = importlib.util.spec_from_file_location('e2e_conftest', os.path.join(E2E, 'conftest.py'))
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
pytest_configure, root, swift_dir = _e2e.pytest_configure, _e2e.root, _e2e.swift_dir

from file_systems import in_memory  # noqa: E402
from recorded import SETTINGS  # noqa: E402
from recorder import DURABILITIES, Recorder, knows_durability, settings  # noqa: E402
from swift_cluster import DeviceTree  # noqa: E402
from worker_server import WorkerServer  # noqa: E402

# What a disk would do is the model's; where nothing waits, each call can be tried.
tempfile.tempdir = in_memory()


class Servers:
    """Recorded worker servers on one device; `faults` of each is its Recorder, which has the faults."""

    def __init__(self, swift_dir, place, durability):
        self.swift_dir, self.place, self.durability = swift_dir, place, durability
        self.tree = DeviceTree(os.path.join(place, 'devices'))
        self.running = None
        self.count = 0

    def start(self, workers=None):
        """A new one in the place of the one before."""
        self.stop()
        self.count += 1
        run_dir = os.path.join(self.place, 'run-%d' % self.count)
        recorder = Recorder(run_dir, self.tree.device_path, with_faults=True)
        self.running = WorkerServer(self.swift_dir, self.tree, run_dir, settings(self.durability, **SETTINGS), workers,
                                    recorder)
        return self.running

    def stop(self):
        if self.running:
            self.running.stop()
            self.running = None


@pytest.fixture(scope='module', params=DURABILITIES if knows_durability() else ['as it is'])
def servers(request, root, swift_dir):
    found = Servers(swift_dir, os.path.join(root, request.module.__name__, request.param),
                    request.param if knows_durability() else None)
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def recorded(servers):
    """The same server for all tests of a module."""
    return servers.running or servers.start()
