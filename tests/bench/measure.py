"""A run of the benchmark: one scenario after the other, and what is said of it."""
import contextlib
import os
import shutil
import tempfile
import time

import machine
import scenarios
from bench import say
from commands import Failed
from devices import CannotDropCaches, NoSpace
from growth import growth
from held_back import held_back
from neighbours import neighbours
from results import Results
from rig import Rig
from scales import SCALES, grown

SCENARIOS = {
    'write-4k': scenarios.write_4k, 'write-64k': scenarios.write_64k, 'write-among': scenarios.write_among_others,
    'write-64m': scenarios.write_64m, 'check-warm': scenarios.check_warm, 'check-cold': scenarios.check_cold,
    'half-stale': scenarios.half_stale, 'rehash': scenarios.rehash, 'concurrent': scenarios.concurrent,
    'fragments': scenarios.fragments, 'growth': growth, 'neighbours': neighbours,
    'held-back': held_back,
}


def _run_scenarios(bench, names, results):
    for name in names:
        say(name)
        begun = time.monotonic()
        try:
            results.rows += [row for row in SCENARIOS[name](bench) if row.runs]
        except CannotDropCaches as reason:
            results.skipped[name] = str(reason)
            say('  skipped: %s' % reason)
        except (Failed, AssertionError, OSError) as error:
            results.failed[name] = str(error)
            say('  FAILED: %s' % error)
        finally:
            bench.clear()
        results.seconds[name] = round(time.monotonic() - begun, 1)
        say('  %.0f s' % results.seconds[name])


def run(options, programs, repository):
    """The exit status: 1 if something failed, 2 if nothing could be measured."""
    scale = SCALES[options.scale]
    if options.growth_to:
        scale = grown(scale, options.growth_to)
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        root = tempfile.mkdtemp(prefix='ssync-bench-', dir=options.directory)
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        # The servers may run as another user.
        os.chmod(root, 0o755)
        try:
            rig = Rig(root, options, scale, programs, stack)
        except (NoSpace, Failed, AssertionError, OSError) as error:
            say('bench: cannot begin: %s' % error)
            return 2
        results = Results(options, scale, machine.describe(repository, rig.devices))
        _run_scenarios(rig.bench, options.only, results)
    if options.output:
        results.write(options.output)
    print(results.markdown())
    print(results.targets_text(), flush=True)
    say('%.0f s in all: %s' % (time.monotonic() - begun,
                               ', '.join('%s %.0f' % pair for pair in results.seconds.items())))
    for what, reasons in (('skipped', results.skipped), ('FAILED', results.failed)):
        for name, reason in reasons.items():
            say('%s: %s: %s' % (what, name, reason))
    return 1 if results.failed else 0
