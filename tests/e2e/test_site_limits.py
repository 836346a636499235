"""Who may use the site's port, and how much of it: its access file and its limit for one address."""
import contextlib
import os
import signal
import socket

import pytest

from processes import await_condition, unread_bytes
from wire import ask, connected

LIMIT = 256
RESERVED = '/sda1/1/a/%00c/%00o'
pytestmark = pytest.mark.worker_only


@pytest.fixture
def server(own):
    return own.new('worker', workers=1, settings={'replication_concurrency': '0'})


def answer_from(address, port, path='/sda1/1/a/c/o', timeout=30):
    """The first line of the answer to a HEAD that comes from this address of the machine."""
    with socket.create_connection(('127.0.0.1', port), timeout, source_address=(address, 0)) as client:
        client.sendall(b'HEAD %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n' % path.encode())
        return client.makefile('rb').readline().decode().strip()


def reload_nginx(server):
    with open(os.path.join(server.run_dir, 'nginx.pid'), encoding='utf-8') as pid:
        os.kill(int(pid.read()), signal.SIGHUP)


def test_one_address_has_so_many_requests_at_once(server):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(server.port)) for _ in range(LIMIT)]
        # The one worker serves a session, and the others wait for it.
        clients[0].start().read_head()
        for client in clients[1:]:
            client.raw(b'HEAD /sda1/1/a/c/o HTTP/1.1\r\nHost: h\r\n\r\n')
        await_condition(lambda: all(unread_bytes(server.port, client.socket) == 0 for client in clients), 'all have come', 60)
        for method, path in (('SSYNC', '/sda1/2'), ('GET', '/sda1/1/a/c/o'), ('GET', RESERVED), ('REPLICATE', '/sda1/1')):
            assert ask(server.port, method, path).code == 503
        other = stack.enter_context(socket.create_connection(('127.0.0.1', server.port), 60, source_address=('127.0.0.2', 0)))
        other.sendall(b'HEAD /sda1/1/a/c/o HTTP/1.1\r\nHost: h\r\n\r\n')
        for client in clients:
            client.close()
        # It was let in, and its turn comes when those before it have gone.
        assert other.recv(100).startswith(b'HTTP/1.1 404')
    assert ask(server.port, 'HEAD', '/sda1/1/a/c/o').code == 404
    with open(os.path.join(server.run_dir, 'nginx-error.log'), encoding='utf-8') as log:
        assert 'limiting connections by zone "ssync_clients"' in log.read()


def test_who_may_see_the_status(server):
    """This machine alone, until a file beside nginx.conf names others."""
    paths = ('/ssync/', '/ssync/status.json', '/ssync/history.json', '/metrics')
    for path in paths:
        assert answer_from('127.0.0.1', server.port, path) == 'HTTP/1.1 200 OK'
        assert answer_from('127.0.0.2', server.port, path) == 'HTTP/1.1 403 Forbidden'
    named = os.path.join(server.run_dir, 'ssync-status-access.conf')
    with open(named, 'w', encoding='utf-8') as access:
        access.write('allow 127.0.0.2;\n')
    reload_nginx(server)
    for path in paths:
        await_condition(lambda: answer_from('127.0.0.2', server.port, path) == 'HTTP/1.1 200 OK', 'it is let in')
        assert answer_from('127.0.0.1', server.port, path) == 'HTTP/1.1 200 OK'
        assert answer_from('127.0.0.3', server.port, path) == 'HTTP/1.1 403 Forbidden'
    os.unlink(named)


def test_the_page_without_its_slash(server):
    reply = ask(server.port, 'GET', '/ssync')
    # The address is the browser's: a tunnel's port is none that nginx knows.
    assert (reply.code, reply.headers['location']) == (301, '/ssync/')


def test_the_access_file_is_what_decides(server):
    for address in ('127.0.0.1', '127.0.0.2'):
        assert answer_from(address, server.port) == 'HTTP/1.1 404 Not Found'
    with open(os.path.join(server.run_dir, 'ssync-access.conf'), 'w', encoding='utf-8') as access:
        access.write('allow 127.0.0.2;\ndeny all;\n')
    reload_nginx(server)
    for path in ('/sda1/1/a/c/o', RESERVED, '/sda1/1/a/c/%'):
        await_condition(lambda: answer_from('127.0.0.1', server.port, path) == 'HTTP/1.1 403 Forbidden', 'it is shut out')
        assert answer_from('127.0.0.2', server.port, path) == 'HTTP/1.1 404 Not Found'
    with connected(server.port) as client:
        assert client.start(partition='1').read_head().status.endswith('403 Forbidden')
