"""Metrics with labels, which releases from 2.36 on send: recorded from the object server of 2.38.1 for the requests of
test_statsd.py, since Debian's has none.

'GET 200' stands for the labels of an object's request, 'GET 503 bare' for method and status alone, and 'REPLICATE 200 True'
for one with skip_rehash.
"""
import itertools

import pytest

from partition_trees import forget_quarantined
from processes import await_condition
from statsd_server import StatsdServer, without_times
from test_statsd import ROWS, Row, asked, deleted, put_at, stored, updates
from wire import ask

pytestmark = pytest.mark.worker_only

RECORDED = {
    'GET of an object': ['GET 200'],
    'GET of nothing': ['GET 404'],
    'GET of a deleted object': ['GET 404'],
    'GET of another policy': ['GET 404 policy 2'],
    'GET with an unmet condition': ['GET 412'],
    'GET of what has not changed': ['GET 304'],
    'GET of a device that is not there': ['GET 507'],
    'GET without a policy': ['GET 503 bare'],
    'GET without an object': ['GET 400 bare'],
    'GET at no time': ['GET 400'],
    'GET of a path that is not UTF-8': [],
    'GET of an object of another name': [],
    'GET of an object without metadata': ['GET 404'],
    'GET of a truncated object': ['GET 404'],
    'GET of a file in place of a directory': ['GET 404'],
    'HEAD of an object': ['HEAD 200'],
    'HEAD of nothing': ['HEAD 404'],
    'HEAD of a deleted object': ['HEAD 404'],
    'HEAD of another policy': ['HEAD 404 policy 2'],
    'HEAD with an unmet condition': ['HEAD 200'],
    'HEAD of what has not changed': ['HEAD 200'],
    'HEAD of a device that is not there': ['HEAD 507'],
    'HEAD without a policy': ['HEAD 503 bare'],
    'HEAD without an object': ['HEAD 400 bare'],
    'HEAD at no time': ['HEAD 400'],
    'HEAD of a path that is not UTF-8': [],
    'HEAD of an object of another name': [],
    'HEAD of an object without metadata': ['HEAD 404'],
    'HEAD of a truncated object': ['HEAD 404'],
    'HEAD of a file in place of a directory': ['HEAD 404'],
    'GET of a range': ['GET 206'],
    'GET of no range': ['GET 416'],
    'GET of damaged bytes': ['GET 200'],
    'HEAD of damaged bytes': ['HEAD 200'],
    'REPLICATE': ['REPLICATE 200 False'],
    'REPLICATE of nothing': ['REPLICATE 200 False'],
    'REPLICATE of a suffix': ['REPLICATE 200 True'],
    'REPLICATE of a device that is not there': ['REPLICATE 507 False'],
    'REPLICATE without a policy': ['REPLICATE 503 bare'],
    'REPLICATE of a file in place of a directory': ['REPLICATE 200 False'],
    'a method that is not there': [],
    'a session': ['SSYNC 200'],
    'a session that makes no sense': ['SSYNC 200'],
    'a session that ends early': ['SSYNC 200'],
    'a session that finds its partition locked': ['SSYNC 200'],
    'a session with a device that is not there': ['SSYNC 507 bare'],
    'a session without a policy': ['SSYNC 503 bare'],
    'a session of no fragment': ['SSYNC 400 bare'],
    'an offer of what is here': ['SSYNC 200'],
    'an offer of what is damaged here': ['SSYNC 200'],
    'an offer of what is a file here': ['SSYNC 200'],
    'PUT': ['PUT 201', 'SSYNC 200'],
    'PUT of no bytes': ['PUT 201', 'SSYNC 200'],
    'PUT of many bytes': ['PUT 201', 'SSYNC 200'],
    'PUTs': 9 * ['PUT 201'] + ['SSYNC 200'],
    'PUT of what is as new here': ['PUT 409', 'SSYNC 200'],
    'PUT under a condition': ['PUT 412', 'SSYNC 200'],
    'PUT with another ETag': ['PUT 422', 'SSYNC 200'],
    'PUT at no time': ['PUT 400', 'SSYNC 200'],
    'PUT of another name': ['SSYNC 200'],
    'PUT over what is damaged': ['PUT 201', 'SSYNC 200'],
    'PUT whose body ends early': ['PUT 499', 'SSYNC 200'],
    'POST': ['POST 202', 'SSYNC 200'],
    'POST to nothing': ['POST 404', 'SSYNC 200'],
    'POST of what is as new here': ['POST 409', 'SSYNC 200'],
    'POST of a time in the past': ['POST 400', 'SSYNC 200'],
    'POST at no time': ['POST 400', 'SSYNC 200'],
    'POST of another name': ['SSYNC 200'],
    'POST of a content type alone': ['SSYNC 200'],
    'DELETE': ['DELETE 204', 'SSYNC 200'],
    'DELETE of nothing': ['DELETE 404', 'SSYNC 200'],
    'DELETE of what is newer here': ['DELETE 409', 'SSYNC 200'],
    'DELETE of what does not expire': ['DELETE 412', 'SSYNC 200'],
    'DELETE at no expiry': ['DELETE 400', 'SSYNC 200'],
    'DELETE at no time': ['DELETE 400', 'SSYNC 200'],
    'a subrequest of an unknown method': ['SSYNC 200'],
    'subrequests of all methods': ['DELETE 204', 'POST 202', 'PUT 201', 'SSYNC 200'],
}
# Requests that have no row there.
MORE = [
    (Row('GET of nothing under a condition', asked('GET', ('If-Match', '*')), []), ['GET 404']),
    (Row('HEAD of nothing under a condition', asked('HEAD', ('If-Match', '*')), []), ['HEAD 404']),
    (Row('GET of a deleted object under a condition', asked('GET', ('If-Match', 'x')), [], deleted), ['GET 404']),
    (Row('HEAD of what was not modified', asked('HEAD', ('If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT')), [], stored), ['HEAD 200']),
    (Row('a session without a partition', lambda server, _: ask(server.port, 'SSYNC', '/sda1'), []), ['SSYNC 400 bare']),
    (Row('REPLICATE without a partition', lambda server, _: ask(server.port, 'REPLICATE', '/sda1'), []), ['REPLICATE 400 bare']),
    (Row('REPLICATE of an empty suffix', asked('REPLICATE', path='/'), []), ['REPLICATE 200 False']),
    (Row('PUT of too much metadata', updates(put_at(0, b'X-Object-Meta-A: ' + b'x' * 5000)), []), ['PUT 400', 'SSYNC 200']),
    (Row('a session of 2013', lambda server, partition: ask(server.port, 'REPLICATION', '/sda1/' + partition), []), []),
]
_partitions = itertools.count(500)


