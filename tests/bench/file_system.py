"""What the file system allows: bench-limits, with the operations of receivers.Receiver as far as it has them."""
import json
import os

from commands import run, run_together


class FileSystem:
    def __init__(self, program, devices, directory, options):
        """options: how many threads there are, or how large the batches. directory is for what is measured with."""
        self.program = program
        self.devices = devices
        self.list_path = os.path.join(directory, 'hash-directories')
        self.options = options

    @staticmethod
    def _figures(texts, size):
        parts = [json.loads(text) for text in texts]
        objects = sum(part['objects'] for part in parts)
        return {'seconds': max(part['seconds'] for part in parts), 'objects': objects, 'bytes': objects * size,
                'cpu_seconds': sum(part['cpu_seconds'] for part in parts), 'peak_kb': None}

    def write(self, loads, wanted=None):
        commands = []
        for load in loads:
            path = load.path(self.devices)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            commands.append([self.program, 'write', *self.options, '--objects', load.objects, '--size', load.size,
                             '--first', load.first,
                             '--temporary', os.path.join(self.devices.root, load.device, 'tmp'), path])
        return self._figures(run_together(commands).texts, loads[0].size)

    def prepare_check(self, load):
        """A receiver is told what to look for. This is told by a list, made before caches are dropped."""
        with open(self.list_path, 'w') as file:
            file.write(run(self.program, 'list', load.path(self.devices)))

    def check(self, load):
        return self._figures([run(self.program, 'check', *self.options, self.list_path)], 0)

    def rehash(self, load):
        return self._figures([run(self.program, 'walk', load.path(self.devices))], 0), None

    def warm_up(self, load):
        """There is nothing to load."""
