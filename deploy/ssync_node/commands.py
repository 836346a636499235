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
    try:
        shown = subprocess.run(['systemctl', 'show', '--property=Id', '--property=ExecStart', '*.service'],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               timeout=LONGEST_SECONDS, check=True).stdout.decode('utf-8', 'replace')
    except (OSError, subprocess.SubprocessError):
        raise UnknownLayout('systemd does not run here, or does not answer: say how the object server is started again with '
                            '--restart-object, nginx with --restart-nginx, and the pool with --restart-pool')
    units = [unit for unit in map(_unit, shown.split('\n\n')) if conf_path in unit['words']
             and any(word.endswith('object-server') for word in unit['words'])]
    if len(units) != 1:
        raise UnknownLayout('%s: %s systemd runs an object server with this configuration%s; name it with --object-unit' % (
            conf_path, 'more than one unit of' if units else 'no unit of',
            ': ' + ', '.join(unit['name'] for unit in units) if units else ''))
    return units[0]['name']


def _unit(text):
    properties = dict(line.split('=', 1) for line in text.splitlines() if '=' in line)
    return {'name': properties.get('Id', ''), 'words': properties.get('ExecStart', '').split()}
