"""Swift's object auditor, run once over a tree."""
import os
import re

from swift_server import user_name

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


def audit(programs, tree, run_dir):
    """Run Swift's auditor once, its quick pass and its full one, over all devices beside the tree's; what it logs."""
    os.makedirs(run_dir)
    conf_path = os.path.join(run_dir, 'auditor.conf')
    output = os.path.join(run_dir, 'auditor.log')
    with open(conf_path, 'w') as conf:
        conf.write(CONF % {'user': user_name(), 'swift_dir': programs.swift_dir, 'devices': tree.root, 'run_dir': run_dir})
    status = programs.start('swift-object-auditor', [conf_path, '--once', '-v'], output).wait(300)
    with open(output, encoding='utf-8', errors='replace') as file:
        log = file.read()
    assert status == 0, log
    return log


def assert_clean(log, tree):
    """Nothing wrong was found, by either pass."""
    assert re.findall(r'Total quarantined: (\d+), Total errors: (\d+)', log) == [('0', '0')] * 2, log
    assert 'Traceback' not in log and 'ERROR' not in log, log
    assert not os.path.exists(os.path.join(tree.device_path, 'quarantined'))
