"""The on-disk side of a test cluster: swift.conf, device trees, objects put there by Swift itself.

One process can only know one swift.conf (Swift keeps hash suffix and policies in module globals), so
there is one swift directory for a whole test run and any number of device trees under it.
"""
import contextlib
import hashlib
import os
import re
import shutil
import tempfile

from swift.common import utils as swift_utils

HASH_PREFIX = 'e2e-pr\u00e9fix'
HASH_SUFFIX = 'e2e-suffix'
GOLD, SILVER, EC = 0, 1, 2
DEVICE = 'sda1'

SWIFT_CONF = '''\
[swift-hash]
swift_hash_path_prefix = %s
swift_hash_path_suffix = %s

[storage-policy:0]
name = gold
default = yes

[storage-policy:1]
name = silver

[storage-policy:2]
name = parity
policy_type = erasure_coding
ec_type = liberasurecode_rs_vand
ec_num_data_fragments = 2
ec_num_parity_fragments = 1
''' % (HASH_PREFIX, HASH_SUFFIX)


def write_swift_conf(swift_dir, text=SWIFT_CONF):
    os.makedirs(swift_dir, exist_ok=True)
    # Swift takes the prefix and suffix as the bytes they are, but reads the policies as UTF-8.
    with open(os.path.join(swift_dir, 'swift.conf'), 'w', encoding='utf-8') as conf:
        conf.write(text)


def adopt_swift_dir(swift_dir):
    """Make this process's copy of Swift use swift_dir; must precede the import of anything that reads policies."""
    swift_utils.set_swift_dir(swift_dir)
    from swift.common import storage_policy
    storage_policy.reload_storage_policies()


class DeviceTree:
    """A `devices` directory with one device in it."""

    def __init__(self, root, device=DEVICE):
        self.root = root
        self.device = device
        self.managers = {}
        os.makedirs(os.path.join(root, device), exist_ok=True)

    @property
    def device_path(self):
        return os.path.join(self.root, self.device)

    def partition_path(self, partition, policy=GOLD):
        return os.path.join(self.device_path, 'objects' + ('-%d' % policy if policy else ''), str(partition))

    def hash_path(self, partition, name, policy=GOLD):
        digest = object_hash(name)
        return os.path.join(self.partition_path(partition, policy), digest[-3:], digest)

    def manager(self, policy=GOLD):
        # Kept, as making one takes longer than storing an object with it.
        if policy not in self.managers:
            from swift.common.storage_policy import POLICIES
            from swift.obj.diskfile import DiskFileRouter
            conf = {'devices': self.root, 'mount_check': 'false', 'fallocate_reserve': '0'}
            self.managers[policy] = DiskFileRouter(conf, quiet_logger())[POLICIES[policy]]
        return self.managers[policy]

    def diskfile(self, partition, name, policy=GOLD, **options):
        from swift.common.storage_policy import POLICIES
        account, container, obj = name.lstrip('/').split('/', 2)
        return self.manager(policy).get_diskfile(
            self.device, str(partition), account, container, obj, POLICIES[policy], **options)

    def put(self, partition, name, timestamp, body=b'', metadata=None, policy=GOLD, fragment=None, durable=True):
        """Store an object as Swift's object server would. body: bytes or an iterable of bytes.

        fragment is the index of an erasure-coding policy's fragment archive, durable whether it is committed.
        """
        from swift.common.utils import Timestamp
        timestamp = Timestamp(timestamp)
        diskfile = self.diskfile(partition, name, policy, frag_index=fragment)
        digest = hashlib.md5()
        size = 0
        with diskfile.create() as writer:
            for piece in [body] if isinstance(body, bytes) else body:
                digest.update(piece)
                size += len(piece)
                writer.write(piece)
            stored = {'X-Timestamp': timestamp.internal, 'Content-Type': 'application/octet-stream',
                      'Content-Length': str(size), 'ETag': digest.hexdigest()}
            if fragment is not None:
                stored['X-Object-Sysmeta-Ec-Frag-Index'] = str(fragment)
            stored.update(as_received(metadata))
            writer.put(stored)
            if durable:
                writer.commit(timestamp)
        return object_hash(name)

    def post(self, partition, name, timestamp, metadata=None, policy=GOLD):
        """Store a .meta file. A Content-Type in metadata needs its Content-Type-Timestamp."""
        from swift.common.utils import Timestamp
        stored = {'X-Timestamp': Timestamp(timestamp).internal}
        stored.update(as_received(metadata))
        diskfile = self.diskfile(partition, name, policy)
        # Swift's server reads the object before it posts to it; write_metadata relies on that.
        diskfile.read_metadata()
        diskfile.write_metadata(stored)

    def delete(self, partition, name, timestamp, policy=GOLD):
        from swift.common.utils import Timestamp
        self.diskfile(partition, name, policy).delete(Timestamp(timestamp))
        return object_hash(name)


def as_received(metadata):
    """Header values as Swift's server has them: each byte of the wire a character."""
    return {name: value.encode('utf-8').decode('latin-1') for name, value in (metadata or {}).items()}


def object_hash(name):
    from swift.common.utils import hash_path
    return hash_path(*name.lstrip('/').split('/', 2))


def partition_of(name, power):
    """The partition of a ring of 2**power partitions to which an object belongs."""
    return int(object_hash(name)[:8], 16) >> (32 - power)


def name_in_suffix(suffix, prefix='/a/c/o'):
    """An object name whose hash ends in the given hex digits."""
    number = 0
    while True:
        name = '%s%d' % (prefix, number)
        if object_hash(name).endswith(suffix):
            return name
        number += 1


def quiet_logger():
    import logging
    try:
        from swift.common.utils import LogAdapter
    except ImportError:
        # Its name in later releases.
        from swift.common.utils.logs import SwiftLogAdapter as LogAdapter
    logger = logging.getLogger('e2e-quiet')
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return LogAdapter(logger, 'e2e')


@contextlib.contextmanager
def temporary_root():
    root = tempfile.mkdtemp(prefix='ssync-e2e-')
    # The worker may serve under another user than the one who runs the tests.
    os.chmod(root, 0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def wire_path(name):
    """The percent-encoded form in which Swift's sender writes an object's name."""
    from urllib.parse import quote
    return quote(name)


def without_root(data, root):
    """Replace a tree's place by a fixed word, so that texts of two servers can be compared."""
    return re.sub(re.escape(root.encode()), b'<devices>', data)
