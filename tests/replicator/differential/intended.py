"""Differences of ours to Swift's replicator that are on purpose: a function each, which tells whether it explains a difference;
with its row in ../README.md."""
import re

from cluster_state import LOCAL
from confirmed import newest, primaries_of

PLACE = re.compile(r'objects(?:-(\d+))?/(\d+)$')
INSIDE = re.compile(r'(\d+)/([^/]+)/(objects(?:-\d+)?/\d+)(?:/(.*))?$')
HASH = re.compile(r'[0-9a-f]{3}/([0-9a-f]{32})(?:/|$)')
HASH_END = re.compile(r'/[0-9a-f]{32}(?=/|$)')
OBJECT_FILE = re.compile(r'/\d{10}\.\d{5}(_[0-9a-f]+)?([+-][0-9a-f]+(_[0-9a-f]+)?)?\.(data|ts|meta)$')
OWN_FILES = ('hashes.pkl', 'hashes.invalid')
LESS = ('success', 'remove')
MORE = ('failure',)


class Case:
    """A state, what was there before, what ours made of it, and what Swift's did in one order or several."""

    def __init__(self, state, before, tested, references):
        self.state = state
        self.before = before
        self.tested = tested
        self.references = references
        self.versions_before, self.versions_after = newest(before), newest(tested.found)

    def handoff(self, path):
        """(device, policy, partition, the rest of the path) of a path in a handoff partition of this node, or None."""
        inside = INSIDE.match(path)
        place = inside and PLACE.match(inside[3])
        if not place or int(inside[1]) != LOCAL:
            return None
        policy, partition = int(place[1] or 0), int(place[2])
        if policy not in self.state.rings or (LOCAL, inside[2]) in primaries_of(self.state, self.tested.ring_of, policy, partition):
            return None
        return inside[2], policy, partition, inside[4] or ''

    def is_peer_of_itself(self, policy, partition):
        """Devices of the node have the partition or are its primaries, more than one."""
        if policy not in self.state.rings or not partition.isdigit():
            return False
        primaries = {name for node, name in primaries_of(self.state, self.tested.ring_of, policy, int(partition)) if node == LOCAL}
        holders = {self.state.devices[place.device].name for place in self.state.places
                   if (place.policy, place.partition) == (policy, partition) and self.state.devices[place.device].node == LOCAL}
        return len(primaries | holders) > 1

    def kept(self):
        """{(device, policy, partition): {hashes of objects that ours kept and Swift's did not}}"""
        found = {}
        for path in self.only_ours():
            where = self.handoff(path)
            inside = where and HASH.match(where[3])
            if inside:
                found.setdefault(where[:3], set()).add(inside[1])
        return found

    def only_ours(self):
        return [key[1] for key in self.tested.found if not all(key in one.found for one in self.references)]

    def keeps_no_object(self, *place):
        """In a partition that only ours has kept there is something that is no object."""
        for path in self.only_ours():
            where = self.handoff(path)
            if where and where[:3] == place and not is_around(where[3]):
                inside = HASH.match(where[3])
                if not inside or self.is_not_carried(place, inside[1], path):
                    return True
        return False

    def is_not_carried(self, place, digest, path):
        """In the hash directory of the path is something that no session carries."""
        return not self.sendable(*place, digest) or self.has_others_files(path) or self.has_metadata_alone(path)

    def has_metadata_alone(self, path):
        """Ours kept metadata there whose data are not, as beside a tombstone that is older."""
        directory = path[:HASH_END.search(path).end()]
        endings = {key[1].rpartition('.')[2] for key in self.tested.found if key[1].startswith(directory + '/')}
        return 'meta' in endings and 'data' not in endings

    def has_others_files(self, path):
        """In the hash directory of the path there was something whose name is not one of Swift's for an object."""
        directory = path[:HASH_END.search(path).end()]
        return any(key[1].startswith(directory + '/') and not OBJECT_FILE.search(key[1]) for key in self.before)

    def unconfirmed(self, device, policy, partition, digest):
        """Not all primaries have the object as it was here."""
        version = self.versions_before.get((LOCAL, device, policy, partition, digest))
        primaries = primaries_of(self.state, self.tested.ring_of, policy, partition)
        return version is not None and not all(
            self.versions_after.get((*one, policy, partition, digest), ('', '')) >= version for one in primaries)

    def sendable(self, device, policy, partition, digest):
        return (LOCAL, device, policy, partition, digest) in self.versions_before


def kept_because_nobody_confirmed_it(case, one):
    """An object that its primaries do not have as it was here stays; Swift's removed it after a session that did not send it."""
    where = one.references == [None] and case.handoff(one.path)
    if not where:
        return False
    inside = HASH.match(where[3])
    if inside:
        return case.unconfirmed(*where[:3], inside[1])
    return is_around(where[3]) and any(case.unconfirmed(*where[:3], digest) for digest in case.kept().get(where[:3], ()))


