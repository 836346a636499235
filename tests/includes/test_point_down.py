"""point_down finds what it is there to find."""
import os
import subprocess

import pytest

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'point_down')

FOLDERS = {
    'common/CMakeLists.txt': 'ssync_folder(common/os)\nssync_folder(common/store USES common/os LIBRARIES x)\n',
    'worker/CMakeLists.txt': 'ssync_folder(worker/http USES common/store)\n',
    'common/os/fd.h': '',
    'common/store/disk_file.h': '#include "common/os/fd.h"\n',
    'worker/http/status.cc': '#include "common/os/fd.h"\n#include <string>\n#include "worker/http/status.h"\n',
    'worker/ssync_worker_main.cc': '#include "worker/http/status.h"\n',
}


def complaints(root, files):
    for path, text in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)
    result = subprocess.run([PROGRAM, '--tree', root], capture_output=True, text=True, check=False)
    assert (result.returncode == 0) == (result.stdout == ''), result
    return result.stdout.splitlines()


def test_a_tree_in_order(tmp_path):
    assert complaints(tmp_path, FOLDERS) == []


@pytest.mark.parametrize('path, text, complaint', [
    ('common/os/fd.h', '#include "common/store/disk_file.h"\n',
     'common/os/fd.h includes common/store/disk_file.h: common/os does not use common/store'),
    ('common/store/x.cc', '#include "worker/http/status.h"\n',
     'common/store/x.cc includes worker/http/status.h: common/store does not use worker/http'),
    ('worker/new/x.h', '', 'worker/new/x.h is in no folder of ssync_folder()'),
    ('worker/x.h', '', 'worker/x.h is in no folder of ssync_folder()'),
    ('worker/CMakeLists.txt', 'ssync_folder(worker/http USES common/new)\n',
     'worker/http uses common/new, which is no folder of ssync_folder()'),
])
def test_what_is_out_of_order(tmp_path, path, text, complaint):
    assert complaints(tmp_path, {**FOLDERS, path: text}) == [complaint]


def test_a_circle(tmp_path):
    circle = {'common/CMakeLists.txt': 'ssync_folder(common/os USES common/store)\nssync_folder(common/store USES common/os)\n'}
    assert 'common/os uses itself, by way of others' in complaints(tmp_path, {**FOLDERS, **circle})
