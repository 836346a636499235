"""What is known of a difference's surroundings: a state, what was there before, what ours made of it and what Swift's."""
import functools
import re

from cluster_state import LOCAL
from confirmed import DIRECTORY, Held, is_past_reclaim, key_of, primaries_of, required
from outcome import PARTITION
from swift_cluster import EC, object_hash

PLACE = re.compile(r'objects(?:-(\d+))?/(\d+)$')
INSIDE = re.compile(r'(\d+)/([^/]+)/(objects(?:-\d+)?/\d+)(?:/(.*))?$')
HASH = re.compile(r'[0-9a-f]{3}/([0-9a-f]{32})(?:/|$)')
IN_SUFFIX = re.compile(r'/objects(?:-\d+)?/\d+/[0-9a-f]{3}/[^/]+$')
IN_HASH = re.compile(r'/objects(?:-\d+)?/\d+/[0-9a-f]{3}/[0-9a-f]{32}/[^/]+$')
HASH_END = re.compile(r'/[0-9a-f]{32}(?=/|$)')
OBJECT_FILE = re.compile(r'/\d{10}\.\d{5}(_[0-9a-f]+)?(\.data|\.ts|([+-][0-9a-f]+(_[0-9a-f]+)?)?\.meta)$')
SUFFIX = re.compile('[0-9a-f]{3}')
OWN_FILES = ('hashes.pkl', 'hashes.invalid')
TOLD = re.compile(r'ERROR [^\n]*/node-%d/[^/]+/(objects(?:-\d+)?/\d+)(?:/[0-9a-f]{3}/[0-9a-f]{32}|: )' % LOCAL)
QUARANTINED = re.compile(r'(%d/[^/]+)/quarantined/(objects(?:-\d+)?)/([0-9a-f]{32})' % LOCAL)
# A session that its receiver ended after failures, in a line of ours, and after some words in one of Swift's.
CUT = r':ERROR: 500 [^\n]*With :UPDATES:'
TIME = re.compile(rb'\d+(\.\d+)?(_[0-9a-f]+)?')
QUARANTINED_SOMEWHERE = re.compile(r'(\d+/[^/]+)/quarantined(?:/(objects(?:-\d+)?)(?:/([0-9a-f]{32}))?)?(?:/|$)')
# What depends on the order in which partitions of several devices are compared.
COMPARED = ('hashmatch', 'rsync', 'suffix_count', 'suffix_hash', 'suffix_sync', 'success')
SUFFIXES = 8    # no partition has more


