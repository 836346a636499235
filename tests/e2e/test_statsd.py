"""What statsd is told of requests: the same datagrams as Swift's object server sends, but for the times in them.

A row says what is on the disk, what is asked, and what both servers send then. A rate is in a row as it is in a datagram;
with the factor of these servers all that Swift samples is sent, so that nothing is left to chance.
"""
import contextlib
import dataclasses
import itertools
import os
from typing import Any

import pytest

from damage import another_name, change_metadata, file_for_directory, no_metadata, spoiled, truncate
from partition_trees import forget_quarantined
from processes import await_condition
from statsd_server import StatsdServer, without_times
from swift_cluster import DEVICE, EC, GOLD, object_hash
from swift_lock import held
from target import TARGET
from timed_subrequests import BODY, NAME, PATH, T, at, delete, post, stamp
from wire import (EMPTY_CHECK, LAST_CHUNK, MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_END, UPDATES_START, Pause, ask,
                  check_script, converse, put, subrequest, updates_script)

# The least of Swift's rates becomes 1. A worker.conf alone, without Swift's file, has another name.
ALL = {'log_statsd_sample_rate_factor': 10, 'log_name': 'object-server'}
_partitions = itertools.count(100)


@contextlib.contextmanager
def reporting(receivers, settings):
    """The server under test and Swift's, each with a statsd server of its own, and no request yet."""
    with contextlib.ExitStack() as stack:
        servers = []
        for kind in (TARGET, 'swift'):
            statsd = stack.enter_context(StatsdServer())
            server = receivers.new(kind, {'log_statsd_host': '127.0.0.1', 'log_statsd_port': statsd.port, **settings})
            stack.callback(server.stop)
            server.statsd = statsd
            servers.append(server)
        yield servers


@pytest.fixture(scope='module')
def servers(receivers):
    with reporting(receivers, ALL) as both:
        yield both
        for server in both:
            assert server.statsd.take() == [], server.kind


def await_metrics(server, expected):
    """No more than these, sorted, as far as they have come with them."""
    taken = []

    def have_come():
        taken.extend(server.statsd.take())
        return len(taken) >= len(expected)
    await_condition(have_come, lambda: '%s sent %r, not %r' % (server.kind, taken, expected))
    assert without_times(taken) == sorted(expected), server.kind


def timing(name):
    return 'object-server.%s:TIME|ms' % name


QUARANTINE = 'object-server.quarantines:1|c'
SSYNC = timing('SSYNC.timing')
WRITTEN = timing('PUT.%s.timing' % DEVICE)


@dataclasses.dataclass
class Row:
    name: str
    request: Any    # called with (server, partition)
    metrics: list
    setup: Any = None  # called with (tree, partition)


def stored(tree, partition):
    tree.put(partition, NAME, T, BODY)


def deleted(tree, partition):
    tree.delete(partition, NAME, T)


def asked(method, *headers, device=DEVICE, path=NAME, policy=GOLD):
    def request(server, partition):
        ask(server.port, method, '/%s/%s%s' % (device, partition, path), [('X-Backend-Storage-Policy-Index', str(policy)), *headers])
    return request


def session(script, *headers, device=DEVICE, locked=False):
    def request(server, partition):
        lock = held(server.tree.partition_path(partition), 'replication') if locked else contextlib.nullcontext()
        with lock:
            converse(server.port, script, device=device, partition=partition, headers=headers)
    return request


def updates(*subrequests):
    return session(updates_script(*subrequests))


def put_at(seconds, *headers, body=BODY):
    return put(PATH, at(seconds), body, *headers)


def offer(seconds):
    def request(server, partition):
        # The hash is known when the servers' swift.conf is.
        session(check_script(b'%s %s' % (object_hash(NAME).encode(), at(seconds))))(server, partition)
    return request


