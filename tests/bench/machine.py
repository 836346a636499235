"""Where and with what something was measured: without that no figure means anything."""
import datetime
import os
import platform
import subprocess

PACKAGES = ('swift-object', 'rsync', 'nginx-light', 'libfcgi0ldbl', 'xfsprogs', 'python3')


def _output(*command, directory=None):
    try:
        return subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _value(path, name, separator):
    """The value of the first line with this name in a file."""
    try:
        with open(path) as file:
            for line in file:
                key, _, value = line.partition(separator)
                if key.strip() == name:
                    return value.strip().strip('"')
    except OSError:
        pass
    return None


def describe(repository, devices):
    memory = _value('/proc/meminfo', 'MemTotal', ':')
    return {
        'date': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
        'commit': _output('git', 'describe', '--always', '--dirty', '--abbrev=40', directory=repository),
        'processor': _value('/proc/cpuinfo', 'model name', ':') or platform.machine(),
        'processors': len(os.sched_getaffinity(0)),
        'memory_gb': round(int(memory.split()[0]) * 1024 / 1e9, 1) if memory else None,
        'kernel': platform.release(),
        'system': _value('/etc/os-release', 'PRETTY_NAME', '='),
        'file_system': devices.kind,
        'no_xfs_because': devices.reason,
        'packages': {package: _output('dpkg-query', '-W', '-f', '${Version}', package) for package in PACKAGES},
    }


def sentence(machine):
    """For people; without an end."""
    packages = machine['packages']
    parts = [machine['file_system'],
             '%s, %d processors, %s GB' % (machine['processor'], machine['processors'], machine['memory_gb']),
             '%s, Linux %s' % (machine['system'], machine['kernel']),
             'Swift %s, rsync %s, nginx %s' % tuple(packages[name] for name in ('swift-object', 'rsync', 'nginx-light')),
             'commit %s, %s' % ((machine['commit'] or 'unknown')[:12], machine['date'][:10])]
    if machine['no_xfs_because']:
        parts.insert(1, 'no XFS because ' + machine['no_xfs_because'])
    return '; '.join(parts)
