"""What differs between two outcomes of a pass.

Swift's replicator leaves two things to chance: the order of jobs and peers, and whose suffixes are listed. Of a replicator
that cannot be told them each partition must be as one of the reference's outcomes has it, and each number of
monitoring's within theirs.
"""
import intended
from tree import differences


def differing(tested, references):
    """Lines, the tested first; none if the references together explain the outcome."""
    lines = [] if tested.status in {one.status for one in references} else [
        'exit status: %s / %s' % (tested.status, references[0].status)]
    return lines + differing_recon(tested.recon, [one.recon for one in references]) + differing_devices(tested, references)


def differing_recon(tested, references):
    if tested in references:
        return []
    if tested is None or None in references:
        return ['recon: %s / %s' % (tested, references[0])]
    names = sorted(set(tested).union(*references))
    return ['recon: %s: %r / %r' % (name, tested.get(name), [one.get(name) for one in references])
            for name in names if not between(tested.get(name), [one.get(name) for one in references])]


def between(value, values):
    if value in values:
        return True
    numbers = [one or 0 for one in values if one is None or type(one) in (int, float)]
    # A peer that one order has no failure of is not named in it.
    return len(numbers) == len(values) > 1 and type(value) in (int, type(None)) and min(numbers) <= (value or 0) <= max(numbers)


def differing_devices(tested, references):
    lines = []
    ours = by_partition(tested)
    theirs = [by_partition(one) for one in references]
    for partition in sorted(set(ours).union(*theirs)):
        candidates = [differences(ours.get(partition, {}), one.get(partition, {})) for one in theirs]
        lines += min(candidates, key=len)
    return lines


def by_partition(outcome):
    groups = {}
    for (partition, path), entry in outcome.found.items():
        groups.setdefault(partition, {})[path] = entry
    return groups


def unintended(state, lines, tested, reference):
    """Those lines that no difference on purpose explains."""
    return [line for line in lines if not any(excuses(state, line, tested, reference) for excuses in intended.DIFFERENCES)]
