"""What two servers have of one partition, compared."""
import os
import shutil

from tree import differences, read_tree

BESIDE = ('quarantined', 'tmp', 'async_pending')


def forget_quarantined(tree):
    """The second quarantine of a hash gets another place than the first, and tests use one name again and again."""
    shutil.rmtree(os.path.join(tree.device_path, 'quarantined'), ignore_errors=True)


def partition_tree(tree, partition, policy=0):
    """What the device has of the partition, what was quarantined of any, and all temporary files and directories."""
    device = tree.device_path
    objects = os.path.relpath(tree.partition_path(partition, policy), device)
    # Not the whole device, which grows with every row of a test.
    return read_tree(device, [objects] + sorted(name for name in os.listdir(device) if name.startswith(BESIDE)))


def assert_equal_trees(tested, swift, partition, policy=0):
    assert not differences(*[partition_tree(server.tree, partition, policy) for server in (tested, swift)])
