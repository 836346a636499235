"""What has to be true of a cluster at rest. Each check gives a list of what is wrong, a line each."""
import hashlib
import http.client
import os
import re
import socket
import urllib.parse

from cluster import ACCOUNT, GOLD, PARITY, POLICIES, STATE, directory_name
from node import DEVICE_SLOTS, OBJECT_DEVICES, REPLICATION_PORT, SLOTS
from objects import parsed_listing
from processes import lock_holders

FRAGMENT_FILE = re.compile(r'(\d{10}\.\d{5}(?:_[0-9a-f]+)?)#(\d+)#d\.data$')
# What a REPLICATE or a replicator that was killed leaves beside hashes.pkl, ours and, with two letters more, Swift's. It goes with its partition.
HASHES_LEFT = re.compile(r'tmp\w{6}(\w\w)?\.tmp')
LISTING_LIMIT = 10000
SHOWN = 12
SLOT_SECONDS = 20


class OnDisk:
    """{(policy, hash): {(node, device): [file names]}} of all devices, and what no device should have."""

    def __init__(self, cluster):
        self.hashes = {}
        self.paths = {}
        self.wrong = []
        # How many unfinished hashes.pkl there are on nodes on which something was killed.
        self.unfinished = 0
        for node in cluster.nodes:
            for device in OBJECT_DEVICES:
                for directory, _, files in node.walk(device):
                    self._add(cluster, node, device, os.path.relpath(directory, node.device_path(device)), files)

    def _add(self, cluster, node, device, directory, files):
        parts = directory.split('/')
        where = '%s/%s/%s' % (node.name, device, directory)
        files = sorted(name for name in files if not STATE.match(name))
        policy = {directory_name(policy): policy for policy in POLICIES}.get(parts[0])
        if node.was_killed and policy is not None and len(parts) == 2:
            left = [name for name in files if HASHES_LEFT.fullmatch(name)]
            self.unfinished += len(left)
            files = [name for name in files if name not in left]
        if parts[0] == 'quarantined' or not files:
            return
        if policy is None:
            self.wrong.append('%s has %s' % (where, ', '.join(files)))
        elif len(parts) != 4 or not all(re.search(r'\.(data|meta|ts)$', name) for name in files):
            self.wrong.append('%s has %s' % (where, ', '.join(files)))
        else:
            partition, suffix, digest = parts[1:]
            if int(digest[:8], 16) >> (32 - cluster.part_power) != int(partition) or digest[-3:] != suffix:
                self.wrong.append('%s is in the wrong partition or suffix' % where)
            self.hashes.setdefault((policy, digest), {})[node, device] = files
            self.paths[policy, digest, node, device] = os.path.join(node.device_path(device), directory)


def check_places(cluster, objects, disk, policies=tuple(POLICIES)):
    """Every object, and every deletion, is on its primaries with the same files, and nowhere else."""
    from swift.common.utils import hash_path
    wrong = list(disk.wrong)
    known = {(one.policy, hash_path(*one.path[1:].split('/', 2))): one
             for one in objects.all.values() if one.policy in policies}
    rings = {policy: cluster.object_ring(policy) for policy in POLICIES}
    for key, one in known.items():
        if one.body is not None and key not in disk.hashes:
            wrong.append('%s is on no device' % one.path)
    for (policy, digest), found in disk.hashes.items():
        if policy not in policies:
            continue
        partition = int(digest[:8], 16) >> (32 - cluster.part_power)
        primaries = [(cluster.node_of(device), device['device']) for device in rings[policy].get_part_nodes(partition)]
        one = known.get((policy, digest))
        name = one.path if one else 'hash ' + digest
        wrong += ['%s is on %s/%s as well, which is no primary: %s' % (name, node.name, device, files)
                  for (node, device), files in found.items() if (node, device) not in primaries]
        sets = []
        for index, place in enumerate(primaries):
            files = found.get(place, [])
            fragment = [FRAGMENT_FILE.match(file) for file in files if '#' in file]
            if policy == PARITY and any(not match or int(match.group(2)) != index for match in fragment):
                wrong.append('%s on %s/%s has fragments that are not its own: %s' % (name, place[0].name, place[1], files))
            sets.append([FRAGMENT_FILE.sub(r'\1.data', file) for file in files])
        if any(files != sets[0] for files in sets):
            wrong.append('%s differs between its primaries: %s' % (name, {
                '%s/%s' % (node.name, device): found.get((node, device)) for node, device in primaries}))
        if one and (one.body is None) != all(file.endswith('.ts') for files in sets for file in files):
            wrong.append('%s: %s, and it was %s' % (name, sets[0], 'deleted' if one.body is None else 'written'))
    return wrong


