"""What the pool tells of itself, and ssyncctl: who is looked at, drained, held back and ended."""
import fcntl
import http.client
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from damage import truncate
from open_session import finish, session
from processes import await_condition
from wire import UPDATES_DONE, ask, check_script, converse, put
from worker_server import SSYNCCTL

pytestmark = pytest.mark.worker_only
T = b'%010d.00000' % (int(time.time()) - 100)


def get(server, path):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=20)
    connection.request('GET', path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def status(server):
    code, body = get(server, '/ssync/status.json')
    assert code == 200
    return json.loads(body)


def ssyncctl(server, *arguments, expected=0):
    ended = subprocess.run([SSYNCCTL, '--socket', server.control_socket, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=60)
    assert ended.returncode == expected, ended.stderr.decode()
    return (ended.stdout if expected == 0 else ended.stderr).decode()


@pytest.fixture
def server(own):
    server = own.new('worker', {'replication_concurrency_per_device': 0}, workers=6)
    await_condition(lambda: os.path.exists(server.control_socket), 'the status process listens')
    return server


def test_a_session_is_seen_while_it_runs_and_counted_at_its_end(server):
    before = status(server)
    assert before['sessions'] == [] and before['pool']['workers']['phases'] == {'idle': 6}
    with session(server, '7') as client:
        # The answer to its list leaves a moment before its updates begin.
        await_condition(lambda: status(server)['sessions'][0]['phase'] == 'updates', 'its updates')
        [seen] = status(server)['sessions']
        assert (seen['device'], seen['partition'], seen['remote_addr'], seen['method']) == ('sda1', '7', '127.0.0.1', 'SSYNC')
        assert not seen['waiting']
        assert '7' in ssyncctl(server, 'sessions') and str(seen['id']) in ssyncctl(server, 'status')
        assert status(server)['pool']['slots'] == {'all': 4, 'free': 3}
        finish(client, put(b'/a/c/o', T, b'body'))
    await_condition(lambda: status(server)['sessions'] == [], 'the session has ended')
    [device] = status(server)['devices']
    assert device['device'] == 'sda1'
    counts = device['counts']
    assert (counts['sessions'], counts['sessions_cut'], counts['stored'], counts['failed']) == (1, 0, 1, 0)
    assert device['last_success'] and device['free_bytes'] > 0
    code, metrics = get(server, '/metrics')
    assert code == 200 and b'\nssync_objects_stored_total{device="sda1"} 1\n' in metrics
    assert json.loads(ssyncctl(server, 'status', '--json'))['devices'][0]['counts'] == counts


def test_what_requests_quarantine_is_counted_by_device(server):
    names = ['/a/c/read', '/a/c/replaced']
    for name in names:
        server.tree.put(7, name, int(T[:10]), b'a body', {})
        place = server.tree.hash_path(7, name)
        truncate(os.path.join(place, os.listdir(place)[0]))
    assert ask(server.port, 'GET', '/sda1/7/a/c/read').code == 404
    await_condition(lambda: status(server)['totals']['counts']['quarantined'] == 1, 'the read object')
    with session(server, '7') as client:
        finish(client, put(b'/a/c/replaced', T, b'body'))
    await_condition(lambda: status(server)['totals']['counts']['quarantined'] == 2, 'the replaced object')
    # A read that was answered with 404 is of a device that nobody has vouched for; what was moved is of one that is there.
    assert {device['device']: device['counts']['quarantined'] for device in status(server)['devices']} == {'sda1': 2, '(others)': 0}
    assert len(os.listdir(os.path.join(server.tree.device_path, 'quarantined', 'objects'))) == 2
    assert b'\nssync_objects_quarantined_total{device="sda1"} 2\n' in get(server, '/metrics')[1]
    assert status(server)['pool']['backoff'] is None
    assert b'\nssync_worker_backoff_seconds 0\n' in get(server, '/metrics')[1]


def test_nothing_else_is_told(server):
    assert get(server, '/ssync/')[0] == 200
    assert get(server, '/ssync/history.json')[0] == 200
    # Those are paths of Swift's.
    for path in ('/ssync', '/ssync/other', '/metrics/x'):
        assert get(server, path)[0] != 200, path
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=20)
    connection.request('POST', '/ssync/status.json')
    assert connection.getresponse().status == 405


def test_the_status_answers_while_all_workers_are_stopped_and_is_replaced_if_it_dies(server):
    for pid in server.serving_pids():
        os.kill(pid, signal.SIGSTOP)
    assert status(server)['pool']['workers']['running'] == 6
    first = server.status_pid()
    os.kill(first, signal.SIGKILL)
    await_condition(lambda: server.status_pid() not in (None, first), 'another status process')
    assert status(server)['pool']['workers']['running'] == 6
    for pid in server.serving_pids():
        os.kill(pid, signal.SIGCONT)
    assert converse(server.port, check_script()).body.endswith(UPDATES_DONE)


def test_a_drained_device_refuses_new_sessions_and_keeps_those_that_run(server):
    with session(server, '7') as running:
        ssyncctl(server, 'drain', 'sda1')
        assert b':ERROR: 503' in converse(server.port, check_script(), partition='8').body
        finish(running, put(b'/a/c/o', T, b'body'))
    assert 'DRAINED' in ssyncctl(server, 'status')
    # A device of which no session has been is told too, or nobody would find what he has drained by mistake.
    ssyncctl(server, 'drain', 'elsewhere')
    assert {'sda1', 'elsewhere'} == {device['device'] for device in status(server)['devices'] if device['drained']}
    ssyncctl(server, 'drain')
    assert 'ALL DEVICES ARE DRAINED' in ssyncctl(server, 'status')
    first = server.status_pid()
    os.kill(server.pool_master(), signal.SIGHUP)
    await_condition(lambda: server.status_pid() not in (None, first), 'a status process of the new configuration')
    await_condition(lambda: get(server, '/ssync/status.json')[0] == 200, 'it answers')
    assert 'ALL DEVICES ARE DRAINED' in ssyncctl(server, 'status')
    assert 'resume without a device' in ssyncctl(server, 'resume', 'sda1', expected=1)
    ssyncctl(server, 'resume')
    assert 'DRAINED' not in ssyncctl(server, 'status')
    assert b':ERROR:' not in converse(server.port, check_script(), partition='8').body


def test_a_session_is_ended(server):
    with session(server, '7') as client:
        [seen] = status(server)['sessions']
        ssyncctl(server, 'end', str(seen['id']))
        client.rest()
        assert client.body_ended == 'cut'
    await_condition(lambda: len(server.serving_pids()) == 6, 'another worker in its place')
    assert 'there is no session 1' in ssyncctl(server, 'end', '1', expected=1)


def test_a_limit_holds_until_it_is_taken_back(server):
    body = b'x' * 1000000

    def seconds():
        began = time.monotonic()
        with session(server, '7') as client:
            finish(client, put(b'/a/c/%d' % time.monotonic_ns(), T, body))
        return time.monotonic() - began

    ssyncctl(server, 'limit', 'sda1', '--bytes', '1000000')
    ssyncctl(server, 'limit', 'sdb1', '--objects', '5')
    assert '1.0 MB/s' in ssyncctl(server, 'limit')
    assert json.loads(ssyncctl(server, 'limit', 'sda1', '--json')) == {
        'sda1': {'bytes_per_second': 1000000, 'objects_per_second': 0, 'idle_share': 0}}
    assert seconds() > 0.8
    ssyncctl(server, 'limit', 'sda1', '--reset')
    assert '1.0 MB/s' not in ssyncctl(server, 'limit')
    assert 'from 0 to 0.95' in ssyncctl(server, 'limit', 'sda1', '--idle', '2', expected=2)


def test_a_limit_of_the_configuration(own):
    server = own.new('worker', {'worker.objects_per_device': '10'}, workers=8)
    began = time.monotonic()
    with session(server, '7') as client:
        finish(client, *(put(b'/a/c/%d' % number, T, b'') for number in range(12)))
    assert time.monotonic() - began > 0.9


def test_without_a_pool_it_says_where_it_looked(tmp_path):
    ended = subprocess.run([SSYNCCTL, '--socket', str(tmp_path / 'none'), 'status'], stderr=subprocess.PIPE, timeout=60)
    assert ended.returncode == 1
    assert b'no pool listens there' in ended.stderr and str(tmp_path).encode() in ended.stderr


def test_partitions_are_put_first(tmp_path):
    path = tmp_path / 'priority'
    for partitions in (['12'], ['1:34', '56']):
        subprocess.run([SSYNCCTL, 'replicate', *partitions, '--priority-file', str(path)], check=True, stdout=subprocess.DEVNULL, timeout=60,
                       umask=0o77)
    assert path.read_text() == '12\n1:34\n56\n'
    assert path.stat().st_mode & 0o777 == 0o644, 'ssync-replicator has to read it'
    assert subprocess.run([SSYNCCTL, 'replicate', 'x', '--priority-file', str(path)], stderr=subprocess.DEVNULL, timeout=60).returncode == 2


@pytest.mark.parametrize('arguments, words', [
    ('', 'COMMAND'), ('reboot', 'invalid choice'), ('limit sda1 --bytes -5', 'no whole number'), ('limit sda1 --bytes 1.5M', 'no whole number'),
    ('limit sda1 --bytes 8589934592G', 'no whole number'), ('limit sda1 --objects 1e3', 'no whole number'),
    ('limit sda1 --idle nan', 'from 0 to 0.95'), ('limit sda1 --idle 1', 'from 0 to 0.95'), ('limit --bytes 5', 'name the device'),
    ('limit --reset', 'name the device'), ('limit sda1 --reset --bytes 5', '--reset goes alone'), ('end', 'session'), ('end -1', 'no whole number'),
    ('end sda1', 'no whole number'), ('top --interval 0', 'no number'), ('top --interval nan', 'no number'), ('replicate 1:2:3', 'no PARTITION')])
def test_wrong_options_are_told_before_anybody_is_asked(tmp_path, arguments, words):
    ended = subprocess.run([SSYNCCTL, '--socket', str(tmp_path / 'none'), *arguments.split()], stderr=subprocess.PIPE, timeout=60)
    assert ended.returncode == 2 and words in ended.stderr.decode(), ended.stderr.decode()


def test_top_fills_the_screen_and_sorts(server):
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('4H', 24, 100, 0, 0))
    shown = b''

    def sees(text):
        nonlocal shown
        while text not in shown:
            assert select.select([screen], [], [], 60)[0], shown
            shown += os.read(screen, 65536)

    with session(server, '7'), subprocess.Popen([SSYNCCTL, '--socket', server.control_socket, 'top', '--interval', '0.1'], stdin=terminal,
                                                stdout=terminal, env=dict(os.environ, TERM='xterm')) as top:
        sees(b'sorted by age')
        sees(b'sda1')
        os.write(screen, b'd')
        sees(b'device; a age')
        os.write(screen, b'q')
        assert top.wait(60) == 0
    os.close(screen)
    os.close(terminal)


def test_top_without_a_terminal(server):
    assert 'top needs a terminal' in ssyncctl(server, 'top', expected=1)
