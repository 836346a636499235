"""Files that are whole and on the disk, or as they were before: whenever the program or the machine stops."""

import os

# Beside the file, since a rename does not leave its file system. Neither Swift, which reads *.conf of a directory, nor
# nginx takes a file of this name for a configuration.
SUFFIX = '.ssync-node-new'


def read_if_there(path):
    """The bytes of the file, or None if there is none. Raises OSError for everything else."""
    try:
        with open(path, 'rb') as file:
            return file.read()
    except FileNotFoundError:
        return None


def write(path, content, mode):
    """Replace the file by one with these bytes and this mode; owner and mode of one that is there stay as they are.

    When it returns, content and name are on the disk. A symbolic link stays one: the file that it names is replaced.
    """
    path = os.path.realpath(path)
    temporary = path + SUFFIX
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, 'wb') as file:
        try:
            before = os.stat(path)
        except FileNotFoundError:
            os.fchmod(descriptor, mode)
        else:
            os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, before.st_mode & 0o7777)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.replace(temporary, path)
    sync_directory(os.path.dirname(path))


def remove(path):
    """Remove the file if it is there; its name is gone from the disk when this returns."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    sync_directory(os.path.dirname(path))


def remove_unfinished(path):
    """Remove what a write() of the file has left that was stopped before its end."""
    remove(os.path.realpath(path) + SUFFIX)


def make_directory(path):
    """Make the directory if it is not there, and those above it, with names that are on the disk."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(os.path.abspath(path))
    make_directory(parent)
    os.mkdir(path, 0o755)
    sync_directory(parent)


def sync_directory(path):
    descriptor = os.open(path or '.', os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
