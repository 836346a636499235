"""Who is taken for whom by what is answered, while servers come and go."""
import contextlib
import socket
import threading

from ports import free_port
from ssync_node import answers

OPTIONS = b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nAllow: GET, PUT, REPLICATE, SSYNC\r\nServer: object-server/2.30.1\r\n\r\n'
NO_DEVICE = b'HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\n%s\r\n'
BY_NGINX = b'Server: nginx/1.22.1\r\n'


@contextlib.contextmanager
def scripted_server(*responses):
    """The port of a server that answers one connection with each, and is gone then."""
    port = free_port()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', port))
    listener.listen()

    def serve():
        for number, response in enumerate(responses):
            connection, _ = listener.accept()
            if number == len(responses) - 1:
                listener.close()
            with connection:
                connection.recv(4096)
                connection.sendall(response)
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield port
    thread.join(30)


def test_the_object_server_itself():
    with scripted_server(OPTIONS, NO_DEVICE % b'') as port:
        assert answers.python_server_at('127.0.0.1', port)


def test_the_object_server_behind_nginx():
    # Its own name passes through nginx.
    with scripted_server(OPTIONS, NO_DEVICE % BY_NGINX) as port:
        assert not answers.python_server_at('127.0.0.1', port)
    with scripted_server(NO_DEVICE % BY_NGINX, OPTIONS) as port:
        assert answers.what_is_wrong_behind_nginx('127.0.0.1', port) is None


def test_an_nginx_that_leaves_the_port_is_not_the_object_server():
    with scripted_server(OPTIONS) as port:
        assert not answers.python_server_at('127.0.0.1', port)


def test_what_is_wrong_is_said():
    with scripted_server(b'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n%s\r\n' % BY_NGINX) as port:
        assert 'is the pool running?' in answers.what_is_wrong_behind_nginx('127.0.0.1', port)
    with scripted_server(NO_DEVICE % BY_NGINX, b'HTTP/1.1 405 No\r\nContent-Length: 0\r\n%s\r\n' % BY_NGINX) as port:
        assert 'OPTIONS' in answers.what_is_wrong_behind_nginx('127.0.0.1', port)
    with scripted_server(NO_DEVICE % b'') as port:
        assert 'not by nginx' in answers.what_is_wrong_behind_nginx('127.0.0.1', port)
    with scripted_server(b'HTTP/1.1 403 No\r\nContent-Length: 0\r\n%s\r\n' % BY_NGINX) as port:
        assert 'does not let this node in' in answers.what_is_wrong_behind_nginx('127.0.0.1', port)


def test_what_is_no_http_is_nobody():
    for response in (b'', b'SSH-2.0\r\n'):
        with scripted_server(response) as port:
            assert answers.ask('127.0.0.1', port, 'OPTIONS', '/') is None
