"""What large rings and many partitions cost ssync-replicator: scenarios of tests/bench/replicate. No object is there, and nothing is
sent: each partition is compared with two peers that have it."""
import contextlib
import os
import re
import tempfile
import time

from accounting import SAMPLE_SECONDS, descendants, memory_kb
from simulated_node import SimulatedNode

PASS = re.compile(r'\[(\d+)\]: INFO (\d+)/(\d+) \([\d.]+%\) partitions replicated in ')
RESULT = re.compile(r'\[(\d+)\]: INFO (\d+) successes, (\d+) failures')
PEERS_OF_EACH = 2
# A node as large clusters have them: a 167th of 4,008 devices, with some 3,000 partitions on each.
RING_POWER, RING_NODES, RING_DEVICES_EACH = 22, 167, 24
GROWTH_DEVICES = 4
WORKERS = (0, 2)
# What is to be reached: MB of a process, and the time of a partition among the most to that among the fewest.
MOST_MB = 150
FLAT = 1.25
# The first one makes what is missing beside the partitions, the second one has turns to read.
GROWTH_PASSES = 2


@contextlib.contextmanager
def simulated(directory, *shape):
    with tempfile.TemporaryDirectory(prefix='ssync-replicate-', dir=directory) as place:
        os.chmod(place, 0o755)
        node = SimulatedNode(place, *shape)
        try:
            yield node
        finally:
            node.stop()


def measured_pass(node, partitions, **settings):
    """Of a pass over so many partitions, all of which have to be in sync: seconds, seconds of processor time, MB that each of its
    processes had at most, and of the files that it leaves."""
    peaks = {}
    began = time.monotonic()
    running = node.start(**settings)
    while os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        for pid in [running.pid] + descendants(running.pid):
            peaks[pid] = max(peaks.get(pid, 0), memory_kb(pid, 'VmHWM'))
        time.sleep(SAMPLE_SECONDS)
    seconds = time.monotonic() - began
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    text = node.log_text()
    done, results = last(PASS, text), last(RESULT, text)
    if running.returncode != 0 or [sum(one[0] for one in done), sum(one[1] for one in done)] != [partitions] * 2 or [
            sum(one[number] for one in results) for number in (0, 1)] != [PEERS_OF_EACH * partitions, 0]:
        raise SystemExit('a pass went wrong (%d):\n%s' % (running.returncode, text[-3000:]))
    return {'seconds': seconds, 'cpu': usage.ru_utime + usage.ru_stime, 'turns_mb': node.turns_bytes() / 1e6,
            'peaks_mb': sorted((kb / 1000 for kb in peaks.values()), reverse=True)}


def last(pattern, text):
    """What each process has said last, as numbers."""
    said = {process: tuple(map(int, numbers)) for process, *numbers in pattern.findall(text)}
    return list(said.values())


def memory(options, directory):
    """What a pass takes with a ring of 2^22 partitions."""
    rows = []
    with simulated(directory, options.ring_power, RING_NODES, RING_DEVICES_EACH) as node:
        node.fill(options.scale)
        for workers in WORKERS:
            for concurrency in options.concurrency:
                result = measured_pass(node, node.made, concurrency=concurrency, workers=workers)
                rows.append({'scenario': 'memory', 'partitions': node.made, 'ring_power': options.ring_power, 'workers': workers,
                             'concurrency': concurrency, **result})
                print('memory    ring of 2^%d partitions, %s of them on %d devices here, %d workers, concurrency %d: MB at most: %s' % (
                    options.ring_power, '{:,}'.format(node.made), RING_DEVICES_EACH, workers, concurrency,
                    ', '.join('%.0f' % peak for peak in result['peaks_mb'])), flush=True)
    return rows


def growth(options, directory):
    """What a partition takes, as there are more of them: the second pass, without what one takes over none."""
    rows = []
    for partitions in sizes(options.scale):
        power = max((partitions - 1).bit_length(), 1)
        with simulated(directory, power, PEERS_OF_EACH + 1, GROWTH_DEVICES) as node:
            nothing = measured_pass(node, 0)
            node.fill(partitions)
            for _ in range(GROWTH_PASSES):
                result = measured_pass(node, partitions)
            rows.append({'scenario': 'growth', 'partitions': partitions, 'nothing': nothing, **result})
            print('growth    %9s partitions: %6.1f us of CPU and %6.1f us each, %5.0f MB at most, %5.1f MB of turns' % (
                '{:,}'.format(partitions), 1e6 * cpu_each(rows[-1]),
                1e6 * (result['seconds'] - nothing['seconds']) / partitions, result['peaks_mb'][0], result['turns_mb']), flush=True)
    return rows


def missed(rows):
    """What was to be reached and was not, as lines."""
    lines = ['memory: %.0f MB with %d workers, and %d is the most' % (row['peaks_mb'][0], row['workers'], MOST_MB)
             for row in rows if row['scenario'] == 'memory' and row['peaks_mb'][0] > MOST_MB]
    grown = [row for row in rows if row['scenario'] == 'growth']
    if grown and cpu_each(grown[-1]) > FLAT * cpu_each(grown[0]):
        lines.append('growth: a partition takes %.2f times of what it takes among %d' % (
            cpu_each(grown[-1]) / cpu_each(grown[0]), grown[0]['partitions']))
    return lines


def cpu_each(row):
    return (row['cpu'] - row['nothing']['cpu']) / row['partitions']


def sizes(most):
    """1,000, 10,000 and so on."""
    size, found = 1000, []
    while size <= most:
        found.append(size)
        size *= 10
    return found
