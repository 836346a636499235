"""What the pool's status tells of an ssync-replicator on its node: its jobs and what they wait for, and that it is gone, or silent."""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from browser import browser
from file_systems import CannotMount
from processes import alive, await_condition, die_with_parent
from silent import silent as silent_file_system
from swift_cluster import DeviceTree
from wire import ask
from worker_server import REPOSITORY, SSYNCCTL, build_dir

sys.path.append(os.path.join(REPOSITORY, 'tests', 'replicator'))
from handoff_node import HandoffNode, Primary, names_of  # noqa: E402
from scripted_peer import OFFER, ScriptedPeer, answer  # noqa: E402

pytestmark = pytest.mark.worker_only

T = 1700000000
PARTITIONS = range(4)
# status.json waits half a second at most for who is silent; the rest is for a busy machine.
ANSWERS_WITHIN = 3
SERVER_CONF = """\
[DEFAULT]
devices = %(devices)s
swift_dir = %(place)s
mount_check = false
[app:object-server]
use = egg:swift#object
[object-replicator]
recon_cache_path = %(recon)s
"""


class Held:
    """Takes a session's list, and wants all of it when it is let go."""

    def __init__(self):
        self.let_go = threading.Event()

    def replicate(self, session):
        session.read_head()
        session.send(answer(b'500 Internal Error'))

    def ssync(self, session):
        offered = [OFFER.match(line)[1] for line in session.offers()]
        self.let_go.wait(60)
        session.want(*[digest + b' dm' for digest in offered])
        session.updates()
        session.say(b':UPDATES: START\r\n:UPDATES: END\r\n')
        session.send(b'0\r\n\r\n')


class Busy:
    """Has no room, until it is let go, and then the session fails."""

    def __init__(self):
        self.let_go = threading.Event()

    def ssync(self, session):
        session.read_head()
        if self.let_go.is_set():
            session.send(answer(b'500 Internal Error', b'<b>out of order</b>'))
        else:
            session.send(answer(b'503 Service Unavailable'))


class Node:
    """A node with a pool and, at times, a replicator, which reads the same recon_cache_path; and its peers."""

    def __init__(self, place, swift_dir, own):
        self.handoffs = HandoffNode(place, swift_dir)
        self.recon = self.handoffs.recon
        self.held, self.busy = ScriptedPeer(), ScriptedPeer()
        self.held.behave(Held())
        self.busy.behave(Busy())
        conf = os.path.join(place, 'pool.conf')
        pool_devices = DeviceTree(os.path.join(place, 'pool'))
        with open(conf, 'w') as file:
            file.write(SERVER_CONF % {'devices': pool_devices.root, 'place': swift_dir, 'recon': self.recon})
        self.server = own.new('worker', {'worker.object_server_conf': conf}, tree=pool_devices)
        await_condition(lambda: os.path.exists(self.server.control_socket), 'the status process listens')
        self.running = []

    def configure(self, **options):
        self.handoffs.configure([Primary('held', self.held.port), Primary('busy', self.busy.port)], options)

    def fill(self, partitions=PARTITIONS):
        for partition in partitions:
            for name, _ in zip(names_of(partition), range(3)):
                self.handoffs.tree.put(partition, name, T, b'body of ' + name.encode(), {})

    def start(self, *options):
        with open(self.handoffs.log, 'ab') as log:
            running = subprocess.Popen([os.path.join(build_dir(), 'ssync-replicator'), self.handoffs.conf, '-v', *options],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                       preexec_fn=die_with_parent)
        self.running.append(running)
        return running

    def status(self):
        """Whatever the replicator does, it comes at once."""
        begun = time.monotonic()
        body = ask(self.server.port, 'GET', '/ssync/status.json', timeout=20).body
        assert time.monotonic() - begun < ANSWERS_WITHIN
        return json.loads(body)['replicator']

    def await_status(self, condition, what):
        """The first that is so."""
        def found():
            status = self.status()
            return (status,) if condition(status) else None
        return await_condition(found, lambda: '%s: %r\n%s' % (what, self.status(), self.handoffs.log_text()))[0]

    def ssyncctl(self):
        return subprocess.run([SSYNCCTL, '--socket', self.server.control_socket, 'status'], stdout=subprocess.PIPE, check=True,
                              timeout=60).stdout.decode()

    def sockets(self):
        return sorted(os.path.basename(path) for path in glob.glob(os.path.join(self.recon, 'ssync-replicator.*.status')))

    def let_go(self):
        self.held.behaviour.let_go.set()
        self.busy.behaviour.let_go.set()

    def stop(self):
        self.let_go()
        for one in self.running:
            if one.poll() is None:
                one.send_signal(signal.SIGCONT)
                one.terminate()
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
        self.held.close()
        self.busy.close()


