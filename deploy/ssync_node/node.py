"""enable, disable and status. Each is a list of steps, and each step is passed over if what it does is done already: so
after a stop at any point the same command goes on, and the opposite one goes back."""

import collections
import os
import shlex

from . import answers, commands, durable_files, object_server_conf, plan as planning
from .errors import Failed
from .state import DISABLING, ENABLED, ENABLING, fingerprint

EXIT_ENABLED, EXIT_HALF, EXIT_DISABLED = 0, 1, 3

# words: what it does, for whoever reads along; is_needed: whether it still has to be done; do: does it.
Step = collections.namedtuple('Step', 'words is_needed do')


def always():
    return True


class Node:
    """The node that options describe. say(line) tells the operator something."""

    def __init__(self, options, state, say):
        self.options = options
        self.state = state
        self.say = say

    def enable(self):
        """Put nginx and the pool in the place of the replication server. Returns the exit status. Raises Failed after all
        was undone, or could not be, and UnknownLayout if nothing was changed."""
        self._take_commands()
        if self._is_whole():
            self.say('enabled already: nothing to do')
            return 0
        if self.state.plan and self.state.plan['phase'] == DISABLING:
            self.say('a disable was stopped before its end; it is finished first')
            self._go(self._steps_back())
            if self.options.dry_run:
                self.say('then all steps of enable')
                return 0
        if not self.state.plan:
            self.state.plan = planning.make(self.options)
            self.state.set_before(self._conf())
        self._check_pool_configuration()
        try:
            self._go(self._steps_forward())
        except (Failed, OSError) as failure:
            self.say('%s\nssync-node: this failed, and is undone:' % failure)
            self._undo()
            raise Failed('not enabled; everything is as it was before')
        if not self.options.dry_run:
            self.say('enabled: ' + self._where())
        return 0

    def disable(self):
        """Put everything back. Returns the exit status. Raises Failed at the first step that does not work: while nginx cannot
        be told to leave the port, the object server is not asked to take it. Then disable can be repeated."""
        if not self.state.plan:
            if not self.options.dry_run:
                durable_files.remove_unfinished(self.state.path)  # of an enable that was stopped at its very first step
            self.say('disabled already: nothing to do')
            return 0
        self._take_commands()
        self._go(self._steps_back())
        if not self.options.dry_run:
            self.say('disabled')
        return 0

    def status(self):
        """Say how it stands. Returns EXIT_ENABLED, EXIT_DISABLED or EXIT_HALF."""
        plan = self.state.plan
        if not plan:
            path = os.path.join(self.options.nginx_dir, 'conf.d', 'ssync.conf')
            if os.path.exists(path):
                self.say('half: %s is there, and was not made by ssync-node' % path)
                return EXIT_HALF
            self.say('disabled')
            return EXIT_DISABLED
        problems = self._problems()
        if plan['phase'] == ENABLING:
            problems.insert(0, 'an enable was stopped before its end')
        if plan['phase'] == DISABLING:
            problems.insert(0, 'a disable was stopped before its end')
        if problems:
            self.say('half: ' + '\n      '.join(problems))
            self.say('`ssync-node enable` goes on to the end, `ssync-node disable` goes back to the beginning')
            return EXIT_HALF
        self.say('enabled: ' + self._where())
        if fingerprint(durable_files.read_if_there(plan['site'])) != plan['site_fingerprint']:
            self.say('         %s was changed since, and stays as it is' % plan['site'])
        return EXIT_ENABLED

    def _take_commands(self):
        # Those of enable count until others are given: the ones that failed, say.
        if self.state.plan:
            self.state.plan.update(planning.commands_given(self.options))

    def _go(self, steps):
        for step in steps:
            if not step.is_needed():
                continue
            self.say(step.words)
            if not self.options.dry_run:
                step.do()

    def _undo(self):
        try:
            self._go(self._steps_back())
        except (Failed, OSError) as failure:
            raise Failed('%s\nnot all could be undone: mend this, then repeat `ssync-node disable`' % failure)

    def _where(self):
        return ('nginx has %s, with the pool at %s; the Python object server is behind it at 127.0.0.1:%d'
                % (self._address(), self.state.plan['socket'], self.state.plan['local_port']))

    def _address(self):
        return answers.host_and_port(self.state.plan['address'], self.state.plan['port'])

    def _conf(self):
        path = self.state.plan['edited_file']
        content = durable_files.read_if_there(path)
        if content is None:
            raise Failed('%s: is not there any more' % path)
        return content

    def _problems(self):
        plan, found = self.state.plan, []
        if not os.path.exists(plan['site']):
            found.append('the site %s is not there' % plan['site'])
        conf = durable_files.read_if_there(plan['edited_file'])
        if conf is None or object_server_conf.moved_port(conf) != plan['local_port']:
            found.append('%s does not move the Python object server to 127.0.0.1:%d'
                         % (plan['edited_file'], plan['local_port']))
        wrong = self._wrong_behind_nginx()
        return found + ([wrong] if wrong else [])

    def _is_whole(self):
        return bool(self.state.plan) and self.state.plan['phase'] == ENABLED and not self._problems()

    # Who answers where.

    def _python_is_in_front(self):
        return answers.python_server_at(self.state.plan['asked_address'], self.state.plan['port'])

    def _python_is_aside(self):
        return answers.python_server_at(object_server_conf.LOCAL_ADDRESS, self.state.plan['local_port'])

    def _wrong_behind_nginx(self):
        return answers.what_is_wrong_behind_nginx(self.state.plan['asked_address'], self.state.plan['port'])

    def _pool_accepts(self):
        return answers.pool_accepts(self.state.plan['socket'])

    def _await(self, condition, complaint):
        if not answers.awaited(condition, self.options.patience):
            raise Failed('%s, %d seconds long' % (complaint, self.options.patience))

    # Forward.

    def _check_pool_configuration(self):
        commands.run('%s --config %s --check' % (self.options.worker, shlex.quote(self.options.worker_conf)))

    def _steps_forward(self):
        plan = self.state.plan
        return [
            Step('note in %s what is going to be done' % self.state.path, always, self._note_forward),
            Step('copy %s to %s' % (plan['edited_file'], self.state.backup),
                 lambda: not os.path.exists(self.state.backup), self._back_up),
            Step('write %s, which lets everybody in: see "Who may reach the port" in deploy/README.md' % plan['access'],
                 lambda: not os.path.exists(plan['access']), self._write_access),
            Step('write the site %s for %s' % (plan['site'], self._address()),
                 lambda: not os.path.exists(plan['site']), self._write_site),
            Step('run %s' % plan['test_nginx'], always, self._test_nginx),
            Step('start the pool: %s' % plan['restart_pool'], lambda: not self._pool_accepts(), self._start_pool),
            Step('move the Python object server to 127.0.0.1:%d in %s' % (plan['local_port'], plan['edited_file']),
                 lambda: object_server_conf.moved_port(self._conf()) is None, self._move_aside),
            Step('run %s' % plan['restart_object'], lambda: not self._python_is_aside(), self._restart_aside),
            Step('run %s' % plan['restart_nginx'], self._wrong_behind_nginx, lambda: commands.run(plan['restart_nginx'])),
            Step('ask the pool and the Python object server through nginx', always, self._check_switched),
            Step('note that it is done', always, lambda: self.state.save(ENABLED)),
        ]

    def _note_forward(self):
        content = self._conf()
        # Somebody may have written the file anew since: what is there now is what is to be put back.
        if object_server_conf.moved_port(content) is None and content != self.state.before():
            self.state.set_before(content)
            durable_files.remove(self.state.backup)
        self.state.save(ENABLING)

    def _back_up(self):
        durable_files.write(self.state.backup, self.state.before(), 0o600)

    def _write_access(self):
        content = planning.access_text(self.state.plan)
        self.state.plan['access_made'] = fingerprint(content)
        self.state.save(ENABLING)
        durable_files.write(self.state.plan['access'], content, 0o644)

    def _write_site(self):
        content = planning.site_text(self.state.plan)
        self.state.plan['site_fingerprint'] = fingerprint(content)
        self.state.save(ENABLING)
        durable_files.write(self.state.plan['site'], content, 0o644)

    def _test_nginx(self):
        # Like -t, and prints all files that were read.
        if self.state.plan['site'] not in commands.run(self.state.plan['test_nginx']):
            raise Failed('%s: nginx does not read it; its nginx.conf has to have `include %s/*.conf;` in http { }'
                         % (self.state.plan['site'], os.path.dirname(self.state.plan['site'])))

    def _start_pool(self):
        self.state.plan['pool_started'] = True
        self.state.save(ENABLING)
        commands.run(self.state.plan['restart_pool'])
        self._await(self._pool_accepts, 'nobody accepts connections at %s' % self.state.plan['socket'])

    def _move_aside(self):
        content = object_server_conf.moved(self._conf(), self.state.plan['local_port'])
        durable_files.write(self.state.plan['edited_file'], content, 0o640)

    def _restart_aside(self):
        commands.run(self.state.plan['restart_object'])
        self._await(self._python_is_aside, 'the Python object server does not answer at 127.0.0.1:%d'
                    % self.state.plan['local_port'])

    def _check_switched(self):
        plan = self.state.plan
        answers.awaited(lambda: not self._wrong_behind_nginx()
                        or answers.is_shut_out(plan['asked_address'], plan['port']), self.options.patience)
        wrong = self._wrong_behind_nginx()
        if wrong:
            raise Failed(wrong)

    # Back.

    def _steps_back(self):
        plan = self.state.plan
        return [
            Step('note in %s what is going to be undone' % self.state.path, always, lambda: self.state.save(DISABLING)),
            Step('remove %s' % plan['site'], lambda: os.path.exists(plan['site']), self._remove_site),
            Step('remove %s' % plan['access'], self._access_is_as_made, lambda: durable_files.remove(plan['access'])),
            Step('put %s back' % plan['edited_file'], lambda: object_server_conf.moved_port(self._conf()) is not None,
                 self._move_back),
            Step('run %s' % plan['restart_nginx'], lambda: not self._python_is_in_front(),
                 lambda: commands.run(plan['restart_nginx'])),
            Step('run %s' % plan['restart_object'], lambda: not self._python_is_in_front(), self._restart_in_front),
            Step('stop the pool: %s' % plan['stop_pool'],
                 lambda: self.state.plan['pool_started'] and self.state.plan['stop_pool'] and self._pool_accepts(),
                 lambda: commands.run(plan['stop_pool'])),
            Step('remove %s and %s' % (self.state.backup, self.state.path), always, self._forget),
        ]

    def _remove_site(self):
        content = durable_files.read_if_there(self.state.plan['site'])
        if fingerprint(content) != self.state.plan['site_fingerprint']:
            kept = os.path.join(self.state.directory, 'ssync.conf.changed')
            self.say('  it was changed since it was written, and is kept as %s' % kept)
            durable_files.write(kept, content, 0o644)
        durable_files.remove(self.state.plan['site'])

    def _access_is_as_made(self):
        content = durable_files.read_if_there(self.state.plan['access'])
        return content is not None and fingerprint(content) == self.state.plan['access_made']

    def _move_back(self):
        content, before = self._conf(), self.state.before()
        if content != object_server_conf.moved(before, self.state.plan['local_port']):
            self.say('  it was changed since; only the lines of ssync-node are taken away')
            before = object_server_conf.moved_back(content)
        durable_files.write(self.state.plan['edited_file'], before, 0o640)

    def _restart_in_front(self):
        commands.run(self.state.plan['restart_object'])
        self._await(self._python_is_in_front, 'the Python object server does not answer at '
                    + answers.host_and_port(self.state.plan['asked_address'], self.state.plan['port']))

    def _forget(self):
        plan = self.state.plan
        for path in (plan['edited_file'], plan['site'], plan['access'], self.state.backup, self.state.path):
            durable_files.remove_unfinished(path)
        durable_files.remove(self.state.backup)
        self.state.forget()
