"""Fixtures: a swift directory for the run, the replicator that is under test (SSYNC_REPLICATOR, by default ours), and Swift's
programs."""
import os
import signal
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), 'e2e')]

import swift_cluster  # noqa: E402
from file_systems import in_memory  # noqa: E402
from handoff_node import HandoffNode  # noqa: E402
from replicators import Replicator, available, default_name  # noqa: E402
from swift_programs import Programs  # noqa: E402


def ended(*_):
    raise KeyboardInterrupt('SIGTERM')


def pytest_configure(config):
    # A test run that is told to end takes its servers and directories with it.
    signal.signal(signal.SIGTERM, ended)


@pytest.fixture(scope='session')
def root():
    import tempfile
    tempfile.tempdir = in_memory()
    with swift_cluster.temporary_root() as path:
        yield path


@pytest.fixture(scope='session')
def swift_dir(root):
    path = os.path.join(root, 'etc')
    swift_cluster.write_swift_conf(path)
    swift_cluster.adopt_swift_dir(path)
    return path


@pytest.fixture(scope='session')
def replicator(swift_dir):
    name = default_name()
    if not available(name):
        pytest.skip('there is no ssync-replicator in the build directory')
    running = Replicator(name, swift_dir)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope='session')
def programs(swift_dir):
    running = Programs(swift_dir)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def start_node(root, swift_dir, tmp_path_factory):
    def start(**options):
        return HandoffNode(os.path.join(root, tmp_path_factory.mktemp('node').name), swift_dir, **options)
    return start


@pytest.fixture
def node(start_node):
    return start_node()