def check_contents(cluster, objects, disk):
    """Whole objects as Swift reads them from each device; fragments are the auditor's."""
    from swift.common.utils import hash_path
    wrong = []
    for one in objects.all.values():
        if one.policy != GOLD or one.body is None:
            continue
        digest = hash_path(*one.path[1:].split('/', 2))
        for node, device in disk.hashes.get((one.policy, digest), {}):
            tree = node.trees[device]
            partition = int(digest[:8], 16) >> (32 - cluster.part_power)
            try:
                with tree.diskfile(partition, one.path, one.policy).open() as file:
                    metadata = file.get_metadata()
                    body = b''.join(file.reader())
            except Exception as error:
                wrong.append('%s on %s/%s: %s: %s' % (one.path, node.name, device, type(error).__name__, error))
                continue
            kept = {name: value for name, value in metadata.items()
                    if name.startswith('X-Object-Meta-') or name == 'Content-Type'}
            if body != one.body or metadata['ETag'] != hashlib.md5(one.body).hexdigest() or kept != one.metadata:
                wrong.append('%s on %s/%s has another body or metadata: %r' % (one.path, node.name, device, metadata))
    return wrong


def check_suffix_hashes(cluster):
    """The nodes answer REPLICATE with the same hashes for a partition."""
    from swift.common.direct_client import direct_get_suffix_hashes
    wrong = []
    for policy in POLICIES:
        ring = cluster.object_ring(policy)
        for partition in range(ring.partition_count):
            answers = []
            for index, device in enumerate(ring.get_part_nodes(partition)):
                hashes = direct_get_suffix_hashes(device, partition, [], conn_timeout=5, response_timeout=30,
                                                  headers={'X-Backend-Storage-Policy-Index': str(policy)})
                if policy == PARITY:
                    # What stands under a fragment's index is of that fragment alone; None is what they have in common.
                    hashes = {suffix: (found.get(None), bool(found.get(index)) or set(found) <= {None})
                              for suffix, found in hashes.items()}
                answers.append(hashes)
            if any(answer != answers[0] for answer in answers):
                wrong.append('partition %d of %s: suffix hashes differ: %r' % (partition, POLICIES[policy], answers))
    return wrong


def check_listings(cluster, objects):
    """Every replica of every container lists what there is."""
    ring = cluster.ring('container')
    wrong = []
    for container in objects.containers:
        partition, devices = ring.get_nodes(ACCOUNT, container)
        expected = objects.listing(container)
        for device in devices:
            client = http.client.HTTPConnection(device['ip'], device['port'], timeout=30)
            path = '/%s/%d/%s/%s?format=json&limit=%d' % (device['device'], partition, ACCOUNT,
                                                          urllib.parse.quote(container), LISTING_LIMIT)
            client.request('GET', path)
            answer = client.getresponse()
            found = parsed_listing(answer.read()) if answer.status < 300 else {}
            client.close()
            found = {name: (size, etag.split(';')[0]) for name, (size, etag) in found.items()}
            if found != expected:
                names = [name for name in {**found, **expected} if found.get(name) != expected.get(name)]
                wrong.append('container %s on %s (%d): %d names differ, as %s: %s and not %s' % (
                    container, device['ip'], answer.status, len(names), names[0], found.get(names[0]),
                    expected.get(names[0])))
    return wrong


