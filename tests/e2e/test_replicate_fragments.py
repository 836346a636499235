"""REPLICATE for an erasure-coding policy: the hashes of fragments, and what is cleaned up while hashing.

Hashing looks at names and times only, so the files are empty and placed by hand. Swift is the judge of every row.
"""
import itertools
import os
import pickle
import time

import pytest

from replicate_request import replicate
from swift_cluster import EC
from tree import differences, read_tree

NOW = int(time.time())
RECENT, LATER = '%d.00000' % (NOW - 100), '%d.00000' % (NOW - 50)
OLD, OLDER = '1500000001.00000', '1500000000.00000'
HASH = '0' * 29 + 'abc'
OTHER = '1' * 29 + 'abc'
_partitions = itertools.count(8000)

# {hash: [names]}; a name with a trailing '~' was written long ago, beyond commit_window.
ROWS = {
    'durable fragment': {HASH: [RECENT + '#1#d.data']},
    'undecided fragment': {HASH: [RECENT + '#1.data']},
    'fragments of several indexes': {HASH: [RECENT + '#0#d.data', RECENT + '#1#d.data', RECENT + '#2#d.data']},
    'one durable mark for several fragments': {HASH: [RECENT + '#0.data', RECENT + '#1#d.data']},
    'legacy durable file': {HASH: [RECENT + '#1.data', RECENT + '.durable']},
    'lone legacy durable file': {HASH: [OLD + '.durable']},
    'newer undecided over an older durable': {HASH: [RECENT + '#1#d.data', LATER + '#1.data']},
    'older undecided under a newer durable': {HASH: [RECENT + '#1.data', LATER + '#1#d.data']},
    'two undecided times': {HASH: [RECENT + '#1.data', LATER + '#1.data']},
    'tombstone': {HASH: [RECENT + '.ts']},
    'tombstone over fragments': {HASH: [RECENT + '#1#d.data', LATER + '.ts']},
    'tombstone under an undecided fragment': {HASH: [RECENT + '.ts', LATER + '#1.data']},
    'meta': {HASH: [RECENT + '#1#d.data', LATER + '.meta']},
    'meta with a content type': {HASH: [RECENT + '#1#d.data', LATER + '-1.meta']},
    'meta over undecided': {HASH: [RECENT + '#1.data', LATER + '.meta']},
    'reclaimable undecided fragment': {HASH: [OLD + '#1.data~']},
    'reclaimable undecided fragment written just now': {HASH: [OLD + '#1.data']},
    'old durable fragment': {HASH: [OLD + '#1#d.data~']},
    'reclaimable tombstone': {HASH: [OLD + '.ts']},
    'reclaimable meta alone': {HASH: [OLD + '.meta']},
    'older undecided under a durable, all old': {HASH: [OLDER + '#1.data~', OLD + '#1#d.data~']},
    'index too large': {HASH: [RECENT + '#7#d.data']},
    'index that is no number': {HASH: [RECENT + '#x.data', RECENT + '#1#d.data']},
    'no index': {HASH: [RECENT + '.data']},
    'two objects': {HASH: [RECENT + '#0#d.data'], OTHER: [LATER + '#0#d.data', LATER + '#1.data']},
    'empty directory': {HASH: []},
    'rsync temporary': {HASH: ['.' + RECENT + '#1#d.data.Xy095a', RECENT + '#1#d.data']},
}


def build(tree, partition, objects):
    long_ago = NOW - 86400
    for digest, names in objects.items():
        directory = os.path.join(tree.partition_path(partition, EC), 'abc', digest)
        os.makedirs(directory)
        for name in names:
            path = os.path.join(directory, name.rstrip('~'))
            open(path, 'w').close()
            if name.endswith('~'):
                os.utime(path, (long_ago, long_ago))


@pytest.mark.parametrize('row', ROWS, ids=list(ROWS))
def test_hashes_of_fragments(receivers, row):
    partition = str(next(_partitions))
    answers, trees = [], []
    for server in receivers.both():
        build(server.tree, partition, ROWS[row])
        reply = replicate(server, partition, policy=EC)
        assert reply.code == 200, reply
        answers.append(pickle.loads(reply.body))
        again = replicate(server, partition, policy=EC)
        assert pickle.loads(again.body) == answers[-1]
        trees.append(read_tree(server.tree.partition_path(partition, EC)))
    assert answers[0] == answers[1]
    assert not differences(*trees)
