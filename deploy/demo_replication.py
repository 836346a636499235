"""The main part of deploy/demo: stores objects, replicates them, audits them, and replicates again."""

import argparse
import ctypes
import getpass
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from swift.common.storage_policy import POLICIES, reload_storage_policies
from swift.common.utils import Timestamp, get_logger, set_swift_dir
from swift.obj.diskfile import DiskFileRouter
from swift.obj.ssync_sender import Sender

DEPLOY = os.path.dirname(os.path.abspath(__file__))
# A ring of part power 0 has one partition, to which every object belongs.
PARTITION = '0'
SOURCE_DEVICE, DESTINATION_DEVICE = 'sda', 'sdb'
SIZES = (0, 150, 4096, 4096, 65536, 300000, 1 << 20)
LARGE_OBJECT, LARGE_EVERY = 8 << 20, 100

SWIFT_CONF = """\
[swift-hash]
swift_hash_path_suffix = ssync-demo

[storage-policy:0]
name = replicated
policy_type = replication
default = yes
"""

AUDITOR_CONF = """\
[DEFAULT]
devices = %(devices)s
swift_dir = %(swift_dir)s
mount_check = false
user = %(user)s

[object-auditor]
files_per_second = 0
bytes_per_second = 0
zero_byte_files_per_second = 100000
recon_cache_path = %(recon)s
"""

