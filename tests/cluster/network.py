"""Machines of one network: a network name space for each, joined by a bridge in the name space of the harness."""
import json
import os
import subprocess

BRIDGE = 'cluster'
PLACE = '/run/netns'
# Nobody else is in these name spaces, so that any will do.
PREFIX = '10.77.0.'


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, '%s: %s' % (' '.join(command), done.stderr.strip())
    return done.stdout


class Network:
    def __init__(self):
        """This process must have mounts and a network of its own (tests/cluster/run sees to it): all ends with it."""
        self.hosts = {}
        # Names that nobody else sees.
        os.makedirs(PLACE, exist_ok=True)
        run('mount', '-t', 'tmpfs', 'cluster', PLACE)
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', BRIDGE, 'type', 'bridge')
        run('ip', 'addr', 'add', PREFIX + '254/24', 'dev', BRIDGE)
        run('ip', 'link', 'set', BRIDGE, 'up')

    def add(self, name):
        number = self.hosts[name] = len(self.hosts) + 1
        run('ip', 'netns', 'add', name)
        run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
        run('ip', 'link', 'set', name, 'master', BRIDGE, 'up')
        run('ip', '-n', name, 'addr', 'add', '%s%d/24' % (PREFIX, number), 'dev', 'eth0')
        run('ip', '-n', name, 'link', 'set', 'eth0', 'up')
        run('ip', '-n', name, 'link', 'set', 'lo', 'up')

    def address(self, name):
        return '%s%d' % (PREFIX, self.hosts[name])

    def path(self, name):
        return os.path.join(PLACE, name)

    def cut(self, name):
        """Pull the cable: nothing arrives, and nobody is told."""
        run('ip', 'link', 'set', name, 'nomaster')

    def mend(self, name):
        run('ip', 'link', 'set', name, 'master', BRIDGE)

    def bytes_sent(self):
        """By all machines, since they were made."""
        links = json.loads(run('ip', '-json', '-statistics', 'link'))
        return sum(link['stats64']['rx']['bytes'] for link in links if link['ifname'] in self.hosts)
