"""The packages, built once, and a Debian to install them in."""
import glob
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(REPOSITORY, 'tests', 'e2e')]

from debian_root import DebianRoot, output  # noqa: E402


@pytest.fixture(scope='session')
def packages():
    """Paths of the packages, by name."""
    before = output('git', 'status', '--porcelain', cwd=REPOSITORY) if os.path.isdir(REPOSITORY + '/.git') else None
    output(os.path.join(REPOSITORY, 'deploy', 'package'))
    if before is not None:
        assert output('git', 'status', '--porcelain', cwd=REPOSITORY) == before
    paths = glob.glob(os.path.join(REPOSITORY, 'build', 'package', '*.deb'))
    found = {os.path.basename(path).partition('_')[0]: path for path in paths}
    return {name: path for name, path in found.items() if not name.endswith('-dbgsym')}


@pytest.fixture(scope='session')
def debian(tmp_path_factory):
    """Nothing of ours is in it; tests change copies of it."""
    root = DebianRoot(str(tmp_path_factory.mktemp('debian') / 'root'))
    root.bootstrap()
    return root


@pytest.fixture(scope='session')
def newer_worker(packages, tmp_path_factory):
    """ssync-worker as it is, with a later version."""
    directory = tmp_path_factory.mktemp('newer')
    tree = str(directory / 'tree')
    output('dpkg-deb', '-R', packages['ssync-worker'], tree)
    control = os.path.join(tree, 'DEBIAN', 'control')
    with open(control, encoding='utf-8') as file:
        lines = file.read().splitlines()
    with open(control, 'w', encoding='utf-8') as file:
        file.writelines((line + '+1' if line.startswith('Version: ') else line) + '\n' for line in lines)
    result = str(directory / 'ssync-worker_newer_amd64.deb')
    output('dpkg-deb', '--root-owner-group', '-b', tree, result)
    return result
