"""enable, disable and status of ssync-replicator in the place of swift-object-replicator: one unit of systemd for another."""

import shlex
import time

from . import commands
from .errors import Failed
from .node import EXIT_DISABLED, EXIT_ENABLED, EXIT_HALF
from .state import DISABLING, ENABLED, ENABLING

UNIT = 'ssync-replicator'
# A replicator that does not like what it finds has ended by then.
SETTLED_SECONDS = 3


class Replicator:
    """Like node.Node, for the option --replicator."""

    def __init__(self, options, state, say):
        self.options = options
        self.state = state
        self.say = say

    def enable(self):
        """Returns the exit status. Raises Failed after all was undone, or could not be, and UnknownLayout if nothing was
        changed."""
        if self.state.plan and self.state.plan['phase'] == ENABLED and not self._problems():
            self.say('enabled already: nothing to do')
            return 0
        plan = self.state.plan or self._plan()
        commands.run('%s %s --check' % (self.options.replicator_command, shlex.quote(plan['conf'])))
        self.state.plan = plan
        self._save(ENABLING)
        try:
            self._run('systemctl disable --now ' + shlex.quote(plan['unit']))
            self._run('systemctl enable --now ' + UNIT)
            if not self.options.dry_run:
                self._await_settled()
        except Failed as failure:
            self.say('%s\nssync-node: this failed, and is undone:' % failure)
            self._go_back()
            raise Failed('not enabled; everything is as it was before')
        self._save(ENABLED)
        if not self.options.dry_run:
            self.say('enabled: %s in the place of %s' % (UNIT, plan['unit']))
        return 0

    def disable(self):
        """Returns the exit status. Raises Failed at the first step that does not work; then it can be repeated."""
        if not self.state.plan:
            self.say('disabled already: nothing to do')
            return 0
        self._go_back()
        if not self.options.dry_run:
            self.say('disabled')
        return 0

    def status(self):
        """Returns EXIT_ENABLED, EXIT_DISABLED or EXIT_HALF."""
        if not self.state.plan:
            self.say('disabled')
            return EXIT_DISABLED
        problems = self._problems()
        if self.state.plan['phase'] != ENABLED:
            problems.insert(0, 'it was stopped before its end')
        if problems:
            self.say('half: ' + '\n      '.join(problems))
            self.say('`ssync-node enable --replicator` goes on to the end, `ssync-node disable --replicator` goes back')
            return EXIT_HALF
        self.say('enabled: %s in the place of %s' % (UNIT, self.state.plan['unit']))
        return EXIT_ENABLED

    def _plan(self):
        conf = commands.configuration_of(UNIT)
        unit = commands.swift_replicator_unit(conf)
        shown = commands.show(unit, 'ActiveState', 'UnitFileState')
        return {'conf': conf, 'unit': unit, 'start': 'yes' if shown['ActiveState'] == 'active' else '',
                'enable': 'yes' if shown['UnitFileState'] == 'enabled' else ''}

    def _problems(self):
        found = []
        if commands.show(UNIT, 'ActiveState')['ActiveState'] != 'active':
            found.append('%s does not run' % UNIT)
        if commands.show(self.state.plan['unit'], 'ActiveState')['ActiveState'] == 'active':
            found.append('%s runs' % self.state.plan['unit'])
        return found

    def _await_settled(self):
        end = time.monotonic() + min(SETTLED_SECONDS, self.options.patience)
        while True:
            shown = commands.show(UNIT, 'ActiveState', 'NRestarts')
            if shown['ActiveState'] != 'active' or shown['NRestarts'] not in ('', '0'):
                raise Failed('%s does not run; `journalctl -u %s` says why' % (UNIT, UNIT))
            if time.monotonic() >= end:
                return
            time.sleep(0.2)

    def _go_back(self):
        plan = self.state.plan
        self._save(DISABLING)
        self._run('systemctl disable --now ' + UNIT)
        for verb in ('enable', 'start'):
            if plan[verb]:
                self._run('systemctl %s %s' % (verb, shlex.quote(plan['unit'])))
        if not self.options.dry_run:
            self.state.forget()

    def _save(self, phase):
        if not self.options.dry_run:
            self.state.save(phase)

    def _run(self, command):
        self.say('run ' + command)
        if not self.options.dry_run:
            commands.run(command)
