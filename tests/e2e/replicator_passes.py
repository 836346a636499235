"""Passes of Swift's replicator over the nodes of clusters, and what is asked of them."""
from ring_cluster import run_daemon


def replicate(clusters, name):
    return run_daemon(clusters, 'swift-object-replicator', name)


def assert_at_rest(done):
    stats = done.stats['replication_stats']
    assert done.sessions == [], done.log
    assert (stats['rsync'], stats['remove'], stats['failure']) == (0, 0, 0), stats
    assert stats['hashmatch'] == stats['success'], stats


def assert_passed(passes):
    for done in passes:
        assert done.stats['replication_stats']['failure'] == 0 and 'ERROR' not in done.log, done.log


def converge(clusters, rounds=4):
    """Passes over one node after the other, until none finds anything to send or to remove."""
    for _ in range(rounds):
        passes = replicate(clusters, 'python') + replicate(clusters, 'tested')
        if not any(done.sessions or 'Removing' in done.log for done in passes):
            for done in passes:
                assert_at_rest(done)
            return
    raise AssertionError('still sending: %r' % [done.sessions for done in passes])
