"""A Swift storage node under systemd, on which an operator does what deploy/README.md says: installs, looks, starts, swaps,
upgrades in the middle of a session, goes back, purges. Each command of ours is read out of that page."""
import json
import os
import re
import signal

import page
import pytest
from booted_root import BootedRoot
from processes import await_condition, executable, family
from swift_node import DEVICE, LATER, OTHER, PATIENCE, PROXIES, REPLICATION, SwiftNode

MOST_EXPOSURE = 2.6
LARGE = 200 << 20  # bytes of an object that takes a moment
CONF = 'etc/swift/object-server.conf'
SOONER = '/run/systemd/system/ssync-worker.service.d'


@pytest.fixture(name='root')
def fixture_root(debian, packages, newer_worker, tmp_path):
    root = debian.copy_to(BootedRoot(str(tmp_path / 'root')))
    for package in packages.values():
        root.put(package)
    root.put(newer_worker, 'root/newer')
    root.download('/root/*.deb')
    try:
        root.boot()
        yield root
    finally:
        root.stop()


def test_the_walk(root, tmp_path):
    node = SwiftNode(root)
    node.set_up()
    walk = Walk(root, node, str(tmp_path))
    walk.before()
    walk.install()
    walk.start()
    walk.swap()
    walk.serve()
    walk.read_logs()
    walk.replicator()
    walk.mount_later()
    walk.upgrade()
    walk.watchdog()
    walk.go_back()
    walk.pool_per_disk()
    walk.purge()