WRONG_ETAG = spoiled(change_metadata(lambda values: values.update({b'ETag': b'0' * 32})))
NO_PATH = '/a/c'
INVALID_TIME = subrequest(b'PUT', PATH, b'X-Timestamp: x', b'Content-Length: 1', b'Content-Type: text/plain', body=b'x')

ROWS = [
    *(row for verb in ('GET', 'HEAD') for row in (
        Row(verb + ' of an object', asked(verb), [timing(verb + '.timing')], stored),
        Row(verb + ' of nothing', asked(verb), [timing(verb + '.timing')]),
        Row(verb + ' of a deleted object', asked(verb), [timing(verb + '.timing')], deleted),
        Row(verb + ' of another policy', asked(verb, policy=EC), [timing(verb + '.timing')]),
        Row(verb + ' with an unmet condition', asked(verb, ('If-Match', 'x')), [timing(verb + '.timing')], stored),
        Row(verb + ' of what has not changed', asked(verb, ('If-None-Match', '*')), [timing(verb + '.timing')], stored),
        Row(verb + ' of a device that is not there', asked(verb, device='missing'), [timing(verb + '.errors.timing')]),
        Row(verb + ' without a policy', asked(verb, policy=7), []),
        Row(verb + ' without an object', asked(verb, path=NO_PATH), []),
        Row(verb + ' at no time', asked(verb, ('X-Timestamp', 'x')), []),
        Row(verb + ' of a path that is not UTF-8', asked(verb, path='/a/c/%ff'), []),
        Row(verb + ' of an object of another name', asked(verb), [], another_name),
        Row(verb + ' of an object without metadata', asked(verb), [timing(verb + '.timing'), QUARANTINE], spoiled(no_metadata)),
        Row(verb + ' of a truncated object', asked(verb), [timing(verb + '.timing'), QUARANTINE], spoiled(truncate)),
        Row(verb + ' of a file in place of a directory', asked(verb), [timing(verb + '.timing'), QUARANTINE], file_for_directory))),
    Row('GET of a range', asked('GET', ('Range', 'bytes=1-2')), [timing('GET.timing')], stored),
    Row('GET of no range', asked('GET', ('Range', 'bytes=1000-')), [timing('GET.timing')], stored),
    Row('GET of damaged bytes', asked('GET'), [timing('GET.timing'), QUARANTINE], WRONG_ETAG),
    Row('HEAD of damaged bytes', asked('HEAD'), [timing('HEAD.timing')], WRONG_ETAG),
    Row('REPLICATE', asked('REPLICATE', path=''), [timing('REPLICATE.timing')], stored),
    Row('REPLICATE of nothing', asked('REPLICATE', path=''), [timing('REPLICATE.timing')]),
    Row('REPLICATE of a suffix', asked('REPLICATE', path='/abc'), [timing('REPLICATE.timing')], stored),
    Row('REPLICATE of a device that is not there', asked('REPLICATE', path='', device='missing'), [timing('REPLICATE.errors.timing')]),
    Row('REPLICATE without a policy', asked('REPLICATE', path='', policy=7), []),
    # Only what is opened counts as quarantined.
    Row('REPLICATE of a file in place of a directory', asked('REPLICATE', path=''), [timing('REPLICATE.timing')], file_for_directory),
    Row('a method that is not there', asked('NONE'), []),
    Row('a session', session([EMPTY_CHECK, UPDATES_START + UPDATES_END, LAST_CHUNK]), [SSYNC]),
    Row('a session that makes no sense', session([b'x\r\n', LAST_CHUNK]), [SSYNC]),
    Row('a session that ends early', session([EMPTY_CHECK, LAST_CHUNK]), [SSYNC]),
    Row('a session that finds its partition locked', session([EMPTY_CHECK], locked=True), [SSYNC], stored),
    Row('a session with a device that is not there', session([EMPTY_CHECK], device='missing'), []),
    Row('a session without a policy', session([EMPTY_CHECK], ('X-Backend-Storage-Policy-Index', '7')), []),
    Row('a session of no fragment', session([EMPTY_CHECK], ('X-Backend-Ssync-Frag-Index', 'x')), []),
    Row('an offer of what is here', offer(0), [SSYNC], stored),
    Row('an offer of what is damaged here', offer(0), [SSYNC, QUARANTINE], spoiled(truncate)),
    Row('an offer of what is a file here', offer(0), [SSYNC], file_for_directory),
    Row('PUT', updates(put_at(0)), [SSYNC, WRITTEN, timing('PUT.timing')]),
    Row('PUT of no bytes', updates(put_at(0, body=b'')), [SSYNC, timing('PUT.timing')]),
    Row('PUT of many bytes', updates(put_at(0, body=b'x' * 300000)), [SSYNC, WRITTEN, timing('PUT.timing')]),
    Row('PUTs', updates(*[put(b'/a/c/o%d' % number, at(0), BODY) for number in range(9)]),
        [SSYNC] + 9 * [WRITTEN, timing('PUT.timing')]),
    Row('PUT of what is as new here', updates(put_at(0)), [SSYNC], stored),
    Row('PUT under a condition', updates(put_at(1, b'If-None-Match: *')), [SSYNC], stored),
    Row('PUT with another ETag', updates(put_at(0, b'ETag: ' + b'0' * 32)), [SSYNC, WRITTEN]),
    Row('PUT at no time', updates(INVALID_TIME), [SSYNC]),
    Row('PUT of another name', updates(put_at(1)), [SSYNC], another_name),
    Row('PUT over what is damaged', updates(put_at(1)), [SSYNC, QUARANTINE, WRITTEN, timing('PUT.timing')], spoiled(truncate)),
    Row('PUT whose body ends early', session([EMPTY_CHECK, UPDATES_START + put_at(0)[:-1], LAST_CHUNK]), [SSYNC, timing('PUT.timing')]),
    Row('POST', updates(post(PATH, 1)), [SSYNC, timing('POST.timing')], stored),
    Row('POST to nothing', updates(post(PATH, 1)), [SSYNC, timing('POST.timing')]),
    Row('POST of what is as new here', updates(post(PATH, 0)), [SSYNC, timing('POST.timing')], stored),
    Row('POST of a time in the past', updates(post(PATH, 1, b'X-Delete-At: 5')), [SSYNC, timing('POST.timing')], stored),
    Row('POST at no time', updates(subrequest(b'POST', PATH, b'X-Timestamp: x')), [SSYNC], stored),
    Row('POST of another name', updates(post(PATH, 1)), [SSYNC], another_name),
    Row('POST of a content type alone', updates(post(PATH, 0, b'Content-Type: x', b'Content-Type-Timestamp: ' + at(1))), [SSYNC], stored),
    Row('DELETE', updates(delete(PATH, 1)), [SSYNC, timing('DELETE.timing')], stored),
    Row('DELETE of nothing', updates(delete(PATH, 1)), [SSYNC, timing('DELETE.timing')]),
    Row('DELETE of what is newer here', updates(delete(PATH, -1)), [SSYNC, timing('DELETE.timing')], stored),
    Row('DELETE of what does not expire', updates(delete(PATH, 1, b'X-If-Delete-At: 5')), [SSYNC, timing('DELETE.timing')], stored),
    Row('DELETE at no expiry', updates(delete(PATH, 1, b'X-If-Delete-At: x')), [SSYNC, timing('DELETE.timing')], stored),
    Row('DELETE at no time', updates(subrequest(b'DELETE', PATH, b'X-Timestamp: x')), [SSYNC]),
    Row('a subrequest of an unknown method', updates(subrequest(b'NONE', PATH, stamp(0))), [SSYNC]),
    Row('subrequests of all methods', updates(put_at(0), post(PATH, 1), delete(PATH, 2)),
        [SSYNC, WRITTEN, timing('PUT.timing'), timing('POST.timing'), timing('DELETE.timing')]),
]


