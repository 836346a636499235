"""What releases after 2.30.1 have mended of the replicator, done to 2.30.1: a replicator that has it mended is compared with
that."""
import types


def mend(module):
    """Of a later release only what is left to chance is changed."""
    wait_for_handoffs(module)
    replicator = module.ObjectReplicator
    if hasattr(replicator, 'revert'):
        return
    mend_handoff_delete(replicator)
    replace_unmounted(module, replicator)
    count_failures_of_reverts(replicator)
    send_metadata_as_it_is(module.ssync_sender.Sender)


def wait_for_handoffs(module):
    """handoffs_first looks for handoffs that remain while one is still reverted, and then begins one partition too many."""
    pool = module.GreenPool

    class OneAfterTheOther(pool):
        def spawn(self, *arguments, **options):
            super().spawn(*arguments, **options)
            self.waitall()
    module.GreenPool = OneAfterTheOther


def mend_handoff_delete(replicator):
    """No larger than the number of primaries; without effect if no policy has more replicas."""
    collect_jobs, update_deleted = replicator.collect_jobs, replicator.update_deleted

    def collect(self, *arguments, **options):
        if all(self.load_object_ring(policy).replica_count <= self.handoff_delete for policy in self.policies):
            self.handoff_delete = 0
        return collect_jobs(self, *arguments, **options)

    def revert(self, job):
        configured = self.handoff_delete
        self.handoff_delete = min(configured, len(job['nodes']))
        try:
            update_deleted(self, job)
        finally:
            self.handoff_delete = configured
    replicator.collect_jobs, replicator.update_deleted = collect, revert


class Visits:
    """Of the nodes of a primary partition, one after the other."""

    def __init__(self, job, handoff_delete):
        self.left = len(job['nodes'])
        self.wanted = handoff_delete
        self.seen, self.failed = set(), set()
        self.last = None

    def come_to(self, node):
        self.last = node['replication_ip'], node['device']
        self.seen.add(self.last)
        self.left -= 1

    def fail(self):
        self.failed.add(self.last)

    def replace(self):
        """Whether one more is to be visited in the place of the last. Copies: this node's, those there are, and those that are hoped for."""
        more = not self.wanted or 1 + len(self.seen - self.failed) + self.left < self.wanted
        self.left += more
        return more


def replace_unmounted(module, replicator):
    """Only as long as handoff_delete wants more copies. 2.30.1 always does, and may so run out of handoffs."""
    update, sync, connect, chain = replicator.update, replicator.sync, module.http_connect, module.itertools.chain

    def visit(*lists):
        for node in chain(*lists):
            replicator.visits.come_to(node)
            yield node

    def connect_and_note(*arguments, **options):
        try:
            connection = connect(*arguments, **options)
        except BaseException:    # eventlet's Timeout too
            replicator.visits.fail()
            raise
        get_answer = connection.getresponse

        def note_answer():
            answer = get_answer()
            if answer.status != 200:
                replicator.visits.fail()
            if answer.status == 507 and not replicator.visits.replace():
                # A failure that is no reason to visit another node.
                answer.status = 500
            return answer
        connection.getresponse = note_answer
        return connection

    def sync_and_note(self, *arguments, **options):
        success, candidates = sync(self, *arguments, **options)
        if not success and replicator.visits:
            replicator.visits.fail()
        return success, candidates

    def begin(self, job):
        replicator.visits = Visits(job, self.handoff_delete)
        try:
            update(self, job)
        finally:
            replicator.visits = None
    replicator.visits = None
    replicator.update, replicator.sync = begin, sync_and_note
    module.http_connect, module.itertools = connect_and_note, types.SimpleNamespace(chain=visit)


def count_failures_of_reverts(replicator):
    """Of primaries that a handoff could not be synced to."""
    sync, update_deleted = replicator.sync, replicator.update_deleted

    def remember(self, node, *arguments, **options):
        success, candidates = sync(self, node, *arguments, **options)
        if not success and self.failed is not None:
            self.failed.append((node['replication_ip'], node['device']))
        return success, candidates

    def revert(self, job):
        self.failed = []
        stats = self.stats_for_dev[job['device']]
        before = stats.failure
        update_deleted(self, job)
        if stats.failure == before:
            stats.add_failure_stats(sorted(set(self.failed)))
        self.failed = None
    replicator.failed = None
    replicator.sync, replicator.update_deleted = remember, revert


def send_metadata_as_it_is(sender):
    """And not encoded once more."""
    send_subrequest = sender.send_subrequest

    def send(self, connection, method, url_path, headers, *rest):
        headers = {name: str(value).encode('latin-1').decode('utf-8', 'surrogateescape') for name, value in headers.items()}
        return send_subrequest(self, connection, method, url_path, headers, *rest)
    sender.send_subrequest = send
