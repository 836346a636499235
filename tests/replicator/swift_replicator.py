"""Passes of Swift's object replicator, run in children of one process that has loaded Swift, with what it leaves to chance
decided from outside.

Run as a program it is that process: swift_replicator.py SWIFT_DIR [TREE], with requests and answers as lines of JSON.
TREE is the source tree of another release than the installed one.
"""
import collections
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [HERE, os.path.join(os.path.dirname(HERE), 'e2e')]

import swift_programs  # noqa: E402
import swift_faults  # noqa: E402
import swift_mends  # noqa: E402


class Passes(swift_programs.Programs):
    """Starts passes, of the installed release or of that in a tree."""

    def __init__(self, swift_dir, tree=None):
        super().__init__(swift_dir)
        self.command = [sys.executable, '-B', '-W', 'ignore', os.path.abspath(__file__), swift_dir] + ([tree] if tree else [])

    def start_pass(self, conf, output, options, order=None, listing=None, fault=None, mended=False):
        """options: of the command line, by their long names. order: a seed for the order of jobs and peers. listing: whether
        every partition's suffixes are listed, or none's; None leaves it to Swift. fault: a name of swift_faults.py. mended:
        as the newest release."""
        return self.start_by({'conf': conf, 'output': output, 'options': options, 'order': order, 'listing': listing,
                              'fault': fault, 'mended': mended})


class Order:
    """In the place of the module random: the same order whatever else was drawn before."""

    def __init__(self, seed):
        self.seed = seed
        self.shuffled = collections.Counter()

    def randint(self, least, most):
        return random.Random(self.seed).randint(least, most)

    def shuffle(self, items):
        def key(item):
            if 'partition' in item:
                return 'job', int(item['policy']), int(item['partition']), item['device']
            return 'peer', item['id']
        items.sort(key=key)
        # Each list of peers has an order of its own, also where two partitions have the same peers.
        keys = str([key(item) for item in items])
        random.Random('%s %s %d' % (self.seed, keys, self.shuffled[keys])).shuffle(items)
        self.shuffled[keys] += 1
        # A file in a partition's place is gone in no time where jobs run side by side: in every second order before all else.
        if self.seed % 2:
            items.sort(key=lambda item: not ('path' in item and os.path.isfile(item['path'])))


def decide(module, order, listing):
    if order is not None:
        module.random = Order(order)
    if listing is not None:
        module._do_listdir = lambda partition, cycle: listing


def know_rings_from_the_start(module):
    """As in all passes of a daemon but its first, which does not see a partition power that is being increased."""
    collect_jobs = module.ObjectReplicator.collect_jobs

    def collect(replicator, *arguments, **options):
        for policy in replicator.policies:
            replicator.load_object_ring(policy)
        return collect_jobs(replicator, *arguments, **options)
    module.ObjectReplicator.collect_jobs = collect


def run_pass(request):
    from swift.common.daemon import run_daemon
    from swift.obj import replicator
    decide(replicator, request['order'], request['listing'])
    know_rings_from_the_start(replicator)
    if request['mended']:
        swift_mends.mend(replicator)
    if request['fault']:
        swift_faults.FAULTS[request['fault']](replicator)
    sys.argv = ['swift-object-replicator', request['conf']]
    run_daemon(replicator.ObjectReplicator, request['conf'], once=True, verbose=True, **request['options'])
    return 0


def load(swift_dir):
    from swift.common import utils
    utils.set_swift_dir(swift_dir)
    import swift.common.daemon  # noqa: F401
    import swift.obj.replicator  # noqa: F401


if __name__ == '__main__':
    if len(sys.argv) > 2:
        sys.path.insert(0, sys.argv[2])
    load(sys.argv[1])
    swift_programs.serve(run_pass)
