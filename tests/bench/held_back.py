"""What sessions that are held back leave to others who use the device, and how fast they then are."""
import dataclasses
import subprocess
import time

from bench import ALONE
from commands import Failed
from devices import NAMES
from load import require_stored
from measures import MB_PER_SECOND, P50_MS, P99_MS, Row
from neighbours import neighbour
from worker_server import SSYNCCTL

SCENARIO = 'held-back'
SIZE = 65536


@dataclasses.dataclass(frozen=True)
class Way:
    """What ssyncctl limit is told; a session has so many objects for each second that it is to last."""
    name: str
    limits: tuple
    objects_per_second: int


WAYS = (Way('unlimited', (), 1500),
        Way('bytes', ('--bytes', '20000000'), 300),
        Way('objects', ('--objects', '50'), 50),
        Way('idle', ('--idle', '0.9'), 150))


def _limit(server, *limits):
    ended = subprocess.run([SSYNCCTL, '--socket', server.control_socket, 'limit', NAMES[0], *(limits or ('--reset',))],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ended.returncode:
        raise Failed('ssyncctl: ' + ended.stdout)


def held_back(bench):
    systems = {ALONE: None, **bench.among(())}
    rows = []
    for way in WAYS:
        seen_rows = [Row(SCENARIO, '%s-%s' % (way.name, what), "a neighbour's write and fsync of 4 KiB, %s; sessions: %s" % (
            what, ' '.join(way.limits) or 'no limit'), measure) for what, measure in (('p50', P50_MS), ('p99', P99_MS))]
        pace = Row(SCENARIO, '%s-pace' % way.name, '64 KiB objects: %s' % (' '.join(way.limits) or 'no limit'), MB_PER_SECOND)
        for _, name, system in bench.in_turn(systems):
            load = bench.load(round(way.objects_per_second * bench.scale.held_back_seconds), SIZE)
            if system:
                _limit(system.server, *way.limits)
            with neighbour(bench, NAMES[0], 0) as seen:
                if system:
                    bench.record(pace, name, system.write([load]))
                else:
                    time.sleep(bench.scale.held_back_seconds)
            for row in seen_rows:
                bench.record(row, name, seen)
            if system:
                _limit(system.server)
                require_stored(load, bench.devices)
                bench.remove(load)
        rows += [*seen_rows, pace]
    return rows
