"""The fixtures of ../e2e, and a storage node whose replication server ssync-node moves."""
import importlib.util
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.join(os.path.dirname(HERE), 'e2e')
sys.path[:0] = [HERE, E2E, os.path.join(os.path.dirname(os.path.dirname(HERE)), 'deploy')]

# By another name, as this file is `conftest` too.
_spec = importlib.util.spec_from_file_location('e2e_conftest', os.path.join(E2E, 'conftest.py'))
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
pytest_configure, root, swift_dir, programs = _e2e.pytest_configure, _e2e.root, _e2e.swift_dir, _e2e.programs

from storage_node import StorageNode  # noqa: E402


@pytest.fixture(scope='module')
def running_node(root, programs):
    started = StorageNode(os.path.join(root, 'node'), programs)
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture
def node(running_node):
    """The same for all tests of a module: each begins and ends with the Python server on the replication port."""
    running_node.begin()
    yield running_node
    running_node.end()
