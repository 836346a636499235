"""The policies of both servers: two of replication, two of erasure coding, one of them with every fragment twice."""
import functools

import swift_cluster
from swift_cluster import EC, GOLD, SILVER

EC_TWICE = 3
REPLICATION = (GOLD, SILVER)
ERASURE_CODING = (EC, EC_TWICE)

# Small segments, so that a small object has several.
SWIFT_CONF = swift_cluster.SWIFT_CONF + '''\
ec_object_segment_size = 4096

[storage-policy:%d]
name = parity-twice
policy_type = erasure_coding
ec_type = liberasurecode_rs_vand
ec_num_data_fragments = 2
ec_num_parity_fragments = 2
ec_duplication_factor = 2
ec_object_segment_size = 4096
''' % EC_TWICE

# How many indexes of fragments there are: a duplicate has the index of what it duplicates.
INDEXES = {EC: 3, EC_TWICE: 4}


@functools.lru_cache(maxsize=None)
def fragments(policy, size):
    """The archives of an object of so many bytes, by index."""
    from swift.common.storage_policy import POLICIES
    policy = POLICIES[policy]
    archives = [b''] * (policy.ec_ndata + policy.ec_nparity)
    for start in range(0, size, policy.ec_segment_size):
        segment = b'd' * min(policy.ec_segment_size, size - start)
        for index, fragment in enumerate(policy.pyeclib_driver.encode(segment)[:len(archives)]):
            archives[index] += fragment
    return archives


def scheme(policy):
    """The value of X-Object-Sysmeta-Ec-Scheme."""
    from swift.common.storage_policy import POLICIES
    return POLICIES[policy].ec_scheme_description
