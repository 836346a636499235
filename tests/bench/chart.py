"""The results as a picture: SVG that follows the reader's choice of light or dark."""
import html
import math

from bench import ALONE, LIMITS, is_ours
from measures import by_size, number

PANELS = ('write-4k', 'write-64k', 'write-64m', 'concurrent', 'check-warm', 'check-cold', 'half-stale', 'rehash',
          'neighbour-p99', 'beside-neighbour')
GROWTH = (('check', 'Missing checks as a partition grows'), ('more', 'Writes as a partition grows'))
# Shown beside ours in this order.
OTHERS = ('swift', 'rsync-fsync', 'rsync')

PANEL_WIDTH, GAP, MARGIN = 460, 28, 24
HEAD, LINE, FOOT = 34, 22, 40
NAMES_WIDTH, FIGURES_WIDTH = 158, 118
TIMES_WIDTH, LABELS_WIDTH = 64, 180
BAR = 13
GROWTH_HEIGHT = 150

LIGHT = {'paper': '#ffffff', 'ink': '#1c2128', 'faint': '#59636e', 'grid': '#d8dee4', 'ours': '#0b62c4',
         'swift': '#c4550b', 'rsync': '#3d7d4b', 'limit': '#8c959f', 'alone': '#8c959f'}
DARK = {'paper': '#15191f', 'ink': '#e6edf3', 'faint': '#9aa4af', 'grid': '#343b44', 'ours': '#58a6ff',
        'swift': '#f0883e', 'rsync': '#57ab6a', 'limit': '#768390', 'alone': '#768390'}
SHAPES = '''
  text { font: 12px system-ui, "DejaVu Sans", sans-serif; }
  .title { font-weight: 600; font-size: 13px; }
  .faint { font-size: 11px; }
  .strong { font-weight: 600; }
  .line { fill: none; stroke-width: 2; }
'''


def _colors(palette):
    """Not custom properties: programs other than browsers do not know them."""
    rules = ['text { fill: %(ink)s; }', 'text.faint { fill: %(faint)s; }', '.paper { fill: %(paper)s; }',
             '.grid { stroke: %(grid)s; }', '.spread { stroke: %(ink)s; }']
    rules += ['.bar.%s { fill: %%(%s)s; } .line.%s { stroke: %%(%s)s; }' % (kind, kind, kind, kind)
              for kind in ('ours', 'swift', 'rsync', 'limit', 'alone')]
    return '\n  '.join(rules) % palette


STYLE = '%s\n  %s\n  @media (prefers-color-scheme: dark) {\n  %s\n  }\n' % (SHAPES, _colors(LIGHT), _colors(DARK))


def _kind(name):
    return 'ours' if is_ours(name) else 'limit' if name in LIMITS else name.split('-')[0]


def _text(x, y, text, anchor='start', classes=''):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>' % (x, y, anchor, classes, html.escape(text))


def _line(x1, y1, x2, y2, classes):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>' % (x1, y1, x2, y2, classes)


def _short(value):
    """For an axis."""
    return '%gk' % (value / 1000) if value >= 1000 else '%g' % value


def _ticks(largest):
    """0 and up to four round numbers, the last of them not below the largest value."""
    power = 10 ** math.floor(math.log10(largest))
    step = next(step for step in (power / 5, power / 2, power, power * 2, power * 5) if largest <= 4 * step)
    return [step * count for count in range(math.ceil(largest / step) + 1)]


def _bars(row, names, left, top):
    """(elements, height): a bar for each system, with its median, spread and how many times as good ours is."""
    ours = [name for name in names if is_ours(name)]
    systems = ours + [name for name in OTHERS + (ALONE,) if row.spread(name)]
    limit = row.best(LIMITS)
    if limit:
        systems.append(limit)
    systems = [name for name in systems if row.spread(name)]
    ticks = _ticks(max(row.spread(name).high for name in systems))
    start, width = left + NAMES_WIDTH, PANEL_WIDTH - NAMES_WIDTH - FIGURES_WIDTH
    bottom = top + HEAD + LINE * len(systems)

    def x_of(value):
        return start + width * value / ticks[-1]
    parts = [_text(left, top + 14, row.title[0].upper() + row.title[1:], classes='title')]
    for tick in ticks:
        parts += [_line(x_of(tick), top + HEAD - 6, x_of(tick), bottom, 'grid'),
                  _text(x_of(tick), bottom + 14, _short(tick), 'middle', 'faint')]
    unit = row.measure.unit + ('' if row.measure.more_is_better else ', less is better')
    parts.append(_text(start + width / 2, bottom + 29, unit, 'middle', 'faint'))
    for number_of_line, name in enumerate(systems):
        spread = row.spread(name)
        middle = top + HEAD + LINE * number_of_line + LINE / 2 - 3
        strong = 'strong' if is_ours(name) else ''
        title = 'file system' if name in LIMITS else names[name]
        parts += [_text(start - 8, middle + 4, title, 'end', strong),
                  '<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="2" class="bar %s"/>' %
                  (start, middle - BAR / 2, max(x_of(spread.median) - start, 1), BAR, _kind(name)),
                  _line(x_of(spread.low), middle, x_of(spread.high), middle, 'spread'),
                  _text(start + width + 56, middle + 4, number(spread.median), 'end', strong)]
        ratio = row.ratio(ours[0], name) if ours and name not in (ours[0], ALONE) else None
        if ratio:
            parts.append(_text(left + PANEL_WIDTH - 4, middle + 4, '%s×' % number(ratio), 'end', 'strong'))
    return parts, bottom - top + FOOT


