"""What lines of the log belong to: as JSON, joined with nginx's by the transaction id, and in the journal."""
import json
import os
import re
import signal
import uuid

import pytest

from fake_journal import FakeJournal
from processes import await_condition
from replicator_conf import replicator_conf
from ring_builder import ring_builder
from sender import replicate
from swift_cluster import DeviceTree, write_swift_conf
from wire import EMPTY_CHECK, LAST_CHUNK, UPDATES_END, UPDATES_START, connected
from worker_server import build_dir, worker_binary

pytestmark = pytest.mark.worker_only

T = 1500000000
SESSION_LINE = re.compile(r'ssync receiver \(remote_addr: 127\.0\.0\.1, path: sda1/\d+\) session ended: 3 objects offered, 3 wanted, '
                          r'3 stored, 0 failed, \d+ bytes in [0-9.]+ s \(waited [0-9.]+, list [0-9.]+, updates [0-9.]+\), '
                          r'\d+ objects/s, [0-9.]+ MB/s$')


@pytest.fixture(name='source', scope='module')
def fixture_source(root, swift_dir):
    tree = DeviceTree(os.path.join(root, 'log-fields-source'))
    for partition in ('1', '2'):
        for name in ('one', 'two', 'three'):
            tree.put(partition, '/a/c/%s-%s' % (name, partition), T, b'body')
    return tree


def objects_in(text):
    """Of the lines that are whole; of a long one the end may not be written yet."""
    return [json.loads(line) for line in text.split('\n')[:-1]]


def access_lines(server):
    with open(os.path.join(server.run_dir, 'access.log'), encoding='utf-8') as log:
        return objects_in(log.read())


def json_lines(server):
    return objects_in(server.session_log())


def session_lines(server, partition):
    return [line for line in json_lines(server) if line.get('outcome') and line['partition'] == partition]


def test_a_session_of_swifts_sender_has_one_id_in_both_logs(receivers, source):
    """Its sender sends none, so it is nginx's."""
    server = receivers.get('worker', {'worker.log_format': 'json'})
    outcome = replicate(source, '1', server.port)
    assert outcome.success, outcome.log
    await_condition(lambda: session_lines(server, '1') and access_lines(server), 'both lines')
    line, = session_lines(server, '1')
    of_nginx = [each for each in access_lines(server) if each['device_partition'] == 'sda1/1']
    assert line['trans_id'] == of_nginx[0]['trans_id'] != ''
    assert re.fullmatch('[0-9a-f]{32}', line['trans_id'])
    assert SESSION_LINE.match(line['message']), line
    assert {name: line[name] for name in ('level', 'name', 'method', 'remote_addr', 'device', 'policy', 'outcome', 'offered', 'wanted',
                                          'stored', 'failed')} == {
        'level': 'INFO', 'name': 'swift', 'method': 'SSYNC', 'remote_addr': '127.0.0.1', 'device': 'sda1', 'policy': 0,
        'outcome': 'ended', 'offered': 3, 'wanted': 3, 'stored': 3, 'failed': 0}
    assert line['bytes'] > 0 and line['objects_per_second'] > 0 and line['seconds'] >= line['update_seconds'] > 0
    assert 'reason' not in line
    # All lines of the request have it; those of the master none.
    assert {each['trans_id'] for each in json_lines(server) if each.get('partition') == '1'} == {line['trans_id']}
    started, = [each for each in json_lines(server) if each['message'].startswith('started: ')]
    assert 'trans_id' not in started and 'device' not in started


def begin_and_end(server, partition, headers):
    with connected(server.port) as client:
        client.start(partition=partition, headers=headers)
        client.read_head()
        assert client.status.split()[1] == '200'
        client.send(EMPTY_CHECK + UPDATES_START + UPDATES_END)
        client.raw(LAST_CHUNK)
        client.rest()


@pytest.mark.parametrize('sent, shown', [
    ('tx-of-the-sender', 'tx-of-the-sender'),
    ('"},{"level":"CRITICAL', '"},{"level":"CRITICAL'),
    ('x' * 5000, 'x' * 256),
], ids=['plain', 'crafted', 'long'])
def test_the_senders_id_is_taken_where_there_is_one(receivers, sent, shown):
    server = receivers.get('worker', {'worker.log_format': 'json'})
    partition = str(10 + uuid.uuid4().int % 10 ** 6)
    begin_and_end(server, partition, [('X-Trans-Id', sent)])
    await_condition(lambda: session_lines(server, partition), 'its line')
    line, = session_lines(server, partition)
    assert line['trans_id'] == shown
    # The line in Swift's format has the header as it came.
    await_condition(lambda: [each for each in json_lines(server) if each.get('partition') == partition and 'status' in each], 'it')
    of_swift, = [each for each in json_lines(server) if each.get('partition') == partition and 'status' in each]
    assert '"-" "%s" "-"' % sent in of_swift['message']
    assert [each for each in access_lines(server) if each['trans_id'] == shown]


