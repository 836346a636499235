"""What is sent in a session, and what has to be on the disk after it."""
import dataclasses
import json
import os
from typing import Optional

from commands import Failed, run_together
from devices import NAMES

# Of the policy EC of swift_cluster; what is sent is a fragment of an object that is so many times as large.
DATA_FRAGMENTS = 2

# While a receiver looks for a million objects nothing is heard of it.
SILENCE_SECONDS = 3600


@dataclasses.dataclass(frozen=True)
class Load:
    """The objects of one session: those with numbers from first on. Every newer_every-th is newer than the others.

    size is what the object's file has, but that a fragment has a header before it.
    """
    partition: int
    objects: int
    size: int
    first: int = 0
    newer_every: int = 0
    policy: int = 0
    fragment: Optional[int] = None
    device: str = NAMES[0]

    @property
    def bytes(self):
        return self.objects * self.size

    def path(self, devices):
        """The partition's directory."""
        objects = 'objects-%d' % self.policy if self.policy else 'objects'
        return os.path.join(devices.root, self.device, objects, str(self.partition))


class Sender:
    """The load generator, which costs so little that what is measured is the receiver."""

    def __init__(self, program, swift_dir):
        self.program = program
        self.swift_dir = swift_dir

    def _command(self, load, port, only_check):
        size = load.size if load.fragment is None else load.size * DATA_FRAGMENTS
        command = [self.program, '--synthetic', load.objects, '--size', size, '--partition', load.partition,
                   '--policy', load.policy, '--synthetic-first', load.first, '--swift-dir', self.swift_dir,
                   '--timeout', SILENCE_SECONDS, '--json']
        if load.fragment is not None:
            command += ['--frag-index', load.fragment]
        if load.newer_every:
            command += ['--newer-every', load.newer_every]
        if only_check:
            command.append('--dry-run')
        return command + ['127.0.0.1:%d/%s' % (port, load.device)]

    def send(self, loads, port, only_check=False):
        """A session for each load, all at once: what the generator says of each. Raises Failed."""
        output = run_together([self._command(load, port, only_check) for load in loads])
        outcomes = [json.loads(text) for text in output.texts]
        for load, outcome in zip(loads, outcomes):
            if outcome['failed'] or outcome['status'] or outcome['offered'] != load.objects:
                raise Failed('a session with partition %d: %s' % (load.partition, json.dumps(outcome)))
        return outcomes


def require_stored(load, devices, at_least=False):
    """Raises Failed unless the partition has as many whole objects as were sent, or, with at_least, more."""
    def is_whole(size):
        return size == load.size or (load.fragment is not None and size > load.size)
    whole = 0
    for suffix in os.scandir(load.path(devices)):
        if len(suffix.name) != 3:
            continue
        for directory in os.scandir(suffix.path):
            whole += sum(file.name.endswith('.data') and is_whole(file.stat().st_size)
                         for file in os.scandir(directory.path))
    if whole < load.objects or (whole > load.objects and not at_least):
        raise Failed('%d objects in partition %d, not %d' % (whole, load.partition, load.objects))
