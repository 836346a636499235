"""Real object files, as our worker stored them: what rsync pushes, and what partitions are filled with beforehand."""
import os
import shutil

from commands import Failed, run

# Of a partition only its objects: what is a server's own differs from one to the next.
NOT_OBJECTS = ('--exclude=/.lock*', '--exclude=/hashes.*')
# Beside its bytes: blocks and inodes of its file and its directory.
OBJECT_ROOM = 12 << 10


class Sources:
    """Directories outside of the devices, each equal to a partition: in the first of these places that has room."""

    def __init__(self, directories, store):
        """store(load) stores a load's objects on a device and gives the partition's directory, which is ours then."""
        self.directories = directories
        self.store = store
        self.made = {}

    @staticmethod
    def _key(load):
        return (load.objects, load.size, load.first, load.newer_every)

    def of(self, load):
        """The directory with the load's objects. It is made when it is asked for the first time."""
        key = self._key(load)
        if key not in self.made:
            partition = self.store(load)
            self.adopt(load, partition)
            shutil.rmtree(partition)
        return self.made[key]

    def adopt(self, load, partition):
        """Be, for this load, a copy of a partition."""
        key = self._key(load)
        source = os.path.join(self._roomy(load), 'source-%d-%d-%d-%d' % key)
        _copy(partition, source)
        self.made[key] = source

    def fill(self, load, partition):
        """Put the load's objects into a partition, all with the times that they have here."""
        _copy(self.of(load), partition)

    def _roomy(self, load):
        needed = load.bytes + load.objects * OBJECT_ROOM
        for directory in self.directories:
            status = os.statvfs(directory)
            if status.f_bavail * status.f_frsize > needed:
                return directory
        raise Failed('no room for %d MiB of objects in %s' % (needed >> 20, ' or '.join(self.directories)))

    def forget(self):
        for source in self.made.values():
            shutil.rmtree(source)
        self.made = {}


def _copy(partition, to):
    run('rsync', '-aX', '--mkpath', *NOT_OBJECTS, partition + '/', to + '/')
