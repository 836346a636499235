"""All that came of a run: as JSON, as Markdown, as a picture, and what is reached."""
import json
import os

import chart
import machine
import table
import targets
from bench import is_ours
from titles import TITLES

# Their rows are shown by themselves.
GROUPS = ('growth', 'neighbours', 'held-back')


class Results:
    def __init__(self, options, scale, description):
        self.options = options
        self.scale = scale
        self.machine = description
        self.rows = []
        self.seconds = {}
        self.skipped = {}
        self.failed = {}

    def names(self):
        """{system: title} of all that were measured."""
        measured = {name for row in self.rows for name in row.runs}
        return {name: title for name, title in TITLES.items() if name in measured}

    def ours(self):
        return [name for name in self.names() if is_ours(name)]

    def verdicts(self):
        return {name: targets.verdicts(self.rows, name) for name in self.ours()}

    def as_json(self):
        return {'machine': self.machine,
                'options': {key: value for key, value in vars(self.options).items()
                            if key not in ('output', 'directory', 'build_dir')},
                'scale': vars(self.scale), 'seconds': self.seconds, 'skipped': self.skipped, 'failed': self.failed,
                'rows': [row.as_json() for row in self.rows],
                'targets': {name: [verdict._asdict() for verdict in all_verdicts]
                            for name, all_verdicts in self.verdicts().items()}}

    def markdown(self):
        """An overview of each group of rows for each of ours, and all figures."""
        names = self.names()
        parts = ['`tests/bench/run --scale %s`; a row alone: with `--only` and its name, or `--only` %s. %s.' %
                 (self.options.scale, ', '.join('`%s`' % group for group in GROUPS), machine.sentence(self.machine)),
                 'Medians; × is how many times as good ssync-worker is: so many times the objects or bytes in a second, '
                 'or that part of the time or memory.']
        groups = [[row for row in self.rows if row.scenario == scenario] for scenario in GROUPS]
        groups.insert(0, [row for row in self.rows if not any(row in group for group in groups)])
        groups = [group for group in groups if group]
        parts += [table.overview(group, name, names) for group in groups for name in self.ours()]
        parts += ['All figures: medians (lowest–highest) of the rounds.']
        parts += [table.details(group, names) for group in groups]
        parts += ['Processor time of the receiving side: nginx, and children that have ended, included.',
                  table.costs(self.rows, names), 'Peak memory of the largest of the processes that serve sessions.',
                  table.memory(self.rows, names)]
        return '\n\n'.join(parts) + '\n'

    def targets_text(self):
        return '\n\n'.join('%s\n%s' % (self.names()[name], targets.as_text(all_verdicts))
                           for name, all_verdicts in self.verdicts().items())

    def write(self, directory):
        # The figures first: they took longest.
        for name, text_of in (('results.json', lambda: json.dumps(self.as_json(), indent=1, ensure_ascii=False) + '\n'),
                              ('results.md', self.markdown), ('chart.svg', lambda: chart.svg(self.rows, self.names()))):
            with open(os.path.join(directory, name), 'w', encoding='utf-8') as file:
                file.write(text_of())
