"""What sessions do to others who use the device: the latency of their own writes, and what is left of its pace."""
import contextlib
import json
import os
import shutil
import subprocess
import time

from bench import ALONE
from commands import Failed, start
from devices import NAMES
from load import require_stored
from measures import MAX_MS, OBJECTS_PER_SECOND, P50_MS, P99_MS, WRITTEN_MB_PER_SECOND, Row

SCENARIO = 'neighbours'
SIZE = 4096
MB_PER_SECOND = 200
END_SECONDS = 60


@contextlib.contextmanager
def neighbour(bench, device, mb_per_second):
    """bench-neighbour at work; the dictionary that is given has its figures afterwards."""
    directory = os.path.join(bench.devices.root, device, 'neighbour')
    os.makedirs(directory)
    process = start([bench.programs.neighbour, '--rate', mb_per_second, directory],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    figures = {}
    try:
        if process.stdout.readline() != 'ready\n':
            raise Failed('bench-neighbour: ' + process.communicate()[1])
        yield figures
        output, errors = process.communicate(timeout=END_SECONDS)
        if process.returncode != 0:
            raise Failed('bench-neighbour: ' + errors)
        figures.update(json.loads(output))
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        shutil.rmtree(directory)


def _sessions(bench, system, seconds):
    """One after the other for so long: their loads, and what they took together."""
    loads, total = [], {'seconds': 0, 'objects': 0, 'bytes': 0, 'cpu_seconds': 0, 'peak_kb': 0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        load = bench.load(bench.scale.each, SIZE)
        loads.append(load)
        figures = system.write([load])
        for name in total:
            total[name] = max(total[name], figures[name]) if name == 'peak_kb' else total[name] + figures[name]
    return loads, total


def neighbours(bench):
    seen_rows = [Row(SCENARIO, 'neighbour-%s' % what, "a neighbour's write and fsync of 4 KiB, %s" % what, measure)
                 for what, measure in (('p50', P50_MS), ('p99', P99_MS), ('max', MAX_MS))]
    seen_rows.append(Row(SCENARIO, 'neighbour-rate', 'what the neighbour comes to of %d MB/s' % MB_PER_SECOND,
                         WRITTEN_MB_PER_SECOND))
    pace = Row(SCENARIO, 'beside-neighbour', '4 KiB objects beside a neighbour who writes %d MB/s' % MB_PER_SECOND,
               OBJECTS_PER_SECOND)
    systems = {ALONE: None, **bench.among(('swift', 'rsync-fsync'))}
    if 'rsync-fsync' in systems:
        # What it sends, before the clock runs.
        bench.sources.of(bench.load(bench.scale.each, SIZE))
    for _, name, system in bench.in_turn(systems):
        loads = []
        with neighbour(bench, NAMES[0], MB_PER_SECOND) as seen:
            if system:
                loads, figures = _sessions(bench, system, bench.scale.neighbour_seconds)
                bench.record(pace, name, figures)
            else:
                time.sleep(bench.scale.neighbour_seconds)
        for row in seen_rows:
            bench.record(row, name, seen)
        for load in loads:
            require_stored(load, bench.devices)
        bench.remove(*loads)
    return seen_rows + [pace]
