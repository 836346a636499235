"""A worker that is recorded, started behind nginx."""
import os
import subprocess
import tempfile

import faults
import recording
from worker_server import build_dir, worker_binary

SYNC_MICROSECONDS = 200
DURABILITIES = ('group', 'each')
SYNCS = ('fsync', 'fdatasync', 'syncfs')


def library():
    return os.path.join(build_dir(), 'tests', 'librecorder.so')


class Recorder:
    """Passed to a server instead of Faults, which it may include."""

    def __init__(self, run_dir, device_path, with_faults=False):
        os.makedirs(run_dir, exist_ok=True)
        self.path = os.path.join(run_dir, 'records')
        self.device_path = device_path
        self.faults = faults.Faults(run_dir, device_path) if with_faults else None

    @property
    def environment(self):
        found = {'SSYNC_RECORD': self.path, 'SSYNC_RECORD_DEVICE': self.device_path,
                 'SSYNC_RECORD_SYNC_US': str(SYNC_MICROSECONDS)}
        others = self.faults.environment if self.faults else faults.sanitizer_environment()
        libraries = [library()] + ([others['LD_PRELOAD']] if self.faults else [])
        return {**others, **found, 'LD_PRELOAD': ':'.join(libraries)}

    def calls(self):
        return recording.read_calls(self.path)

    def clear(self):
        """Forget what was recorded."""
        open(self.path, 'wb').close()

    def kill_before(self, number):
        """Kill the process that makes the call of that number, from 1, before it makes it; 0: nobody."""
        for path in (self.path + '.kill.count', self.path + '.kill'):
            if os.path.exists(path):
                os.remove(path)
        if number:
            with open(self.path + '.kill.new', 'w') as new:
                new.write(str(number))
            os.rename(self.path + '.kill.new', self.path + '.kill')

    def will_kill(self):
        return os.path.exists(self.path + '.kill')


def knows_durability():
    """Whether the worker has the option [worker] durability."""
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as conf:
        conf.write('[worker]\ndurability = each\n')
        conf.flush()
        done = subprocess.run([worker_binary(), '--config', conf.name, '--check'], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
    return 'durability' not in done.stdout + done.stderr


def settings(durability, **others):
    return {**others, **({'worker.durability': durability} if durability else {})}
