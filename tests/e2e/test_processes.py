"""The processes that run-local and the pool consist of: how they end, reload and drain."""
import os
import signal
import time

import pytest

from open_session import finish
from processes import alive, await_condition, io_priority, niceness
from wire import EMPTY_CHECK, MISSING_CHECK_START, UPDATES_DONE, UPDATES_START, check_script, connected, converse, put

pytestmark = pytest.mark.worker_only
T = b'%010d.00000' % (int(time.time()) - 100)


def begin(client, partition='1'):
    client.start(partition=partition)
    client.read_head()
    client.send(EMPTY_CHECK)
    assert client.wanted() == []


@pytest.mark.parametrize('with_signal', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('busy', [False, True], ids=['idle', 'in a session'])
def test_run_local_leaves_no_process_and_no_socket(own, with_signal, busy):
    server = own.new('worker', workers=6)
    assert len(server.serving_pids()) == 6
    assert server.nginx_pids() and server.sockets()
    processes = server.all_processes()
    with connected(server.port) as client:
        if busy:
            begin(client)
            client.send(UPDATES_START + put(b'/a/c/o', T, b'x' * 100000)[:-50000])
        left = server.stop(with_signal)
        assert not left, 'still running: %r' % left
        if busy:
            client.rest()
            assert client.body_ended == 'cut'
    assert not [pid for pid in processes if alive(pid)]
    assert not server.sockets()
    assert not os.path.exists(server.tree.hash_path('1', '/a/c/o')) or not os.listdir(
        server.tree.hash_path('1', '/a/c/o'))
    # 0 for having been told to stop, or the shell's way of naming the signal.
    assert server.process.returncode in (0, -with_signal, 128 + with_signal)


def test_a_worker_that_dies_is_replaced(own):
    server = own.new('worker', workers=6)
    before = server.serving_pids()
    for pid in before[:3]:
        os.kill(pid, signal.SIGKILL)
    await_condition(lambda: len(set(server.serving_pids()) - set(before[:3])) == 6, 'six workers again')
    assert converse(server.port, check_script()).body.endswith(UPDATES_DONE)


def change_configuration(server, before, after):
    path = os.path.join(server.run_dir, 'worker.conf')
    with open(path) as file:
        text = file.read()
    assert text.count(before) == 1, text
    with open(path, 'w') as file:
        file.write(text.replace(before, after))


def test_priorities_are_those_of_the_configuration(own):
    server = own.new('worker', {'nice_priority': 5, 'ionice_class': 'IOPRIO_CLASS_IDLE'}, workers=6)
    assert {niceness(pid) for pid in server.serving_pids()} == {5}
    assert {io_priority(pid) for pid in server.serving_pids()} == {(3, 0)}
    # A worker that is started later has them as well, and a reload takes other ones.
    old = server.serving_pids()
    change_configuration(server, 'nice_priority = 5', 'nice_priority = 7')
    change_configuration(server, 'ionice_class = IOPRIO_CLASS_IDLE', 'ionice_class = IOPRIO_CLASS_BE\nionice_priority = 6')
    os.kill(server.pool_master(), signal.SIGHUP)
    new = await_condition(lambda: len(set(server.serving_pids()) - set(old)) == 6 and server.serving_pids(), 'new workers', 30)
    assert {niceness(pid) for pid in set(new) - set(old)} == {7}
    assert {io_priority(pid) for pid in set(new) - set(old)} == {(2, 6)}


def test_priorities_that_cannot_be_set(own):
    """What Swift cannot set it says, and serves."""
    server = own.new('worker', {'ionice_class': 'IOPRIO_CLASS_BE', 'ionice_priority': -1}, workers=6)
    assert 'WARNING Unable to modify ionice priority (ionice_class = IOPRIO_CLASS_BE, ionice_priority = -1)' in server.session_log()
    assert converse(server.port, check_script()).body.endswith(UPDATES_DONE)


def test_reload_keeps_a_running_session(own):
    """SIGHUP to the pool's master: new workers at once; an old one finishes its session and ends."""
    server = own.new('worker', {'replication_concurrency_per_device': 0}, workers=6)
    master = server.pool_master()
    old = server.serving_pids()
    with connected(server.port) as client:
        begin(client)
        os.kill(master, signal.SIGHUP)
        # The session's worker is the only old one that stays, and there are six new ones.
        await_condition(lambda: len(set(server.serving_pids()) & set(old)) == 1
                        and len(set(server.serving_pids()) - set(old)) == 6, 'new workers took over', 30)
        assert converse(server.port, check_script(), partition='2').body.endswith(UPDATES_DONE)
        finish(client, put(b'/a/c/o', T, b'body'))
    await_condition(lambda: not set(server.serving_pids()) & set(old), 'the old worker ended')
    assert server.pool_master() == master
    assert converse(server.port, check_script()).body.endswith(UPDATES_DONE)


def test_an_upgrade_keeps_running_sessions_and_refuses_none(own):
    """SIGUSR2 to the pool's master: the program is replaced in the same process, and old workers finish their sessions."""
    server = own.new('worker', {'replication_concurrency_per_device': 0}, workers=6)
    master = server.pool_master()
    for partition in '1', '3':
        # The second time what is replaced has itself come so.
        old = server.serving_pids()
        with connected(server.port) as client:
            begin(client, partition)
            os.kill(master, signal.SIGUSR2)
            for _ in range(5):
                assert converse(server.port, check_script(), partition='2').body.endswith(UPDATES_DONE)
            await_condition(lambda: len(set(server.serving_pids()) & set(old)) == 1
                            and len(set(server.serving_pids()) - set(old)) == 6, 'new workers took over', 60)
            finish(client, put(b'/a/c/o' + partition.encode(), T, b'body'))
        await_condition(lambda: not set(server.serving_pids()) & set(old), 'the old worker ended')
        assert server.pool_master() == master
    assert not server.stop(signal.SIGTERM)
    assert not server.sockets()


def test_an_upgrade_to_a_program_that_refuses_the_configuration_changes_nothing(own):
    server = own.new('worker', workers=6)
    master, old = server.pool_master(), server.serving_pids()
    conf = os.path.join(server.run_dir, 'worker.conf')
    with open(conf, 'a') as file:
        file.write('no_such_option = 1\n')
    os.kill(master, signal.SIGUSR2)
    await_condition(lambda: 'the program is not replaced: ' in server.session_log(), 'the refusal', 60)
    assert converse(server.port, check_script()).body.endswith(UPDATES_DONE)
    assert (server.pool_master(), server.serving_pids()) == (master, old)


def test_reload_reads_the_configuration_again(own):
    server = own.new('worker', {'replication_failure_threshold': 100}, workers=6)
    old = server.serving_pids()
    conf = os.path.join(server.run_dir, 'worker.conf')
    with open(conf) as file:
        text = file.read()
    assert 'replication_failure_threshold = 100' in text
    with open(conf, 'w') as file:
        file.write(text.replace('replication_failure_threshold = 100', 'replication_failure_threshold = 1'))
    os.kill(server.pool_master(), signal.SIGHUP)
    await_condition(lambda: not set(server.serving_pids()) & set(old), 'new workers took over', 30)
    with connected(server.port) as client:
        begin(client)
        client.send(UPDATES_START + b'DELETE /a/c/o\r\n\r\n')
        assert client.rest() == b":ERROR: 0 'Too many 1 failures to 0 successes'\n"


def test_reload_of_a_bad_configuration_changes_nothing(own):
    server = own.new('worker', workers=6)
    master = server.pool_master()
    with open(os.path.join(server.run_dir, 'worker.conf'), 'a') as file:
        file.write('\n[object-server]\nno_such_option = 1\n')
    os.kill(master, signal.SIGHUP)
    await_condition(lambda: 'no_such_option' in server.log_text(), 'the log names the option')
    assert server.pool_master() == master
    assert converse(server.port, check_script()).body.endswith(UPDATES_DONE)


def test_drain_finishes_the_running_session(own):
    """SIGQUIT to the pool's master: no new session, the running one goes to its end, then all end."""
    server = own.new('worker', workers=6)
    master = server.pool_master()
    workers = server.serving_pids()
    with connected(server.port) as client:
        begin(client)
        os.kill(master, signal.SIGQUIT)
        await_condition(lambda: len([pid for pid in workers if alive(pid)]) == 1, 'idle workers ended', 30)
        finish(client, put(b'/a/c/o', T, b'body'))
    await_condition(lambda: not alive(master) and not any(alive(pid) for pid in workers), 'the pool ended', 30)
    assert os.listdir(server.tree.hash_path('1', '/a/c/o')) == [T.decode() + '.data']
    # A pool that is gone is the end of run-local too.
    server.process.wait(30)
    server.await_no_process()


def test_stop_of_the_pool_ends_a_session_early(own):
    server = own.new('worker', workers=6)
    with connected(server.port) as client:
        begin(client)
        client.send(UPDATES_START + put(b'/a/c/o', T, b'x' * 100000)[:-50000])
        os.kill(server.pool_master(), signal.SIGTERM)
        client.rest()
        assert client.body_ended == 'cut'
    server.process.wait(30)
    server.await_no_process()
    assert not os.path.isdir(server.tree.hash_path('1', '/a/c/o')) or not os.listdir(
        server.tree.hash_path('1', '/a/c/o'))


def test_stop_of_the_pool_ends_a_session_whose_sender_never_pauses(own):
    """Its reads never block, so that no signal interrupts them."""
    server = own.new('worker', workers=6)
    lines = b'0123456789abcdef0123456789abcdef 1500000000.00000\r\n' * 1000
    with connected(server.port) as client:
        client.start(partition='1').read_head()
        client.send(MISSING_CHECK_START + lines)
        os.kill(server.pool_master(), signal.SIGTERM)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while True:
                client.send(lines)
    server.process.wait(30)
    server.await_no_process()
    assert 'did not stop' not in server.log_text()
