"""A statsd server that keeps what it is sent."""
import re
import socket


class StatsdServer:
    """Ended by leaving the `with`."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def take(self):
        """What has come since the last call. What a process on this machine has sent is here when it has ended."""
        taken = []
        while True:
            try:
                taken.append(self.socket.recv(65536, socket.MSG_DONTWAIT).decode())
            except BlockingIOError:
                return taken


def without_times(metrics):
    """Sorted; each time has to be a number of milliseconds."""
    return sorted(re.sub(r':\d+(\.\d+)?(e-\d+)?\|ms', ':TIME|ms', metric) for metric in metrics)
