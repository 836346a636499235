"""Faults put into Swift's replicator on purpose, each a change of its module: what has to be found."""


def removal_after_any_success(module):
    """A handoff partition is removed as soon as one of its primaries has it."""
    module.all = any


def removal_after_failures(module):
    """A handoff partition is removed whether or not its primaries have it."""
    sync = module.ObjectReplicator.ssync

    def ssync(*arguments, **options):
        _, candidates = sync(*arguments, **options)
        return True, candidates
    module.ObjectReplicator.ssync = ssync


def removal_that_was_not_confirmed(module):
    """Objects that a remote region was only asked for are taken for confirmed, though it answered that it wants them."""
    sender = module.ssync_sender.Sender
    missing_check = sender.missing_check

    def check(self, *arguments):
        available, wanted = missing_check(self, *arguments)
        return available, {} if self.remote_check_objs is not None else wanted
    sender.missing_check = check


def no_handoff_for_unmounted(module):
    """A primary whose device is unmounted is not replaced by a handoff."""
    module.HTTP_INSUFFICIENT_STORAGE = None


def files_stay(module):
    """A file in the place of a partition stays."""
    module.isfile = lambda path: False


def handoffs_not_first(module):
    """handoffs_first sorts the jobs and ignores that handoffs remain."""
    replicator = module.ObjectReplicator
    replicator.handoffs_remaining = property(lambda self: 0, lambda self, value: None)


def handoffs_forever(module):
    """With handoffs_first, handoffs always remain."""
    replicator = module.ObjectReplicator
    replicator.handoffs_remaining = property(lambda self: 1, lambda self, value: None)


def stale_hashes(module):
    """Suffixes that differ are not hashed again before they are synced."""
    router = module.DiskFileRouter

    class Router(router):
        def __getitem__(self, policy):
            manager = super().__getitem__(policy)
            hashes = manager._get_hashes
            if not hasattr(manager, 'once'):
                manager.once = True
                manager._get_hashes = lambda *places, recalculate=None, **options: hashes(*places, **options)
            return manager
    module.DiskFileRouter = Router


def failures_not_counted(module):
    """Failures of peers are not told to monitoring."""
    module.Stats.add_failure_stats = lambda self, failures: None


FAULTS = {function.__name__: function for function in (
    removal_after_any_success, removal_after_failures, removal_that_was_not_confirmed, no_handoff_for_unmounted,
    files_stay, handoffs_not_first, handoffs_forever, stale_hashes, failures_not_counted)}
