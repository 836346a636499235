"""The commands by which services are started again: those given, or systemctl for the units found."""

import subprocess
import tempfile

from .errors import Failed, UnknownLayout

LONGEST_SECONDS = 180
LONGEST_OUTPUT = 4000  # of what a command that failed has printed, its end


def run(command):
    """Run a line of the shell. Returns what it printed. Raises Failed, with the same, if it fails or does not end."""
    # To a file: a service that the command starts could hold a pipe open.
    with tempfile.TemporaryFile() as output:
        try:
            status = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                    timeout=LONGEST_SECONDS).returncode
        except subprocess.TimeoutExpired:
            raise Failed('%s: has not ended after %d seconds' % (command, LONGEST_SECONDS))
        output.seek(0)
        printed = output.read().decode('utf-8', 'replace')
        if status != 0:
            end = printed.strip()[-LONGEST_OUTPUT:]
            raise Failed('%s: exit status %d%s' % (command, status, ':\n' + end if end else ''))
        return printed


def object_unit(conf_path):
    """The systemd unit that runs an object server with this configuration. Raises UnknownLayout unless there is one."""
    return _only_unit(conf_path, 'object-server', 'an object server', 'say how the object server is started again with '
                      '--restart-object, nginx with --restart-nginx, and the pool with --restart-pool',
                      'name it with --object-unit')


def swift_replicator_unit(conf_path):
    """The same of Swift's object replicator."""
    return _only_unit(conf_path, 'object-replicator', "Swift's object replicator", 'stop Swift\'s object replicator and start '
                      'ssync-replicator by hand', 'stop it and start ssync-replicator by hand')


def configuration_of(unit):
    """The path of the configuration that a unit's program is started with. Raises UnknownLayout."""
    properties = show(unit, 'LoadState', 'ExecStart')
    words = [word for word in properties['ExecStart'].split() if word.startswith('/') and word.endswith(('.conf', '.conf.d'))]
    if properties['LoadState'] != 'loaded' or not words:
        raise UnknownLayout('systemd has no unit %s with a configuration: install the package ssync-replicator' % unit)
    return words[0]


def show(unit, *names):
    """Properties of a unit, as systemctl prints them. Raises UnknownLayout where systemd does not run."""
    shown = _show(unit, names)
    return {**dict.fromkeys(names, ''), **dict(line.split('=', 1) for line in shown.splitlines() if '=' in line)}


def _show(units, names, remedy=''):
    try:
        return subprocess.run(['systemctl', 'show', *('--property=' + name for name in names), units],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=LONGEST_SECONDS, check=True).stdout.decode('utf-8', 'replace')
    except (OSError, subprocess.SubprocessError):
        raise UnknownLayout('systemd does not run here, or does not answer' + (': ' + remedy if remedy else ''))


def _only_unit(conf_path, program, words, without_systemd, remedy):
    shown = _show('*.service', ('Id', 'ExecStart'), without_systemd)
    units = [unit for unit in map(_unit, shown.split('\n\n')) if conf_path in unit['words']
             and any(word.endswith(program) for word in unit['words'])]
    if len(units) != 1:
        raise UnknownLayout('%s: %s systemd runs %s with this configuration%s; %s' % (
            conf_path, 'more than one unit of' if units else 'no unit of', words,
            ': ' + ', '.join(unit['name'] for unit in units) if units else '', remedy))
    return units[0]['name']


def _unit(text):
    properties = dict(line.split('=', 1) for line in text.splitlines() if '=' in line)
    return {'name': properties.get('Id', ''), 'words': properties.get('ExecStart', '').split()}
