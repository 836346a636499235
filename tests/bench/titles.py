"""What systems are called in the results, in the order in which they are shown."""
from bench import ALONE

TITLES = {
    'worker': 'ssync-worker', 'worker-group': 'ssync-worker, group', 'worker-each': 'ssync-worker, each',
    'swift': 'Swift', 'rsync-fsync': 'rsync --fsync', 'rsync': 'rsync',
    'fs-one': 'file system, one thread', 'fs-16': 'file system, 16 threads', 'fs-batch': 'file system, batches of 64',
    ALONE: 'no session',
}


def title_of(name):
    return TITLES[name]