@pytest.mark.parametrize('row', ROWS, ids=[row.name for row in ROWS])
def test_what_a_request_sends(servers, row):
    partition = str(next(_partitions))
    for server in servers:
        # What the row before sent beyond its own would be in the way here.
        assert server.statsd.take() == [], server.kind
        forget_quarantined(server.tree)
        if row.setup:
            row.setup(server.tree, partition)
        row.request(server, partition)
        await_metrics(server, row.metrics)


def test_a_full_device(receivers):
    """The PUT is answered with 507, which is an error of the server."""
    with reporting(receivers, {**ALL, 'fallocate_reserve': '100%'}) as servers:
        for server in servers:
            updates(put_at(0))(server, '1')
            await_metrics(server, [SSYNC, timing('PUT.errors.timing')])


def test_a_body_that_takes_too_long(receivers):
    half = len(BODY) // 2
    with reporting(receivers, {**ALL, 'max_upload_time': 1, 'network_chunk_size': 1024}) as servers:
        body = b'x' * 2048
        head = put_at(0, body=body)[:-1024]
        for server in servers:
            session([EMPTY_CHECK, UPDATES_START + head, Pause(1.2), body[half:1024 + half], UPDATES_END, LAST_CHUNK])(server, '1')
            await_metrics(server, [SSYNC, 'object-server.PUT.timeouts:1|c'])


