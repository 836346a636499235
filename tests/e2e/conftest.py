"""Fixtures: a swift directory for the run, and receivers by their settings.

SSYNC_E2E_TARGET chooses what is under test (target.py). SSYNC_BUILD_DIR names the build whose worker is tested.
"""
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import swift_cluster  # noqa: E402
from faults import Faults  # noqa: E402
from target import TARGET  # noqa: E402


def ended(*_):
    raise KeyboardInterrupt('SIGTERM')


def pytest_configure(config):
    # A test run that is told to end takes its servers and directories with it.
    signal.signal(signal.SIGTERM, ended)
    config.addinivalue_line('markers', 'worker_only: about the worker pool or nginx; Swift has no such thing')


def pytest_collection_modifyitems(items):
    if TARGET != 'swift':
        return
    skip = pytest.mark.skip(reason='not about Swift\'s own server')
    for item in items:
        if 'worker_only' in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope='session')
def root():
    with swift_cluster.temporary_root() as path:
        yield path


@pytest.fixture(scope='session')
def swift_dir(root):
    path = os.path.join(root, 'etc')
    swift_cluster.write_swift_conf(path)
    swift_cluster.adopt_swift_dir(path)
    return path


class Receivers:
    """Starts receivers on demand, one for each set of settings, and stops them all."""

    def __init__(self, root, programs):
        self.root = root
        self.programs = programs
        self.swift_dir = programs.swift_dir
        self.running = {}
        self.count = 0

    def new(self, kind, settings=None, workers=None, tree=None, with_faults=False, **options):
        # options: those of Swift's server alone.
        self.count += 1
        place = os.path.join(self.root, '%s-%d' % (kind, self.count))
        tree = tree or swift_cluster.DeviceTree(os.path.join(place, 'devices'))
        run_dir = os.path.join(place, 'run')
        faults = Faults(run_dir, tree.device_path) if with_faults else None
        if kind == 'swift':
            from swift_server import SwiftServer
            # One process: 2.30 gives its forked workers no replication semaphore, so they know no limit of sessions.
            server = SwiftServer(self.swift_dir, tree, run_dir, settings, faults=faults, programs=self.programs,
                                 **options)
        else:
            from worker_server import WorkerServer
            server = WorkerServer(self.swift_dir, tree, run_dir, settings, workers, faults)
        self.running[('own', self.count)] = server
        return server

    def get(self, kind, settings=None, workers=None):
        """The same server for the same settings as long as the module's tests run."""
        key = (kind, tuple(sorted((settings or {}).items())), workers)
        if key not in self.running:
            server = self.new(kind, settings, workers)
            del self.running[('own', self.count)]
            self.running[key] = server
        return self.running[key]

    def both(self, settings=None, workers=None):
        """(the receiver under test, Swift's)"""
        tested = self.get(TARGET, settings, workers)
        if TARGET == 'swift':
            # A second server on a second tree: a comparison with itself would compare nothing.
            key = ('swift twin', tuple(sorted((settings or {}).items())))
            if key not in self.running:
                server = self.new('swift', settings, 0)
                del self.running[('own', self.count)]
                self.running[key] = server
            return tested, self.running[key]
        return tested, self.get('swift', settings, 0)

    def stop(self):
        for server in self.running.values():
            server.stop()
        self.running.clear()


@pytest.fixture(scope='module')
def receivers(root, programs):
    # A place of its own: the trees of another file's tests must not be met again.
    pool = Receivers(os.path.join(root, 'module-%d' % own_number()), programs)
    try:
        yield pool
    finally:
        pool.stop()


@pytest.fixture
def own(root, programs):
    """Receivers of one test's own, for tests that kill or signal them."""
    pool = Receivers(os.path.join(root, 'own-%d' % own_number()), programs)
    try:
        yield pool
    finally:
        pool.stop()


@pytest.fixture(scope='session')
def programs(swift_dir):
    from swift_programs import Programs
    running = Programs(swift_dir)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope='module')
def start_clusters(root, programs):
    """Starts (the cluster with the device under test, the same cluster with nothing but Swift)."""
    from ring_cluster import Cluster
    started = []

    def start(**options):
        place = os.path.join(root, 'clusters-%d' % own_number())
        for name, kind in (('under-test', TARGET), ('swift', 'swift')):
            started.append(Cluster(programs, os.path.join(place, name), kind, **options))
        return started[-2:]

    try:
        yield start
    finally:
        for cluster in started:
            cluster.stop()


_own_count = 0


def own_number():
    global _own_count
    _own_count += 1
    return _own_count
