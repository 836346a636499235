"""What differs between two outcomes of a pass.

Swift's replicator leaves the order of jobs and peers to chance. Of a replicator that cannot be told it, each partition must be
as one of the reference's outcomes has it, and each number of monitoring's within theirs.
"""
import collections

# place: 'exit status', 'recon', or a partition's path on its device, '' for what is in none. references: values that were
# possible, all of them of recon.
Difference = collections.namedtuple('Difference', 'place path tested references')


def text_of(difference):
    place, path, tested, references = difference
    if place in ('exit status', 'recon'):
        return '%s %s: %r / %r' % (place, path, tested, references)
    reference, = references
    if tested is None or reference is None:
        return 'only in the %s: %s %r' % ('second' if tested is None else 'first', path, tested or reference)
    return '\n  '.join('%s: %s: %r / %r' % (path, key, tested.get(key), reference.get(key))
                       for key in sorted(set(tested) | set(reference)) if tested.get(key) != reference.get(key))


Difference.__str__ = text_of


def differing(tested, references, is_intended=lambda difference: False):
    """The differences, none if the references together explain the outcome. Of a partition those to the reference to which there
    are the fewest that are not intended."""
    found = []
    if tested.status not in {one.status for one in references}:
        found.append(Difference('exit status', '', tested.status, [one.status for one in references]))
    return found + differing_recon(tested.recon, [one.recon for one in references]) + differing_devices(tested, references, is_intended)


def differing_recon(tested, references):
    if tested in references:
        return []
    if tested is None or None in references:
        return [Difference('recon', '', tested, references)]
    tested, references = summed(tested), [summed(one) for one in references]
    names = sorted(set(tested).union(*references))
    rows = [Difference('recon', name, tested.get(name, 0), [one.get(name, 0) for one in references]) for name in names]
    return [row for row in rows if not between(row.tested, row.references)]


def summed(recon):
    """Without names of peers that are only there to say that nothing failed."""
    return {name: value for name, value in recon.items() if not name.endswith('failure_nodes')}


def between(value, values):
    if value in values:
        return True
    return len(values) > 1 and all(type(one) is int for one in [value, *values]) and min(values) <= value <= max(values)


def differing_devices(tested, references, is_intended):
    found = []
    ours = by_partition(tested)
    theirs = [by_partition(one) for one in references]

    def weight(candidate):
        return sum(not is_intended(one) for one in candidate), len(candidate)
    for partition in sorted(set(ours).union(*theirs)):
        candidates = [differing_paths(partition, ours.get(partition, {}), one.get(partition, {})) for one in theirs]
        found += min(candidates, key=weight) if all(candidates) else []
    return found


def differing_paths(partition, tested, reference):
    return [Difference(partition, path, tested.get(path), [reference.get(path)])
            for path in sorted(set(tested) | set(reference)) if tested.get(path) != reference.get(path)]


def by_partition(outcome):
    groups = {}
    for (partition, path), entry in outcome.found.items():
        groups.setdefault(partition, {})[path] = entry
    return groups
