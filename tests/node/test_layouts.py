"""Lay-outs that ssync-node knows, and those that it leaves to people."""
import glob
import gzip
import json
import os
import re
import struct
import subprocess
import sys

import pytest
from node_rings import write_ring
from ssync_node import object_server_conf, rings, site
from ssync_node.errors import UnknownLayout
from swift.common import wsgi
from swift.common.utils import config_true_value, readconf

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND = os.path.join(HERE, '../../deploy/ssync-node')
CONFIGURATIONS = os.path.join(HERE, '../configurations')

SERVER = '[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = 6200\n%s\n[app:object-server]\nuse = egg:swift#object\n%s'
PLAIN = SERVER % ('', '')
SEPARATE = [{'port': 6000, 'replication_port': 6200}]

REFUSED = {
    'no configuration': ({}, SEPARATE, 'no configuration of an object server'),
    'no ring': ({'object-server.conf': PLAIN}, None, 'no object ring'),
    'one port for all': ({'object-server.conf': PLAIN}, [{'port': 6200, 'replication_port': 6200}], 'proxies use'),
    'one port for all, on any address': ({'object-server.conf': PLAIN.replace('127.0.0.1', '0.0.0.0')},
                                         [{'port': 6200, 'replication_port': 6200}], 'proxies use'),
    'another node': ({'object-server.conf': PLAIN}, [{'port': 6000, 'replication_port': 6201}], 'no device'),
    'servers_per_port': ({'object-server.conf': SERVER % ('servers_per_port = 2', '')}, SEPARATE, 'servers_per_port'),
    'no port': ({'object-server.conf': PLAIN.replace('bind_port = 6200', '')}, SEPARATE, 'bind_port is None'),
    'a port from a template': ({'object-server.conf': PLAIN.replace('6200', '@PORT@')}, SEPARATE, "bind_port is '@PORT@'"),
    'several ports in a directory': ({'object-server.conf.d/1.conf': PLAIN,
                                      'object-server.conf.d/2.conf': '[DEFAULT]\nbind_port = 6200\n'},
                                     SEPARATE, 'several files'),
    'several replication servers': ({'object-server/1.conf': PLAIN, 'object-server/2.conf': PLAIN}, SEPARATE,
                                    'several object servers'),
    'moved by hand': ({'object-server.conf': SERVER % ('', 'set bind_port = 6200\n')}, SEPARATE, 'already'),
    'another file': ({'object-server.conf': PLAIN.replace('egg:swift#object', 'config:base.conf#x')}, SEPARATE, 'config:'),
    'not for replication': ({'object-server.conf': SERVER % ('', 'replication_server = no\n')}, SEPARATE,
                            'replication_server is off'),
    'no section': ({'object-server.conf': '[DEFAULT]\nbind_port = 6200\n'}, SEPARATE, 'no line [app:object-server]'),
    'no configuration file': ({'object-server.conf': '[DEFAULT\n'}, SEPARATE, 'object-server.conf'),
}


def lay_out(place, files, devices):
    for name, text in files.items():
        path = os.path.join(place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)
    if devices is not None:
        write_ring(os.path.join(place, 'object.ring.gz'), devices)


