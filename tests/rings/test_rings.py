"""Rings as Swift reads them and as we do: the same devices, nodes and partitions."""
import gzip
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, 'data')
PRINT_RING = os.path.join(os.environ.get('SSYNC_BUILD_DIR', 'build/release'), 'tests', 'print_ring')
RINGS = int(os.environ.get('SSYNC_RINGS', '12'))
SEED = int(os.environ.get('SSYNC_RINGS_SEED', '1'))
SWIFT = os.environ.get('SSYNC_RINGS_SWIFT')


def ours(path, hashes=()):
    done = subprocess.run([os.path.abspath(PRINT_RING), path, *hashes], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def compare(path, swift):
    us = ours(path, swift['hashes'])
    for name, value in swift.items():
        assert us[name] == value, (path, name, us[name], value)


def random_rings(directory):
    environment = dict(os.environ, **({'PYTHONPATH': SWIFT} if SWIFT else {}))
    done = subprocess.run([sys.executable, '-B', '-W', 'ignore', os.path.join(HERE, 'random_ring.py'), directory,
                           str(SEED), str(RINGS)], capture_output=True, text=True, timeout=1200, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_random_rings(tmp_path):
    rings = random_rings(str(tmp_path))
    assert len(rings) > RINGS
    # The draw has everything that a ring can have.
    assert any(None in ring['swift']['devices'] for ring in rings)
    assert any(ring['swift']['replicas'] % 1 for ring in rings)
    assert any(ring['swift']['next_part_power'] for ring in rings)
    assert any(ring['swift']['part_power'] > 17 for ring in rings)
    for ring in rings:
        compare(ring['path'], ring['swift'])


def test_rings_of_format_2_of_a_newer_release():
    names = sorted(name for name in os.listdir(DATA) if name.endswith('.ring.gz'))
    assert len(names) >= 3
    for name in names:
        path = os.path.join(DATA, name)
        with open(path.replace('.ring.gz', '.json')) as file:
            compare(path, json.load(file))


def test_one_that_is_compressed_again_is_refused_as_swift_refuses_it(tmp_path):
    name = sorted(name for name in os.listdir(DATA) if name.endswith('.ring.gz'))[0]
    again = os.path.join(str(tmp_path), 'again.ring.gz')
    with gzip.open(os.path.join(DATA, name)) as ring, gzip.open(again, 'wb') as file:
        file.write(ring.read())
    done = subprocess.run([os.path.abspath(PRINT_RING), again], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith(again + ': has no index where format 2 has it'), done.stderr
