"""A Swift storage node in a booted Debian, and another in the same root from which objects come.

The node is Debian's: its configurations, its units. An object server for proxies runs beside the replication server. Of
the other there is one object server, and Swift's replicator, which is told to use ssync.
"""
import json
import re

DEVICE = '/srv/node/sda1'          # a file system that is mounted, as mount_check demands
LATER = '/srv/node/sdb1'           # one that is mounted later
REPLICATION = '127.0.0.1:6200'
PROXIES = '127.0.0.1:6000'
OTHER = '127.0.0.2:6300'
OTHER_CONF = '/etc/other/object-server.conf'
OTHER_CACHE = '/var/cache/other'
RINGS_FOR_RECON = '/root/rings-for-recon'
PATIENCE = 300                     # seconds: a sender is held in the middle of a session

PROXIES_CONF = '''\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = 6000
[pipeline:main]
pipeline = object-server
[app:object-server]
use = egg:swift#object
'''

OTHER_SERVER = '''\
[DEFAULT]
bind_ip = 127.0.0.2
bind_port = 6300
devices = /srv/other
mount_check = false
recon_cache_path = %s
[pipeline:main]
pipeline = healthcheck recon object-server
[app:object-server]
use = egg:swift#object
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:recon]
use = egg:swift#recon
[object-replicator]
sync_method = ssync
node_timeout = %d
http_timeout = %d
''' % (OTHER_CACHE, PATIENCE, PATIENCE)

# The address to which proxies come, which is what swift-recon asks, and the one for replication.
RING = '''\
swift-ring-builder %(builder)s create 4 2 1
swift-ring-builder %(builder)s add r1z1-127.0.0.1:%(port)dR127.0.0.1:6200/sda1 100 \\
    r1z2-127.0.0.2:%(other_port)dR127.0.0.2:6300/sdb1 100
swift-ring-builder %(builder)s rebalance || [ $? = 1 ]
'''

PUT = '''\
import http.client, sys
from swift.common.ring import Ring
from swift.common.utils import Timestamp
name, size = sys.argv[1], int(sys.argv[2])
part = Ring('/etc/swift', ring_name='object').get_part('AUTH_test', 'c', name)
path = '%d/AUTH_test/c/%s' % (part, name)
connection = http.client.HTTPConnection('127.0.0.2', 6300)
connection.request('PUT', '/sdb1/' + path, name.encode() * (size // len(name)),
                   {'X-Timestamp': Timestamp.now().internal, 'Content-Type': 'text/plain'})
assert connection.getresponse().status == 201
print('sda1/' + path)
'''


class SwiftNode:
    def __init__(self, root):
        self.root = root
        self.run = root.run

    def set_up(self):
        self._configure()
        self._make_rings()
        self.run('mkdir -p %s %s /srv/other/sdb1 %s' % (DEVICE, LATER, OTHER_CACHE))
        self.mount(DEVICE)
        self.run('chown -R swift: /srv /etc/swift %s' % OTHER_CACHE)
        self.run('systemctl start swift-object swift-object@proxies')
        self.run('systemd-run --unit=other -p User=swift swift-object-server ' + OTHER_CONF)
        for address in (REPLICATION, PROXIES, OTHER):
            self.run('curl -s --retry 30 --retry-connrefused --retry-delay 1 -X OPTIONS http://' + address)

    def _configure(self):
        conf = self.root.read('etc/swift/object-server.conf')
        conf = conf.replace('bind_port = 6200\n', 'bind_ip = 127.0.0.1\nbind_port = 6200\nclient_timeout = %d\n' % PATIENCE, 1)
        conf = conf.replace('\n[object-replicator]\n', '\n[object-replicator]\nsync_method = ssync\n', 1)
        assert 'client_timeout = %d' % PATIENCE in conf and 'sync_method = ssync\n' in conf
        self.root.write('etc/swift/object-server.conf', conf)
        self.root.write('etc/swift/object-server/proxies.conf', PROXIES_CONF)
        self.root.write(OTHER_CONF, OTHER_SERVER)
        self.root.write('root/put.py', PUT)

    def _make_rings(self):
        self.run('mkdir -p ' + RINGS_FOR_RECON)
        for directory, port, other_port in (('/etc/swift', 6000, 6399), (RINGS_FOR_RECON, 6200, 6300)):
            self.run(RING % {'builder': directory + '/object.builder', 'port': port, 'other_port': other_port})
        # Debian's units do not start without, and nothing is asked of them.
        self.run('cd /etc/swift && cp object.ring.gz account.ring.gz && cp object.ring.gz container.ring.gz')

    def mount(self, place):
        # Its files have extended attributes since Linux 6.6, and so no disk has to be had.
        self.run('mount -t tmpfs -o size=1g tmpfs %s && chown swift: %s' % (place, place))

    def put_on_the_other(self, name, size=10000):
        """Put an object there; its path on our node once it is replicated."""
        return self.run('python3 /root/put.py %s %d' % (name, size)).strip()

    def start_pass(self, log):
        """Let the other replicate all it has: a process."""
        return self.root.start('rm -f %s/object.recon; swift-object-replicator %s once -v' % (OTHER_CACHE, OTHER_CONF), log)

    def failures_of_pass(self):
        """How many partitions its pass did not replicate."""
        stats = json.loads(self.root.read(OTHER_CACHE + '/object.recon'))['replication_stats']
        assert stats['attempted'] > 0
        return stats['failure']

    def own_pass(self):
        """The node's own replicator, once: swift-recon has something to tell of then."""
        return self.run('swift-object-replicator /etc/swift/object-server.conf once -v')

    def get(self, address, path):
        """[status, MD5 of the body]."""
        said = self.run("curl -s -o /root/body -w '%%{http_code} ' http://%s/%s; md5sum < /root/body" % (address, path))
        return said.split()[:2]

    def status(self, method, path):
        """What the replication port answers to a request."""
        option = '--head' if method == 'HEAD' else '-X ' + method
        return int(self.run("curl -s -o /dev/null -w '%%{http_code}' %s http://%s/%s" % (option, REPLICATION, path)))

    def serves_as_before(self, path):
        """Swift's own server has the replication port, and the object."""
        said = self.run('curl -si -X OPTIONS http://%s/; curl -sI http://%s/%s' % (REPLICATION, REPLICATION, path))
        return said.count('HTTP/1.1 200 OK') == 2 and 'nginx' not in said

    def recon(self):
        """What swift-recon prints of both nodes, but for times. It asks the ring's ip:port, not the address for replication,
        and so the nodes have another ring for once."""
        self.run('cp /etc/swift/object.ring.gz /root && cp %s/object.ring.gz /etc/swift' % RINGS_FOR_RECON)
        try:
            text = self.run('swift-recon object -r -u -d --md5')
        finally:
            self.run('cp /root/object.ring.gz /etc/swift')
        text = re.sub(r'\[?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]?', 'THEN', text)
        return re.sub(r'\d+ (second|minute)s ago', 'N ago', text)