class Walk:
    def __init__(self, root, node, place):
        self.root, self.node, self.place = root, node, place
        self.run = root.run
        self.paths = []  # of all objects, as our node has them

    # What is done again and again.

    def replicate(self, *names):
        """New objects on the other node, and a pass of its replicator, after which all objects are here."""
        self.paths += [self.node.put_on_the_other(name) for name in names]
        self.end_pass(self.node.start_pass(self.log()))

    def end_pass(self, sender):
        assert sender.wait(PATIENCE) == 0
        with open(self.log()) as log:
            said = log.read()
        assert self.node.failures_of_pass() == 0, said
        for path in self.paths:
            wanted = self.node.get(OTHER, path.replace('sda1', 'sdb1', 1))
            for address in (PROXIES, REPLICATION):
                assert self.node.get(address, path) == wanted, (path, said)

    def log(self):
        return os.path.join(self.place, 'pass.log')

    def main_pid(self):
        return int(self.run('systemctl show -p MainPID --value ssync-worker'))

    def pool(self):
        """Process ids, as this machine sees them, of master and workers."""
        return [pid for pid in family([self.root.container.pid]) if executable(pid).startswith('ssync-worker')]

    # The walk.

    def before(self):
        assert self.root.files_of_ours() == []
        self.replicate('before-1', 'before-2')
        self.node.own_pass()
        self.conf_before = self.root.read(CONF)

    def install(self):
        command, = page.of_step('Install')[1]
        self.run(command, input='y\n')
        assert self.run('systemctl is-active ssync-worker ssync-worker.socket || true').split() == ['inactive'] * 2
        look, = page.of_step('Look at the node')[0]
        said = self.run(look)
        assert 'sda1' in said and 'changeme' not in said
        self.run(page.of_step('Configure the pool')[1][0])

    def start(self):
        enable, show = page.of_step('Start the pool')[0]
        self.run(enable)
        assert self.run('systemctl is-active ssync-worker ssync-worker.socket').split() == ['active'] * 2
        assert 'ssync-worker' in self.run(show + ' --no-pager')
        text = self.run('systemd-analyze security --no-pager ssync-worker')
        exposure = float(re.search(r'Overall exposure level for ssync-worker.service: ([0-9.]+)', text).group(1))
        assert exposure <= MOST_EXPOSURE, text

    def swap(self):
        dry_run, enable = page.of_step('Put them in place')[0]
        self.run(dry_run)
        assert self.root.read(CONF) == self.conf_before and self.node.serves_as_before(self.paths[0])
        recon = self.node.recon()
        assert recon.count('2/2 hosts matched, 0 error[s]') == 2 and 'Not mounted: sdb1 on 127.0.0.1:6200' in recon, recon
        self.run(enable)
        assert self.run('ssync-node status').startswith('enabled')
        # In the order in which they answer.
        assert sorted(self.node.recon().splitlines()) == sorted(recon.splitlines())

    def serve(self):
        self.replicate('swapped-1', 'swapped-2')
        for path in self.paths:
            assert self.node.status('HEAD', path) == 200
        assert self.node.status('GET', 'ssync/status.json') == 200
        assert 'ssync-worker' in self.run('ssyncctl status')
        self.run('swift-object-auditor /etc/swift/object-server.conf once')
        self.run('test ! -e %s/quarantined' % DEVICE)

    def read_logs(self):
        """The journal has the fields of a session's line, and nginx's log the same id."""
        ended = json.loads(self.run('journalctl --sync && journalctl -u ssync-worker -o json -n 1 SSYNC_OUTCOME=ended'))
        assert ended['MESSAGE'].startswith('ssync receiver (remote_addr: ') and ended['PRIORITY'] == '6', ended
        assert ended['SSYNC_METHOD'] == 'SSYNC' and ended['SSYNC_DEVICE'] == 'sda1' and int(ended['SSYNC_OFFERED']) > 0, ended
        assert '"trans_id":"%s"' % ended['SSYNC_TRANS_ID'] in self.run('cat /var/log/nginx/ssync-access.log')
        assert 'no fields in the journal' not in self.run('journalctl --no-pager -u ssync-worker')

    def replicator(self):
        """Ours for a while, in the place of Swift's, which the node does not run otherwise."""
        self.run('systemctl start swift-object-replicator')
        install, enable, show = page.of_section('The replicator')[1]
        self.run(install, input='y\n')
        assert self.active('ssync-replicator', 'swift-object-replicator') == ['inactive', 'active']
        self.run(enable)
        assert self.active('ssync-replicator', 'swift-object-replicator') == ['active', 'inactive']
        assert self.run('ssync-node status --replicator').startswith('enabled')
        await_condition(lambda: 'Object replication complete.' in self.run(show + ' --no-pager'), 'it has made a pass', 60)
        disable, purge = page.of_section('The replicator')[-1]
        self.run(disable)
        assert self.active('ssync-replicator', 'swift-object-replicator') == ['inactive', 'active']
        self.run('systemctl stop swift-object-replicator')
        self.run(purge, input='y\n')
        assert self.run('ssync-node status').startswith('enabled')

    def active(self, *units):
        return self.run('systemctl is-active %s || true' % ' '.join(units)).split()

    def mount_later(self):
        device = os.path.basename(LATER)
        assert self.node.status('REPLICATE', device + '/1') == 507
        self.node.mount(LATER)
        assert self.node.status('REPLICATE', device + '/1') == 200
        self.run('umount ' + LATER)
        assert self.node.status('REPLICATE', device + '/1') == 507

    def upgrade(self):
        """In the middle of a session that Swift's replicator has, and beside others that come and go."""
        master = self.main_pid()
        self.paths.append(self.node.put_on_the_other('over-the-upgrade', LARGE))
        sender = self.node.start_pass(self.log())
        others = self.root.start('while [ ! -e /root/stop ]; do curl -s -o /dev/null -w "%%{http_code}\\n" -X REPLICATE '
                                 'http://%s/sda1/9999; done' % REPLICATION, os.path.join(self.place, 'others.log'))
        await_condition(self.receiving, 'the large object is on its way', 60)
        held = [pid for pid in family([sender.pid]) if executable(pid).startswith('python')]
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        assert self.receiving()
        self.run('cd /root/newer && ' + page.of_day_to_day('new version'))
        await_condition(lambda: self.of_old_program() != self.pool(), 'the new program runs', 60)
        assert self.main_pid() == master and '+1' in self.run('dpkg-query -W ssync-worker')
        assert len(self.of_old_program()) == 1 and self.receiving()
        for pid in held:
            os.kill(pid, signal.SIGCONT)
        self.end_pass(sender)
        await_condition(lambda: not self.of_old_program(), 'the old worker has ended', 60)
        self.root.write('root/stop', '')
        assert others.wait(60) == 0
        with open(os.path.join(self.place, 'others.log')) as log:
            statuses = log.read().split()
        assert len(statuses) > 10 and set(statuses) == {'200'}

    def receiving(self):
        """Whether a worker has a file open, under the device, that has no name yet."""
        for pid in self.pool():
            try:
                for name in os.listdir('/proc/%d/fd' % pid):
                    path = '/proc/%d/fd/%s' % (pid, name)
                    if DEVICE in os.readlink(path) and 1 << 20 < os.stat(path).st_size < LARGE:
                        return True
            except FileNotFoundError:
                pass  # has ended meanwhile
        return False

    def of_old_program(self):
        return [pid for pid in self.pool() if executable(pid).endswith('(deleted)')]

    def watchdog(self):
        self.run('mkdir -p {0} && printf "[Service]\\nWatchdogSec=3\\n" > {0}/soon.conf && systemctl daemon-reload && '
                 'systemctl restart ssync-worker'.format(SOONER))
        master = self.main_pid()
        self.run('kill -STOP %d' % master)
        await_condition(lambda: self.main_pid() not in (0, master), 'the master is replaced', 60)
        assert 'Watchdog timeout' in self.run('journalctl --no-pager -u ssync-worker')
        self.replicate('after-the-watchdog')
        self.run('rm -r %s && systemctl daemon-reload' % SOONER)

    def go_back(self):
        disable, = page.of_section('Back')[0]
        self.run(disable)
        assert self.root.read(CONF) == self.conf_before
        assert self.node.serves_as_before(self.paths[0])
        assert self.run('ssync-node status || true') == 'disabled\n'
        self.replicate('disabled')

    def pool_per_disk(self):
        """The steps by hand, but for the Python server: nothing of it is asked here. Its pools are left to the purge."""
        configure, site_lines = page.of_section('A pool per disk')[:2]
        self.run('\n'.join(configure))
        lines = next(block for block in page.of_step('Put them in place') if '@LISTEN@' in block[0])
        for line in site_lines:
            placeholder = re.search('@[A-Z]+@', line).group()
            lines = [re.sub("-e '[^']*" + placeholder + '.*', lambda _: line, other) for other in lines]
        self.run('\n'.join(lines).replace('192.0.2.10', '127.0.0.1') + '\nsystemctl reload nginx')
        await_condition(lambda: self.answer_of_port(6201) == '200', 'nginx listens on the new ports', 60)
        assert self.answer_of_port(6202) == '200'
        self.run("systemctl reload 'ssync-worker@*.service' && systemctl stop ssync-worker@6202.socket ssync-worker@6202.service")
        assert [self.answer_of_port(port) for port in (6201, 6202)] == ['200', '502']
        self.run('systemctl start ssync-worker@6202 && rm /etc/nginx/conf.d/ssync.conf && systemctl reload nginx')

    def answer_of_port(self, port):
        return self.root.ask("curl -s -o /dev/null -w '%%{http_code}' -X REPLICATE http://127.0.0.1:%d/sda1/1" % port)

    def purge(self):
        purge = page.of_section('Back')[1][-1]
        self.run(purge.replace('purge', 'remove'), input='y\n')
        assert self.pool() == [] and 'ssync' not in self.run('cat /proc/net/unix')
        self.run(purge, input='y\n')
        self.run('rm /etc/swift/ssync-worker-6201.conf /etc/swift/ssync-worker-6202.conf')  # the operator's own
        assert self.root.files_of_ours() == []
        # systemd itself forgets units that have gone when it reloads.
        assert 'ssync' not in self.run('systemctl daemon-reload; systemctl list-unit-files; cat /etc/group; find /run /tmp; '
                                       'systemctl list-units --all --type=service,socket')
        assert self.run('systemctl is-active nginx swift-object').split() == ['active'] * 2
        self.run('nginx -t')
        self.replicate('purged')