def counted_as_failures(case, one):
    """What was not confirmed counts as a failure of all primaries."""
    if one.place != 'recon' or not any(case.unconfirmed(*place, digest) for place, digests in case.kept().items() for digest in digests):
        return False
    name = one.path.rpartition('/')[2]
    if 'failure_nodes' in one.path or name in MORE:
        return one.tested > max(one.references)
    return name in LESS and one.tested < min(one.references)


def kept_because_no_session_carries_it(case, one):
    """What is no object, as a .meta without data or an unknown file, is not given up; Swift's removes the partition as a whole."""
    where = one.references == [None] and case.handoff(one.path)
    if not where:
        return False
    inside = HASH.match(where[3])
    if inside:
        return case.is_not_carried(where[:3], inside[1], one.path)
    return not is_around(where[3]) or case.keeps_no_object(*where[:3])


def removed_when_empty(case, one):
    """Swift's leaves the directory of a partition whose objects it removed one by one, after sessions with other regions."""
    where = one.tested is None and case.handoff(one.path)
    regions = {device.region for device in case.state.devices}
    return bool(where) and len(regions) > 1 and is_around(where[3]) and '/' not in where[3]


def not_quarantined_here(case, one):
    """Ours only reads what it sends: what is damaged is kept as it is, for Swift's auditor to quarantine. Swift's replicator does
    that itself, and counts and sends what is left."""
    quarantined = [key[1] for found in case.references for key in found.found
                   if key[1].startswith('%d/' % LOCAL) and '/quarantined' in key[1] and key not in case.tested.found]
    if not quarantined:
        return False
    if one.place == 'recon':
        return True
    inside = INSIDE.match(one.path)
    return one.path in quarantined or bool(inside) and any(inside[3].partition('/')[0] in path for path in quarantined)


def order_among_devices_of_the_node(case, one):
    """A partition on several devices of the node: ours compares it while sessions with it go on, in an order that Swift's, one job
    after the other, never has. What is known of suffixes, and how often they were compared and sent, depends on it."""
    holders = {}
    for place in case.state.places:
        if case.state.devices[place.device].node == LOCAL:
            holders.setdefault((place.policy, place.partition), set()).add(place.device)
    together = {place for place, devices in holders.items() if len(devices) > 1 or case.is_peer_of_itself(*place)}
    if one.place == 'recon':
        return bool(together) and one.path.rpartition('/')[2] in (
            'hashmatch', 'rsync', 'suffix_count', 'suffix_hash', 'suffix_sync', 'success')
    place = PLACE.match(one.place)
    if not place or (int(place[1] or 0), place[2]) not in together or not one.path.endswith('/hashes.pkl'):
        return False
    known = [(entry or {}).get('hashes') or {} for entry in (one.tested, *one.references)]
    return all(known[0][suffix] == known[1][suffix] for suffix in set(known[0]) & set(known[1])
               if known[0][suffix] is not None and known[1][suffix] is not None)


def forgot_hashes_of_what_it_removed(case, one):
    """Swift's keeps the hashes of suffixes out of which it removed objects, after sessions with other regions."""
    where = case.handoff(one.path)
    reference, = one.references if one.place not in ('recon', 'exit status') else [None]
    if not where or where[3] != 'hashes.pkl' or not one.tested or not reference or one.tested['hashes'] is None:
        return False
    theirs = reference.get('hashes') or {}
    return all(value is None or value == theirs.get(suffix) for suffix, value in one.tested['hashes'].items())


def sent_though_junk_is_beside_it(case, one):
    """Swift's sender reads an object's name from the last file of its directory, whatever that is; of one that is none it sends
    nothing, and removes the object."""
    inside = INSIDE.match(one.path)
    if not inside:
        return False
    junk = {key[1] for key in case.before if key[1].startswith('%d/' % LOCAL) and '/%s/' % inside[3] in key[1]
            and HASH_END.search(key[1]) and not key[1][HASH_END.search(key[1]).end():] == '' and not OBJECT_FILE.search(key[1])}
    suffixes = {path.split('/')[4] for path in junk}
    return bool(junk) and (inside[4] == 'hashes.pkl' or (inside[4] or '')[:3] in suffixes)


def went_on_after_handoffs(case, one):
    """With handoffs_first, a handoff partition of which only what no session carries is left, or only its empty directory, keeps
    Swift's from going on to primary partitions, pass after pass."""
    told = 'Handoffs first mode still has handoffs remaining'
    if 'handoffs_first' not in case.state.settings or told in case.tested.log or not all(told in found.log for found in case.references):
        return False
    if one.place == 'recon':
        return True
    return case.handoff(one.path) is None


def is_around(rest):
    """What is left of the path in a partition: a suffix, one of Swift's own files, the partition itself."""
    return not rest or rest in OWN_FILES or re.fullmatch('[0-9a-f]{3}', rest) is not None


DIFFERENCES = (kept_because_nobody_confirmed_it, counted_as_failures, kept_because_no_session_carries_it, removed_when_empty,
               not_quarantined_here, order_among_devices_of_the_node, forgot_hashes_of_what_it_removed,
               sent_though_junk_is_beside_it, went_on_after_handoffs)


def unintended(case, found):
    """The differences that none of these explains."""
    return [one for one in found if not any(explains(case, one) for explains in DIFFERENCES)]
