"""A server that is no pool: it serves the status page beside a status.json and a history.json of a test's own making."""
import contextlib
import http.server
import json
import random
import threading
import time

SPANS = ('1m', '5m', '15m')
COUNTS = ('sessions', 'sessions_cut', 'sessions_refused', 'offered', 'wanted', 'stored', 'failed', 'bytes_in',
          'replicate_requests', 'reads', 'requests_refused', 'errors', 'quarantined', 'wait_seconds', 'update_seconds')
TB = 10 ** 12


def rates(objects, size=65536, failures=0.0):
    return {span: {'objects': objects * factor, 'bytes': objects * factor * size, 'failures': failures}
            for span, factor in zip(SPANS, (1, 0.9, 0.7))}


def device(name, objects=0.0, **values):
    made = {'device': name, 'sessions_running': 0, 'sessions_waiting': 0, 'counts': dict.fromkeys(COUNTS, 0),
            'rates': rates(objects), 'last_success': None, 'free_bytes': None, 'size_bytes': None}
    made['counts'].update(values.pop('counts', {}))
    made.update(values)
    return made


def session(number, device, **values):
    made = {'id': 4000 + number, 'method': 'SSYNC', 'remote_addr': '10.0.0.%d' % (number % 24 + 1), 'device': device,
            'partition': str(1000 + 37 * number), 'policy': 0, 'phase': 'updates', 'waiting': False,
            'seconds': 12.0 + number, 'wait_seconds': 0.2, 'list_seconds': 1.5, 'update_seconds': 10.0 + number,
            'lines': 5000, 'offered': 4800, 'wanted': 1200, 'stored': 10 * number % 1200, 'failed': 0,
            'bytes_in': 65536 * number, 'share': 10 * number % 1200 / 1200, 'objects_per_second': 81.5,
            'bytes_per_second': 5.3e6}
    made.update(values)
    return made


def replicator(text='sda1', jobs=1, **values):
    """That of one process; text stands wherever it told any."""
    now = time.time()
    made_pass = {'number': 3, 'state': text, 'begun': now - 8, 'until': None, 'partitions': 10000, 'done': 4120, 'running': 4, 'left': 5876,
                 'handoffs': 400, 'handoffs_left': 310, 'rate': 512.3, 'rate_lately': 500.0, 'remaining_seconds': 11.4}
    last = {'ended': now - 40, 'seconds': 20.0, 'partitions': 10000, 'done': 10000, 'handoffs_left': 0, 'ended_early': text}
    made = {'state': 'answers', 'age': 0.1, 'partitions': {'all': 10000, 'done': 4120, 'running': 4, 'left': 5876},
            'handoffs': {'all': 400, 'left': 310}, 'rate': 512.3, 'rate_lately': 500.0, 'remaining_seconds': 11.4,
            'processes': [{'socket': 'ssync-replicator.0.status', 'state': 'answers', 'age': 0.1, 'process': 0, 'processes': 1, 'pid': 7,
                           'mode': text, 'started': now - 100, 'pass': made_pass, 'last_pass': last,
                           'ring_changes': {'count': 0, 'last': None}, 'limits': {}}],
            'devices': [{'device': text, 'partitions': 10000, 'done': 4120, 'handoffs_left': 310, 'failures': 2, 'objects_sent': 17,
                         'bytes_sent': 4096, 'last_error': text, 'last_error_time': now - 5}],
            'peers': [{'peer': text, 'sessions': 1, 'waiting': 2, 'objects_sent': 17, 'bytes_sent': 4096, 'failures': 1,
                       'last_failure': text, 'last_failure_time': now - 5}],
            'jobs': [{'device': text, 'partition': text, 'policy': 0, 'kind': text, 'peer': text, 'state': text, 'seconds': 2.0,
                      'age': 3.0 + number, 'offered': 30, 'wanted': 20, 'sent': 10, 'bytes': 1024} for number in range(jobs)],
            'devices_left_out': 0, 'peers_left_out': 3, 'jobs_left_out': 0}
    made.update(values)
    return made


def status(sessions=(), devices=(), failures=(), requests=(), replicator=None, **pool):
    """A status.json. Its sums are not those of its devices: the page shows what it is told."""
    made = {'version': '0.2.0', 'started': int(time.time()) - 190000, 'uptime': 190000.0, 'deaths': 0, 'reloads': 1, 'backoff': None,
            'drained': False,
            'workers': {'configured': 12, 'running': 12, 'leaving': 0,
                        'phases': {'idle': 12 - min(12, len(sessions)), 'updates': min(12, len(sessions))}},
            'slots': {'all': 4, 'free': 4 - min(4, len(sessions))},
            'room': {'beside_sessions': 7, 'beside_sessions_used': 0, 'for_one_device': 5, 'waiting': 3, 'waiting_used': 0}}
    made.update(pool)
    return {'time': time.time(), 'pool': made, 'sessions': list(sessions), 'requests': list(requests),
            'devices': list(devices), 'failures': list(failures),
            'totals': {'counts': dict.fromkeys(COUNTS, 1234), 'rates': rates(300)}, 'replicator': replicator}


def history(devices, steps=180, most=400):
    """A history.json, the same in each run."""
    drawn = random.Random(1)
    made = {}
    for name in devices:
        level, values = drawn.uniform(0.2, 0.8), []
        for _ in range(steps):
            level = min(1.0, max(0.0, level + drawn.uniform(-0.06, 0.06)))
            values.append(most * level)
        made[name] = {'objects': values, 'bytes': [value * 65536 for value in values]}
    return {'step_seconds': 5, 'steps': 180, 'age': 1.0, 'devices': made}


class MadeUp:
    """page and policy: what a real server serves as /ssync/, and its Content-Security-Policy."""

    def __init__(self, page, policy):
        self.page, self.policy = page, policy
        self.status, self.history = status(), history([])
        self.answers_with = 200
        self.asked = []         # (name, when it came, when it was answered)
        self.delay = 0.0

    @property
    def url(self):
        return 'http://127.0.0.1:%d/ssync/' % self.port

    def answer(self, path):
        if path == '/ssync/':
            return 200, 'text/html; charset=utf-8', self.page
        begun = time.monotonic()
        # How slow an answer may be is what some test is about.
        time.sleep(self.delay)
        made = {'/ssync/status.json': self.status, '/ssync/history.json': self.history}.get(path)
        self.asked.append((path, begun, time.monotonic()))
        if made is None:
            return 404, 'text/plain', b''
        return self.answers_with, 'application/json', json.dumps(made).encode()


@contextlib.contextmanager
def made_up_server(page, policy, port=0):
    made = MadeUp(page, policy)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self):
            code, kind, body = made.answer(self.path)
            self.send_response(code)
            self.send_header('Content-Type', kind)
            self.send_header('Content-Length', str(len(body)))
            self.send_header('Content-Security-Policy', made.policy)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
