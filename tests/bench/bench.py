"""What scenarios measure with: the systems, partitions of their own, and the same quiet before each run."""
import dataclasses
import glob
import itertools
import os
import shutil
import sys

from load import Load, require_stored
from measures import number
from sources import Sources

# The systems that measure the file system itself, from the slowest to the fastest on most disks.
LIMITS = ('fs-one', 'fs-16', 'fs-batch')
WRITERS = ('swift', 'rsync-fsync', 'rsync') + LIMITS
# That rsync syncs files makes no difference where it writes none.
CHECKERS = ('swift', 'rsync', 'fs-one', 'fs-16')
WALKERS = ('swift', 'fs-one')
# In the place of a system: nobody uses the device.
ALONE = 'alone'


def is_ours(name):
    """Whether it is a name under which our worker is measured."""
    return name.startswith('worker')


class Bench:
    """systems, {name: system}, is set when they run."""

    def __init__(self, devices, filler, source_directories, scale, rounds, programs):
        """filler is the receiver that stores objects beforehand."""
        self.devices = devices
        self.filler = filler
        self.sources = Sources(source_directories, self._store_for_source)
        self.programs = programs
        self.scale = scale
        self.rounds = rounds
        self.partitions = itertools.count(1000)

    def among(self, names):
        """Our worker, and the systems of these names, as far as they are measured: {name: system}"""
        return {name: system for name, system in self.systems.items() if name in names or is_ours(name)}

    def in_turn(self, systems, rounds=None):
        """(round, name, system), each round with another one first, on devices with nothing left to write."""
        names = list(systems)
        for round_number in range(rounds or self.rounds):
            turn = round_number % len(names) if names else 0
            for name in names[turn:] + names[:turn]:
                self.devices.settle()
                yield round_number, name, systems[name]

    @staticmethod
    def record(row, name, figures):
        row.add(name, figures)
        value = row.measure.of(figures)
        say('  %s: %s: %s %s' % (row.name, name, '?' if value is None else number(value), row.measure.unit))

    def load(self, objects, size, **options):
        """For a partition that was not used before, unless the options name one."""
        return Load(**{'partition': next(self.partitions), 'objects': objects, 'size': size, **options})

    def store(self, load):
        """Have our worker store the objects, whoever is measured with them; the partition's directory."""
        self.filler.write([load])
        require_stored(load, self.devices)
        return load.path(self.devices)

    def _store_for_source(self, load):
        """The same in a partition that nobody else uses."""
        return self.store(dataclasses.replace(load, partition=next(self.partitions)))

    def remove(self, *loads):
        for load in loads:
            shutil.rmtree(load.path(self.devices))

    def clear(self):
        """Remove all objects, and what was made to send or fill with."""
        for objects in glob.glob(os.path.join(self.devices.root, '*', 'objects*')):
            shutil.rmtree(objects)
        self.sources.forget()


def say(text):
    print(text, file=sys.stderr, flush=True)
