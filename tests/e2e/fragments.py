"""Objects of the erasure-coding policy, coded and spread over devices as the proxy does it."""
import hashlib

from swift_cluster import EC


def encode(body):
    """The fragment archive of each index."""
    from swift.common.storage_policy import POLICIES
    policy = POLICIES[EC]
    archives = [b''] * policy.ec_n_unique_fragments
    for start in range(0, len(body), policy.ec_segment_size):
        pieces = policy.pyeclib_driver.encode(body[start:start + policy.ec_segment_size])
        archives = [archive + piece for archive, piece in zip(archives, pieces)]
    return archives


def fragment_metadata(body):
    """What each fragment of an object says of it."""
    from swift.common.storage_policy import POLICIES
    policy = POLICIES[EC]
    return {'X-Object-Sysmeta-Ec-Etag': hashlib.md5(body).hexdigest(),
            'X-Object-Sysmeta-Ec-Content-Length': str(len(body)),
            'X-Object-Sysmeta-Ec-Scheme': policy.ec_scheme_description,
            'X-Object-Sysmeta-Ec-Segment-Size': str(policy.ec_segment_size)}


def store(trees, partition, name, timestamp, body, metadata=None, durable=True):
    """Store the fragment of each index in its tree; None in trees is a device that gets nothing."""
    stored = {**fragment_metadata(body), **(metadata or {})}
    for index, (tree, archive) in enumerate(zip(trees, encode(body))):
        if tree is not None:
            tree.put(partition, name, timestamp, archive, stored, EC, fragment=index, durable=durable)