# Swift's programs take the hash path suffix from /etc/swift/swift.conf, whatever swift_dir says in their
# configuration. This runs one (sys.argv[2:]) with that of another directory (sys.argv[1]).
RUN_WITH_SWIFT_DIR = """\
import runpy, sys
from swift.common.storage_policy import reload_storage_policies
from swift.common.utils import set_swift_dir
set_swift_dir(sys.argv[1])
reload_storage_policies()
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


class Daemon:
    """The attributes of the replicator that Sender uses."""

    conn_timeout = 5
    node_timeout = 60
    http_timeout = 120
    network_chunk_size = 65536

    def __init__(self, devices, logger):
        self.logger = logger
        self._df_router = DiskFileRouter({'devices': devices, 'mount_check': 'false'}, logger)

    def disk_file(self, device, name):
        return self._df_router[POLICIES[0]].get_diskfile(
            device, PARTITION, 'AUTH_demo', 'photos', name, POLICIES[0])


def fail(message):
    sys.exit('demo: ' + message)


def say(what, text):
    print('%-12s %s' % (what, text), flush=True)


def human(size):
    return '%.1f MB' % (size / 1e6)


def make_temporary_directory():
    """Creates one on a file system with extended attributes, which Swift needs for metadata."""
    for parent in (tempfile.gettempdir(), '/var/tmp'):
        directory = tempfile.mkdtemp(prefix='ssync-demo-', dir=parent)
        try:
            os.setxattr(directory, 'user.swift.probe', b'x' * 1000)
            os.removexattr(directory, 'user.swift.probe')
            return directory
        except OSError:
            os.rmdir(directory)
    fail('neither %s nor /var/tmp supports extended attributes; set TMPDIR' % tempfile.gettempdir())


def make_objects(daemon, count):
    """Writes the objects with Swift's DiskFile and returns their names and the number of bytes."""
    names = []
    total = 0
    for i in range(count):
        name = 'h\u00e9t\u00e9rog\u00e8ne-%05d.jpg' % i if i % 10 == 9 else 'photo-%05d.jpg' % i
        size = LARGE_OBJECT if i % LARGE_EVERY == LARGE_EVERY - 1 else SIZES[i % len(SIZES)]
        data = hashlib.md5(b'%d' % i).digest() * (size // 16 + 1)
        data = data[:size]
        timestamp = Timestamp.now()
        with daemon.disk_file(SOURCE_DEVICE, name).create(size) as writer:
            writer.write(data)
            writer.put({
                'X-Timestamp': timestamp.internal,
                'Content-Type': 'image/jpeg',
                'Content-Length': str(size),
                'ETag': hashlib.md5(data).hexdigest(),
                'X-Object-Meta-Camera': 'No. %d' % i,
            })
            writer.commit(timestamp)
        names.append(name)
        total += size
    return names, total


def read_object(daemon, device, name):
    with daemon.disk_file(device, name).open() as df:
        checksum = hashlib.md5()
        for chunk in df.reader():
            checksum.update(chunk)
        return df.get_metadata(), checksum.hexdigest()


def count_equal(source, destination, names):
    different = []
    for name in names:
        try:
            if read_object(source, SOURCE_DEVICE, name) != read_object(
                    destination, DESTINATION_DEVICE, name):
                different.append('%s differs' % name)
        except Exception as error:  # any of DiskFile's: the object does not count
            different.append('%s: %r' % (name, error))
    for line in different[:5]:
        print('demo: ' + line, file=sys.stderr)
    return len(names) - len(different)


class Pass:
    """One session of Swift's sender."""

    def __init__(self, daemon, port, devices):
        job = {'device': SOURCE_DEVICE, 'partition': PARTITION, 'policy': POLICIES[0]}
        node = {'ip': '127.0.0.1', 'port': port, 'replication_ip': '127.0.0.1',
                'replication_port': port, 'device': DESTINATION_DEVICE, 'index': 0}
        suffixes = [s for s in os.listdir(os.path.join(devices, SOURCE_DEVICE, 'objects', PARTITION))
                    if len(s) == 3]
        sender = Sender(daemon, node, job, suffixes)
        self.wanted = None
        missing_check = sender.missing_check

        def count_wanted(connection, response):
            available, send_map = missing_check(connection, response)
            self.wanted = len(send_map)
            return available, send_map

        sender.missing_check = count_wanted
        start = time.monotonic()
        self.success, self.in_sync = sender()
        self.seconds = time.monotonic() - start


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def end_with_parent():
    """Even if this process is killed, run-local gets SIGTERM and stops its processes."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Receiver:
    """deploy/run-local on the destination device."""

    def __init__(self, root, devices, port):
        command = [os.path.join(DEPLOY, 'run-local'), '--port', str(port), '--devices', devices,
                   '--swift-dir', os.path.join(root, 'swift'), '--run-dir', os.path.join(root, 'run')]
        # In its own session, so that Ctrl-C reaches it only through stop().
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True,
                                        preexec_fn=end_with_parent)
        try:
            if not any(line.startswith('ready on ') for line in self.process.stdout):
                fail('run-local exited before it was ready (status %d)' % self.process.wait())
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def audit(root, devices):
    """Runs Swift's auditor once and returns its totals: quarantined, errors."""
    conf = os.path.join(root, 'auditor.conf')
    recon = os.path.join(root, 'recon')
    os.makedirs(recon)
    with open(conf, 'w', encoding='utf-8') as f:
        f.write(AUDITOR_CONF % {'devices': devices, 'swift_dir': os.path.join(root, 'swift'),
                                'user': getpass.getuser(), 'recon': recon})
    result = subprocess.run([sys.executable, '-c', RUN_WITH_SWIFT_DIR, os.path.join(root, 'swift'),
                             '/usr/bin/swift-object-auditor', conf, 'once', '-v'], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    totals = re.search(r'Object audit \(ALL\).*completed: .*Total quarantined: (\d+), Total errors: (\d+)',
                       result.stdout)
    if result.returncode != 0 or not totals:
        fail('swift-object-auditor failed:\n' + result.stdout)
    return int(totals[1]), int(totals[2])


def object_file(daemon, device, name):
    directory = daemon.disk_file(device, name)._datadir
    return os.path.join(directory, next(f for f in os.listdir(directory) if f.endswith('.data')))


def parse_arguments():
    parser = argparse.ArgumentParser(prog='demo', description=__doc__)
    parser.add_argument('--objects', type=int, default=500, help='default 500')
    parser.add_argument('--port', type=int, help='port for nginx; default: a free one')
    parser.add_argument('--keep', action='store_true', help='do not remove the temporary directory')
    return parser.parse_args()


def demonstrate(root, options):
    swift_dir = os.path.join(root, 'swift')
    source = os.path.join(root, 'source')
    destination = os.path.join(root, 'destination')
    for directory in (swift_dir, os.path.join(source, SOURCE_DEVICE),
                      os.path.join(destination, DESTINATION_DEVICE)):
        os.makedirs(directory)
    with open(os.path.join(swift_dir, 'swift.conf'), 'w', encoding='utf-8') as f:
        f.write(SWIFT_CONF)
    set_swift_dir(swift_dir)
    reload_storage_policies()
    # Only warnings: the sender's errors are worth reading, its progress is not.
    logger = get_logger({'log_level': 'WARNING'}, name='demo', log_to_console=True)
    sending, received = Daemon(source, logger), Daemon(destination, logger)

    names, total = make_objects(sending, options.objects)
    say('source', '%d objects, %s, in one partition of %s' %
        (len(names), human(total), os.path.join(source, SOURCE_DEVICE)))

    port = options.port or free_port()
    receiver = Receiver(root, destination, port)
    try:
        say('receiver', 'nginx and ssync-worker on 127.0.0.1:%d' % port)
        first = Pass(sending, port, source)
        if not first.success:
            with open(os.path.join(root, 'run', 'worker.log'), encoding='utf-8', errors='replace') as f:
                fail('the sender reported a failure; the last lines of the log of ssync-worker:\n' +
                     ''.join(f.readlines()[-15:]))
        say('first pass', '%d objects wanted and sent, %s in %.2f s: %.0f objects/s, %.0f MB/s' %
            (first.wanted, human(total), first.seconds, first.wanted / first.seconds,
             total / 1e6 / first.seconds))

        equal = count_equal(sending, received, names)
        say('comparison', '%d of %d objects have equal metadata and bytes on both devices' %
            (equal, len(names)))
        quarantined, errors = audit(root, destination)
        say('auditor', "swift-object-auditor: %d quarantined, %d errors" % (quarantined, errors))

        second = Pass(sending, port, source)
        say('second pass', '%d objects wanted, %d in sync, in %.2f s' %
            (second.wanted or 0, len(second.in_sync), second.seconds))
    finally:
        receiver.stop()

    if not (equal == len(names) and quarantined == errors == 0 and second.success
            and second.wanted == 0 and len(second.in_sync) == len(names)):
        fail('not all objects were replicated correctly')

    example = object_file(received, DESTINATION_DEVICE, names[min(9, len(names) - 1)])
    say('on disk', 'e.g. ' + example)
    info = subprocess.run(['/usr/bin/swift-object-info', '-d', swift_dir, example], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for line in info.stdout.splitlines():
        if re.match(r'\s*(Account|Container|Object|Content-Type|Timestamp|X-Object-Meta-Camera|ETag|'
                    r'Content-Length)\b', line):
            say('', line.strip())


def main():
    options = parse_arguments()
    if options.objects < 1:
        fail('--objects must be at least 1')
    # So that the receiver is stopped and the temporary directory removed, as after Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    root = make_temporary_directory()
    try:
        demonstrate(root, options)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if options.keep:
            say('kept', root)
        else:
            shutil.rmtree(root, ignore_errors=True)
            say('removed', '%s (--keep leaves it for inspection)' % root)


if __name__ == '__main__':
    main()
