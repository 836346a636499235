"""However the harness ends, nothing is left of its cluster, even while processes wait for a device that hangs."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(HERE), 'e2e'))

from file_systems import CannotMount, mounted  # noqa: E402
from processes import all_pids, await_condition, command_line, die_with_parent  # noqa: E402

START_SECONDS = 300
END_SECONDS = 60


@contextlib.contextmanager
def harness_with_a_hung_device(directory):
    """(its process, the directory of its cluster); it is as far as that a pass waits for the device."""
    log = os.path.join(directory, 'log')
    with open(log, 'wb') as output:
        harness = subprocess.Popen([os.path.join(HERE, 'run'), '--scenario', 'put', 'hung-device', '--objects', '20'],
                                   stdout=output, stderr=output,
                                   env={**os.environ, 'TMPDIR': directory}, preexec_fn=lambda: die_with_parent(signal.SIGKILL))

    def place():
        assert harness.poll() is None, open(log).read()
        return [words[words.index('--inside') + 1] for words in (command_line(pid).split() for pid in all_pids())
                if '--inside' in words and words[0] == 'unshare' and parent_of(words) == harness.pid]

    def parent_of(words):
        pids = [pid for pid in all_pids() if command_line(pid).split() == words]
        with open('/proc/%d/stat' % pids[0]) as stat:
            return int(stat.read().rsplit(')', 1)[1].split()[1])
    try:
        found = await_condition(place, 'the harness starts nothing', START_SECONDS)[0]
        await_condition(lambda: any('exec fsfreeze -u' in line and found in line for line in lines()), 'no device hangs',
                        START_SECONDS)
        yield harness, found
    finally:
        harness.kill()
        harness.wait()


def lines():
    return [command_line(pid) for pid in all_pids()]


def mounts():
    found = []
    for path in glob.glob('/proc/[0-9]*/mounts'):
        with contextlib.suppress(OSError), open(path) as file:
            found += file.read().splitlines()
    return found


def loop_devices():
    return subprocess.run(['losetup', '--list', '--noheadings', '--output', 'BACK-FILE'], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def left_of(place):
    return [line for line in lines() + mounts() + loop_devices() if place in line]


@pytest.mark.parametrize('how', [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_nothing_is_left(how, tmp_path):
    try:
        with mounted('xfs', str(tmp_path)):
            pass
    except CannotMount as reason:
        pytest.skip(str(reason))
    with harness_with_a_hung_device(str(tmp_path)) as (harness, place):
        assert loop_devices() and left_of(place)
        harness.send_signal(how)
        await_condition(lambda: harness.poll() is not None, 'it does not end', END_SECONDS)
        await_condition(lambda: not left_of(place), lambda: '%s are left' % left_of(place), END_SECONDS)
        # Logs of what was killed may be of use; the images may not.
        await_condition(lambda: not glob.glob(os.path.join(place, '*', '*.img')), 'images are left', END_SECONDS)
        if how == signal.SIGKILL:
            shutil.rmtree(place)
        assert not os.path.exists(place)
