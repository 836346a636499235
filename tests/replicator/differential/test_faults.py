"""Faults that are put into Swift's replicator on purpose are found by comparing it with Swift's as it is."""
import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from swift_faults import FAULTS  # noqa: E402

# Each was found within the first 150 of another seed.
SESSIONS = 600


@pytest.mark.parametrize('fault', sorted(FAULTS))
def test_a_fault_is_found(fault):
    done = subprocess.run([os.path.join(HERE, 'run'), '--program', 'swift:' + fault, '--program', 'swift', '--seed', '1',
                           '--sessions', str(SESSIONS), '--no-reduce'], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1 and 'DIFFERENCE in' in done.stdout, done.stdout + done.stderr
