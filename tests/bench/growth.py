"""Time and memory as a partition grows: the time per object should stay the same."""
import dataclasses

from load import require_stored
from measures import MEGABYTES, MICROSECONDS_PER_OBJECT, Row

SIZE = 4096
SCENARIO = 'growth'
# Sessions with more objects than this take so long that one is enough.
REPEATED_WRITES, REPEATED_CHECKS = 1000, 10000
# Swift's missing check of more takes minutes.
MOST_FOR_SWIFT = 100000
# What the file system itself takes more as a partition grows is nobody's fault.
LOOKING, WRITING = 'fs-one', 'fs-16'
FIRST_OF_MORE = 1 << 30


def growth(bench):
    fresh = Row(SCENARIO, 'memory-fresh', 'memory of a process that serves, just started', MEGABYTES)
    idle = Row(SCENARIO, 'memory-idle', 'and idle, after the sessions up to here', MEGABYTES)
    for name, system in bench.among(('swift',)).items():
        bench.record(fresh, name, {'peak_kb': system.fresh_kb})
        bench.record(idle, name, {'peak_kb': system.resident_kb()})
    rows = [fresh, idle]
    for size in bench.scale.growth:
        rows += _at_size(bench, size)
    return rows


def _at_size(bench, size):
    fill = Row(SCENARIO, 'fill-%d' % size, 'a session that writes {:,} objects into an empty partition'.format(size),
               MICROSECONDS_PER_OBJECT, size)
    check = Row(SCENARIO, 'check-%d' % size, 'in-sync missing checks of {:,} objects'.format(size),
                MICROSECONDS_PER_OBJECT, size)
    more = Row(SCENARIO, 'more-%d' % size, '4 KiB objects into a partition with {:,}'.format(size),
               MICROSECONDS_PER_OBJECT, size)
    filled = None
    for _, name, system in bench.in_turn(bench.among(('swift',) if size <= bench.scale.growth_swift else ()),
                                         bench.rounds if size <= REPEATED_WRITES else 1):
        bench.clear()
        filled = bench.load(size, SIZE)
        bench.record(fill, name, system.write([filled]))
        require_stored(filled, bench.devices)
    if not filled:
        filled = bench.load(size, SIZE)
        bench.store(filled)
    # Warm for all, as far as the machine's memory goes.
    bench.filler.check(filled)
    others = ('swift',) if size <= MOST_FOR_SWIFT else ()
    lookers = bench.among(others + (LOOKING,))
    for system in lookers.values():
        system.prepare_check(filled)
    for _, name, system in bench.in_turn(lookers, bench.rounds if size <= REPEATED_CHECKS else 1):
        bench.record(check, name, system.check(filled))
    written = 0
    for _, name, system in bench.in_turn(bench.among(others + (WRITING,))):
        load = dataclasses.replace(filled, objects=bench.scale.growth_more, first=FIRST_OF_MORE + written)
        bench.record(more, name, system.write([load]))
        written += load.objects
    require_stored(dataclasses.replace(filled, objects=size + written), bench.devices)
    bench.clear()
    memory = Row(SCENARIO, 'memory-%d' % size, 'peak memory of the process in the session that writes them', MEGABYTES,
                 size, fill.runs)
    return [fill, check, more, memory]
