"""Damages of a healthy cluster, each of which a check has to report: one that cannot fail proves nothing.

Each is undone before the next. They are of different objects, so that what is reported is told from what an earlier one left.
"""
import contextlib
import fcntl
import os
import pickle
import re
import shutil
import subprocess
import time

from checks import CHECKS, OnDisk, open_session
from cluster import ACCOUNT, GOLD, PARITY, quoted
from node import OBJECT_DEVICES, SLOTS
from processes import await_condition

DAMAGES = []


def damage(function):
    """A generator that does it, yields {the check: what its report matches}, and undoes it."""
    DAMAGES.append((function.__name__.replace('_', ' '), contextlib.contextmanager(function)))
    return function


def unreported(cluster, objects, quarantined):
    """(how many damages there were, what no check reported, a line each)"""
    victims = Victims(cluster, objects, quarantined)
    wrong, count = [], 0
    for name, done in DAMAGES:
        with done(victims) as reports:
            for title, pattern in reports.items():
                count += 1
                found = CHECKS[title](cluster, objects, quarantined)
                if not any(re.search(pattern, problem) for problem in found):
                    wrong.append('%s: the check of %s reports %s, and not %r' % (name, title, found or 'nothing', pattern))
    return count, wrong


class Copy:
    """What one device has of an object."""

    def __init__(self, one, node, device, directory, files):
        self.one, self.node, self.device, self.directory, self.files = one, node, device, directory, files

    @property
    def pattern(self):
        """Reports name the object."""
        return re.escape(self.one.path)

    @property
    def data(self):
        return os.path.join(self.directory, next(name for name in self.files if name.endswith('.data')))

    @property
    def partition(self):
        return os.path.dirname(os.path.dirname(self.directory))


class Victims:
    """The cluster, and objects of it that no damage was done to yet."""

    def __init__(self, cluster, objects, quarantined):
        from swift.common.utils import hash_path
        self.cluster, self.objects, self.quarantined = cluster, objects, quarantined
        self.disk = OnDisk(cluster)
        self.digest = lambda one: hash_path(*one.path[1:].split('/', 2))
        self.left = sorted(objects.all.values(), key=lambda one: one.path)

    def next(self, policy=None, deleted=False):
        """One that is on disk, and deleted, or has a body that is not empty."""
        found = next(one for one in self.left if policy in (None, one.policy) and (one.body is None if deleted else one.body)
                     and (one.policy, self.digest(one)) in self.disk.hashes)
        self.left.remove(found)
        return found

    def copies(self, one):
        key = one.policy, self.digest(one)
        return [Copy(one, node, device, self.disk.paths[key + (node, device)], files)
                for (node, device), files in self.disk.hashes[key].items()]

    def next_copy(self, *arguments, **options):
        return self.copies(self.next(*arguments, **options))[0]


@contextlib.contextmanager
def moved(path, place):
    os.rename(path, place)
    try:
        yield
    finally:
        os.rename(place, path)


def moved_away(path, node, device):
    """To the top of its device, where files are nobody's."""
    return moved(path, os.path.join(node.device_path(device), 'aside-' + os.path.basename(path)))


