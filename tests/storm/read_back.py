"""After the storm: every acknowledged object through Swift's DiskFile, the hashes, and what else is on the devices."""
import contextlib
import os
import pickle
import re

import versions
from swift_cluster import EC, object_hash, quiet_logger
from versions import DELETE, POST, PUT
from wire import ask

# What a killed REPLICATE leaves beside hashes.pkl, as Swift's does.
HASHES_LEFT = re.compile(r'tmp\w{6}\.tmp')
FILES = re.compile(r'\.lock(-\w+)?|hashes\.(pkl|invalid)|\d{10}\.\d{5}(#\d+(#d)?)?\.(data|meta|ts)')


class ReadBack:
    def __init__(self, devices_root):
        from swift.obj.diskfile import DiskFileRouter
        self.root = devices_root
        self.router = DiskFileRouter({'devices': devices_root, 'mount_check': 'false', 'fallocate_reserve': '0'}, quiet_logger())
        self.objects = 0

    def manager(self, policy):
        from swift.common.storage_policy import POLICIES
        return self.router[POLICIES[policy]], POLICIES[policy]

    def open(self, device, policy, name, preferences=None, **options):
        """(units of the data or tombstone, units of the newest metadata, metadata, bytes); None if there is nothing"""
        from swift.common.exceptions import DiskFileDeleted, DiskFileNotExist
        manager, storage_policy = self.manager(policy)
        partition = versions.partition_of(name, versions.POWER)
        diskfile = manager.get_diskfile(device, str(partition), *name.lstrip('/').split('/', 2), policy=storage_policy,
                                        open_expired=True, **({'frag_prefs': preferences} if preferences is not None else {}),
                                        **options)
        try:
            with diskfile.open():
                data, metadata = versions.units_of(diskfile.data_timestamp.internal), diskfile.get_metadata()
                newest = versions.units_of(diskfile.timestamp.internal)
                return data, newest, metadata, b''.join(diskfile.reader())
        except DiskFileDeleted as deleted:
            time = versions.units_of(deleted.timestamp.internal)
            return time, time, None, None
        except DiskFileNotExist:
            return None

    def problems(self, acks):
        """What is wrong with the object for which these acknowledgements were given."""
        self.objects += 1
        device, policy, name, *_ = next(iter(acks))
        where = '%s/%d %s' % (device, policy, name)
        state = self.open(device, policy, name)
        problems = [] if state is None else ['%s: %s' % (where, problem) for problem in self.wrong(name, state, policy)]
        for ack in acks:
            if not self.has(state, ack) and not (ack.fragment is not None and self.has_fragment(ack)):
                problems.append('%s: %s of %s was acknowledged%s; there is %s' % (
                    where, ['PUT', 'POST', 'DELETE'][versions.kind_of(ack.units)], versions.stamp(ack.units),
                    '' if ack.fragment is None else ' with%s fragment %d' % ('' if ack.durable else ' undecided', ack.fragment),
                    'nothing' if state is None else 'what is of %s, metadata of %s' % tuple(map(versions.stamp, state[:2]))))
        return problems

    def has(self, state, ack):
        """That version, or a newer one that takes its place."""
        if state is None:
            return False
        data, newest, metadata, _ = state
        if ack.fragment is None or metadata is None:
            return (newest if versions.kind_of(ack.units) == POST else data) >= ack.units
        fragment = int(metadata['X-Object-Sysmeta-Ec-Frag-Index'])
        return data > ack.units or data == ack.units and fragment == ack.fragment

    def has_fragment(self, ack):
        """One of several fragments of a time, or one that is not durable."""
        from swift.common.utils import Timestamp
        preferences = None if ack.durable else [{'timestamp': Timestamp(versions.stamp(ack.units)), 'exclude': []}]
        state = self.open(ack.device, ack.policy, ack.name, preferences, frag_index=ack.fragment)
        return state is not None and self.has(state, ack) and not self.wrong(ack.name, state, ack.policy)

    @staticmethod
    def wrong(name, state, policy):
        """Whether what is there was ever sent: it may be newer than what was acknowledged, but it has to be whole."""
        data, newest, metadata, content = state
        if metadata is None:
            return [] if versions.kind_of(data) == DELETE else ['a tombstone that nobody sent: %s' % versions.stamp(data)]
        if versions.kind_of(data) != PUT or newest > data and versions.kind_of(newest) != POST:
            return ['a version that nobody sent: %s, %s' % (versions.stamp(data), versions.stamp(newest))]
        fragment = int(metadata['X-Object-Sysmeta-Ec-Frag-Index']) if policy == EC else None
        problems = []
        if content != versions.stored_body(name, data, fragment):
            problems.append('other bytes in %s' % versions.stamp(data))
        expected = versions.expected_metadata(name, data, newest, fragment)
        if metadata != expected:
            problems.append('metadata of %s: %r instead of %r' % (versions.stamp(newest), metadata, expected))
        return problems