def check_auditors(cluster, quarantined):
    """Auditors find nothing, and nothing is quarantined but what is expected: so many."""
    for log in cluster.run_daemons(('object-auditor', 'container-auditor', 'account-auditor')):
        if 'object-auditor' in log.path:
            counts = re.findall(r'Total quarantined: (\d+), Total errors: (\d+)', log.text())
            if not counts or any(count != ('0', '0') for count in counts):
                return ['the auditor is not content, see %s' % log.path]
    found = []
    for node in cluster.nodes:
        for device in OBJECT_DEVICES:
            for policy in POLICIES:
                path = os.path.join(node.device_path(device), 'quarantined', directory_name(policy))
                if os.path.isdir(path):
                    found += ['%s/%s/%s' % (node.name, device, name) for name in os.listdir(path)]
    return [] if len(found) == quarantined else ['%d quarantined and not %d: %s' % (len(found), quarantined, found)]


def open_session(node, device, partition):
    """A session that has been let in, as a socket; or what was said instead."""
    client = socket.create_connection((node.address, REPLICATION_PORT), SLOT_SECONDS)
    client.sendall(b'SSYNC /%s/%d HTTP/1.1\r\nHost: cluster\r\nTransfer-Encoding: chunked\r\n'
                   b'X-Backend-Storage-Policy-Index: 0\r\n\r\n' % (device.encode(), partition))
    lines = b':MISSING_CHECK: START\r\n:MISSING_CHECK: END\r\n'
    client.sendall(b'%x\r\n%s\r\n' % (len(lines), lines))
    said = b''
    while b':MISSING_CHECK: END' not in said:
        try:
            piece = client.recv(4096)
        except OSError as error:
            piece = repr(error).encode()
            said += piece
            break
        said += piece
        if not piece:
            break
    if b':MISSING_CHECK: END' in said:
        return client, ''
    client.close()
    return None, '%s/%s: %r' % (node.name, device, said[-300:])


def check_pools(cluster):
    """No slot, no lock and no process is left of the sessions that there were."""
    wrong = []
    for node in cluster.nodes:
        wrong += ['%s: %d is a worker of a pool that was killed' % (node.name, pid) for pid in node.strangers()]
        for device in OBJECT_DEVICES:
            for directory, _, files in node.walk(device):
                if '.lock-replication' in files:
                    holders = lock_holders(os.path.join(directory, '.lock-replication'))
                    if holders:
                        wrong.append('%s: %s is locked by %s' % (node.name, directory, holders))
        clients = []
        for number in range(SLOTS):
            client, refusal = open_session(node, OBJECT_DEVICES[number // DEVICE_SLOTS], number)
            if client:
                clients.append(client)
            else:
                wrong.append('not all slots are free: ' + refusal)
        end = b':UPDATES: START\r\n:UPDATES: END\r\n'
        for client in clients:
            client.sendall(b'%x\r\n%s\r\n0\r\n\r\n' % (len(end), end))
            said = b''
            while not said.endswith(b'0\r\n\r\n'):
                piece = client.recv(4096)
                if not piece:
                    wrong.append('%s: a session was cut: %r' % (node.name, said[-300:]))
                    break
                said += piece
            client.close()
    return wrong


# By title, each of (cluster, objects, how many are to be quarantined).
CHECKS = {
    'through the proxy': lambda cluster, objects, quarantined: objects.wrong(),
    'places': lambda cluster, objects, quarantined: check_places(cluster, objects, OnDisk(cluster)),
    'contents': lambda cluster, objects, quarantined: check_contents(cluster, objects, OnDisk(cluster)),
    'suffix hashes': lambda cluster, objects, quarantined: check_suffix_hashes(cluster),
    'listings': lambda cluster, objects, quarantined: check_listings(cluster, objects),
    'auditors': lambda cluster, objects, quarantined: check_auditors(cluster, quarantined),
    'pools': lambda cluster, objects, quarantined: check_pools(cluster),
}


def check_all(cluster, objects, quarantined=0):
    """All of the above: what is wrong."""
    wrong = []
    for title, check in CHECKS.items():
        found = check(cluster, objects, quarantined)
        wrong += ['%s: %s' % (title, problem) for problem in found[:SHOWN]]
        if len(found) > SHOWN:
            wrong.append('%s: and %d more' % (title, len(found) - SHOWN))
    return wrong


def left_by_kills(cluster):
    """What is there and may be, in words for the line that is printed; or nothing."""
    unfinished = OnDisk(cluster).unfinished
    return ['kills left %d temporary files beside hashes.pkl' % unfinished] if unfinished else []
