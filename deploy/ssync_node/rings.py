"""What the object rings say about a port of this node: whether it is for replication only."""

import glob
import gzip
import json
import os
import socket
import struct
import zlib

from .answers import host_and_port
from .errors import UnknownLayout

MAGIC = b'R1NG'
LARGEST_PART = 64 << 20  # bytes of JSON: a ring of a hundred thousand devices has less
# The families of addresses at which a server is reached that listens on this one.
FAMILIES_OF_ANY = {'0.0.0.0': (socket.AF_INET,), '::': (socket.AF_INET, socket.AF_INET6)}


def devices_of_rings(swift_dir):
    """All devices, as dictionaries, of object.ring.gz, object-1.ring.gz, …. Raises UnknownLayout for a ring that cannot be
    read, or if there is none."""
    paths = sorted(glob.glob(os.path.join(glob.escape(swift_dir), 'object*.ring.gz')))
    if not paths:
        raise UnknownLayout('%s: there is no object ring (object.ring.gz), which would tell whether the port is one of its '
                            'own for replication; if you know that it is, give --ignore-rings' % swift_dir)
    devices = []
    for path in paths:
        try:
            devices += [device for device in _devices(path) if isinstance(device, dict)]
        except (OSError, EOFError, ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
            raise UnknownLayout('%s: this ring cannot be read (%s); if you know that the port is one of its own for '
                                'replication, give --ignore-rings' % (path, error))
    return devices


def check_port(server, devices):
    """Raises UnknownLayout unless the address of the ObjectServer is one to which replicators come, and no proxy."""
    here = host_and_port(server.address, server.port)
    if any(device.get('port') == server.port and _reached(server, device.get('ip')) for device in devices):
        raise UnknownLayout('%s: proxies use %s too: the rings have no replication port of its own for this node, and '
                            'nginx must not be on the port that proxies use' % (server.path, here))
    if not any(device.get('replication_port', device.get('port')) == server.port
               and _reached(server, device.get('replication_ip', device.get('ip'))) for device in devices):
        raise UnknownLayout('%s: no device of the object rings has %s as its replication address; name the configuration of '
                            'the object server that listens on the replication port with --object-server-conf'
                            % (server.path, here))


def _devices(path):
    with gzip.open(path, 'rb') as ring:
        magic, version = struct.unpack('!4sH', ring.read(6))
        if magic != MAGIC or version not in (1, 2):
            raise ValueError('it is none of version 1 or 2')
        if version == 1:
            return json.loads(_part(ring, '!I'))['devs']
        _part(ring, '!Q')  # of version 2 the first part is about the whole ring, the second has its devices
        return json.loads(_part(ring, '!Q'))


def _part(ring, length_format):
    length, = struct.unpack(length_format, ring.read(struct.calcsize(length_format)))
    if length > LARGEST_PART:
        raise ValueError('a part of it is larger than %d bytes' % LARGEST_PART)
    return ring.read(length)


def _reached(server, name):
    """Whether a connection to this address, or host of this name, comes to the server."""
    if not name:
        return False
    if server.ring_ip and name == server.ring_ip:
        return True
    if server.address in FAMILIES_OF_ANY:
        return any(family in FAMILIES_OF_ANY[server.address] and _is_local(family, address)
                   for family, address in _addresses(name))
    return bool(_addresses(name) & _addresses(server.address))


def _addresses(name):
    try:
        return {(family, address[0]) for family, _, _, _, address in
                socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def _is_local(family, address):
    # Only an address of this machine can be bound to.
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
