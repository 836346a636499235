"""What the kernel of a machine says of its connections."""
import socket
import struct

ESTABLISHED = '01'


class Connection:
    """One that is established: who is at its ends, and how many bytes of the other end nobody has read yet."""

    def __init__(self, fields):
        self.local_port = _endpoint(fields[1])[1]
        self.remote_address, self.remote_port = _endpoint(fields[2])
        self.unread = int(fields[4].split(':')[1], 16)


def _endpoint(text):
    address, port = text.split(':')
    return socket.inet_ntoa(struct.pack('=I', int(address, 16))), int(port, 16)


def connections(pid):
    """All of the network name space in which the process is; none if it has ended."""
    try:
        with open('/proc/%d/net/tcp' % pid) as table:
            rows = [line.split() for line in table.read().splitlines()[1:]]
    except OSError:
        return []
    return [Connection(fields) for fields in rows if fields[3] == ESTABLISHED]
