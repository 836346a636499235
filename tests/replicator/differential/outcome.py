"""What a pass came to: its exit status, what monitoring is told, and all that is on the devices of all nodes."""
import json
import os
import re

from tree import read_tree

LEFT_BEHIND = re.compile(r'/tmp[a-z0-9_]{8}\.tmp$')
LOCK = re.compile(r'(^|/)\.lock(-[a-z]+)?(-\d+)?$')
POLICY = re.compile(r'objects(?:-\d+)?')
PARTITION = re.compile(r'(objects(?:-\d+)?/[^/]+)')
TIMES = ('replication_time', 'replication_last', 'object_replication_time', 'object_replication_last')


def read_devices(directories):
    """{(where it belongs, path): description}, where it belongs being a policy's partition or ''."""
    found = {}
    for node, directory in enumerate(directories):
        for device in sorted(os.listdir(directory)):
            tree = meant(read_tree(os.path.join(directory, device)))
            # A device that was made where one is unmounted.
            found['', '%d/%s' % (node, device)] = {'kind': 'device'}
            for path, entry in tree.items():
                # It is there since there was a partition in it, and which node gets one may be left to chance.
                if POLICY.fullmatch(path) and entry['kind'] == 'directory':
                    continue
                partition = PARTITION.match(path)
                found[partition[1] if partition else '', '%d/%s/%s' % (node, device, path)] = entry
    return found


def meant(tree):
    """The tree with what hashes.pkl and hashes.invalid mean in the place of what they are; without locks and what killed or
    failed writers leave."""
    result = {}
    for path, entry in tree.items():
        if LOCK.search(path) or LEFT_BEHIND.search(path):
            continue
        directory, _, name = path.rpartition('/')
        if name == 'hashes.invalid' and 'lines' in entry:
            continue
        if name == 'hashes.pkl' and 'hashes' in entry:
            entry = {'kind': 'hashes', 'hashes': known_hashes(entry['hashes'], tree.get(directory + '/hashes.invalid'))}
        result[path] = entry
    return result


def known_hashes(hashes, invalid):
    """{suffix: its hash or None}, or None if Swift would begin anew."""
    if not isinstance(hashes, dict) or not hashes.get('valid', True):
        return None
    hashes = {suffix: value for suffix, value in hashes.items() if suffix != 'valid'}
    for line in (invalid or {}).get('lines', []):
        if line:
            hashes[line.decode('latin-1')] = None
    return hashes


def read_recon(directory):
    """{path of a value: value}, with times only known to be numbers; None if nothing is told."""
    try:
        with open(os.path.join(directory, 'object.recon')) as recon:
            return dict(flat(json.load(recon))) or None
    except FileNotFoundError:
        return None


def flat(value, prefix=''):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from flat(inner, '%s/%s' % (prefix, name) if prefix else name)
    elif not prefix:
        return
    elif prefix.rpartition('/')[2] in TIMES:
        yield prefix, isinstance(value, (int, float))
    else:
        yield prefix, value


class Outcome:
    def __init__(self, status, place, directories, ring_of):
        self.status = status
        self.ring_of = ring_of
        self.recon = read_recon(os.path.join(place, 'recon'))
        self.found = read_devices(directories)
        with open(os.path.join(place, 'log'), encoding='utf-8', errors='replace') as log:
            self.log = log.read()

    def has_files_in(self, place, directory):
        return any(inside == place and path.startswith(directory + '/') and entry['kind'] != 'directory'
                   for (inside, path), entry in self.found.items())
