"""Who answers on an address: Swift's object server, or nginx with the pool and that server behind it."""

import http.client
import socket
import time

PATIENCE_SECONDS = 10.0  # for one request
PAUSE_SECONDS = 0.05
SHUT_OUT = 403  # ssync-access.conf denies
NO_SUCH_DEVICE = 507
DEVICE_OF_NO_NODE = 'ssync-node-asks'


def host_and_port(address, port):
    """As in a URL, and as nginx writes it."""
    return ('[%s]:%d' if ':' in address else '%s:%d') % (address, port)


def ask(address, port, method, path):
    """(status, headers) of one request, or None if nobody answers."""
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, headers={'User-Agent': 'ssync-node'})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def python_server_at(address, port):
    """Whether Swift's object server itself answers there, with no nginx before it."""
    others = ask(address, port, 'OPTIONS', '/')
    if others is None or not _is_object_server(others):
        return False
    # Asked last, and answered: an nginx that leaves the port has passed the one on, and may be gone for the other.
    replication = _ask_replicate(address, port)
    return replication is not None and not _is_nginx(replication)


def what_is_wrong_behind_nginx(address, port):
    """None if nginx is there, the pool answers REPLICATE and the object server OPTIONS; else what is wrong, in words."""
    here = host_and_port(address, port)
    pools = _ask_replicate(address, port)
    if pools is None:
        return 'nobody answers REPLICATE at ' + here
    if not _is_nginx(pools):
        return 'REPLICATE at %s is answered, but not by nginx' % here
    if pools[0] == SHUT_OUT:
        return ('nginx does not let this node in (403) at %s: if ssync-access.conf has a list, the node\'s own address has to '
                'be in it' % here)
    if pools[0] != NO_SUCH_DEVICE:
        return ('REPLICATE at %s is answered with %d, where the pool would say %d about a device that is not there: is the '
                'pool running?' % (here, pools[0], NO_SUCH_DEVICE))
    others = ask(address, port, 'OPTIONS', '/')
    if others is None or not _is_object_server(others):
        return ('OPTIONS at %s is answered with %s, and not by the Python object server behind nginx'
                % (here, others and others[0]))
    return None


def is_shut_out(address, port):
    """Whether nginx is there and does not let this node in, which waiting does not change."""
    answer = _ask_replicate(address, port)
    return _is_nginx(answer) and answer[0] == SHUT_OUT


def pool_accepts(socket_path):
    """Whether somebody accepts connections on the pool's socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PATIENCE_SECONDS)
        try:
            probe.connect(socket_path)
        except OSError:
            return False
    return True


def awaited(condition, seconds):
    """The value of condition() as soon as it is true, or its last one after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(PAUSE_SECONDS)


def _ask_replicate(address, port):
    # Of a device that no node has: the pool and the object server say so, and touch nothing.
    return ask(address, port, 'REPLICATE', '/%s/0' % DEVICE_OF_NO_NODE)


def _is_nginx(answer):
    # Of an answer to REPLICATE: what the object server calls itself may pass through nginx in one to OPTIONS.
    return answer is not None and answer[1].get('Server', '').lower().startswith('nginx')


def _is_object_server(answer):
    return answer[0] == 200 and 'REPLICATE' in answer[1].get('Allow', '')