def test_the_prefix_and_the_name(receivers):
    settings = {**ALL, 'log_statsd_metric_prefix': 'n1', 'log_name': 'replication', 'log_statsd_host': 'localhost'}
    with reporting(receivers, settings) as servers:
        for server in servers:
            asked('GET')(server, '1')
            await_metrics(server, ['n1.replication.GET.timing:TIME|ms'])


def test_rates(receivers):
    """Asked until each has been drawn, which the smallest rate makes some hundreds."""
    rates = {**ALL, 'log_statsd_default_sample_rate': 0.5, 'log_statsd_sample_rate_factor': 0.9}
    requests = [asked('GET'), asked('HEAD'), asked('REPLICATE', path=''), updates(put_at(0))]
    expected = {timing(name + '.timing') + '|@' + rate for name, rate in (
        ('GET', '0.45'), ('HEAD', '0.7200000000000001'), ('REPLICATE', '0.09000000000000001'), ('SSYNC', '0.09000000000000001'),
        ('PUT', '0.45'), ('PUT.' + DEVICE, '0.45'))}
    with reporting(receivers, rates) as servers:
        for server in servers:
            taken = set()
            for partition in range(1000):
                for request in requests:
                    request(server, str(partition))
                taken.update(without_times(server.statsd.take()))
                if taken >= expected:
                    break
            assert taken == expected, server.kind


@pytest.mark.worker_only
def test_what_a_check_says(tmp_path, swift_dir):
    import subprocess
    from worker_server import worker_binary
    swifts, ours = tmp_path / 'object-server.conf', tmp_path / 'worker.conf'
    swifts.write_text('[DEFAULT]\ndevices = %s\nlog_statsd_host = stats.example\nlog_statsd_port = 8126\n[app:object-server]\n'
                      'use = egg:swift#object\nlog_statsd_metric_prefix = n1\n' % tmp_path)
    ours.write_text('[worker]\nobject_server_conf = %s\nswift_dir = %s\n' % (swifts, swift_dir))
    done = subprocess.run([worker_binary(), '--config', str(ours), '--check'], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert {'log_statsd_host = stats.example', 'log_statsd_port = 8126', 'log_statsd_default_sample_rate = 1.0',
            'log_statsd_sample_rate_factor = 1.0', 'log_statsd_metric_prefix = n1'} <= set(lines), done.stdout
    assert not any('no effect' in line and 'statsd' in line for line in lines), done.stdout
