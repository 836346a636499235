"""What a pass may remove, without a look at how it decided: an object that its device has no longer, or has in an older
version only, is on enough of its primaries."""
import re
import time

from cluster_state import LOCAL
from swift_cluster import EC

RECLAIM_SECONDS = 7 * 24 * 3600
NAMED = re.compile(r'(\d{10}\.\d{5})(?:_([0-9a-f]{16}))?\.(data|ts)$')
DIRECTORY = re.compile(r'^(\d+)/([^/]+)/objects(?:-(\d+))?/(\d+)/([0-9a-f]{3})/([0-9a-f]{29}\5)/([^/]+)$')


def newest(found):
    """{(node, device, policy, partition, hash): (time, ending) of the newest .data or .ts}"""
    result = {}
    for (_, path), entry in found.items():
        where = DIRECTORY.match(path)
        named = where and NAMED.match(where[7])
        if not named or entry['kind'] != 'file':
            continue
        key = int(where[1]), where[2], int(where[3] or 0), int(where[4]), where[6]
        version = (named[1] + '_' + (named[2] or '0' * 16), named[3])
        if key not in result or version > result[key]:
            result[key] = version
    return result


def lost(state, before, after, ring_of):
    """A line for each object of the node's devices that was removed and is not where it must be. Of sound states only: what
    is spoiled may be quarantined. ring_of(policy): Swift's Ring."""
    if state.damaged:
        return []
    held, now = newest(before), newest(after)
    lines = []
    for (node, device, policy, partition, digest), version in held.items():
        if node != LOCAL or policy == EC or now.get((node, device, policy, partition, digest), ('', '')) >= version:
            continue
        if is_quarantined(after, node, device, policy, digest):
            continue
        if version[1] == 'ts' and float(version[0][:16]) < time.time() - RECLAIM_SECONDS:
            continue
        primaries = primaries_of(state, ring_of, policy, partition)
        have = [one for one in primaries if now.get((*one, policy, partition, digest), ('', '')) >= version]
        # Counted as Swift does, of which it is the least that any release asks for.
        wanted = state.settings.get('handoff_delete', 'auto')
        enough = min(len(primaries), int(wanted)) if wanted not in ('auto', '0') else len(primaries)
        if len(have) < max(1, enough):
            lines.append('REMOVED and not confirmed: %s/%s %s of policy %d, partition %d: only %s of its primaries %s have it' % (
                device, digest, version, policy, partition, have, primaries))
    return lines


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
