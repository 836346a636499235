"""What enable is going to do, decided before anything is changed."""

import configparser
import glob
import os
import re
import shlex
import socket

from . import answers, commands, durable_files, object_server_conf, rings, site
from .errors import Failed, UnknownLayout
from .state import fingerprint

DEFAULT_SOCKET = '/run/ssync-worker/worker.sock'
PORTS_TO_TRY = 1000


def make(options):
    """The plan, a dictionary. Raises UnknownLayout or Failed; nothing is changed."""
    server = _server(options)
    address = server.address
    plan = {
        'object_server_conf': server.path,
        'edited_file': server.edited_file,
        'address': address,
        'port': server.port,
        # Where a connection from this node comes to the same server.
        'asked_address': {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(address, address),
        'local_port': options.local_port or _free_port(server, options),
        'socket': options.socket or _pool_socket(options.worker_conf),
        'site': os.path.join(options.nginx_dir, 'conf.d', 'ssync.conf'),
        'access': os.path.join(options.nginx_dir, 'ssync-access.conf'),
        'template': options.template,
        'log_dir': options.log_dir,
        'access_made': False,
        'pool_started': False,
        'test_nginx': options.nginx + ' -T',
        'restart_nginx': 'systemctl reload-or-restart nginx',
        'restart_pool': 'systemctl enable --now ssync-worker',
        'stop_pool': _stop_of_pool('ssync-worker'),
        **commands_given(options),
    }
    if 'restart_object' not in plan:
        plan['restart_object'] = 'systemctl restart ' + shlex.quote(commands.object_unit(server.path))
    content = durable_files.read_if_there(server.edited_file)
    if object_server_conf.moved_port(content):
        raise UnknownLayout('%s: has the lines of ssync-node, of which %s knows nothing; take them away, and restart the object '
                            'server' % (server.edited_file, options.state_dir))
    object_server_conf.check_moved(server, object_server_conf.moved(content, plan['local_port']), plan['local_port'])
    _check_nginx(options, plan)
    text = site_text(plan)
    plan['site_fingerprint'] = fingerprint(text)
    return plan


def commands_given(options):
    """What of the plan's commands the operator has named, as commands or as units of systemd."""
    given = {}
    for unit, name, verb in ((options.object_unit, 'restart_object', 'restart'),
                             (options.nginx_unit, 'restart_nginx', 'reload-or-restart'),
                             (options.pool_unit, 'restart_pool', 'enable --now')):
        if unit:
            given[name] = 'systemctl %s %s' % (verb, shlex.quote(unit))
    if options.pool_unit:
        given['stop_pool'] = _stop_of_pool(options.pool_unit)
    for name in ('restart_object', 'restart_nginx', 'restart_pool', 'stop_pool'):
        if getattr(options, name):
            given[name] = getattr(options, name)
    if options.restart_pool and not options.stop_pool:
        given['stop_pool'] = ''  # a pool that systemctl does not start is not stopped by it
    return given


def _stop_of_pool(unit):
    # A socket unit, where there is one, would start the pool again.
    name = unit[:-len('.service')] if unit.endswith('.service') else unit
    return 'systemctl stop %s 2>/dev/null; systemctl disable --now %s' % (shlex.quote(name + '.socket'), shlex.quote(name))


def site_text(plan):
    """The bytes of the site."""
    return site.fill(plan['template'], plan['address'], plan['port'], plan['socket'], plan['log_dir'],
                     plan['local_port']).encode()


def access_text(plan):
    """The bytes of the file that says who may come, as it is installed where there is none. Raises Failed."""
    path = os.path.join(os.path.dirname(plan['template']), 'ssync-access.conf')
    content = durable_files.read_if_there(path)
    if content is None:
        raise Failed('%s: is not there, and neither is %s, which the site includes' % (path, plan['access']))
    return content


def _server(options):
    """The ObjectServer that has the replication port."""
    devices = None if options.ignore_rings else rings.devices_of_rings(options.swift_dir)
    if options.object_server_conf:
        return _judged(options.object_server_conf, devices)
    pattern = os.path.join(glob.escape(options.swift_dir), 'object*server*')
    found = [path for path in glob.glob(pattern) + glob.glob(os.path.join(pattern, '*'))
             if re.search(r'\.conf(\.d)?$', path) and '.conf.d/' not in path]
    if not found:
        raise UnknownLayout('%s: there is no configuration of an object server; name it with --object-server-conf'
                            % options.swift_dir)
    servers, reasons = [], []
    for path in sorted(found):
        try:
            servers.append(_judged(path, devices))
        except UnknownLayout as reason:
            reasons.append(str(reason))
    if len(servers) == 1:
        return servers[0]
    if not servers:
        raise UnknownLayout('\n'.join(reasons))
    raise UnknownLayout('several object servers have a replication port: %s; each needs a pool and a site of its own'
                        % ', '.join(server.path for server in servers))


def _judged(path, devices):
    server = object_server_conf.read(path)
    if devices is not None:
        rings.check_port(server, devices)
    return server


def _pool_socket(worker_conf):
    parser = configparser.RawConfigParser(strict=False)
    try:
        with open(worker_conf, encoding='utf-8') as file:
            parser.read_file(file)
    except OSError as error:
        raise Failed('%s: %s: the pool needs a configuration; see "Configure the pool" in deploy/README.md'
                     % (worker_conf, error.strerror))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise Failed('%s: %s' % (worker_conf, ' '.join(str(error).split())))
    # Without a path of its own the pool inherits its socket, from a unit that is told which.
    return parser.get('worker', 'socket', fallback=DEFAULT_SOCKET) or DEFAULT_SOCKET


def _free_port(server, options):
    taken = object_server_conf.ports_of_all(options.swift_dir)
    for port in range(server.port + 10, min(server.port + 10 + PORTS_TO_TRY, 65536)):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((object_server_conf.LOCAL_ADDRESS, port))
            except OSError:
                continue
        return port
    raise Failed('no port is free on 127.0.0.1 for the Python object server; give one with --local-port')


def _check_nginx(options, plan):
    for directory in ('conf.d', 'sites-enabled'):
        for path in sorted(glob.glob(os.path.join(glob.escape(options.nginx_dir), directory, '*'))):
            content = b'' if os.path.isdir(path) else durable_files.read_if_there(path) or b''
            if path == plan['site'] or re.search(rb'^\s*fastcgi_duplex\s+on', content, re.MULTILINE):
                raise UnknownLayout('%s: there is a site already that ssync-node has not made; take it away, or go on by hand'
                                    % path)
    if not os.path.isdir(os.path.dirname(plan['site'])):
        raise UnknownLayout('%s: there is no such directory, from which nginx includes sites; name that of nginx.conf with '
                            '--nginx-dir' % os.path.dirname(plan['site']))
    if not answers.python_server_at(plan['asked_address'], plan['port']):
        raise Failed('no Python object server answers OPTIONS at %s; start it first, so that it can be seen whether it does as '
                     'well afterwards' % answers.host_and_port(plan['asked_address'], plan['port']))