@pytest.fixture
def node(own, swift_dir, tmp_path):
    made = Node(str(tmp_path), swift_dir, own)
    yield made
    made.stop()


@pytest.fixture(scope='module')
def chrome():
    with browser() as running:
        yield running


def fields_of(value):
    """Names of all fields in it."""
    if isinstance(value, list):
        return set().union(*map(fields_of, value))
    return set(value) | fields_of(list(value.values())) if isinstance(value, dict) else set()


def states(status):
    return {(job['peer'].rpartition('/')[2], job['state']) for job in (status or {'jobs': []})['jobs']}


def test_jobs_are_seen_with_what_they_wait_for_until_it_ends(node, chrome):
    chrome.size(1400, 900)
    chrome.console()
    chrome.open('http://127.0.0.1:%d/ssync/' % node.server.port)
    chrome.await_text('#replicator', 'No ssync-replicator runs on this node.')
    assert node.status() is None and 'no ssync-replicator runs' in node.ssyncctl()
    assert b'ssync_replicator_' not in ask(node.server.port, 'GET', '/metrics').body
    node.configure()
    node.fill()
    replicator = node.start('--once')
    # One partition is sent at a time, to both primaries at once; the others wait for their turn.
    expected = {('held', 'waiting for the answer'), ('busy', 'waiting for the peer'), ('', 'waiting for its turn')}
    status = node.await_status(lambda seen: states(seen) == expected, 'its jobs')
    assert (status['partitions']['all'], status['partitions']['done'], status['handoffs']) == (4, 0, {'all': 4, 'left': 4})
    job = next(one for one in status['jobs'] if one['peer'].endswith('held'))
    assert (job['device'], job['kind'], job['policy'], job['offered']) == ('handoff', 'revert', 0, 3)
    assert next(one for one in status['peers'] if one['peer'].endswith('/busy'))['waiting'] == 1
    process, = status['processes']
    assert (process['pid'], process['mode'], process['pass']['state']) == (replicator.pid, 'once', 'replicating')
    assert node.sockets() == ['ssync-replicator.0.status']
    mode = os.stat(os.path.join(node.recon, 'ssync-replicator.0.status')).st_mode & 0o777
    assert mode == 0o600
    chrome.await_text('#jobs', 'waiting for the answer')
    chrome.await_text('#pass', '0 of 4 partitions (0 %)')
    chrome.await_text('#peers', '/held')
    assert 'waiting for the answer' in node.ssyncctl()
    metrics = ask(node.server.port, 'GET', '/metrics').body.decode()
    assert '\nssync_replicator_up 1\n' in metrics
    assert '\nssync_replicator_handoffs_left{device="handoff"} 4\n' in metrics
    if shutil.which('promtool'):
        said = subprocess.run(['promtool', 'check', 'metrics'], input=metrics.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert (said.returncode, said.stdout) == (0, b'')
    with open(os.path.join(REPOSITORY, 'deploy', 'status.md'), encoding='utf-8') as file:
        page = file.read()
    told = json.loads(ask(node.server.port, 'GET', '/ssync/status.json').body)
    names = fields_of(told) | set(re.findall(r'^# TYPE (\S+) ', metrics, re.M))
    # The page has room.waiting_used and its like in one with what they are used of.
    assert [name for name in sorted(names) if not re.search(r'[`.]%s[`.\[]' % re.sub('_used$', '', name), page)] == []
    # What a peer says is text, and what was sent is counted.
    node.let_go()
    status = node.await_status(lambda seen: seen and any(peer['failures'] for peer in seen['peers']) or replicator.poll() is not None,
                               'a failure')
    assert replicator.wait(60) == 0
    node.await_status(lambda seen: seen is None, 'it is gone')
    assert node.sockets() == []
    chrome.await_text('#replicator', 'No ssync-replicator runs on this node.')
    assert chrome.run('return document.querySelectorAll("#replicator b").length') == 0
    assert chrome.console() == []


def test_processes_that_share_the_devices_and_rest_between_passes(node, tmp_path):
    node.let_go()
    node.handoffs.trees.append(DeviceTree(node.handoffs.root, 'other'))
    node.configure(replicator_workers=2, interval=3600)
    node.fill([0])
    replicator = node.start()
    def rests(seen):
        return (seen and len(seen['processes']) == 2 and
                all(one.get('pass', {}).get('state') == 'waiting' for one in seen['processes']))
    status = node.await_status(rests, 'both rest')
    assert [one['process'] for one in status['processes']] == [0, 1]
    assert {device['device'] for device in status['devices']} == {'handoff', 'other'}
    failed = next(peer for peer in status['peers'] if peer['peer'].endswith('/busy'))
    assert failed['failures'] == 1 and '500' in failed['last_failure']
    sent = next(peer for peer in status['peers'] if peer['peer'].endswith('/held'))
    assert (sent['objects_sent'], sent['failures']) == (3, 0)
    assert all(one['last_pass'] and one['pass']['until'] > time.time() + 3000 for one in status['processes'])
    # One that dies leaves its socket, and the next takes its place.
    victim = status['processes'][0]['pid']
    os.kill(victim, signal.SIGKILL)
    node.await_status(lambda seen: rests(seen) and victim not in [one['pid'] for one in seen['processes']], 'another in its place')
    assert node.sockets() == ['ssync-replicator.0.status', 'ssync-replicator.1.status']
    replicator.terminate()
    assert replicator.wait(60) == 0
    assert node.sockets() == []
    node.await_status(lambda seen: seen is None, 'it is gone')


def test_one_that_is_silent_delays_nobody(node, chrome):
    node.configure()
    node.fill()
    replicator = node.start('--once')
    node.await_status(lambda seen: ('held', 'waiting for the answer') in states(seen), 'its jobs')
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as silent:
        # By the directory: the path may be longer than an address.
        before = os.getcwd()
        os.chdir(node.recon)
        silent.bind('ssync-replicator.9.status')
        os.chdir(before)
        silent.listen(8)
        status = node.await_status(lambda seen: len(seen['processes']) == 2, 'both')
        assert status['state'] == 'does not answer'
        assert [one['state'] for one in status['processes']] == ['answers', 'does not answer']
        assert ('held', 'waiting for the answer') in states(status)
    os.unlink(os.path.join(node.recon, 'ssync-replicator.9.status'))
    # A replicator that is stopped: what it told last is shown, with its age.
    replicator.send_signal(signal.SIGSTOP)
    status = node.await_status(lambda seen: seen['state'] == 'does not answer', 'it is stopped')
    status = node.await_status(lambda seen: seen['age'] > 1, 'it grows older')
    assert ('held', 'waiting for the answer') in states(status)
    chrome.size(1400, 900)
    chrome.open('http://127.0.0.1:%d/ssync/' % node.server.port)
    chrome.await_text('#replicator-bad', 'It does not answer: what is shown is ')
    assert 'DOES NOT ANSWER' in node.ssyncctl()
    assert b'\nssync_replicator_up 0\n' in ask(node.server.port, 'GET', '/metrics').body
    replicator.send_signal(signal.SIGCONT)
    node.await_status(lambda seen: seen and seen['state'] == 'answers', 'it goes on')


def test_a_disk_of_its_sockets_that_hangs_delays_neither_answers_nor_the_end(node):
    node.configure()
    node.fill()
    node.start('--once')
    before = node.await_status(lambda seen: ('held', 'waiting for the answer') in states(seen), 'its jobs')
    master = node.server.pool_master()
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(silent_file_system(node.recon))
        except CannotMount as reason:
            pytest.skip(str(reason))
        status = node.await_status(lambda seen: seen['state'] == 'does not answer', 'it is silent')
        assert states(status) == states(before)
        os.kill(master, signal.SIGTERM)
        await_condition(lambda: not alive(master), 'the pool ends', 30)
