"""Differences of ours to Swift's replicator that are on purpose: a function each, which tells whether it explains a difference;
with its row in ../README.md."""
from case import HASH
from cluster_state import LOCAL

def kept_because_nobody_confirmed_it(case, one):
    """An object that its primaries do not have as it was here stays; Swift's removed it after a session that did not send it."""
    where = one.references == [None] and case.handoff(one.path)
    if not where:
        return False
    inside = HASH.match(where[3])
    if one.place in case.together and case.is_told_to_be_kept(where[0], one.place):
        # Others of the node's devices may have sent it since.
        return True
    if inside:
        return case.unconfirmed(*where[:3], inside[1])
    return case.is_around(one.path) and any(case.unconfirmed(*where[:3], digest) for digest in case.kept().get(where[:3], ()))


def kept_because_no_session_carries_it(case, one):
    """What is no object, as a .meta without data or an unknown file, is not given up; Swift's removes the partition as a whole."""
    where = one.references == [None] and case.handoff(one.path)
    if not where:
        return False
    inside = HASH.match(where[3])
    if inside:
        return case.is_not_carried(where[:3], inside[1], one.path)
    return not case.is_around(one.path) or case.keeps_no_object(*where[:3])


def removed_when_empty(case, one):
    """Swift's leaves the directory of a partition whose objects it removed one by one, after sessions with other regions."""
    where = one.tested is None and case.handoff(one.path)
    regions = {device.region for device in case.state.devices}
    return bool(where) and len(regions) > 1 and case.is_around(one.path)


def could_not_be_sent(case, one):
    """In its partition is what cannot be read or sent: ours tells so, sends the others, and gives up those that are confirmed;
    it leaves what is damaged to Swift's auditor. Swift's quarantines it, removes it unsent, or the session fails."""
    return one.place in case.spoiled and not case.is_given_up_unconfirmed(one)


def quarantined_by_its_receiver(case, one):
    """Of what comes after an object that Swift's cannot send, its receivers never hear; and what they have of a handoff's objects only
    ours asks them. When they look at it, they quarantine what is damaged there."""
    if one.path.endswith('/hashes.pkl') and one.tested and one.references[0]:
        ours, theirs = ((entry.get('hashes') or {}) for entry in (one.tested, one.references[0]))
        differing = {suffix for suffix in {*ours, *theirs} if ours.get(suffix) != theirs.get(suffix)}
        return case.is_handoff_here(one.place) and differing <= {digest[-3:] for digest in case.quarantined_there(one.path)}
    if one.tested is None:
        return case.is_handoff_here(one.place) and any(
            one.path.endswith('/' + digest[-3:]) or '/%s' % digest in one.path for digest in case.quarantined_there(one.path))
    if one.references != [None]:
        return False
    origins = case.origins_of_quarantined(one.path)
    return bool(origins) and origins <= case.spoiled | {place for place, path in case.before if case.handoff(path)}


def confirmed_though_wanted(case, one):
    """Because of junk beside it a primary wants an object that it has. After a session that only compares Swift's keeps it then; ours
    asks what is there, and gives it up if all of those that are required have it."""
    where = one.tested is None and case.handoff(one.path)
    inside = where and HASH.match(where[3])
    return bool(inside) and case.has_junk_elsewhere(inside[1]) and not case.is_given_up_unconfirmed(one)


def obsolete_files_stay(case, one):
    """Swift's sender removes obsolete files of what it offers. Of a handoff that stays ours leaves them to whoever hashes them."""
    where = one.references == [None] and case.handoff(one.path)
    inside = where and HASH.match(where[3])
    if not inside or one.tested != case.before.get((one.place, one.path)):
        return False
    return case.is_obsolete(one, (LOCAL, *where[:3], inside[1]))


def order_among_devices_of_the_node(case, one):
    """A partition on several devices of the node: ours compares and sends it from them in an order that Swift's, one job after the
    other, never has: each device is as some order of Swift's has it, not all as the same, or its object has gone further from one to
    the next. What is known of suffixes depends on when they were compared."""
    if one.place not in case.together:
        return False
    if case.is_as_in_some_order(one) or case.is_further_than_in_some_order(one.path):
        return True
    if not one.path.endswith('/hashes.pkl'):
        return False
    if case.hashes_are_of_what_is_there(one):
        return True
    theirs = [found.found.get((one.place, one.path)) for found in case.references]
    known = [hashes for hashes in ((entry or {}).get('hashes') for entry in theirs) if hashes]
    ours = (one.tested or {}).get('hashes') or {}
    return all(value in values for suffix, value in ours.items() for values in [[hashes[suffix] for hashes in known if hashes.get(suffix)]]
               if value is not None and values)


