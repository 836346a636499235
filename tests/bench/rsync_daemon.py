"""rsync as Swift's replicator uses it: a daemon that has the devices, and pushes of a partition's directory."""
import contextlib
import os
import re
import signal
import socket
import subprocess

from accounting import Account, descendants
from commands import Failed, run_together, start
from ports import free_port
from processes import await_condition, family

CONF = '''\
use chroot = no
reverse lookup = no
log file = %(log)s
[devices]
path = %(devices)s
read only = no
%(user)s
'''
# The daemon would become nobody.
AS_ROOT = 'uid = 0\ngid = 0'

TRANSFERRED = re.compile(r'^Number of regular files transferred: ([0-9,]+)$', re.MULTILINE)


class RsyncDaemon:
    def __init__(self, devices, run_dir):
        os.makedirs(run_dir)
        self.port = free_port()
        self.log_path = os.path.join(run_dir, 'rsyncd.log')
        conf = os.path.join(run_dir, 'rsyncd.conf')
        with open(conf, 'w') as file:
            file.write(CONF % {'log': self.log_path, 'devices': devices.root,
                               'user': AS_ROOT if os.geteuid() == 0 else ''})
        with open(self.log_path, 'a') as log:
            self.process = start(['rsync', '--daemon', '--no-detach', '--config', conf, '--port', self.port,
                                  '--address', '127.0.0.1'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            await_condition(self._answers, lambda: 'rsync does not listen: ' + self.log_text())
        except BaseException:
            self.stop()
            raise

    def _answers(self):
        if self.process.poll() is not None:
            raise Failed('the rsync daemon ended: ' + self.log_text())
        with socket.socket() as probe:
            return probe.connect_ex(('127.0.0.1', self.port)) == 0

    def log_text(self):
        with open(self.log_path) as log:
            return log.read()

    def await_no_session(self):
        """A session's processes end a little after its client, and only then the daemon knows what time they took."""
        await_condition(lambda: not descendants(self.process.pid), 'a session of rsync does not end')

    def stop(self):
        for pid in family([self.process.pid]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


class Rsync:
    """Pushes to the daemon. The operations are those of receivers.Receiver, but for REPLICATE."""

    def __init__(self, daemon, devices, sources, options):
        self.daemon = daemon
        self.devices = devices
        self.sources = sources
        self.options = options

    def _push(self, loads, wanted):
        """wanted is how many objects of each load are to be sent; None: any number."""
        # Made before the clock runs.
        sources = [self.sources.of(load) for load in loads]
        objects = 'rsync://127.0.0.1:%d/devices/%s/objects/%d/'
        commands = [['rsync', '-aX', '--stats', *self.options, '--mkpath', source + '/',
                     objects % (self.daemon.port, load.device, load.partition)]
                    for source, load in zip(sources, loads)]
        daemon = self.daemon.process.pid
        with Account(daemon, lambda: descendants(daemon), sampled=True) as account:
            outputs = run_together(commands)
            self.daemon.await_no_session()
        sent = [int(TRANSFERRED.search(text)[1].replace(',', '')) for text in outputs.texts]
        if wanted is not None and sent != [wanted] * len(loads):
            raise Failed('rsync sent %r objects, not %d each' % (sent, wanted))
        return {'seconds': outputs.seconds, 'objects': sum(load.objects for load in loads),
                'bytes': sum(sent) * loads[0].size,
                'cpu_seconds': account.cpu_seconds, 'peak_kb': account.peak_kb}

    def write(self, loads, wanted=None):
        return self._push(loads, loads[0].objects if wanted is None else wanted)

    def prepare_check(self, load):
        """What rsync finds in sync is what has the same times."""
        self.sources.adopt(load, load.path(self.devices))

    def check(self, load):
        return self._push([load], 0)

    def warm_up(self, load):
        self._push([load], None)
