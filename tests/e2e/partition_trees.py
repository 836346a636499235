"""What two servers have of one partition, compared."""
import os
import shutil

from tree import differences, read_tree


def forget_quarantined(tree):
    """The second quarantine of a hash gets another place than the first, and tests use one name again and again."""
    shutil.rmtree(os.path.join(tree.device_path, 'quarantined'), ignore_errors=True)


def assert_equal_trees(tested, swift, partition, policy=0):
    """The partition, and what was quarantined of it."""
    trees = []
    for server in (tested, swift):
        device = server.tree.device_path
        objects = os.path.relpath(server.tree.partition_path(partition, policy), device)
        temporary = sorted(name for name in os.listdir(device) if name.startswith('tmp'))
        # Not the whole device, which grows with every row.
        trees.append(read_tree(device, [objects, 'quarantined', *temporary]))
        trees[-1]['temporary directories'] = {'names': temporary}
    assert not differences(*trees)