def labels_of(code):
    method, status, *more = code.split()
    labels = {'method': method, 'status': status, 'user_dc': 'x.1'}
    if 'bare' not in more:
        labels['policy'] = more[1] if 'policy' in more else '0'
        if method in ('GET', 'HEAD', 'PUT', 'POST', 'DELETE'):
            labels.update({'account': 'a', 'container': 'c'})
        if method == 'REPLICATE':
            labels['skip_rehash'] = more[0]
    return 'swift_object_server_request_timing:TIME|ms|#' + ','.join('%s:%s' % label for label in sorted(labels.items()))


@pytest.fixture(scope='module')
def server(receivers):
    with StatsdServer() as statsd:
        server = receivers.new('worker', {'log_statsd_host': '127.0.0.1', 'log_statsd_port': statsd.port,
                                          'statsd_label_mode': 'DogStatsD', 'statsd_user_label_dc': 'x.1', 'statsd_emit_legacy': 'no'})
        server.statsd = statsd
        yield server
        server.stop()
        assert statsd.take() == []


@pytest.mark.parametrize('row, codes', [(row, RECORDED[row.name]) for row in ROWS] + MORE,
                         ids=lambda value: getattr(value, 'name', ''))
def test_what_a_request_sends(server, row, codes):
    partition, expected = str(next(_partitions)), sorted(map(labels_of, codes))
    assert server.statsd.take() == [], 'of the row before'
    forget_quarantined(server.tree)
    if row.setup:
        row.setup(server.tree, partition)
    row.request(server, partition)
    taken = []

    def have_come():
        taken.extend(server.statsd.take())
        return len(taken) >= len(expected)
    await_condition(have_come, lambda: 'sent %r, not %r' % (taken, expected))
    assert without_times(taken) == expected
