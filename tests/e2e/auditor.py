"""Swift's object auditor, run once over a tree."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

CONF = '''\
[DEFAULT]
user = %(user)s
swift_dir = %(swift_dir)s
devices = %(devices)s
mount_check = false
log_level = INFO

[object-auditor]
recon_cache_path = %(run_dir)s
files_per_second = 100000
bytes_per_second = 10000000000
zero_byte_files_per_second = 100000
log_time = 36000
'''


def audit(swift_dir, tree, run_dir):
    """Run Swift's auditor once, its quick pass and its full one, over all devices beside the tree's; what it logs."""
    from swift_server import user_name
    os.makedirs(run_dir)
    conf_path = os.path.join(run_dir, 'auditor.conf')
    with open(conf_path, 'w') as conf:
        conf.write(CONF % {'user': user_name(), 'swift_dir': swift_dir, 'devices': tree.root, 'run_dir': run_dir})
    done = subprocess.run([sys.executable, os.path.join(HERE, 'swift_command.py'), swift_dir,
                           '/usr/bin/swift-object-auditor', conf_path, '--once', '-v'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout
    return done.stdout.decode('utf-8', 'replace')


def assert_clean(log, tree):
    """Nothing wrong was found, by either pass."""
    assert re.findall(r'Total quarantined: (\d+), Total errors: (\d+)', log) == [('0', '0')] * 2, log
    assert 'Traceback' not in log and 'ERROR' not in log, log
    assert not os.path.exists(os.path.join(tree.device_path, 'quarantined'))