class Case:
    """A state, what was there before, what ours made of it, and what Swift's did in one order or several."""

    def __init__(self, state, before, tested, references):
        self.state = state
        self.before = before
        self.tested = tested
        self.references = references
        self.held_before, self.held_after = Held(before), Held(tested.found)
        self.versions_before, self.versions_after = self.held_before.versions, self.held_after.versions
        self.partition_of_quarantined = self.quarantined_by_swifts()
        # Partitions in which is what cannot be read or sent, and where outcome.py puts what was quarantined of them.
        self.spoiled = self.told_of() | self.with_junk() | self.without_time() | {
            one for pair in self.partition_of_quarantined.items() for one in pair}
        self.together = {self.place_text(*place) for place in self.on_several_devices()}

    @functools.cached_property
    def held_by_references(self):
        return [Held(one.found) for one in self.references]

    @staticmethod
    def place_text(policy, partition):
        return 'objects%s/%s' % ('-%d' % policy if policy else '', partition)

    def told_of(self):
        """Partitions of which ours told that something of them could not be read or sent."""
        return {found[1] for found in TOLD.finditer(self.tested.log)}

    def quarantined_by_swifts(self):
        """{where outcome.py puts what Swift's quarantined of this node's, and ours did not: its partition}"""
        found = {}
        for reference in self.references:
            for place, path in reference.found:
                quarantined = QUARANTINED.match(path)
                if quarantined and (place, path) not in self.tested.found:
                    found.update({place: held for held, path_before in self.before
                                  if held.startswith(quarantined[2] + '/') and path_before.startswith('%s/' % quarantined[1])
                                  and quarantined[3] in path_before})
        return found

    def with_junk(self):
        """Partitions of this node with a file whose name is none of Swift's beside an object: Swift's sender reads an object's name
        from the last file of its directory, whatever that is, and of one that is none it sends nothing, and removes the object. Or
        with a file among the directories of a suffix, which ends Swift's session."""
        return {place for (place, path), entry in self.before.items() if path.startswith('%d/' % LOCAL) and (
            IN_SUFFIX.search(path) and entry['kind'] != 'directory' or IN_HASH.search(path) and not OBJECT_FILE.search(path))}

    def has_junk_elsewhere(self, digest):
        """A file whose name is none of Swift's, beside this object on another node."""
        return any(not path.startswith('%d/' % LOCAL) and '/%s/' % digest in path and not OBJECT_FILE.search(path) for place, path in self.before)

    def without_time(self):
        """Partitions of this node with an object whose metadata has no X-Timestamp, or none that is one: Swift's session fails at it,
        whatever comes after it; ours tells of it and goes on, unless the receiver has ended the session before."""
        def has_none(entry):
            metadata = Case.metadata_of(entry)
            return isinstance(metadata, dict) and not TIME.fullmatch(metadata.get(b'X-Timestamp', b''))
        return {place for (place, path), entry in self.before.items()
                if path.startswith('%d/' % LOCAL) and path.endswith('.data') and has_none(entry)}

    def origins_of_quarantined(self, path):
        """The partitions in which was before what lies in or under such a path of a device's quarantine only after ours."""
        where = QUARANTINED_SOMEWHERE.match(path)
        if not where:
            return set()
        names = {where[3]} if where[3] else self.quarantined_only_by_ours(path + '/')
        return {place for place, one in self.before if one.startswith(where[1] + '/objects') and names & set(one.split('/'))}

    def quarantined_there(self, path):
        """Hashes of the objects of this path's device and policy that are in its quarantine only after ours."""
        inside = INSIDE.match(path)
        prefix = inside and '%s/%s/quarantined/%s/' % (inside[1], inside[2], inside[3].partition('/')[0])
        return self.quarantined_only_by_ours(prefix) if prefix else set()

    def quarantined_only_by_ours(self, prefix):
        """Hashes of the objects whose paths in a device's quarantine begin so, and that are there only after ours."""
        return {where[3] for place, one in self.tested.found if one.startswith(prefix)
                for where in [QUARANTINED_SOMEWHERE.match(one)]
                if where and where[3] and not any((place, one) in found.found for found in self.references)}

    def on_several_devices(self):
        holders = {}
        for place in self.state.places:
            if self.state.devices[place.device].node == LOCAL:
                holders.setdefault((place.policy, place.partition), set()).add(place.device)
        return {place for place, devices in holders.items() if len(devices) > 1 or self.is_peer_of_itself(*place)}

    def is_told_by_its_contents(self, one):
        """A directory that only ours has, or only Swift's, and that is not empty."""
        if one.place == 'exit status' or None not in (one.tested, *one.references):
            return False
        holders = [self.tested] if one.tested else [found for found in self.references if (one.place, one.path) in found.found]
        return all(found.found[one.place, one.path]['kind'] == 'directory' and
                   any(path.startswith(one.path + '/') for place, path in found.found) for found in holders)

    def is_as_in_some_order(self, one):
        """The partition is on this device as one of Swift's orders has it."""
        device = '/'.join(one.path.split('/')[:2]) + '/'
        tested = self.objects_on(device, one.place, self.tested)
        return not one.path.endswith('/hashes.pkl') and any(self.objects_on(device, one.place, found) == tested for found in self.references)

    def is_further_than_in_some_order(self, path):
        """The object of this path is no older here than one of Swift's orders has it, data and metadata, all of it from the
        partition's devices: it went on to this one after a second had passed it to a third, or not yet."""
        where = DIRECTORY.match(path)
        if not where or not self.has_come_from_others(path):
            return False
        key = key_of(where)

        def version(held):
            return held.versions.get(key, ('',)), held.metadata.get(key, ('',))
        return version(self.held_after) >= min(version(held) for held in self.held_by_references)

    @staticmethod
    def objects_on(device, place, outcome):
        return {key: entry for key, entry in outcome.found.items()
                if key[0] == place and key[1].startswith(device) and not key[1].endswith('/hashes.pkl')}

    def is_given_up_unconfirmed(self, one):
        """An object of a handoff that only ours has removed, and that its primaries do not have."""
        where = one.tested is None and OBJECT_FILE.search(one.path) and self.handoff(one.path)
        inside = where and HASH.match(where[3])
        key = inside and (LOCAL, *where[:3], inside[1])
        return bool(key) and key in self.versions_before and key not in self.versions_after and len(
            self.confirming(key)) < required(self.state, primaries_of(self.state, self.tested.ring_of, *where[1:3]))

    def is_counted_for(self, one, partitions):
        """The number differs by no more than these partitions count, and in what is compared those on several devices of the node."""
        name = one.path.rpartition('/')[2]
        most = sum(self.most_counted(name, one.path, place) for place in partitions | (self.together if name in COMPARED else set()))
        values = [0 if value is None else value for value in (one.tested, *one.references)]
        return all(type(value) is int for value in values) and min(values[1:]) - most <= values[0] <= max(values[1:]) + most

    def most_counted(self, name, path, partition):
        """Of a partition, on all devices of the node that have it."""
        place = PLACE.match(partition)
        holders = sum(self.place_text(held.policy, held.partition) == partition and self.state.devices[held.device].node == LOCAL
                      for held in self.state.places)
        if name == 'attempted' or not place:
            return 0
        if name == 'remove' or 'failure_nodes/' in path:
            return holders
        peers = holders * len(self.state.devices)
        return peers * SUFFIXES if name.startswith('suffix_') else peers

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

    def is_handoff_here(self, place):
        """One of this node's devices had the partition as a handoff."""
        return any(inside == place and self.handoff(path) for inside, path in self.before)

    def handoffs_to_send(self):
        """Objects that are left in handoff partitions of this node, of policies that are replicated now; but not tombstones that stay
        for the sake of a .meta beside them."""
        return [key for key, version in self.versions_after.items()
                if key[0] == LOCAL and key[2] != EC and key[2] in self.state.rings and not self.state.rings[key[2]].increase and not is_past_reclaim(version)
                and key[:2] not in primaries_of(self.state, self.tested.ring_of, *key[2:4])
                and not (version[1] == 'ts' and any('/%s/' % key[4] in path and path.startswith('%d/%s/' % key[:2]) and path.endswith('.meta')
                                                    for place, path in self.tested.found))]

    def is_told_to_be_kept(self, device, place):
        """Ours tells that it kept objects there because they were not confirmed."""
        return '/node-%d/%s/%s: kept ' % (LOCAL, device, place) in self.tested.log

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
            if where and where[:3] == place and not self.is_around(path):
                inside = HASH.match(where[3])
                if not inside or self.is_not_carried(place, inside[1], path):
                    return True
        return False

    def is_around(self, path):
        """What is left in a partition around objects: a suffix, one of Swift's own files, the partition itself."""
        rest = INSIDE.match(path)[4]
        return not rest or rest in OWN_FILES or SUFFIX.fullmatch(rest) is not None and self.kind_of(path) == 'directory'

    def kind_of(self, path):
        return next(found[key]['kind'] for found in (self.tested.found, self.before, *(one.found for one in self.references))
                    for key in [(PARTITION.search(path)[1], path)] if key in found)

    def is_not_carried(self, place, digest, path):
        """In the hash directory of the path is something that no session carries."""
        return not self.sendable(*place, digest) or self.has_others_files(path) or self.has_metadata_alone(path)

    def has_metadata_alone(self, path):
        """Ours kept metadata there whose data are not, as beside a tombstone that is older. Data as old as a tombstone are gone."""
        directory = path[:HASH_END.search(path).end()]
        files = sorted((key[1].rpartition('/')[2][:16], key[1].rpartition('.')[2]) for key in self.tested.found
                       if key[1].startswith(directory + '/') and OBJECT_FILE.search(key[1]))
        main = [ending for _, ending in files if ending != 'meta'][-1:]
        return main != ['data'] and any(ending == 'meta' for _, ending in files)

    def has_others_files(self, path):
        """In the hash directory of the path there was something whose name is not one of Swift's for an object."""
        directory = path[:HASH_END.search(path).end()]
        return any(key[1].startswith(directory + '/') and not OBJECT_FILE.search(key[1]) for key in self.before)

    def unconfirmed(self, device, policy, partition, digest):
        """Not all primaries have the object as it was here, as when a receiver with a tombstone wants the data alone; or none can be
        asked for it, because its name cannot be read."""
        key = LOCAL, device, policy, partition, digest
        if key not in self.versions_before:
            return False
        primaries = primaries_of(self.state, self.tested.ring_of, policy, partition)
        return not self.is_named(key, self.versions_before[key]) or len(self.confirming(key)) < len(primaries)

    def told_to_be_unconfirmed(self):
        """Handoff partitions in which ours kept objects because they were not confirmed, as it tells, and is right; be they kept by
        Swift's, too."""
        return {self.place_text(*key[2:4]) for key in self.versions_before
                if key[0] == LOCAL and self.handoff('%d/%s/%s' % (LOCAL, key[1], self.place_text(*key[2:4])))
                and self.is_told_to_be_kept(key[1], self.place_text(*key[2:4])) and self.unconfirmed(*key[1:])}

    def is_of_a_session_cut(self, path):
        """Of a device to which a session of the partition was ended by its receiver after failures, be it of ours or of Swift's."""
        inside = INSIDE.match(path)
        cut = inside and re.compile('/%s/%s (Unexpected response: ")?%s' % (re.escape(inside[2]), inside[3].rpartition('/')[2], CUT))
        return bool(inside) and any(cut.search(one.log) for one in [self.tested, *self.references])

    def cut_among_its_devices(self):
        """Partitions of several of the node's devices of which ours had a session cut after failures: in an order that Swift's never
        has, a device may get metadata from a second one before it gets the data from the first, and then refuses them."""
        cut = {found[1] for found in re.finditer(r'/(\d+) ' + CUT, self.tested.log)}
        return {place for place in self.together if place.rpartition('/')[2] in cut}

    def has_come_from_others(self, path):
        """Each file of the object on this device was on one of the partition's before, is there on one after Swift's, or is metadata
        that a receiver has put together of two: of the newer ones, and the content type of others that has a newer time."""
        inside = INSIDE.match(path)
        rest = HASH.match(inside[4] or '')
        if not rest:
            return False
        there = [(where[4], entry) for found in (self.before, *(one.found for one in self.references)) for where, entry in self.files_of(found, inside[3], rest[0])]
        metadata = [self.metadata_of(entry) for _, entry in there if isinstance(self.metadata_of(entry), dict)]
        same = [(name, self.as_sent(entry)) for name, entry in there]
        return all((where[4], entry) in there or (where[4], self.as_sent(entry)) in same or self.is_put_together(entry, metadata)
                   for where, entry in self.files_of(self.tested.found, inside[3], rest[0]) if where.group(1, 2) == inside.group(1, 2))

    @staticmethod
    def metadata_of(entry):
        return (entry.get('xattrs') or {}).get('metadata')

    def as_sent(self, entry):
        """What a receiver would make of this file."""
        return entry['kind'], entry.get('size'), entry.get('md5'), self.metadata_of(entry)

    @staticmethod
    def files_of(found, place, directory):
        for (_, path), entry in found.items():
            where = INSIDE.match(path)
            if where and where[3] == place and (where[4] or '').startswith(directory.rstrip('/') + '/'):
                yield where, entry

    @staticmethod
    def is_put_together(entry, metadata):
        own = Case.metadata_of(entry)
        if not isinstance(own, dict) or b'Content-Type-Timestamp' not in own:
            return False
        of_type = (b'Content-Type', b'Content-Type-Timestamp')

        def without_type(values):
            return {name: value.strip() for name, value in values.items() if name not in of_type}
        return any(without_type(own) == without_type(one) for one in metadata) and any(
            all(own.get(name) == one.get(name) for name in of_type) for one in metadata)

    def hashes_are_of_what_is_there(self, one):
        """What is known of each suffix is as Swift's know it on one of the partition's devices, or the suffix has other files."""
        theirs = [entry['hashes'] or {} for found in self.references for (place, path), entry in found.found.items()
                  if place == one.place and path.endswith('/hashes.pkl') and 'hashes' in entry]
        partition = one.path.rpartition('/')[0]

        def files(found, suffix):
            return {path: entry for (place, path), entry in found.found.items() if place == one.place and path.startswith('%s/%s/' % (partition, suffix))}
        return all(value is None or any(hashes.get(suffix) == value for hashes in theirs) or
                   all(files(self.tested, suffix) != files(found, suffix) for found in self.references)
                   for suffix, value in ((one.tested or {}).get('hashes') or {}).items())

    def confirming(self, key):
        """The primaries that have it."""
        version, metadata = self.versions_before[key], self.held_before.metadata.get(key)
        return [one for one in primaries_of(self.state, self.tested.ring_of, *key[2:4])
                if self.held_after.has((*one, *key[2:]), version, metadata)]

    def is_named(self, key, version):
        """The newest data or tombstone says the name of this object, as far as can be read."""
        directory = '%d/%s/%s/%s/%s/' % (*key[:2], self.place_text(*key[2:4]), key[4][-3:], key[4])
        for path in (path for _, path in self.before if path.startswith(directory + version[0][:16]) and path.endswith('.' + version[1])):
            attributes = self.before[self.place_text(*key[2:4]), path]['xattrs'] or {}
            if attributes.get('checksum') == 'checksum wrong':
                return False
            metadata = attributes.get('metadata')
            name = metadata.get(b'name', metadata.get('name')) if isinstance(metadata, dict) else None
            try:
                return bool(name) and object_hash(name.decode() if isinstance(name, bytes) else name) == key[4]
            except UnicodeError:
                return False
        return True

    def is_obsolete(self, one, key):
        """The file, or directory, of this object is needed no longer: there is something newer, which Swift's has kept; or all of it
        is a tombstone's past reclaim_age."""
        version = self.versions_before.get(key)
        if version is None:
            return False
        if is_past_reclaim(version):
            return True
        directory, _, name = one.path.rpartition('/')
        beside = [path for place, path in self.before if place == one.place and path.startswith(directory + '/')]
        return OBJECT_FILE.search(one.path) is not None and any((one.place, directory) in found.found for found in self.references) and (
            name[:16] < version[0][:16] or name.endswith('.data') and version[1] == 'ts' and name[:16] == version[0][:16] or
            name.endswith('.meta') and (name[:16] == version[0][:16] or any(path > one.path and path.endswith('.meta') for path in beside)))

    def sendable(self, device, policy, partition, digest):
        return (LOCAL, device, policy, partition, digest) in self.versions_before