@contextlib.contextmanager
def made(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb'):
        pass
    try:
        yield
    finally:
        os.unlink(path)


@contextlib.contextmanager
def last_bit_changed(path):
    change_last_bit(path)
    try:
        yield
    finally:
        change_last_bit(path)


def change_last_bit(path):
    with open(path, 'r+b') as file:
        file.seek(-1, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([byte ^ 1]))


# Places

@damage
def a_copy_is_missing(victims):
    copy = victims.next_copy(GOLD)
    with moved_away(copy.data, copy.node, copy.device):
        yield {'places': copy.pattern + ' differs between its primaries'}


@damage
def a_tombstone_is_missing(victims):
    copy = victims.next_copy(deleted=True)
    with moved_away(os.path.join(copy.directory, copy.files[0]), copy.node, copy.device):
        yield {'places': copy.pattern + ' differs between its primaries'}


@damage
def an_object_is_lost(victims):
    one = victims.next(GOLD)
    with contextlib.ExitStack() as undo:
        for copy in victims.copies(one):
            for name in copy.files:
                undo.enter_context(moved_away(os.path.join(copy.directory, name), copy.node, copy.device))
        yield {'places': re.escape(one.path) + ' is on no device', 'through the proxy': re.escape(one.path) + ': 404'}


@damage
def a_fragment_is_anothers(victims):
    copy = victims.next_copy(PARITY)
    index = int(re.search(r'#(\d+)#d\.data$', copy.data).group(1))
    with moved(copy.data, copy.data.replace('#%d#' % index, '#%d#' % ((index + 1) % 4))):
        yield {'places': copy.pattern + '.* has fragments that are not its own'}


@damage
def a_fragment_is_not_durable(victims):
    copy = victims.next_copy(PARITY)
    with moved(copy.data, copy.data.replace('#d.data', '.data')):
        yield {'places': copy.pattern + '.* has fragments that are not its own'}


@damage
def a_handoff_has_a_copy(victims):
    one = victims.next(GOLD)
    copies = victims.copies(one)
    have = {(copy.node, copy.device) for copy in copies}
    node, device = next((node, device) for node in victims.cluster.nodes for device in OBJECT_DEVICES
                        if (node, device) not in have)
    below = os.path.relpath(copies[0].directory, copies[0].node.device_path(copies[0].device))
    place = os.path.join(node.device_path(device), below)
    # Also what has to be made above it goes away again.
    top = place
    while not os.path.exists(os.path.dirname(top)):
        top = os.path.dirname(top)
    shutil.copytree(copies[0].directory, place)
    try:
        yield {'places': re.escape(one.path) + ' is on %s/%s as well' % (node.name, device)}
    finally:
        shutil.rmtree(top)


@damage
def an_object_is_in_another_partition(victims):
    copy = victims.next_copy(GOLD)
    suffix = os.path.basename(os.path.dirname(copy.directory))
    other = os.path.join(os.path.dirname(copy.partition), str(int(os.path.basename(copy.partition)) ^ 1), suffix)
    there = os.path.exists(other)
    os.makedirs(other, exist_ok=True)
    with moved(copy.directory, os.path.join(other, os.path.basename(copy.directory))):
        yield {'places': re.escape(os.path.basename(copy.directory)) + ' is in the wrong partition'}
    if not there:
        os.rmdir(other)


@damage
def a_deleted_object_is_there_again(victims):
    one = victims.next(deleted=True)
    victims.objects.request('PUT', quoted(one.container, one.name), body=b'again')
    try:
        yield {'through the proxy': re.escape(one.path) + ': 200, and it was deleted',
               'places': re.escape(one.path) + ': .*, and it was deleted'}
    finally:
        victims.objects.request('DELETE', quoted(one.container, one.name))


@damage
def an_update_is_pending(victims):
    with made(os.path.join(victims.cluster.nodes[0].device_path('d1'), 'async_pending', 'abc', 'update')):
        yield {'places': 'node1/d1/async_pending/abc has update'}


@damage
def a_temporary_file_is_left(victims):
    with made(os.path.join(victims.cluster.nodes[0].device_path('d2'), 'tmp', 'tmpabc123')):
        yield {'places': 'node1/d2/tmp has tmpabc123'}


@damage
def a_hashes_file_is_left_unfinished(victims):
    """Where nothing was killed; where something was, it counts."""
    copy = victims.next_copy(GOLD)
    killed = copy.node.was_killed
    with made(os.path.join(copy.partition, 'tmpabc123.tmp')), made(os.path.join(copy.partition, 'tmpabc_d123.tmp')):
        copy.node.was_killed = True
        kept = OnDisk(victims.cluster)
        assert kept.unfinished == victims.disk.unfinished + 2 and not kept.wrong, kept.wrong
        copy.node.was_killed = False
        try:
            yield {'places': 'has tmpabc123.tmp, tmpabc_d123.tmp'}
        finally:
            copy.node.was_killed = killed


# Contents

@damage
def a_bit_of_a_copy_is_changed(victims):
    copy = victims.next_copy(GOLD)
    with last_bit_changed(copy.data):
        yield {'contents': copy.pattern + ' on .* has another body'}
        take_out_of_quarantine(copy)


@damage
def metadata_of_a_copy_is_another(victims):
    from swift.obj.diskfile import read_metadata, write_metadata
    copy = victims.next_copy(GOLD)
    metadata = read_metadata(copy.data)
    write_metadata(copy.data, {**metadata, 'Content-Type': 'x/another'})
    try:
        yield {'contents': copy.pattern + ' on .* has another body or metadata'}
    finally:
        write_metadata(copy.data, metadata)


@damage
def metadata_is_another(victims):
    one = victims.next()
    victims.objects.request('POST', quoted(one.container, one.name), {'X-Object-Meta-Shape': 'another'})
    try:
        yield {'through the proxy': re.escape(one.path) + ': .*another.* and not '}
    finally:
        victims.objects.request('POST', quoted(one.container, one.name), one.metadata)


@damage
def a_version_is_missing(victims):
    """Where there are versions."""
    if not victims.objects.versions:
        yield {}
        return
    key, kept = next(iter(victims.objects.versions.items()))
    kept.insert(0, ('0000000001.00000', b'never written'))
    try:
        yield {'through the proxy': r'version-id=0000000001\.00000'}
    finally:
        kept.pop(0)


@damage
def a_bit_of_a_fragment_is_changed(victims):
    """And what the auditor makes of it is more than there may be in quarantine."""
    copy = victims.next_copy(PARITY)
    with last_bit_changed(copy.data):
        yield {'auditors': 'the auditor is not content'}
        take_out_of_quarantine(copy)


@damage
def something_is_quarantined(victims):
    place = os.path.join(victims.cluster.nodes[2].device_path('d1'), 'quarantined')
    os.makedirs(os.path.join(place, 'objects', 'abc'))
    try:
        yield {'auditors': '%d quarantined and not %d' % (victims.quarantined + 1, victims.quarantined)}
    finally:
        os.rmdir(os.path.join(place, 'objects', 'abc'))
        remove_empty(place)


def take_out_of_quarantine(copy):
    """Swift's DiskFile and auditor have put it there."""
    quarantined = os.path.join(copy.node.device_path(copy.device), 'quarantined')
    name = os.path.join(quarantined, os.path.basename(os.path.dirname(copy.partition)), os.path.basename(copy.directory))
    if os.path.exists(name):
        os.rename(name, copy.directory)
        remove_empty(quarantined)


def remove_empty(quarantined):
    """As it was before, also with what was quarantined earlier."""
    for name in os.listdir(quarantined):
        with contextlib.suppress(OSError):
            os.rmdir(os.path.join(quarantined, name))
    with contextlib.suppress(OSError):
        os.rmdir(quarantined)


# What the servers say

@damage
def a_suffix_hash_is_stale(victims):
    copy = victims.next_copy(GOLD)
    path = os.path.join(copy.partition, 'hashes.pkl')
    with open(path, 'rb') as file:
        before = file.read()
    hashes = pickle.loads(before)
    hashes[os.path.basename(os.path.dirname(copy.directory))] = '0' * 32
    with open(path, 'wb') as file:
        pickle.dump(hashes, file, protocol=2)
    try:
        yield {'suffix hashes': 'partition %s of gold: suffix hashes differ' % os.path.basename(copy.partition)}
    finally:
        with open(path, 'wb') as file:
            file.write(before)


@damage
def a_listing_lacks_a_name(victims):
    from swift.common import direct_client
    one = victims.next()
    partition, devices = victims.cluster.ring('container').get_nodes(ACCOUNT, one.container)
    index = {'X-Backend-Storage-Policy-Index': str(one.policy)}

    def stamp():
        return {**index, 'X-Timestamp': '%.5f' % time.time()}
    direct_client.direct_delete_container_object(devices[0], partition, ACCOUNT, one.container, one.name, headers=stamp())
    try:
        yield {'listings': 'container %s on .* 1 names differ' % re.escape(one.container)}
    finally:
        direct_client.direct_put_container_object(devices[0], partition, ACCOUNT, one.container, one.name, headers={
            **stamp(), 'X-Size': str(len(one.body)), 'X-Etag': one.etag, 'X-Content-Type': one.metadata['Content-Type']})


# Pools

@damage
def a_partition_is_locked(victims):
    copy = victims.next_copy(GOLD)
    with open(os.path.join(copy.partition, '.lock-replication'), 'ab') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield {'pools': '%s is locked by .*%d' % (re.escape(copy.partition), os.getpid())}


@damage
def a_slot_is_taken(victims):
    node = victims.cluster.nodes[1]
    client, refusal = open_session(node, OBJECT_DEVICES[0], SLOTS)
    assert client, refusal
    with client:
        yield {'pools': 'not all slots are free: node2/d1'}
    # Its server has to see that we have gone before the next damage is looked at.
    await_condition(lambda: not CHECKS['pools'](victims.cluster, victims.objects, victims.quarantined), 'the slot stays', 30)


@damage
def a_worker_has_outlived_its_pool(victims):
    node = next((node for node in victims.cluster.nodes if node.ours), None)
    if not node:
        yield {}
        return
    with subprocess.Popen(['sh', '-c', 'read nothing', 'ssync-worker', node.run_dir], stdin=subprocess.PIPE) as stranger:
        yield {'pools': '%s: %d is a worker of a pool that was killed' % (node.name, stranger.pid)}
        stranger.stdin.close()
