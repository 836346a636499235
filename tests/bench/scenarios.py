"""What is measured. Each scenario gives rows (measures.Row). What it leaves on the devices is removed after it."""
import dataclasses
import os

from bench import CHECKERS, LIMITS, WALKERS, WRITERS
from commands import Failed
from devices import NAMES
from load import require_stored
from measures import MB_PER_SECOND, OBJECTS_PER_SECOND, Row
from swift_cluster import EC

SMALL, MEDIUM = 4096, 65536
SESSIONS_AT_ONCE = 4
# Other than the objects that a partition has beforehand.
FIRST_OF_MORE = 1000000


def _row(name, title, measure=OBJECTS_PER_SECOND):
    return Row(name, name, title, measure)


def _write_to_empty(bench, row, systems, loads_of):
    """loads_of() are new sessions into partitions that are not there."""
    for _, name, system in bench.in_turn(bench.among(systems)):
        loads = loads_of()
        bench.record(row, name, system.write(loads))
        for load in loads:
            require_stored(load, bench.devices)
        bench.remove(*loads)
    return [row]


def write_4k(bench):
    row = _row('write-4k', '4 KiB objects into an empty partition')
    # Every round sends the same objects, so that rsync needs one source.
    return _write_to_empty(bench, row, WRITERS, lambda: [bench.load(bench.scale.small, SMALL)])


def write_64k(bench):
    row = _row('write-64k', '64 KiB objects into an empty partition')
    return _write_to_empty(bench, row, WRITERS, lambda: [bench.load(bench.scale.medium, MEDIUM)])


def write_64m(bench):
    row = _row('write-64m', '%d MiB objects' % (bench.scale.large_size >> 20), MB_PER_SECOND)
    return _write_to_empty(bench, row, WRITERS, lambda: [bench.load(bench.scale.large, bench.scale.large_size)])


def concurrent(bench):
    row = _row('concurrent', 'four sessions at once to two devices, 4 KiB objects')
    return _write_to_empty(bench, row, WRITERS, lambda: [
        bench.load(bench.scale.each, SMALL, device=NAMES[number % len(NAMES)])
        for number in range(SESSIONS_AT_ONCE)])


def fragments(bench):
    row = _row('fragments', '4 KiB fragments of an erasure-coding policy')
    # Swift sends fragments with ssync only, so rsync has nothing to do with them.
    return _write_to_empty(bench, row, ('swift',) + LIMITS, lambda: [
        bench.load(bench.scale.small, SMALL, policy=EC, fragment=1)])


def write_among_others(bench):
    row = _row('write-among', '4 KiB objects into a partition with others')
    systems = bench.among(WRITERS)
    others = {name: bench.load(bench.scale.others, SMALL) for name in systems}
    for load in others.values():
        bench.sources.fill(load, load.path(bench.devices))
    count = bench.scale.small // 2
    for number, name, system in bench.in_turn(systems):
        load = bench.load(count, SMALL, first=FIRST_OF_MORE + number * count, partition=others[name].partition)
        bench.record(row, name, system.write([load]))
        require_stored(bench.load(bench.scale.others + (number + 1) * count, SMALL, partition=load.partition),
                       bench.devices)
    return [row]


def _partition_in_sync(bench, systems):
    """A partition that all read, so that all find it in the same place of the disk."""
    load = bench.load(bench.scale.checks, SMALL)
    bench.store(load)
    for system in systems.values():
        system.prepare_check(load)
    return load


def check_warm(bench):
    row = _row('check-warm', 'in-sync missing checks, warm')
    systems = bench.among(CHECKERS)
    load = _partition_in_sync(bench, systems)
    for system in systems.values():
        system.check(load)
    for _, name, system in bench.in_turn(systems):
        bench.record(row, name, system.check(load))
    return [row]


def check_cold(bench):
    row = _row('check-cold', 'in-sync missing checks, caches dropped')
    systems = bench.among(CHECKERS)
    # Where this cannot be done there is nothing to prepare.
    bench.devices.drop_caches()
    load = _partition_in_sync(bench, systems)
    elsewhere = bench.load(1, SMALL)
    bench.store(elsewhere)
    for system in systems.values():
        system.warm_up(elsewhere)
    for _, name, system in bench.in_turn(systems):
        bench.devices.drop_caches()
        # The programs are read again, which is not what is measured.
        system.warm_up(elsewhere)
        bench.record(row, name, system.check(load))
    return [row]


def half_stale(bench):
    row = _row('half-stale', 'a partition of 4 KiB objects, half of them stale')
    old = bench.load(bench.scale.stale, SMALL)
    newer = dataclasses.replace(old, newer_every=2)
    wanted = bench.scale.stale // 2
    partition = old.path(bench.devices)
    bench.sources.fill(old, partition)
    bench.filler.write([newer], wanted)
    bench.sources.adopt(newer, partition)
    bench.remove(old)
    for _, name, system in bench.in_turn(bench.among(('swift', 'rsync-fsync', 'rsync'))):
        bench.sources.fill(old, partition)
        bench.devices.settle()
        bench.record(row, name, system.write([newer], wanted))
        # rsync leaves the obsolete files to others.
        require_stored(newer, bench.devices, at_least=name.startswith('rsync'))
        bench.remove(newer)
    return [row]


def rehash(bench):
    row = _row('rehash', 'REPLICATE of a partition with every suffix invalid')
    load = bench.load(bench.scale.checks, SMALL)
    partition = bench.store(load)
    suffixes = sorted(name for name in os.listdir(partition) if len(name) == 3)
    # So that there are hashes which can be invalid.
    expected = bench.filler.rehash(load)[1]
    for _, name, system in bench.in_turn(bench.among(WALKERS)):
        with open(os.path.join(partition, 'hashes.invalid'), 'w') as invalid:
            invalid.write(''.join(suffix + '\n' for suffix in suffixes))
        figures, hashes = system.rehash(load)
        if sorted(expected) != suffixes or hashes not in (None, expected):
            raise Failed('%s answers REPLICATE with other hashes' % name)
        bench.record(row, name, figures)
    return [row]
