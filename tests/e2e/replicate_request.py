"""REPLICATE requests as Swift's replicator sends them."""
from swift_cluster import DEVICE, GOLD, without_root
from wire import connected


def request(server, path, policy=None, headers=(), timeout=30):
    lines = ['REPLICATE %s HTTP/1.1' % path, 'Host: 127.0.0.1']
    if policy is not None:
        lines.append('X-Backend-Storage-Policy-Index: %s' % policy)
    lines += ['%s: %s' % pair for pair in headers]
    with connected(server.port, timeout=timeout) as client:
        # No body, and neither a Content-Length nor chunks.
        client.raw(('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1'))
        reply = client.reply()
    reply.body = without_root(reply.body, server.tree.root)
    return reply


def replicate(server, partition, suffixes=None, policy=GOLD, headers=(), timeout=30):
    path = '/%s/%s' % (DEVICE, partition) + ('/' + suffixes if suffixes is not None else '')
    return request(server, path, policy, headers, timeout)
