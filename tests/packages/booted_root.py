"""A Debian system in a directory that systemd has booted, in name spaces of its own and without a network but loopback."""
import os
import signal
import subprocess

from debian_root import ENVIRONMENT, DebianRoot, output
from processes import await_condition, die_with_parent, parents


def make_control_groups(name):
    """Groups of this name in the hierarchies that systemd uses: their directories."""
    tops = [top for top in ('/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup')
            if os.path.exists(os.path.join(top, 'cgroup.procs'))]
    for top in tops:
        os.makedirs(os.path.join(top, name))
    return [os.path.join(top, name) for top in tops]


def remove_control_group(group):
    """Remove it, and those that systemd has made in it, once their processes have ended."""
    for directory, _, _ in os.walk(group, topdown=False):
        await_condition(lambda: not os.path.isdir(directory) or _removed(directory), directory + ' is empty', 60)


def _removed(directory):
    try:
        os.rmdir(directory)
    except OSError:
        return False
    return True


class BootedRoot(DebianRoot):
    """run() works in it once boot() has been called."""

    def download(self, packages):
        """Fetch what these packages need, while there is a network."""
        super().run('apt-get install -qy --download-only ' + packages)

    def boot(self):
        os.unlink(self.inside('usr/sbin/policy-rc.d'))
        # Without systemd on this machine nobody gives the container a control group: it is in ours, and would share it with
        # any other.
        self.groups = [] if os.path.isdir('/run/systemd/system') else make_control_groups('ssync-%d' % os.getpid())
        with open(self.path + '.log', 'wb') as log:
            self.container = subprocess.Popen(
                ['systemd-nspawn', '--quiet', '--boot', '--directory=' + self.path, '--machine=ssync-%d' % os.getpid(),
                 '--register=no', '--private-network', '--console=pipe'] + (['--keep-unit'] if self.groups else []),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._enter)
        await_condition(self._first_process, self._log, 60)
        await_condition(lambda: self.ask('systemctl is-system-running') in ('running\n', 'degraded\n'), self._log, 120)

    def _enter(self):
        die_with_parent()
        for group in self.groups:
            with open(os.path.join(group, 'cgroup.procs'), 'w') as members:
                members.write(str(os.getpid()))

    def _first_process(self):
        assert self.container.poll() is None, self._log()
        return next((pid for pid, parent in parents().items() if parent == self.container.pid), None)

    def _log(self):
        with open(self.path + '.log', errors='replace') as log:
            return 'systemd has booted: ' + log.read()[-3000:]

    def _entered(self, script):
        return ['nsenter', '--target', str(self._first_process()), '--mount', '--uts', '--ipc', '--net', '--pid', '--root',
                '--wdns=/root', 'sh', '-ec', script]

    def run(self, script, **options):
        """What it prints."""
        return output(*self._entered(script), env=ENVIRONMENT, **options)

    def ask(self, script):
        """What it prints to standard output, whether it succeeds or not."""
        return subprocess.run(self._entered(script), env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False).stdout

    def start(self, script, log):
        """A process that goes on; what it prints goes to a file."""
        with open(log, 'wb') as file:
            return subprocess.Popen(self._entered(script), env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                    preexec_fn=die_with_parent)

    def stop(self):
        if self.container.poll() is None:
            self.container.send_signal(signal.SIGTERM)  # powers it off
            try:
                self.container.wait(90)
            except subprocess.TimeoutExpired:
                self.container.kill()
                self.container.wait()
        for group in self.groups:
            remove_control_group(group)
