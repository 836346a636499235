"""The nginx site of a node's replication port, made of its template."""

import re

from .answers import host_and_port
from .errors import Failed

PLACEHOLDER = re.compile(r'@[A-Z_]+@')
NOT_IN_A_PATH = '"$\\\n;{}'


def listen_address(address, port):
    """The address as nginx's `listen` takes it. Like Swift's server, that of any IPv6 address takes IPv4 as well."""
    return host_and_port(address, port) + (' ipv6only=off' if address == '::' else '')


def fill(template_path, address, port, socket_path, log_dir, local_port):
    """The text of the site. Raises Failed if the template is not one that this version knows."""
    values = {
        '@LISTEN@': listen_address(address, port),
        '@SOCKET@': socket_path,
        '@ACCESS_LOG@': log_dir + '/ssync-access.log',
        '@ERROR_LOG@': log_dir + '/ssync-error.log',
        '@OTHER_METHODS@': 'if ($ssync_worker = 0) { proxy_pass http://127.0.0.1:%d; }' % local_port,
    }
    for path in (socket_path, log_dir):
        if any(letter in path for letter in NOT_IN_A_PATH):
            raise Failed('%r: nginx does not take such a path' % path)
    try:
        with open(template_path, encoding='utf-8') as file:
            lines = file.read().splitlines(keepends=True)
    except OSError as error:
        raise Failed('%s: the template of the site: %s; name it with --template' % (template_path, error.strerror))
    # Comments explain the placeholders by their names.
    return ''.join(line if line.lstrip().startswith('#') else PLACEHOLDER.sub(lambda found: _value(
        values, found.group(), template_path), line) for line in lines)


def _value(values, placeholder, template_path):
    if placeholder not in values:
        raise Failed('%s: %s is a placeholder that this version of ssync-node does not know; install both of the same '
                     'version' % (template_path, placeholder))
    return values[placeholder]
