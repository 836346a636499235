"""Swift's own ssync sender, driven as its replicator drives it."""
import logging

from swift_cluster import DEVICE, GOLD


class RecordedLogger:
    """Keeps what the sender logs: its return value alone does not say why it failed."""

    def __init__(self):
        self.lines = []

    def _record(self, message, *arguments, **_):
        self.lines.append(message % arguments if arguments else message)

    debug = info = warning = error = critical = _record

    def exception(self, message, *arguments, **_):
        import traceback
        self._record(message, *arguments)
        self.lines.append(traceback.format_exc())

    def isEnabledFor(self, level):
        return level >= logging.DEBUG


class Daemon:
    """What the sender needs of the replicator that starts it."""

    def __init__(self, tree):
        from swift.obj.diskfile import DiskFileRouter
        self.logger = RecordedLogger()
        self.conn_timeout = 5.0
        self.node_timeout = 30.0
        self.http_timeout = 120.0
        self.network_chunk_size = self.disk_chunk_size = 65536
        self._df_router = DiskFileRouter(
            {'devices': tree.root, 'mount_check': 'false', 'fallocate_reserve': '0'}, self.logger)


class Outcome:
    def __init__(self, success, in_sync, log):
        self.success = success
        self.in_sync = in_sync
        self.log = log


def newer_sender():
    """The sender with its way of writing a subrequest as releases since 2.32 write it: the bytes as they are stored."""
    from swift.common import exceptions
    from swift.common.swob import wsgi_to_bytes
    from swift.obj.ssync_sender import Sender

    class NewerSender(Sender):
        def send_subrequest(self, connection, method, url_path, headers, df):
            lines = ['%s %s' % (method, url_path)]
            lines += ['%s: %s' % pair for pair in sorted(headers.items())]
            message = wsgi_to_bytes('\r\n'.join(lines) + '\r\n\r\n')
            with exceptions.MessageTimeout(self.daemon.node_timeout, 'send_%s' % method.lower()):
                connection.send(b'%x\r\n%s\r\n' % (len(message), message))
            if df:
                size = 0
                for chunk in df.reader():
                    with exceptions.MessageTimeout(self.daemon.node_timeout, 'send_%s chunk' % method.lower()):
                        connection.send(b'%x\r\n%s\r\n' % (len(chunk), chunk))
                    size += len(chunk)
                assert size == df.content_length
    return NewerSender


def sender_that_adds(subrequest_headers):
    """The sender, with headers of a caller on each of its subrequests."""
    from swift.obj.ssync_sender import Sender

    class SenderThatAdds(Sender):
        def send_subrequest(self, connection, method, url_path, headers, df):
            super().send_subrequest(connection, method, url_path, dict(headers, **subrequest_headers), df)
    return SenderThatAdds


def replicate(tree, partition, port, policy=GOLD, suffixes=None, device=DEVICE, newer=False, fragment=None,
              subrequest_headers=None, include_non_durable=False):
    """One pass of swift.obj.ssync_sender.Sender over a partition of the tree, towards 127.0.0.1:port.

    fragment is the index of the fragments to send, of an erasure-coding policy; include_non_durable is what the
    reconstructor asks for when it moves them.
    """
    import os
    from swift.common.storage_policy import POLICIES
    from swift.obj import ssync_sender
    sender_class = newer_sender() if newer else ssync_sender.Sender
    if subrequest_headers:
        sender_class = sender_that_adds(subrequest_headers)
    daemon = Daemon(tree)
    if suffixes is None:
        suffixes = sorted(name for name in os.listdir(tree.partition_path(partition, policy)) if len(name) == 3)
    node = {'replication_ip': '127.0.0.1', 'replication_port': port, 'device': device, 'index': 0, 'id': 1}
    job = {'device': tree.device, 'partition': str(partition), 'policy': POLICIES[policy]}
    if fragment is not None:
        node['backend_index'] = job['frag_index'] = fragment
    success, in_sync = sender_class(daemon, node, job, suffixes, include_non_durable=include_non_durable)()
    return Outcome(success, in_sync, '\n'.join(daemon.logger.lines))


def offered_lines(tree, partition, policy=GOLD):
    """The missing-check lines that the sender would send for a partition."""
    import os
    from swift.common.storage_policy import POLICIES
    from swift.obj.ssync_sender import encode_missing
    suffixes = sorted(name for name in os.listdir(tree.partition_path(partition, policy)) if len(name) == 3)
    manager = tree.manager(policy)
    return [encode_missing(digest, **timestamps)
            for digest, timestamps in manager.yield_hashes(tree.device, str(partition), POLICIES[policy], suffixes)]
