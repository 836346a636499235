"""ssync-send over TLS with client certificates to the site's second port, and what it says of certificates that are not
accepted."""
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from ports import free_port
from processes import await_condition
from worker_server import REPOSITORY, build_dir

sys.path.insert(0, os.path.join(REPOSITORY, 'deploy'))
from nginx_config import write_tls_config  # noqa: E402

pytestmark = pytest.mark.worker_only
IN_SYNC, REFUSED, MISTAKE, LOST = 0, 1, 2, 3
KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']


class Certificates:
    """Two authorities, `ours` and `theirs`, and what they sign."""

    def __init__(self, path):
        self.path = str(path)
        for name in ('ours', 'theirs'):
            self.openssl('req', '-x509', *KEY, '-keyout', self[name + '.key'], '-out', self[name + '.pem'], '-days', '2',
                         '-subj', '/CN=authority ' + name)

    def __getitem__(self, name):
        return os.path.join(self.path, name)

    def openssl(self, *arguments):
        done = subprocess.run(['openssl', *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def sign(self, name, authority='ours', days=2, names='DNS:%s'):
        request, extensions = self[name + '.csr'], self[name + '.ext']
        self.openssl('req', *KEY, '-keyout', self[name + '.key'], '-out', request, '-subj', '/CN=' + name)
        with open(extensions, 'w') as file:
            file.write('subjectAltName=' + (names % name if '%s' in names else names))
        self.openssl('x509', '-req', '-in', request, '-CA', self[authority + '.pem'], '-CAkey', self[authority + '.key'],
                     '-CAcreateserial', '-days', str(days), '-extfile', extensions, '-out', self[name + '.pem'])


class Node:
    def __init__(self, server, certificates, swift_dir):
        self.server = server
        self.certificates = certificates
        self.swift_dir = swift_dir
        self.port = free_port()

    def serve_with(self, name):
        write_tls_config(self.server.run_dir, '127.0.0.1:%d' % self.port, self.certificates[name + '.pem'],
                         self.certificates[name + '.key'], self.certificates['ours.pem'])
        os.kill(await_condition(self.nginx_pid, 'nginx has written its process id'), signal.SIGHUP)

    def nginx_pid(self):
        # nginx listens before it writes the file.
        try:
            with open(os.path.join(self.server.run_dir, 'nginx.pid'), encoding='utf-8') as pid:
                return int(pid.read() or 0)
        except FileNotFoundError:
            return None

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(('127.0.0.1', self.port)) == 0

    def send(self, ca='ours', client='sender', name=None, port=None, objects=20, size='4K', partition='1'):
        """(exit status, what was printed as JSON, standard error)"""
        files = self.certificates
        command = [os.path.join(build_dir(), 'ssync-send'), '--swift-dir', self.swift_dir, '--synthetic', str(objects),
                   '--size', size, '--partition', partition, '--json', '--timeout', '30',
                   '127.0.0.1:%d/sda1' % (port or self.port)]
        if ca:
            command += ['--tls-ca', files[ca + '.pem']]
        if client:
            command += ['--tls-cert', files[client + '.pem'], '--tls-key', files[client + '.key']]
        if name:
            command += ['--tls-name', name]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.fixture(scope='module')
def node(receivers, swift_dir, tmp_path_factory):
    certificates = Certificates(tmp_path_factory.mktemp('certificates'))
    certificates.sign('receiver', names='IP:127.0.0.1,DNS:node7.example.org')
    certificates.sign('sender')
    certificates.sign('stranger', authority='theirs')
    certificates.sign('expired', days=-1, names='IP:127.0.0.1')
    node = Node(receivers.get('worker'), certificates, swift_dir)
    node.serve_with('receiver')
    await_condition(node.listens, 'nginx listens with TLS')
    return node


@pytest.mark.parametrize('name', [None, 'node7.example.org'])
def test_a_session_over_tls(node, name):
    partition = '7' if name else '8'
    code, result, errors = node.send(name=name, objects=300, size='100K', partition=partition)
    assert (code, result and result['put']) == (IN_SYNC, 300), errors
    code, result, errors = node.send(name=name, objects=300, size='100K', partition=partition, port=None)
    assert (code, result and result['wanted']) == (IN_SYNC, 0), errors


def test_a_large_object_over_tls(node):
    code, result, errors = node.send(objects=2, size='40M', partition='9')
    assert (code, result and result['bytes']) == (IN_SYNC, 80 << 20), errors


@pytest.mark.parametrize('options, status, words', [
    ({'client': None}, REFUSED, 'No required SSL certificate was sent'),
    ({'client': 'stranger'}, REFUSED, 'The SSL certificate error'),
    ({'ca': 'theirs'}, LOST, 'its certificate is not accepted: unable to get local issuer certificate; '
                             'give the certificate of who signed it with --tls-ca'),
    ({'name': 'node8.example.org'}, LOST, 'its certificate is not accepted: hostname mismatch; '
                                          'give the name that the certificate is for with --tls-name'),
    ({'ca': None, 'client': None}, REFUSED, 'The plain HTTP request was sent to HTTPS port'),
])
def test_who_is_not_accepted(node, options, status, words):
    code, result, errors = node.send(**options)
    assert code == status and result['offered'] == 0, (code, errors)
    assert words in errors, errors


def test_a_port_without_tls(node):
    code, _, errors = node.send(port=node.server.port)
    assert code == LOST and 'is it a port with TLS?' in errors, (code, errors)


@pytest.mark.parametrize('options, words', [
    ({'ca': 'nothing'}, '--tls-ca %(path)s/nothing.pem: No such file or directory; give a PEM file'),
    ({'client': 'nothing'}, '--tls-cert %(path)s/nothing.pem: No such file or directory; give a PEM file'),
])
def test_a_file_that_cannot_be_used(node, options, words):
    code, _, errors = node.send(**options)
    assert code == MISTAKE and words % {'path': node.certificates.path} in errors, (code, errors)


def test_an_expired_certificate(node):
    node.serve_with('expired')
    try:
        words = 'its certificate is not accepted: certificate has expired; renew the receiver\'s certificate'
        await_condition(lambda: words in node.send()[2], 'nginx has the expired certificate', 60)
        assert node.send()[0] == LOST
    finally:
        node.serve_with('receiver')
