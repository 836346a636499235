"""Ports for servers, each of which no other test process is given, however many of them run at once."""
import itertools
import random
import socket

FIRST = 10000
_claims = []        # open as long as this process lives


def _candidates():
    """The ports below those that the kernel takes for outgoing connections: one of these could have it first."""
    with open('/proc/sys/net/ipv4/ip_local_port_range') as file:
        end = int(file.read().split()[0])
    return range(FIRST, end if end >= FIRST + 1000 else 1 << 16)


def free_port():
    """A port on which nobody listens, and which is this process's until it ends."""
    candidates = _candidates()
    # From anywhere among them, so that test processes seldom meet.
    start = random.SystemRandom().randrange(len(candidates))
    for port in itertools.chain(candidates[start:], candidates[:start]):
        # A name that only one process can have; like the port it is of this network name space, and no file is left of it.
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind('\0ssync-tests-port-%d' % port)
            with socket.socket() as probe:
                probe.bind(('127.0.0.1', port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise RuntimeError('no port is free from %d to %d' % (candidates[0], candidates[-1]))