@pytest.mark.parametrize('what', REFUSED)
def test_refused(tmp_path, what):
    files, devices, reason = REFUSED[what]
    place = str(tmp_path / 'swift')
    os.mkdir(place)
    lay_out(place, files, devices)
    before = sorted(glob.glob(str(tmp_path / '**'), recursive=True))
    done = subprocess.run([sys.executable, '-B', COMMAND, 'enable', '--swift-dir', place, '--state-dir', str(tmp_path / 's'),
                           '--nginx-dir', str(tmp_path / 'nginx'), '--restart-object', 'false'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    said = done.stdout.decode()
    assert done.returncode == 2 and reason in said, said
    assert 'Nothing was changed' in said and 'deploy/README.md' in said
    assert sorted(glob.glob(str(tmp_path / '**'), recursive=True)) == before


def configurations():
    return sorted(glob.glob(CONFIGURATIONS + '/*.conf') + glob.glob(CONFIGURATIONS + '/*.conf.d'))


@pytest.mark.parametrize('path', configurations(), ids=os.path.basename)
def test_read_and_moved_as_swift_does(tmp_path, path):
    """What operators have: the same address as Swift reads, and after the change the other, for the server alone."""
    copy = str(tmp_path / os.path.basename(path))
    subprocess.run(['cp', '-r', path, copy], check=True)
    read = wsgi.appconfig(copy, name='object-server')
    if ('bind_port' not in read or int(read.get('servers_per_port') or 0)
            or not config_true_value(read.get('replication_server', 'true'))):
        with pytest.raises(UnknownLayout):
            object_server_conf.read(copy)
        return
    server = object_server_conf.read(copy)
    assert (server.address, server.port) == (read.get('bind_ip', '0.0.0.0'), int(read['bind_port']))
    sections = {name: values for name, values in readconf(copy).items() if isinstance(values, dict)}
    with open(server.edited_file, 'rb') as file:
        content = file.read()
    moved = object_server_conf.moved(content, 6299)
    object_server_conf.check_moved(server, moved, 6299)
    with open(server.edited_file, 'wb') as file:
        file.write(moved)
    after = wsgi.appconfig(copy, name='object-server')
    assert (after['bind_ip'], after['bind_port']) == ('127.0.0.1', '6299')
    changed = {name: values for name, values in readconf(copy).items() if isinstance(values, dict)}
    assert [name for name in changed if changed[name] != sections[name]] == ['app:object-server']
    assert object_server_conf.moved_port(moved) == 6299
    assert object_server_conf.moved_back(moved) == content


@pytest.mark.parametrize('content', [
    b'[app:object-server]\nuse = egg:swift#object\n',
    b'[DEFAULT]\r\nbind_port = 1\r\n[app:object-server]\r\nuse = egg:swift#object\r\n',
    b'[app:object-server]    \n\n\n[app:object-server]\n',
], ids=['plain', 'carriage returns', 'twice'])
def test_moved_back_are_the_same_bytes(content):
    moved = object_server_conf.moved(content, 6210)
    assert moved != content and object_server_conf.moved_port(moved) == 6210
    assert object_server_conf.moved_back(moved) == content


def test_a_header_without_an_end_of_line_gets_one():
    assert object_server_conf.moved(b'[app:object-server]', 6210).splitlines()[0] == b'[app:object-server]'


REACHED = {
    # what the server listens on, where the ring has a device for proxies and for replication: what is said of it
    'one address': ('127.0.0.1', ('127.0.0.1', 6000), ('127.0.0.1', 6200), None),
    'any address': ('0.0.0.0', ('127.0.0.1', 6000), ('127.0.0.1', 6200), None),
    'any address, a ring of IPv6': ('0.0.0.0', ('127.0.0.1', 6000), ('::1', 6200), 'no device'),
    'any address, proxies by IPv6': ('0.0.0.0', ('::1', 6200), ('127.0.0.1', 6200), None),
    'IPv6': ('::1', ('::1', 6000), ('::1', 6200), None),
    'IPv6, in another spelling': ('0:0:0:0:0:0:0:1', ('::1', 6000), ('0::1', 6200), None),
    'IPv6, a ring of IPv4': ('::1', ('127.0.0.1', 6000), ('127.0.0.1', 6200), 'no device'),
    'IPv6, proxies too': ('::1', ('::1', 6200), ('::1', 6200), 'proxies use [::1]:6200'),
    'any IPv6': ('::', ('::1', 6000), ('::1', 6200), None),
    'any IPv6, a ring of IPv4': ('::', ('127.0.0.1', 6000), ('127.0.0.1', 6200), None),
    'any IPv6, proxies by IPv4': ('::', ('127.0.0.1', 6200), ('::1', 6200), 'proxies use [::]:6200'),
    'any IPv6, another machine': ('::', ('2001:db8::1', 6200), ('2001:db8::1', 6200), 'no device'),
    'a name': ('localhost', ('127.0.0.1', 6000), ('127.0.0.1', 6200), None),
}


@pytest.mark.parametrize('what', REACHED)
def test_who_reaches_the_server(tmp_path, what):
    address, for_proxies, for_replication, reason = REACHED[what]
    path = tmp_path / 'object-server.conf'
    path.write_text(PLAIN.replace('127.0.0.1', address))
    server = object_server_conf.read(str(path))
    device = dict(zip(('ip', 'port', 'replication_ip', 'replication_port'), for_proxies + for_replication))
    if reason is None:
        rings.check_port(server, [device])
    else:
        with pytest.raises(UnknownLayout, match=re.escape(reason)):
            rings.check_port(server, [device])


@pytest.mark.parametrize('address, listen', [
    ('192.0.2.10', '192.0.2.10:6200'), ('0.0.0.0', '0.0.0.0:6200'), ('2001:db8::10', '[2001:db8::10]:6200'),
    ('::', '[::]:6200 ipv6only=off'), ('storage-1', 'storage-1:6200'),
])
def test_addresses_as_nginx_takes_them(address, listen):
    assert site.listen_address(address, 6200) == listen


DEVICES = [None, {'id': 1, 'ip': '127.0.0.1', 'port': 6000, 'replication_ip': '127.0.0.1', 'replication_port': 6200}]


def ring_of_version(version):
    if version == 1:
        text = json.dumps({'devs': DEVICES, 'part_shift': 31}).encode()
        return struct.pack('!4sHI', b'R1NG', 1, len(text)) + text
    parts = [b'{"part_shift": 31}', json.dumps(DEVICES).encode()]
    return struct.pack('!4sH', b'R1NG', 2) + b''.join(struct.pack('!Q', len(part)) + part for part in parts)


@pytest.mark.parametrize('version', [1, 2])
def test_rings_of_both_versions(tmp_path, version):
    with gzip.open(str(tmp_path / 'object-1.ring.gz'), 'wb') as ring:
        ring.write(ring_of_version(version))
    assert rings.devices_of_rings(str(tmp_path)) == DEVICES[1:]


@pytest.mark.parametrize('content', [
    b'', b'no ring', gzip.compress(b''), gzip.compress(b'R1NG\0\1\xff\xff\xff\xff'), gzip.compress(b'R1NG\0\3'),
    gzip.compress(b'R1NG\0\1\0\0\0\2[]'), gzip.compress(b'R1NG\0\1\0\0\0\2{}')[:-9],
])
def test_a_ring_that_cannot_be_read_is_named(tmp_path, content):
    path = str(tmp_path / 'object.ring.gz')
    with open(path, 'wb') as ring:
        ring.write(content)
    with pytest.raises(UnknownLayout, match=path):
        rings.devices_of_rings(str(tmp_path))


SYSTEMCTL = '''\
#!/bin/sh
cat <<'END'
Id=cron.service
ExecStart={ path=/usr/sbin/cron ; argv[]=/usr/sbin/cron -f ; }

%s
END
'''
UNIT = 'Id=%s\nExecStart={ path=/usr/bin/%s ; argv[]=/usr/bin/%s %s ; ignore_errors=no ; }\n'


@pytest.mark.parametrize('units, found', [
    ([('swift-object@1.service', 'swift-object-server')], 'swift-object@1.service'),
    ([('swift-object-replicator@1.service', 'swift-object-replicator')], None),
    ([('one.service', 'swift-object-server'), ('two.service', 'swift-object-server')], None),
])
def test_the_unit_is_the_one_that_runs_the_configuration(tmp_path, monkeypatch, units, found):
    from ssync_node import commands
    path = tmp_path / 'systemctl'
    path.write_text(SYSTEMCTL % '\n'.join(UNIT % (name, program, program, '/etc/swift/object-server/1.conf')
                                          for name, program in units))
    path.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    if found:
        assert commands.object_unit('/etc/swift/object-server/1.conf') == found
    else:
        with pytest.raises(UnknownLayout, match='--object-unit'):
            commands.object_unit('/etc/swift/object-server/1.conf')
