"""The results as Markdown."""
from bench import ALONE, LIMITS, is_ours
from measures import MEGABYTES, number


def _cell(spread):
    if not spread:
        return ''
    if spread.low == spread.high:
        return number(spread.median)
    return '%s (%s–%s)' % (number(spread.median), number(spread.low), number(spread.high))


def _lines(header, rows):
    return '\n'.join(['| %s |' % ' | '.join(header), '|%s' % (' --- |' * len(header))] +
                     ['| %s |' % ' | '.join(row) for row in rows])


def _measured(rows, names):
    return [name for name in names if any(name in row.runs for row in rows)]


def _what(row):
    return '`%s`: %s: %s' % (row.name, row.title, row.measure.unit)


def overview(rows, ours, names):
    """Medians of one of ours and of Swift, and how many times as good ours is as each other."""
    others = [name for name in _measured(rows, names) if not is_ours(name) and name not in LIMITS + (ALONE,)]
    limits = any(row.best(LIMITS) for row in rows)
    header = [''] + [names[name] for name in (ours, 'swift') if name in names] + ['× ' + names[name] for name in others]
    table = []
    for row in rows:
        medians = [row.spread(name) for name in (ours, 'swift') if name in names]
        ratios = [row.ratio(ours, name) for name in others + ([row.best(LIMITS)] if limits else [])]
        table.append([_what(row)] + [number(spread.median) if spread else '' for spread in medians] +
                     [number(ratio) if ratio else '' for ratio in ratios])
    return _lines(header + (['× file system'] if limits else []), table)


def details(rows, names):
    """Medians of all, with lowest and highest."""
    systems = _measured(rows, names)
    return _lines([''] + [names[name] for name in systems],
                  [[_what(row)] + [_cell(row.spread(name)) for name in systems] for row in rows])


def costs(rows, names):
    """Processor time of the receiving side."""
    rows = [row for row in rows if row.measure.is_pace]
    systems = _measured(rows, names)
    return _lines([''] + [names[name] for name in systems],
                  [['`%s`: %s' % (row.name, row.cpu.unit)] + [_cell(row.spread(name, row.cpu)) for name in systems]
                   for row in rows])


def memory(rows, names):
    """The peak of the largest of the processes that serve."""
    rows = [row for row in rows if row.measure.is_pace]
    systems = [name for name in _measured(rows, names) if name not in LIMITS]
    return _lines([''] + [names[name] for name in systems],
                  [['`%s`: MB' % row.name] + [_cell(row.spread(name, MEGABYTES)) for name in systems] for row in rows])