def forgot_hashes_of_what_it_removed(case, one):
    """Swift's keeps the hashes of suffixes out of which it removed objects, after sessions with other regions."""
    where = case.handoff(one.path)
    reference, = one.references if one.place not in ('recon', 'exit status') else [None]
    if not where or where[3] != 'hashes.pkl' or not one.tested or not reference or one.tested['hashes'] is None:
        return False
    theirs = reference.get('hashes') or {}
    return all(value is None or value == theirs.get(suffix) for suffix, value in one.tested['hashes'].items())


def leaves_hashes_of_what_it_offers(case, one):
    """Swift's sender invalidates a suffix in which it has found no files, or only those that it has removed as obsolete."""
    if not one.path.startswith('%d/' % LOCAL) or not one.path.endswith('/hashes.pkl') or not (one.tested or {}).get('hashes'):
        return False
    ours = one.tested['hashes']
    partition = one.path.rpartition('/')[0]

    def explains(reference):
        theirs = (reference.found.get((one.place, one.path)) or {}).get('hashes')
        return theirs is not None and all(
            theirs.get(suffix) == ours.get(suffix) or suffix in theirs and theirs[suffix] is None and not reference.has_files_in(
                one.place, '%s/%s' % (partition, suffix)) for suffix in {*ours, *theirs})
    return any(explains(reference) for reference in case.references)


def cleaned_before_it_ended(case, one):
    """A receiver ends the session at what is damaged there, and has cleaned up what it was offered before. Ours offers in the order of
    hashes, Swift's in that of the directory."""
    place = one.path.split('/')
    before = case.before.get((one.place, one.path))
    return len(place) > 3 and place[0] != str(LOCAL) and before is not None and [one.tested, *one.references].count(None) == 1 and (
        all(entry in (None, before) for entry in (one.tested, *one.references))) and (
        '/%s/%s :ERROR: 0 ' % (place[1], place[3]) in case.tested.log and all(':ERROR: 0 ' in found.log for found in case.references))


def sent_before_it_was_cut(case, one):
    """A receiver ends a session after too many failures. What it has taken until then depends on the order, which is that of hashes in
    ours, and that of the directory in Swift's: of each object it has what came from one device or several."""
    if not case.is_of_a_session_cut(one.path):
        return False
    return case.hashes_are_of_what_is_there(one) if one.path.endswith('/hashes.pkl') else case.has_come_from_others(one.path)


HANDOFFS_REMAIN = 'Handoffs first mode still has handoffs remaining'


def went_on_after_handoffs(case):
    """With handoffs_first, a handoff partition of which only what no session carries is left, or only its empty directory, keeps
    Swift's from going on to primary partitions, pass after pass: then ours is as Swift's that does not look for what is left."""
    if 'handoffs_first' not in case.state.settings or HANDOFFS_REMAIN in case.tested.log:
        return False
    return all(HANDOFFS_REMAIN in one.log for one in case.references) and (
        bool(case.state.options) or not case.handoffs_to_send())


def stopped_after_handoffs(case):
    """With handoffs_first, an object that ours has kept and Swift's has not, be it because it could not be sent, keeps it from going
    on: then it is as Swift's of which handoffs always remain."""
    return HANDOFFS_REMAIN in case.tested.log and not any(HANDOFFS_REMAIN in one.log for one in case.references) and any(
        case.sendable(*place, digest) or case.place_text(*place[1:]) in case.spoiled for place, digests in case.kept().items() for digest in digests)


DIFFERENCES = (kept_because_nobody_confirmed_it, kept_because_no_session_carries_it, removed_when_empty, could_not_be_sent,
               quarantined_by_its_receiver, confirmed_though_wanted, obsolete_files_stay, cleaned_before_it_ended,
               sent_before_it_was_cut, order_among_devices_of_the_node, forgot_hashes_of_what_it_removed, leaves_hashes_of_what_it_offers)


# What is counted otherwise, too.
COUNTED = (kept_because_nobody_confirmed_it, could_not_be_sent)


def is_intended(case, one):
    """One of these explains a difference of what is on devices. Of a directory that only one of them has, it is what is in it that
    has to be explained."""
    return any(explains(case, one) for explains in DIFFERENCES) or case.is_told_by_its_contents(one)


def unintended(case, found):
    """The differences that none of these explains."""
    numbers = [one for one in found if one.place == 'recon']
    others = [one for one in found if one.place != 'recon']
    counted = {case.partition_of_quarantined.get(one.place, one.place) for one in others if any(explains(case, one) for explains in COUNTED)}
    counted |= case.spoiled | case.told_to_be_unconfirmed() | case.cut_among_its_devices()
    return [one for one in numbers if not case.is_counted_for(one, counted)] + [
        one for one in others if not is_intended(case, one)]
