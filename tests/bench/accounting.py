"""Processor time and memory of a server: of all its processes, of those that have ended, and of the threads they had."""
import contextlib
import os
import threading
import time

from processes import family

TICK = os.sysconf('SC_CLK_TCK')
SAMPLE_SECONDS = 0.02
# What proc(5) calls it: writing it to clear_refs sets the peak of a process's memory to what it has now.
RESET_PEAK = '5'
# The clock of another process's time, as clock_getcpuclockid(3) makes it: finer than the ticks in /proc.
CPU_CLOCK = 2


def _cpu_seconds(pid):
    """Of a process and of its children that have ended; 0 if there is none."""
    try:
        own = time.clock_gettime((~pid << 3) | CPU_CLOCK)
        with open('/proc/%d/stat' % pid) as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
    except OSError:
        return 0
    return own + (int(fields[13]) + int(fields[14])) / TICK


def memory_kb(pid, what='VmRSS'):
    """VmRSS is what a process has in memory, VmHWM its peak; 0 if there is no such process."""
    try:
        with open('/proc/%d/status' % pid) as status:
            for line in status:
                if line.startswith(what + ':'):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def _reset_peak(pid):
    with contextlib.suppress(OSError):
        with open('/proc/%d/clear_refs' % pid, 'w') as request:
            request.write(RESET_PEAK)


class Account:
    """What a server uses while the context is open: cpu_seconds is that of the family of a process.

    peak_kb is the peak of the process with most memory of those that serving() gives. If they come and go it has to be
    sampled.
    """

    def __init__(self, pid, serving, sampled=False):
        self.pid = pid
        self.serving = serving
        self.sampled = sampled
        self.cpu_seconds = self.peak_kb = 0

    def _cpu(self):
        return sum(_cpu_seconds(pid) for pid in family([self.pid]))

    def _look_at_peaks(self):
        self.peak_kb = max([self.peak_kb] + [memory_kb(pid, 'VmHWM') for pid in self.serving()])

    def _sample(self):
        while not self.ended.wait(SAMPLE_SECONDS):
            self._look_at_peaks()

    def __enter__(self):
        for pid in self.serving():
            _reset_peak(pid)
        if self.sampled:
            self.ended = threading.Event()
            self.sampler = threading.Thread(target=self._sample, daemon=True)
            self.sampler.start()
        self.cpu_seconds = -self._cpu()
        return self

    def __exit__(self, *_):
        self.cpu_seconds += self._cpu()
        if self.sampled:
            self.ended.set()
            self.sampler.join()
        else:
            self._look_at_peaks()


def descendants(pid):
    """Those that have ended and wait for their parent to notice are among them.

    By the kernel's own list of children: looking through all of /proc would take time from what is measured.
    """
    try:
        with open('/proc/%d/task/%d/children' % (pid, pid)) as children:
            found = [int(child) for child in children.read().split()]
    except OSError:
        return []
    return found + [grandchild for child in found for grandchild in descendants(child)]