def _growth(rows, kind, title, names, left, top):
    """(elements, height): time per object over the number of objects, both logarithmic."""
    sizes = dict(by_size(rows, kind))
    # Of several of ours the first: their lines would lie on each other.
    shown = [name for name in names if is_ours(name)][:1] + ['swift', *LIMITS]
    lines = {name: [(size, row.spread(name).median) for size, row in sizes.items() if row.spread(name)]
             for name in shown}
    lines = {name: points for name, points in lines.items() if points}
    if len(sizes) < 2 or not lines:
        return [], 0
    times = [time for points in lines.values() for _, time in points]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    high = max(high, low + 1)
    first, last = math.log10(min(sizes)), math.log10(max(sizes))
    start, width = left + TIMES_WIDTH, PANEL_WIDTH - TIMES_WIDTH - LABELS_WIDTH
    bottom = top + HEAD + GROWTH_HEIGHT

    def x_of(size):
        return start + width * (math.log10(size) - first) / (last - first)

    def y_of(time):
        return bottom - GROWTH_HEIGHT * (math.log10(time) - low) / (high - low)
    parts = [_text(left, top + 14, title, classes='title')]
    for power in range(low, high + 1):
        parts += [_line(start, y_of(10 ** power), start + width, y_of(10 ** power), 'grid'),
                  _text(start - 8, y_of(10 ** power) + 4, '{:,g}'.format(10 ** power), 'end', 'faint')]
    parts.append('<text transform="translate(%.1f,%.1f) rotate(-90)" text-anchor="middle" class="faint">µs/object</text>'
                 % (left + 10, (top + HEAD + bottom) / 2))
    for size in sizes:
        parts.append(_text(x_of(size), bottom + 14, '{:,}'.format(size), 'middle', 'faint'))
    parts.append(_text(start + width / 2, bottom + 29, 'objects in the partition', 'middle', 'faint'))
    for name, points in lines.items():
        parts.append('<polyline class="line %s" points="%s"/>' % (
            _kind(name), ' '.join('%.1f,%.1f' % (x_of(size), y_of(time)) for size, time in points)))
        parts += ['<circle cx="%.1f" cy="%.1f" r="3" class="bar %s"/>' % (x_of(size), y_of(time), _kind(name))
                  for size, time in points]
        size, time = points[-1]
        title = 'file system' if name in LIMITS else names[name]
        parts.append(_text(x_of(size) + 8, y_of(time) + 4, '%s %s' % (title, number(time)),
                           classes='strong' if is_ours(name) else ''))
    return parts, HEAD + GROWTH_HEIGHT + FOOT


def svg(rows, names):
    """A panel for each scenario that was measured, two beside each other."""
    found = {row.name: row for row in rows}
    drawers = [lambda left, top, row=found[name]: _bars(row, names, left, top)
               for name in PANELS if name in found]
    drawers += [lambda left, top, kind=kind, title=title: _growth(rows, kind, title, names, left, top)
                for kind, title in GROWTH]
    width = 2 * MARGIN + 2 * PANEL_WIDTH + GAP
    top = MARGIN + 44
    parts = [_text(MARGIN, MARGIN + 14, 'ssync-worker beside Swift, rsync and the bare file system', classes='title'),
             _text(MARGIN, MARGIN + 32, 'Medians, and lines from the lowest to the highest round. At the right: how many '
                   'times as good ssync-worker is. File system: the fastest durable way of bare system calls.',
                   classes='faint')]
    column, height = 0, 0
    for draw in drawers:
        elements, panel_height = draw(MARGIN + column * (PANEL_WIDTH + GAP), top)
        if not elements:
            continue
        parts += elements
        height = max(height, panel_height)
        column += 1
        if column == 2:
            column, top, height = 0, top + height + 12, 0
    total = top + height + MARGIN
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">\n<style>%s</style>\n'
            '<rect class="paper" width="100%%" height="100%%"/>\n%s\n</svg>\n' %
            (width, total, width, total, STYLE, '\n'.join(parts)))
