"""What is to be reached, and whether it was. Ratios of medians in one run: absolute figures are the machine's."""
import collections

from bench import LIMITS
from measures import CPU_PER_GB, MEGABYTES, by_size
from titles import title_of

Verdict = collections.namedtuple('Verdict', 'what target figure reached')

# Scenario, what it is called, [(the system compared with, at least)]. limit is the best durable of the file system.
RATIOS = [
    ('write-4k', '4 KiB objects written', [('swift', 10), ('rsync-fsync', 3), ('rsync', 1), ('limit', 0.6)]),
    ('check-warm', 'in-sync missing checks, warm', [('swift', 15), ('fs-one', 0.7)]),
    ('check-cold', 'in-sync missing checks, cold', [('swift', 3)]),
    ('write-64m', '64 MiB objects written', [('swift', 1.5)]),
    ('rehash', 'REPLICATE, all suffixes hashed', [('swift', 4)]),
]
MOST_CPU_FOR_LARGE = 1.25
MOST_IDLE_MB = 10
MOST_BUSY_MB = 150
BUSY_OBJECTS = 1000000
# What counts as flat: of the largest partition's time per object to the smallest's.
MOST_GROWTH = 1.25


def verdicts(rows, ours):
    """For one system of ours."""
    found = {row.name: row for row in rows}
    memory = [_memory(found, ours, 'fresh', 'just started', MOST_IDLE_MB),
              _memory(found, ours, 'idle', 'idle after sessions', MOST_IDLE_MB),
              _memory(found, ours, BUSY_OBJECTS, 'in a session of {:,} objects'.format(BUSY_OBJECTS), MOST_BUSY_MB)]
    return _ratios(found, ours) + [_large_cpu(found, ours)] + memory + _growth(found, ours)


def _verdict(what, target, figure, reached):
    return Verdict(what, target, figure, None if figure is None else reached(figure))


def _ratios(found, ours):
    result = []
    for name, what, others in RATIOS:
        row = found.get(name)
        for other, least in others:
            system = other if other != 'limit' else row and row.best(LIMITS)
            title = 'the best durable file-system figure' if other == 'limit' else title_of(other)
            result.append(_verdict(what, 'at least %g × %s' % (least, title), row and row.ratio(ours, system),
                                   lambda figure, least=least: figure >= least))
    return result


def _large_cpu(found, ours):
    row = found.get('write-64m')
    saved = row and row.ratio(ours, 'swift', CPU_PER_GB)
    return _verdict('64 MiB objects: CPU seconds per GB, nginx included', 'at most %g × Swift' % MOST_CPU_FOR_LARGE,
                    saved and 1 / saved, lambda figure: figure <= MOST_CPU_FOR_LARGE)


def _memory(found, ours, name, when, most):
    row = found.get('memory-%s' % name)
    spread = row and row.spread(ours, MEGABYTES)
    return _verdict('memory of a worker, %s' % when, 'at most %d MB' % most, spread and spread.high,
                    lambda figure: figure <= most)


def _growth(found, ours):
    result = []
    for kind, what in (('check', 'missing checks'), ('fill', 'session of writes'), ('more', 'writes into it')):
        sizes = [(size, row.spread(ours)) for size, row in by_size(found.values(), kind) if row.spread(ours)]
        figure = sizes[-1][1].median / sizes[0][1].median if len(sizes) > 1 else None
        label = ' from {:,} to {:,} objects'.format(sizes[0][0], sizes[-1][0]) if sizes else ''
        result.append(_verdict('growth%s, time per object: %s' % (label, what), 'at most × %g' % MOST_GROWTH, figure,
                               lambda figure: figure <= MOST_GROWTH))
    return result


def as_text(all_verdicts):
    lines = []
    for verdict in all_verdicts:
        state = {True: 'reached', False: 'NOT REACHED', None: 'not measured'}[verdict.reached]
        figure = '' if verdict.figure is None else '%.2f' % verdict.figure
        lines.append('%-12s  %-62s %-46s %8s' % (state, verdict.what, verdict.target, figure))
    return '\n'.join(lines)
