"""What a pass may remove, without a look at how it decided: an object that its device has no longer, or has in an older
version only, is on enough of its primaries."""
import re
import time

from cluster_state import LOCAL
from swift_cluster import EC

RECLAIM_SECONDS = 7 * 24 * 3600
METADATA = re.compile(r'(\d{10}\.\d{5})(?:_([0-9a-f]{16}))?(?:[+-][0-9a-f]*)*\.meta$')
NAMED = re.compile(r'(\d{10}\.\d{5})(?:_([0-9a-f]{16}))?\.(data|ts)$')
DIRECTORY = re.compile(r'^(\d+)/([^/]+)/objects(?:-(\d+))?/(\d+)/([0-9a-f]{3})/([0-9a-f]{29}\5)/([^/]+)$')


def key_of(where):
    """(node, device, policy, partition, hash) of a match of DIRECTORY"""
    return int(where[1]), where[2], int(where[3] or 0), int(where[4]), where[6]


def newest(found, kind=NAMED):
    """{(node, device, policy, partition, hash): (time, ending) of the newest .data or .ts}; (time,) of the newest .meta if kind is METADATA"""
    result = {}
    for (_, path), entry in found.items():
        where = DIRECTORY.match(path)
        named = where and kind.match(where[7])
        if not named or entry['kind'] != 'file':
            continue
        key = key_of(where)
        version = (named[1] + '_' + (named[2] or '0' * 16), *named.groups()[2:])
        if key not in result or version > result[key]:
            result[key] = version
    return result


class Held:
    """What a cluster has of objects."""

    def __init__(self, found):
        self.versions, self.metadata = newest(found), newest(found, METADATA)

    def has(self, key, version, metadata=None):
        """This object there is as new as that, or newer."""
        there = self.versions.get(key, ('', ''))
        if there != version or metadata is None or version[1] == 'ts' or metadata[0] <= version[0]:
            return there >= version
        return self.metadata.get(key, ('',)) >= metadata


def lost(state, before, after, ring_of):
    """A line for each object of the node's devices that was removed and is not where it must be. Of sound states only: what
    is spoiled may be quarantined. ring_of(policy): Swift's Ring."""
    if state.damaged:
        return []
    held, now = Held(before), Held(after)
    lines = []
    for key, version in held.versions.items():
        node, device, policy, partition, digest = key
        metadata = held.metadata.get(key)
        if node != LOCAL or policy == EC or now.has(key, version, metadata):
            continue
        if is_quarantined(after, node, device, policy, digest):
            continue
        if is_past_reclaim(version):
            continue
        primaries = primaries_of(state, ring_of, policy, partition)
        have = [one for one in primaries if now.has((*one, policy, partition, digest), version, metadata)]
        if len(have) < required(state, primaries):
            lines.append('REMOVED and not confirmed: %s/%s %s of policy %d, partition %d: only %s of its primaries %s have it' % (
                device, digest, version, policy, partition, have, primaries))
    return lines


def is_past_reclaim(version):
    return version[1] == 'ts' and float(version[0][:16]) < time.time() - RECLAIM_SECONDS


def required(state, primaries):
    """So many of them have to have an object that is given up. Counted as Swift does, of which it is the least that any release asks for."""
    wanted = state.settings.get('handoff_delete', 'auto')
    return max(1, min(len(primaries), int(wanted)) if wanted not in ('auto', '0') else len(primaries))


def is_quarantined(found, node, device, policy, digest):
    """As an object with an X-Delete-At that is no time, which is stored in sound states too. Nothing is lost by it."""
    place = '%d/%s/quarantined/objects%s/%s' % (node, device, '-%d' % policy if policy else '', digest)
    return any(path.startswith(place) for _, path in found)


def primaries_of(state, ring_of, policy, partition):
    """[(node, device)]"""
    places = [(device.node, device.name) for device in state.devices]
    return [places[one['id'] - state.rings[policy].hole] for one in ring_of(policy).get_part_nodes(partition)]


def ring_reader(directory, policies):
    """A function of the policy's number. The rings are read now: their files go with the pass."""
    from swift.common.ring import Ring
    rings = {policy: Ring(directory, reload_time=1 << 40, ring_name='object' + ('-%d' % policy if policy else '')) for policy in policies}
    return rings.__getitem__
