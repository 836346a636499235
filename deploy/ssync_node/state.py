"""What ssync-node has done to the node, in one file: written before anything is changed, removed after all is undone.

Beside it is a copy of the object server's file as it was, for people. What is put back comes from the state itself, since
both are whole then or neither is there.
"""

import base64
import contextlib
import fcntl
import hashlib
import json
import os

from . import durable_files
from .errors import Failed

VERSION = 1
ENABLING, ENABLED, DISABLING = 'enabling', 'enabled', 'disabling'


def fingerprint(content):
    """A short name for the bytes of a file, None for a file that is not there."""
    return None if content is None else hashlib.sha256(content).hexdigest()


class State:
    """A state file of a directory. `plan` is None as long as ssync-node has not changed anything, else a dictionary."""

    def __init__(self, directory, name='node.json', needed=('before',)):
        self.directory = directory
        self.path = os.path.join(directory, name)
        self.needed = needed
        self.backup = os.path.join(directory, 'object-server.conf.before')
        self.plan = None

    def load(self):
        """Read the plan. Raises Failed for a file that no ssync-node of this version has written."""
        content = durable_files.read_if_there(self.path)
        if content is None:
            self.plan = None
            return
        try:
            plan = json.loads(content)
            if plan['version'] != VERSION or plan['phase'] not in (ENABLING, ENABLED, DISABLING):
                raise ValueError('its version or phase is not known')
            if any(not isinstance(plan[key], str) for key in self.needed):
                raise ValueError('a value is not text')
            if 'before' in self.needed:
                base64.b64decode(plan['before'], validate=True)
        except (ValueError, KeyError, TypeError) as error:
            raise Failed('%s: cannot be understood (%s); put the node back by hand, see "Back" in deploy/README.md, and remove '
                         'this file' % (self.path, error))
        self.plan = plan

    def save(self, phase):
        """Write the plan with this phase."""
        self.plan.update(version=VERSION, phase=phase)
        durable_files.write(self.path, json.dumps(self.plan, indent=1, sort_keys=True).encode() + b'\n', 0o600)

    def forget(self):
        durable_files.remove(self.path)
        self.plan = None

    def before(self):
        """The bytes that the object server's file had."""
        return base64.b64decode(self.plan['before'])

    def set_before(self, content):
        self.plan['before'] = base64.b64encode(content).decode()

    @contextlib.contextmanager
    def locked(self):
        """Nobody else changes the node meanwhile. Raises Failed if somebody does."""
        made = not os.path.isdir(self.directory)
        durable_files.make_directory(self.directory)
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Failed('another ssync-node is at work on this node')
        try:
            yield
        finally:
            os.close(descriptor)
            if made and not self.plan:
                os.rmdir(self.directory)
