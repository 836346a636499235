"""A recording: what was on the device, what was called, what was promised when."""
import bisect
import dataclasses
import os
import pickle

import scenario as scenarios
from model import Content, Disk, STATES
from recorder import SYNCS, Recorder, settings
from recording import read_device
from swift_cluster import DeviceTree
from worker_server import WorkerServer

# The writes of the large object are synced one by one.
SETTINGS = {'mb_per_sync': 1, 'replication_failure_threshold': 1000}


@dataclasses.dataclass
class Recording:
    scenario: scenarios.Scenario
    before: dict            # read_device()
    calls: list
    records: int
    durability: str         # None: the worker has no such option

    @property
    def name(self):
        return self.durability or 'as-it-is'

    @classmethod
    def make(cls, directory, swift_dir, durability, parts):
        scenario = scenarios.Scenario()
        tree = DeviceTree(os.path.join(directory, 'devices'))
        scenarios.store(scenario, tree)
        before = read_device(tree.device_path)
        run_dir = os.path.join(directory, 'run')
        recorder = Recorder(run_dir, tree.device_path)
        server = WorkerServer(swift_dir, tree, run_dir, settings(durability, **SETTINGS), faults=recorder)
        try:
            for part in parts:
                part(scenario, server)
            recording = cls(scenario, before, *recorder.calls(), durability)
        finally:
            server.stop()
        recording.require_all_seen(read_device(tree.device_path))
        return recording

    def __post_init__(self):
        self.disk = Disk(self.before, self.calls)
        self.paths = self.disk.paths()
        self.answers = [call for call in self.calls if call.call == 'answer']
        expected = [session.answer for session in self.scenario.sessions if session.answer]
        found = [call.data[:len(answer)] for call, answer in zip(self.answers, expected)]
        assert len(self.answers) == len(expected) and found == expected, (found, expected)
        # Of each session the place in the records at which it was answered; a broken off one promises nothing.
        answers = iter(self.answers)
        self.told_at = [next(answers).begin if session.answer else -1 for session in self.scenario.sessions]
        for number in range(1, len(self.told_at)):
            self.told_at[number] = max(self.told_at[number - 1:number + 1])

    def __reduce__(self):
        return Recording, (self.scenario, self.before, self.calls, self.records, self.durability)

    def save(self, path):
        with open(path, 'wb') as file:
            pickle.dump(self, file)

    @staticmethod
    def load(path):
        with open(path, 'rb') as file:
            return pickle.load(file)

    def told(self, point):
        """How many sessions had been answered, or given up, at that point."""
        return bisect.bisect_left(self.told_at, point)

    def require_all_seen(self, after):
        """The recorded calls must explain everything on the device: otherwise the recorder missed some."""
        rebuilt = dict(flat(self.disk.state(self.records, STATES['everything'])))
        real = {path: stored.data is not None and Content(stored.data, stored.xattrs)
                for path, stored in after.items() if path}
        different = sorted(path for path in set(rebuilt) | set(real) if rebuilt.get(path) != real.get(path))
        assert not different, 'not as recorded: %s' % different[:10]

    def points(self, number, chance):
        """That many points over the whole, and those at which something has just been promised."""
        step = max((self.records + 1) / number, 1)
        spread = {min(int(step * (place + chance.random())), self.records) for place in range(number)}
        return sorted(spread | {call.begin + 1 for call in self.answers} | {self.records})

    def story(self, key, point):
        """The calls that affect the object before a crash at that point, as lines."""
        place = '%s/%s/%s/%s' % (scenarios.objects_directory(key.policy), key.partition, key.hash[-3:], key.hash)
        above = [place.rsplit('/', count)[0] for count in range(1, 4)] + ['']
        steps = []      # [first call, last call, what it is]
        for call in self.calls:
            path = self.path_of(call)
            is_about = path in above or path is not None and path.startswith(place)
            # Syncs of directories above count from when there is something of the object.
            is_about = is_about and (steps or call.call not in SYNCS)
            if call.begin >= point or not (is_about or steps and call.call == 'answer'):
                continue
            what = '%-9s %s%s' % (call.call, path if path is not None else call.data[:13].decode(),
                                  ' to ' + call.to_name if call.to_name else '')
            if steps and steps[-1][2] == what:
                steps[-1][1] = call
            else:
                steps.append([call, call, what])
        return ['%6d-%-6d %s' % (first.begin, last.end, what) for first, last, what in steps]

    def path_of(self, call):
        """The path of what a call is about, a file by a name that it gets at some time; None if it did nothing there."""
        if call.call == 'answer' or call.result < 0 and call.call not in SYNCS:
            return None
        if call.directory:
            return os.path.join(self.paths[self.disk.node(call.directory, call)], call.name)
        return self.paths.get(self.disk.node(call.file, call), 'a file without a name')


def flat(tree, above=''):
    """(path, Content; or False for a directory)"""
    for name, entry in tree.items():
        yield above + name, False if isinstance(entry, dict) else entry
        if isinstance(entry, dict):
            yield from flat(entry, above + name + '/')
