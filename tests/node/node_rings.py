"""Rings of a few devices."""
import array

from swift.common.ring.ring import RingData


def write_ring(path, devices):
    """A ring of these devices: dictionaries of what differs from a device that is at 127.0.0.1."""
    whole = [{'id': number, 'region': 1, 'zone': 1, 'weight': 100.0, 'device': 'sda1', 'ip': '127.0.0.1', 'meta': '',
              'replication_ip': '127.0.0.1', **device} for number, device in enumerate(devices)]
    RingData([array.array('H', [0, 0])], whole, 31).save(path)
