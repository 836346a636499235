"""What the packages are made of: units, manual pages, versions."""
import glob
import os
import re
import subprocess

import pytest

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'deploy')
SAMPLE = os.path.join(DEPLOY, 'worker.conf.sample')
MOST_EXPOSURE = 2.6


def read(*path):
    with open(os.path.join(DEPLOY, *path), encoding='utf-8') as file:
        return file.read()


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True).stdout


@pytest.fixture(name='option_page')
def fixture_option_page(tmp_path):
    path = tmp_path / 'ssync-worker.conf.5'
    path.write_text(output(os.path.join(DEPLOY, 'man', 'options'), SAMPLE,
                           os.path.join(DEPLOY, 'man', 'ssync-worker.conf.5.in')))
    return path


def test_the_service_is_hardened():
    text = output('systemd-analyze', 'security', '--offline=true', os.path.join(DEPLOY, 'ssync-worker.service'))
    exposure = float(re.search(r'Overall exposure level for ssync-worker.service: ([0-9.]+)', text).group(1))
    assert exposure <= MOST_EXPOSURE, text


def test_the_service_sees_mounts_that_come_later():
    """A private mount name space that does not follow the node's would serve a device's empty directory."""
    unit = read('ssync-worker.service')
    assert 'MountFlags=slave\n' in unit
    assert 'PrivateMounts=' not in unit


def test_socket_and_site_have_the_same_path():
    listen = re.search('^ListenStream=(.*)$', read('ssync-worker.socket'), re.M).group(1)
    assert '# socket = %s\n' % listen in read('worker.conf.sample')
    assert listen in read('README.md')


@pytest.mark.parametrize('page', sorted(glob.glob(os.path.join(DEPLOY, 'man', '*.[0-9]'))), ids=os.path.basename)
def test_manual_pages_have_no_mistakes(page):
    assert lint(page) == []


def test_the_page_of_the_options_has_no_mistakes(option_page):
    assert lint(str(option_page)) == []


def lint(page):
    said = subprocess.run(['mandoc', '-Tlint', '-W', 'warning', page], stdout=subprocess.PIPE, text=True, check=False)
    return said.stdout.splitlines()


def test_the_page_of_the_options_has_each_with_its_default(option_page):
    page = option_page.read_text()
    options = re.findall('^# ([a-z_]+) =(?: (.*))?$', read('worker.conf.sample'), re.M)
    assert len(options) > 30
    for name, value in options:
        line = '.It Ic %s No =%s\n' % (name, ' Li "%s"' % value if value else '')
        assert page.count(line) == 1, line


def test_project_and_packages_have_the_same_version():
    project = re.search(r'^project\(ssync-worker VERSION (\S+)', read('..', 'CMakeLists.txt'), re.M).group(1)
    assert read('debian', 'changelog').startswith('ssync-worker (%s) ' % project)
