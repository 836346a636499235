"""A device of the node hangs in the middle of a pass."""
import contextlib
import os

import pytest

from file_systems import CannotMount, mounted
from frozen import frozen
from handoff_node import Primary
from ports import free_port
from processes import await_condition
from replicators import PASS_SECONDS
from swift_cluster import SILVER

PART_POWER = 5
T = 1700000000
HUNG, WELL = 'hung', 'well'


def test_what_is_on_other_devices_has_its_turns(replicator, start_node):
    """More partitions of the device that hangs than a pass has threads. They hang while they are hashed, and hold none of the
    places for sending."""
    node = start_node(devices=(HUNG, WELL))
    node.configure([Primary('p0', free_port())], weight=100, part_power=PART_POWER, replicas=3)
    hung, well = node.trees
    try:
        with mounted('xfs', node.place, hung.device_path):
            os.chmod(hung.device_path, 0o777)
            for tree in node.trees:
                os.makedirs(tree.partition_path('', SILVER))
                for partition in range(1 << PART_POWER):
                    tree.put(partition, '/a/c/o', T, b'')
            with contextlib.ExitStack() as stack:
                with frozen(hung.device_path):
                    running = replicator.start(node.conf, node.log)
                    stack.callback(running.wait)
                    stack.callback(running.kill)
                    await_condition(lambda: all(os.path.exists(os.path.join(well.partition_path(partition), 'hashes.pkl'))
                                                for partition in range(1 << PART_POWER)), node.log_text)
                    assert running.poll() is None
                # It goes on as soon as the device does.
                assert running.wait(PASS_SECONDS) == 0, node.log_text()
    except CannotMount as reason:
        pytest.skip(str(reason))
    assert '%d/%d (100.00%%) partitions replicated' % (2 << PART_POWER, 2 << PART_POWER) in node.log_text()
