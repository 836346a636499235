"""Stored objects that are spoiled: of a .data file by its path, and of the object of timed_subrequests in a partition."""
import hashlib
import os
import pickle

from swift_cluster import object_hash
from timed_subrequests import BODY, NAME, T
from tree import XATTR, raw_metadata


def truncate(path):
    with open(path, 'r+b') as data:
        data.truncate(3)


def grow(path):
    with open(path, 'ab') as data:
        data.write(b'x')


def no_metadata(path):
    os.removexattr(path, XATTR)


def change_metadata(change, checksum=True):
    def how(path):
        values = pickle.loads(raw_metadata(path), encoding='bytes')
        change(values)
        blob = pickle.dumps(values, protocol=2)
        os.setxattr(path, XATTR, blob)
        if checksum:
            os.setxattr(path, XATTR + '_checksum', hashlib.md5(blob).hexdigest().encode())
    return how


# To be called with (tree, partition).

def spoiled(how):
    """A stored object, its .data file spoiled."""
    def setup(tree, partition):
        tree.put(partition, NAME, T, BODY)
        directory = tree.hash_path(partition, NAME)
        data, = os.listdir(directory)
        how(os.path.join(directory, data))
    return setup


def another_name(tree, partition):
    """An object in the hash directory of /a/c/o whose metadata says that it is another."""
    tree.put(partition, '/a/c/other', T, BODY)
    directory = tree.hash_path(partition, NAME)
    os.makedirs(os.path.dirname(directory))
    os.rename(tree.hash_path(partition, '/a/c/other'), directory)


def file_for_directory(tree, partition):
    directory = tree.hash_path(partition, NAME)
    os.makedirs(os.path.dirname(directory))
    with open(directory, 'wb') as file:
        file.write(b'junk')


def quarantined_before(tree, partition):
    spoiled(truncate)(tree, partition)
    os.makedirs(os.path.join(tree.device_path, 'quarantined', 'objects', object_hash(NAME)))