def test_text_is_what_it_was(receivers, source):
    """Nothing of the fields comes into it, and without an id of the sender's Swift's line has none."""
    server = receivers.get('worker')
    outcome = replicate(source, '2', server.port)
    assert outcome.success, outcome.log
    await_condition(lambda: '"SSYNC /sda1/2"' in server.session_log(), 'the line of the request')
    session, request = [line for line in server.session_log().splitlines() if 'sda1/2' in line][-2:]
    prefix = r'[A-Z][a-z]{2} [ \d]\d [\d:]{8} swift\[\d+\]: '
    assert re.match(prefix + 'INFO ' + SESSION_LINE.pattern, session), session
    assert re.match(prefix + r'DEBUG 127\.0\.0\.1 - - \[[^]]*\] "SSYNC /sda1/2" 200 - "-" "-" "[^"]*" [0-9.]+ "-" \d+ 0$', request), request


@pytest.fixture(name='journal')
def fixture_journal(tmp_path):
    if os.geteuid() != 0:
        pytest.skip('a mount name space takes root')
    journal = FakeJournal(str(tmp_path))
    yield journal
    journal.close()


def pool_command(tmp_path):
    write_swift_conf(str(tmp_path / 'etc'))
    (tmp_path / 'devices').mkdir()
    conf = tmp_path / 'worker.conf'
    conf.write_text('[worker]\nsocket = %s\nworkers = 6\nswift_dir = %s\n[object-server]\ndevices = %s\nmount_check = false\n'
                    % (tmp_path / 'worker.sock', tmp_path / 'etc', tmp_path / 'devices'))
    return [worker_binary(), '--config', str(conf)]


def test_lines_of_the_pool_go_to_the_journal(journal, tmp_path):
    process = journal.start(pool_command(tmp_path))
    try:
        started = journal.entry()
        assert started == {'MESSAGE': 'started: 6 workers on %s' % (tmp_path / 'worker.sock'), 'PRIORITY': '6',
                           'SYSLOG_IDENTIFIER': 'swift'}
        process.send_signal(signal.SIGHUP)
        assert journal.entry()['MESSAGE'].startswith('reloaded ')
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert journal.stream() == ''


def test_lines_go_to_standard_error_where_the_journal_takes_none(journal, tmp_path):
    os.unlink(os.path.join(journal.directory, 'socket'))
    process = journal.start(pool_command(tmp_path))
    try:
        await_condition(lambda: 'started' in journal.stream(), 'it has started')
        said, started = journal.stream().splitlines()[:2]
        assert said.startswith('<4>no fields in the journal: [Errno 2] No such file or directory: '), said
        assert started.startswith('<6>started: 6 workers on '), started
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert journal.stream().count('no fields') == 1, journal.stream()


def test_lines_of_the_replicator_have_their_partition_in_the_journal(journal, tmp_path):
    etc, partition = tmp_path / 'etc', tmp_path / 'devices' / 'sda1' / 'objects' / '3'
    write_swift_conf(str(etc), '[swift-hash]\nswift_hash_path_suffix = s\n')
    partition.parent.mkdir(parents=True)
    partition.write_text('a file')
    builder = str(etc / 'object.builder')
    ring_builder(builder, 'create', 2, 1, 0)
    ring_builder(builder, 'add', 'r1z1-127.0.0.1:6200/sda1', 100)
    ring_builder(builder, 'rebalance')
    conf = tmp_path / 'object-server.conf'
    conf.write_text(replicator_conf(str(etc), str(tmp_path / 'devices'), str(tmp_path), 6200,
                                    replicator={'ssync_log_format': 'json', 'log_level': 'WARNING'}))
    process = journal.start([os.path.join(build_dir(), 'ssync-replicator'), str(conf), '--once'])
    assert process.wait(60) == 0, journal.stream()
    entry = journal.entry()
    message = json.loads(entry.pop('MESSAGE'))
    assert message['message'] == 'Removing partition directory which was a file: %s' % partition
    assert (message['device'], message['partition'], message['policy']) == ('sda1', '3', 0)
    assert entry == {'PRIORITY': '4', 'SYSLOG_IDENTIFIER': message['name'], 'SSYNC_DEVICE': 'sda1', 'SSYNC_PARTITION': '3',
                     'SSYNC_POLICY': '0'}
    assert journal.stream() == ''
