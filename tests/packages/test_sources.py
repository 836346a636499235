"""What the packages are made of: units, manual pages, versions."""
import glob
import json
import os
import re
import shutil
import subprocess

import page
import pytest

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'deploy')
SAMPLE = os.path.join(DEPLOY, 'worker.conf.sample')
MOST_EXPOSURE = 2.6
SERVICES = ['ssync-replicator.service', 'ssync-worker.service']


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


@pytest.mark.parametrize('service', SERVICES)
def test_a_service_is_hardened(service):
    text = output('systemd-analyze', 'security', '--offline=true', os.path.join(DEPLOY, service))
    exposure = float(re.search(r'Overall exposure level for %s: ([0-9.]+)' % service, text).group(1))
    assert exposure <= MOST_EXPOSURE, text


@pytest.mark.parametrize('service', SERVICES)
def test_a_service_sees_mounts_that_come_later(service):
    """A private mount name space that does not follow the node's would serve a device's empty directory."""
    unit = read(service)
    assert 'MountFlags=slave\n' in unit
    assert 'PrivateMounts=' not in unit


@pytest.fixture(name='template_units')
def fixture_template_units(tmp_path):
    """Directory of the units of a pool per disk, as they are installed, with a program in the place of ours."""
    output(os.path.join(DEPLOY, 'template-units'), str(tmp_path))
    return tmp_path


def test_each_pool_of_a_pool_per_disk_has_its_own_files(template_units):
    service, socket = [(template_units / ('ssync-worker@.' + kind)).read_text() for kind in ('service', 'socket')]
    assert 'ExecStart=/usr/bin/ssync-worker --config /etc/swift/ssync-worker-%i.conf\n' in service
    for line in ('Requires=ssync-worker@%i.socket\n', 'Also=ssync-worker@%i.socket\n'):
        assert line in service
    assert 'ListenStream=/run/ssync-worker/%i.sock\n' in socket
    # The page names the same files.
    for text in ('/etc/swift/ssync-worker-$port.conf', '/run/ssync-worker/$server_port.sock'):
        assert text in read('README.md')
    # Nothing else differs.
    assert [len(read('ssync-worker.' + kind).splitlines()) for kind in ('service', 'socket')] == [
        len(text.splitlines()) for text in (service, socket)]


def test_systemd_understands_the_units(template_units):
    """An instance of each template, and the plain ones, with a program that is there in the place of ours."""
    (template_units / 'ssync-replicator.service').write_text(
        read('ssync-replicator.service').replace('/usr/bin/ssync-replicator', '/bin/true'))
    for name, text in [('ssync-worker%s.%s' % (instance, kind), read('ssync-worker.' + kind) if not instance else
                        (template_units / ('ssync-worker@.' + kind)).read_text())
                       for instance in ('', '@6201') for kind in ('service', 'socket')]:
        (template_units / name).write_text(text.replace('/usr/bin/ssync-worker', '/bin/true'))
    said = output('systemd-analyze', 'verify', '--man=no',
                  *[str(template_units / (name + '.service')) for name in ('ssync-replicator', 'ssync-worker', 'ssync-worker@6201')])
    assert [line for line in said.splitlines() if 'ssync-' in line] == []


def test_ssyncctl_puts_partitions_where_the_service_looks():
    default = re.search("^PRIORITY = '(.*)'$", read('ssyncctl'), re.M).group(1)
    assert re.search('^ExecStart=.* --priority %s$' % re.escape(default), read('ssync-replicator.service'), re.M)
    for text in (read('README.md'), read('man', 'ssyncctl.8'), read('debian', 'ssync-replicator.postrm')):
        assert default in text


COMMANDS = ['drain', 'end', 'limit', 'replicate', 'resume', 'sessions', 'status', 'top']


def completed(*words):
    """What bash offers in the place of the last word."""
    script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ssyncctl; printf "%s\\n" "${COMPREPLY[@]}"'
    return output('bash', '-c', script, os.path.join(DEPLOY, 'ssyncctl.bash'), *words).split()


def test_bash_completes_ssyncctl():
    assert sorted(completed('ssyncctl', '')) == sorted(COMMANDS + ['--socket', '--help'])
    for command in COMMANDS:
        options = set(re.findall('--[a-z-]+', output(os.path.join(DEPLOY, 'ssyncctl'), command, '--help'))) - {'--help'}
        assert set(completed('ssyncctl', '--socket', '/x', command, '--')) == options, command
    assert completed('ssyncctl', 'top', '--sort', 'a') == ['age']
    page = read('man', 'ssyncctl.8').replace('\\', '')
    assert [command for command in COMMANDS if not re.search(r'^\.BR? %s\b' % command, page, re.M)] == []


RULES = os.path.join(DEPLOY, 'monitoring', 'ssync-alerts.yml')


def test_rules_and_dashboard_ask_for_metrics_that_are_there():
    panels = json.loads(read('monitoring', 'ssync-grafana.json'))['panels']
    asked = read('monitoring', 'ssync-alerts.yml') + ' '.join(
        target['expr'] for panel in panels for target in panel.get('targets', []))
    names = {re.sub('_bucket$', '', name) for name in re.findall(r'\bssync_[a-z_]+', asked)}
    assert len(names) > 20
    page = read('status.md')
    assert [name for name in sorted(names) if '`%s`' % name not in page] == []


@pytest.mark.skipif(shutil.which('promtool') is None, reason='promtool, of the package prometheus, is not installed')
def test_prometheus_takes_the_rules():
    output('promtool', 'check', 'rules', RULES)


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


def test_the_page_has_the_commands_of_the_walk():
    """test_walk.py reads them, but takes too long for each run."""
    assert page.of_step('Install')[1] == [
        'apt install ./ssync-worker_*.deb ./ssync-send_*.deb ./libnginx-mod-http-fastcgi-duplex_*.deb']
    assert page.of_step('Look at the node')[0][0].startswith('ssync-worker --check --object-server-conf ')
    assert page.of_step('Configure the pool')[1][0].endswith(' --check')
    assert page.of_step('Start the pool')[0] == ['systemctl enable --now ssync-worker', 'journalctl -u ssync-worker']
    assert page.of_step('Put them in place')[0] == ['ssync-node enable --dry-run', 'ssync-node enable']
    assert page.of_section('The replicator')[1][1:] == ['ssync-node enable --replicator', 'journalctl -u ssync-replicator']
    assert page.of_section('The replicator')[-1] == ['ssync-node disable --replicator', 'apt purge ssync-replicator']
    assert page.of_section('Back')[0] == ['ssync-node disable']
    assert page.of_section('Back')[1][-1].startswith('apt purge ')
    assert page.of_day_to_day('new version').startswith('apt install ')
    assert len(page.of_section('A pool per disk')[1]) == 2


def test_project_and_packages_have_the_same_version():
    project = re.search(r'^project\(ssync-worker VERSION (\S+)', read('..', 'CMakeLists.txt'), re.M).group(1)
    assert read('debian', 'changelog').startswith('ssync-worker (%s) ' % project)