def partitions(devices_root):
    """(device, policy, partition) of all that there are"""
    for device in sorted(os.listdir(devices_root)):
        for objects, policy in (('objects', 0), ('objects-%d' % EC, EC)):
            place = os.path.join(devices_root, device, objects)
            for partition in sorted(os.listdir(place)) if os.path.isdir(place) else []:
                yield device, policy, partition


def wrong_hashes(read_back, port, decided):
    """(suffixes, problems): what a REPLICATE says of each partition, and what Swift then computes from the files alone.

    decided: objects whose fragments were made durable by an offer: their suffixes may have the hash of before."""
    from swift.common.exceptions import PathNotDir
    problems = []
    count = 0
    stale = {(device, policy, str(versions.partition_of(name, versions.POWER)), object_hash(name)[-3:])
             for device, policy, name in decided}
    for device, policy, partition in partitions(read_back.root):
        reply = ask(port, 'REPLICATE', '/%s/%s' % (device, partition), [('X-Backend-Storage-Policy-Index', str(policy))], timeout=120)
        given = pickle.loads(reply.body) if reply and reply.code == 200 else None
        manager, storage_policy = read_back.manager(policy)
        place = os.path.join(read_back.root, device, 'objects' + ('-%d' % policy if policy else ''), partition)
        scratch = {}
        for suffix in sorted(os.listdir(place)):
            if re.fullmatch('[0-9a-f]{3}', suffix):
                # One that is empty has none; Swift takes it away.
                with contextlib.suppress(PathNotDir):
                    scratch[suffix] = manager._hash_suffix(os.path.join(place, suffix), policy=storage_policy)
        count += len(scratch)
        if given is None:
            problems.append('%s/%d/%s: REPLICATE is answered with %r' % (device, policy, partition, reply))
            continue
        differ = sorted(suffix for suffix in {*given, *scratch} if given.get(suffix) != scratch.get(suffix)
                        and (device, policy, partition, suffix) not in stale)
        if differ:
            problems.append('%s/%d/%s: REPLICATE gives %d other hashes than the files: %s' % (
                device, policy, partition, len(differ), ', '.join(differ[:5])))
    return count, problems


def strays(devices_root, devices):
    """(what should not be on the devices or beside them, how many unfinished hashes.pkl killed REPLICATEs have left)"""
    problems, unfinished = [], 0
    if sorted(os.listdir(devices_root)) != sorted(devices):
        problems.append('beside the devices: %r' % sorted(os.listdir(devices_root)))
    for directory, names, files in os.walk(devices_root):
        names[:] = [name for name in names if name != 'lost+found']
        below = os.path.relpath(directory, devices_root)
        if 'quarantined' in names:
            problems.append('%s: quarantined objects' % below)
            names.remove('quarantined')
        for name in files:
            path = os.path.join(directory, name)
            if HASHES_LEFT.fullmatch(name) and below.count('/') == 2:
                unfinished += 1
            elif os.path.islink(path) or not os.path.isfile(path) or not FILES.fullmatch(name):
                problems.append('left on a device: %s/%s' % (below, name))
        problems += ['a link to elsewhere: %s/%s' % (below, name) for name in names
                     if os.path.islink(os.path.join(directory, name))]
    return problems, unfinished
