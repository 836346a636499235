"""What was measured: rows of figures by system and round, and their medians, spreads and ratios."""
import dataclasses
import statistics
from typing import Callable, Optional


@dataclasses.dataclass(frozen=True)
class Measure:
    """A number made of a run's figures, and whether more of it is better."""
    unit: str
    of: Callable[[dict], Optional[float]]
    more_is_better: bool = True
    is_pace: bool = False  # how fast the receiver was; beside it its processor time is of interest


OBJECTS_PER_SECOND = Measure('objects/s', lambda run: run['objects'] / run['seconds'], is_pace=True)
MB_PER_SECOND = Measure('MB/s', lambda run: run['bytes'] / 1e6 / run['seconds'], is_pace=True)
MICROSECONDS_PER_OBJECT = Measure('µs/object', lambda run: run['seconds'] * 1e6 / run['objects'], False, True)
P50_MS = Measure('ms', lambda run: run['p50_ms'], False)
P99_MS = Measure('ms', lambda run: run['p99_ms'], False)
MAX_MS = Measure('ms', lambda run: run['max_ms'], False)
WRITTEN_MB_PER_SECOND = Measure('MB/s', lambda run: run['mb_per_s'])
MEGABYTES = Measure('MB', lambda run: run['peak_kb'] * 1024 / 1e6 if run.get('peak_kb') else None, False)
CPU_PER_OBJECT = Measure('CPU µs/object', lambda run: run['cpu_seconds'] * 1e6 / run['objects'], False)
CPU_PER_GB = Measure('CPU s/GB', lambda run: run['cpu_seconds'] * 1e9 / run['bytes'], False)


@dataclasses.dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float


@dataclasses.dataclass
class Row:
    """One thing measured of several systems. scenario is what --only takes; name is the row's own."""
    scenario: str
    name: str
    title: str
    measure: Measure
    size: Optional[int] = None  # objects in the partition, where rows differ in that
    runs: dict = dataclasses.field(default_factory=dict)  # {system: the figures of each round}

    def add(self, system, figures):
        self.runs.setdefault(system, []).append(figures)

    def spread(self, system, measure=None):
        """None if the system was not measured, or this not of it."""
        values = [(measure or self.measure).of(run) for run in self.runs.get(system, ())]
        if not values or None in values:
            return None
        return Spread(statistics.median(values), min(values), max(values))

    @property
    def cpu(self):
        """The measure of processor time."""
        return CPU_PER_GB if self.measure is MB_PER_SECOND else CPU_PER_OBJECT

    def best(self, systems):
        """The one of these systems with the best median; None if none was measured."""
        measured = {system: self.spread(system).median for system in systems if self.spread(system)}
        if not measured:
            return None
        return (max if self.measure.more_is_better else min)(measured, key=measured.get)

    def ratio(self, system, other, measure=None):
        """How many times as good the system's median is as the other's; None if one was not measured."""
        measure = measure or self.measure
        ours, theirs = self.spread(system, measure), self.spread(other, measure)
        if not ours or not theirs or not ours.median or not theirs.median:
            return None
        return ours.median / theirs.median if measure.more_is_better else theirs.median / ours.median

    def as_json(self):
        return {'scenario': self.scenario, 'name': self.name, 'title': self.title, 'unit': self.measure.unit,
                'systems': {system: {**dataclasses.asdict(self.spread(system)), 'rounds': runs}
                            for system, runs in self.runs.items()}}


def by_size(rows, kind):
    """[(size, row)] of the rows named <kind>-<size>, from the smallest."""
    return sorted(((row.size, row) for row in rows if row.size and row.name == '%s-%d' % (kind, row.size)),
                  key=lambda pair: pair[0])


def number(value):
    """With as many digits as mean something."""
    if value >= 100:
        return '{:,.0f}'.format(value)
    return '%.1f' % value if value >= 10 else '%.2f' % value
