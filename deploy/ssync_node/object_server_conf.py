"""The configuration of Swift's object server: the address that it listens on, and how it is moved to another.

The two lines that move it are `set bind_ip` and `set bind_port` in [app:object-server]. They count for the object server
only: replicator and reconstructor find their devices in the rings by bind_port of [DEFAULT] in the same file, which
therefore has to stay.
"""

import configparser
import ipaddress
import os
import re

from .durable_files import read_if_there
from .errors import UnknownLayout

SECTION = 'app:object-server'
HEADER = re.compile(rb'^\[app:object-server\][^\r\n]*(\r?\n|\Z)', re.MULTILINE)
COMMENT = b'# By ssync-node: nginx has the replication port. `ssync-node disable` takes these three lines away.'
BLOCK = re.compile(re.escape(COMMENT) + rb'(\r?\n)set bind_ip = 127\.0\.0\.1\r?\nset bind_port = (\d+)\r?\n')
LOCAL_ADDRESS = '127.0.0.1'
ANY_ADDRESS = '0.0.0.0'
TRUE_VALUES = ('true', '1', 'yes', 'on', 't', 'y')  # those of swift.common.utils.config_true_value()


class _Interpolation(configparser.BasicInterpolation):
    """%(x)s as in Swift, where a value with other percent signs is taken as it is."""

    def before_get(self, parser, section, option, value, defaults):
        if '%(' not in value:
            return value
        return super().before_get(parser, section, option, value, defaults)


class ObjectServer:
    """What a configuration says. `path` is the file or the directory; `address`, `port` where the server listens;
    `ring_ip` the address by which the rings know the node, or None; `edited_file` the file that moved() changes."""

    def __init__(self, path, files):
        """files: [(path, bytes)] in the order in which Swift reads them. Raises UnknownLayout."""
        self.path = path
        options = _options(path, files)
        self.address = _written_as_usual(options.get('bind_ip', ANY_ADDRESS).strip() or ANY_ADDRESS)
        self.ring_ip = options.get('ring_ip')
        try:
            self.port = int(options['bind_port'])
        except (KeyError, ValueError):
            raise UnknownLayout('%s: bind_port is %r, where a number is needed' % (path, options.get('bind_port')))
        if options.get('replication_server', 'true').strip().lower() not in TRUE_VALUES:
            raise UnknownLayout('%s: replication_server is off: this is not the server to which replicators come' % path)
        if _number(options.get('servers_per_port')):
            raise UnknownLayout('%s: with servers_per_port the object server takes its ports from the rings, and has one '
                                'for each device: each needs a pool and a site of its own' % path)
        self.edited_file = [name for name, content in files if HEADER.search(content)][-1]


def read(path):
    """The ObjectServer of a file or of a directory object-server.conf.d. Equals the reading of swift.common.wsgi's
    appconfig(). Raises UnknownLayout, also if it cannot be read."""
    return ObjectServer(path, _files(path))


def moved(content, port):
    """The bytes of the file with the object server at 127.0.0.1 and this port: three more lines."""
    header = HEADER.search(content)
    end = header.group(1) or b'\n'
    block = end.join([COMMENT, b'set bind_ip = ' + LOCAL_ADDRESS.encode(), b'set bind_port = %d' % port, b''])
    if not header.group(1):
        block = end + block
    return content[:header.end()] + block + content[header.end():]


def moved_port(content):
    """The port to which moved() took the server, or None if it is not moved."""
    block = BLOCK.search(content)
    return int(block.group(2)) if block else None


def moved_back(content):
    """The bytes of the file without the lines of moved(), whatever else has been changed in it since."""
    return BLOCK.sub(b'', content)


def check_moved(server, content, port):
    """Raises UnknownLayout unless the object server would listen on 127.0.0.1 and port with this content of its
    edited_file."""
    files = [(name, content if name == server.edited_file else other) for name, other in _files(server.path)]
    after = ObjectServer(server.path, files)
    if (after.address, after.port) != (LOCAL_ADDRESS, port):
        raise UnknownLayout('%s: the object server would listen on %s:%d in spite of `set bind_ip` and `set bind_port` in '
                            '[%s]' % (server.edited_file, after.address, after.port, SECTION))


def ports_of_all(swift_dir):
    """Every number that stands as a bind_port in a file under the directory."""
    ports = set()
    for directory, _, names in os.walk(swift_dir):
        for name in names:
            if '.conf' in name:
                content = read_if_there(os.path.join(directory, name)) or b''
                ports.update(int(port) for port in re.findall(rb'bind_port\s*[=:]\s*(\d{1,5})\b', content))
    return ports


def _files(path):
    try:
        if os.path.isdir(path):
            names = [os.path.join(path, name) for name in os.listdir(path)
                     if name.endswith('.conf') and not name.startswith('.')]
        else:
            names = [path]
        files = [(name, read_if_there(name)) for name in sorted(names)]
    except OSError as error:
        raise UnknownLayout('%s: %s' % (error.filename, error.strerror))
    files = [(name, content) for name, content in files if content is not None]
    if not files:
        raise UnknownLayout('%s: there is no such configuration; name the one of the object server that listens on the '
                            'replication port with --object-server-conf' % path)
    return files


def _parser(path, files):
    whole = os.path.abspath(path)
    parser = configparser.ConfigParser(
        defaults={'here': whole if os.path.isdir(whole) else os.path.dirname(whole), '__file__': whole},
        interpolation=_Interpolation(), strict=False)
    parser.optionxform = str
    try:
        for name, content in files:
            parser.read_string(content.decode('utf-8'), source=name)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UnknownLayout('%s: %s' % (path, ' '.join(str(error).split())))
    return parser


def _options(path, files):
    """What the object server runs with, as far as it is wanted here: `set` options, then [DEFAULT], then the others."""
    parser = _parser(path, files)
    if not parser.has_section(SECTION) or not any(HEADER.search(content) for _, content in files):
        raise UnknownLayout('%s: there is no line [%s]' % (path, SECTION))
    _refuse_what_is_not_known(path, files, parser)
    try:
        options = dict(parser.items(SECTION))
        return {**options, **_defaults(parser), **_additions(options)}
    except configparser.Error as error:
        raise UnknownLayout('%s: %s' % (path, ' '.join(str(error).split())))


def _defaults(parser):
    # A section of no options has those of [DEFAULT], with %(x)s replaced.
    parser.add_section(' ')
    return dict(parser.items(' '))


def _additions(options):
    return {name[4:].strip(): value for name, value in options.items() if name.startswith('set ')}


def _refuse_what_is_not_known(path, files, parser):
    if parser.get(SECTION, 'use', fallback='', raw=True).startswith('config:'):
        raise UnknownLayout('%s: [%s] is taken from another file (use = config:)' % (path, SECTION))
    without = [(name, moved_back(content)) for name, content in files]
    additions = _additions(dict(_parser(path, without).items(SECTION, raw=True)))
    for option in ('bind_ip', 'bind_port'):
        if option in additions:
            raise UnknownLayout('%s: [%s] has `set %s` already' % (path, SECTION, option))
    several = [name for name, content in without
               if re.search(rb'^bind_port\s*[=:]', content, re.MULTILINE)]
    if len(several) > 1:
        raise UnknownLayout('%s: bind_port is set in several files: %s' % (path, ', '.join(several)))


def _written_as_usual(address):
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address  # a host's name


def _number(text):
    try:
        return int(text or 0)
    except ValueError:
        return 1
