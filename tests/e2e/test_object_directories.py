"""Everything that an object's directory can hold, and what each request makes of it: what Swift's object server makes
of the same. Swift is the judge, so a row says only what the directory holds.

What the file system of the tests cannot hold (metadata over 64 KiB) is in test_file_systems.py, and what only a failing
disk shows in test_disk_faults.py.
"""
import concurrent.futures
import dataclasses
import hashlib
import itertools
import os
import pickle
import shutil
import socket
import tempfile
import time
from typing import Any

import pytest

from partition_trees import assert_equal_trees, forget_quarantined
from replicate_request import replicate
from session import Outcome, play_session
from swift_cluster import EC, GOLD
from tree import XATTR, read_tree
from wire import put, subrequest

T = int(time.time()) - 3600
OLD = -30 * 86400             # seconds from T: long past reclaim_age
NAME, PATH = '/a/c/o', b'/a/c/o'
OTHER = '/a/c/other'
BODY = b'some bytes'
_partitions = itertools.count(100)


def at(seconds, offset=''):
    return '%010d.00000%s' % (T + seconds, offset)


@dataclasses.dataclass
class File:
    name: str
    metadata: Any = None          # a dictionary or the bytes in its place; None for no attributes at all
    body: bytes = b''
    checksum: Any = True          # the right one; or bytes, or None for none
    make: Any = None              # called with the path in place of writing a file

    def write(self, directory):
        path = os.path.join(directory, self.name)
        if self.make:
            self.make(path)
        else:
            with open(path, 'wb') as file:
                file.write(self.body)
        if self.metadata is None:
            return
        blob = self.metadata if isinstance(self.metadata, bytes) else pickle.dumps(self.metadata, 2)
        os.setxattr(path, XATTR, blob)
        checksum = hashlib.md5(blob).hexdigest().encode() if self.checksum is True else self.checksum
        if checksum is not None:
            os.setxattr(path, XATTR + '_checksum', checksum)

    def but(self, **changes):
        return dataclasses.replace(self, **changes)

    def holding(self, **changes):
        """With other metadata; a None takes an item away. Underscores stand for hyphens."""
        metadata = dict(self.metadata)
        for name, value in changes.items():
            key = name.replace('_', '-').encode()
            metadata.pop(key, None)
            if value is not None:
                metadata[key] = value
        return self.but(metadata=metadata)


def data(seconds=0, offset='', name=NAME, mark=''):
    return File('%s%s.data' % (at(seconds, offset), mark), {
        b'X-Timestamp': at(seconds, offset).encode(), b'Content-Type': b'text/plain', b'name': name.encode(),
        b'Content-Length': b'%d' % len(BODY), b'ETag': hashlib.md5(BODY).hexdigest().encode()}, BODY)


def fragment(index, seconds=0, durable=True, name=NAME):
    return data(seconds, name=name, mark='#%s%s' % (index, '#d' if durable else '')).holding(
        X_Object_Sysmeta_Ec_Frag_Index=b'%s' % str(index).encode(), X_Object_Sysmeta_Ec_Etag=b'e')


def meta(seconds, content_type=None, offset=''):
    """content_type: the second it is of."""
    metadata = {b'X-Timestamp': at(seconds, offset).encode(), b'name': NAME.encode(), b'X-Object-Meta-A': b'%d' % seconds}
    delta = ''
    if content_type is not None:
        delta = '%+x' % ((content_type - seconds) * 100000)
        metadata.update({b'Content-Type': b'type/%d' % content_type, b'Content-Type-Timestamp': at(content_type).encode()})
    return File('%s%s.meta' % (at(seconds, offset), delta), metadata)


def ts(seconds, offset=''):
    return File(at(seconds, offset) + '.ts', {b'X-Timestamp': at(seconds, offset).encode(), b'name': NAME.encode()})


def empty(name):
    return File(name)


def directory(name):
    return File(name, make=os.mkdir)


def symlink(name, target):
    return File(name, make=lambda path: os.symlink(target, path))


def unix_socket(name):
    def make(path):
        # A socket's whole path is too long for its address.
        with socket.socket(socket.AF_UNIX) as listener, tempfile.TemporaryDirectory() as short:
            link = os.path.join(short, 'to')
            os.symlink(os.path.dirname(path), link)
            listener.bind(os.path.join(link, os.path.basename(path)))
    return File(name, make=make)


def spoilt(file):
    """{what is wrong with its metadata: the file}"""
    blob = pickle.dumps(file.metadata, 2)
    text = {name.decode(): value.decode() for name, value in file.metadata.items()}
    return {
        'no attributes': file.but(metadata=None),
        'empty attribute': file.but(metadata=b''),
        'empty attribute without a checksum': file.but(metadata=b'', checksum=None),
        'cut': file.but(metadata=blob[:-20], checksum=hashlib.md5(blob).hexdigest().encode()),
        'cut without a checksum': file.but(metadata=blob[:-20], checksum=None),
        'cut to a byte': file.but(metadata=blob[:1]),
        'wrong checksum': file.but(checksum=b'0' * 32),
        'short checksum': file.but(checksum=b'0'),
        'empty checksum': file.but(checksum=b''),
        'no checksum': file.but(checksum=None),
        'text': file.but(metadata=pickle.dumps(text, 2)),
        'protocol 0': file.but(metadata=pickle.dumps(text, 0)),
        'protocol 4': file.but(metadata=pickle.dumps(file.metadata, 4)),
        'bytes after the end': file.but(metadata=blob + b'junk'),
        'a list': file.but(metadata=pickle.dumps([b'name'], 2)),
        'None': file.but(metadata=pickle.dumps(None, 2)),
        'a number': file.but(metadata=pickle.dumps(5, 2)),
        'an empty dictionary': file.but(metadata=pickle.dumps({}, 2)),
        'garbage': file.but(metadata=b'garbage'),
        'bytes that are no pickle': file.but(metadata=b'\x80\x02\xff\xfe'),
        'no name': file.holding(name=None),
        'empty name': file.holding(name=b''),
        'name of a container': file.holding(name=b'/a/c'),
        'name without a slash': file.holding(name=b'a/c/o'),
        'another name': file.holding(name=OTHER.encode()),
        'name that is not UTF-8': file.holding(name=b'/a/c/\xff'),
        'no X-Timestamp': file.holding(X_Timestamp=None),
        'empty X-Timestamp': file.holding(X_Timestamp=b''),
        'X-Timestamp a word': file.holding(X_Timestamp=b'then'),
        'X-Timestamp another than the name\'s': file.holding(X_Timestamp=at(1).encode()),
        'X-Timestamp too large': file.holding(X_Timestamp=b'99999999999'),
        'X-Timestamp negative': file.holding(X_Timestamp=b'-1'),
        'X-Timestamp nan': file.holding(X_Timestamp=b'nan'),
        'X-Timestamp inf': file.holding(X_Timestamp=b'inf'),
    }


def rows_of(prefix, spoilt_files, *others):
    return {'%s: %s' % (prefix, what): [file, *others] for what, file in spoilt_files.items()}


STATES = {
    'no directory': None,
    'nothing': [],
    # Names.
    'data': [data()],
    'data, meta': [data(), meta(1)],
    'data, three metas': [data(), meta(1), meta(2), meta(3)],
    'data, meta with an older content type': [data(), meta(3, 1)],
    'data, meta with a content type of the same time': [data(), meta(3, 3)],
    'data, meta with a newer content type': [data(), meta(3, 5)],
    'data, meta with a content type older than the data': [data(), meta(3, -2)],
    'data, meta with the data\'s content type': [data(), meta(3, 0)],
    'data, meta, older meta with a content type': [data(), meta(3), meta(2, 2)],
    'data, two metas with content types, the older\'s newer': [data(), meta(3, 1), meta(2, 2)],
    'data, two metas with content types, the newer\'s newer': [data(), meta(3, 2), meta(2, 1)],
    'data, two metas with the same content type': [data(), meta(3, 1), meta(2, 1)],
    'data, three metas with content types': [data(), meta(4, 1), meta(3, 2), meta(2, 3)],
    'data, meta of the same time': [data(), meta(0)],
    'data, older meta': [data(), meta(-1)],
    'data, older meta with a newer content type': [data(), meta(-1, 2)],
    'meta': [meta(1)],
    'two metas': [meta(1), meta(2, 1)],
    'old meta': [meta(OLD)],
    'offset': [data(0, '_0000000000000005')],
    'offset, the same without': [data(0, '_0000000000000005'), data()],
    'offset, tombstone of the time': [data(0, '_0000000000000005'), ts(0)],
    'data, tombstone of the time with an offset': [data(), ts(0, '_0000000000000005')],
    'data, meta of the time with an offset': [data(), meta(0, offset='_0000000000000005')],
    'short offset': [data(0, '_5')],
    'zero offset': [data(0, '_0000000000000000')],
    'long offset': [data(0, '_ffffffffffffffff')],
    'offset that is no number': [data(0, '_x')],
    'tombstone': [ts(0)],
    'tombstone, meta': [ts(0), meta(1)],
    'old tombstone': [ts(OLD)],
    'old tombstone, older data': [ts(OLD), data(OLD - 1)],
    'old tombstone, newer meta': [ts(OLD), meta(1)],
    'data, older tombstone': [data(), ts(-1)],
    'data, newer tombstone': [data(), ts(1)],
    'data, tombstone of the same time': [data(), ts(0)],
    'data, meta, tombstone between': [data(), meta(2), ts(1)],
    'data, older data': [data(), data(-1)],
    'data, older data, meta between': [data(), data(-2), meta(-1)],
    'two tombstones': [ts(0), ts(1)],
    'rsync\'s temporary file': [File('.%s.data.Xy095a' % at(0), data().metadata, BODY)],
    'data, rsync\'s temporary file': [data(), File('.%s.data.Xy095a' % at(0), data().metadata, BODY)],
    'data, rsync\'s temporary file without attributes': [data(), File('.%s.data.Xy095a' % at(0))],
    'data, rsync\'s temporary file with another name': [data(), File('.%s.data.Xy095a' % at(0), data(name=OTHER).metadata)],
    'tombstone, rsync\'s temporary file': [ts(0), File('.%s.ts.Xy095a' % at(0))],
    'junk': [empty('junk')],
    'junk with attributes': [data().but(name='junk')],
    'data, junk after it': [data(), empty('junk')],
    'data, junk before it': [data(), empty('!junk')],
    'data, junk before it with attributes': [data(), data().but(name='!junk')],
    'data, junk that is not UTF-8': [data(), File('\udcff\udcfe')],
    'data, other extensions': [data(), empty(at(-1) + '.foo'), empty(at(0) + '.foo'), empty(at(1) + '.foo')],
    'data, names that are only times': [data(), empty(at(-1)), empty(at(1))],
    'data, name of another spelling': [data().but(name='%d.data' % T)],
    'data, name with an exponent': [data().but(name='%de0.data' % T)],
    'data, a fragment\'s name': [data(), fragment(1, 1)],
    'data, meta with a delta that is no number': [data(), meta(1).but(name=at(1) + '+zz.meta')],
    'data, meta with a delta that is too large': [data(), meta(1).but(name=at(1) + '+ffffffffffffffffffff.meta')],
    'data, meta with a delta below the epoch': [data(), meta(1).but(name=at(1) + '-ffffffffffff.meta')],
    'data, name in upper case': [data(), data(1).but(name=at(1) + '.DATA')],
    # Kinds of files.
    'a directory for the data': [directory(at(0) + '.data')],
    'a directory for the data, with attributes': [data().but(make=os.mkdir)],
    'a directory for the data, older tombstone': [directory(at(0) + '.data'), ts(-1)],
    'a directory for the data, meta': [directory(at(0) + '.data'), meta(1)],
    'a directory for newer data': [data(), directory(at(1) + '.data')],
    'a directory for older data': [data(), directory(at(-1) + '.data')],
    'a directory for the meta': [data(), directory(at(1) + '.meta')],
    'a directory for the tombstone': [directory(at(0) + '.ts')],
    'a directory for an older tombstone': [data(), directory(at(-1) + '.ts')],
    'a directory for junk': [data(), directory('junk')],
    'a directory for junk before the data': [data(), directory('!junk')],
    'a link to itself for the data': [symlink(at(0) + '.data', at(0) + '.data')],
    'a link to the data': [data().but(name='there'), symlink(at(0) + '.data', 'there')],
    'a socket for the data': [unix_socket(at(0) + '.data')],
    'a socket for the meta': [data(), unix_socket(at(1) + '.meta')],
    # Sizes and what else metadata says.
    'data: too short': [data().but(body=BODY[:3])],
    'data: empty': [data().but(body=b'')],
    'data: too long': [data().but(body=BODY + b'x')],
    'data: no Content-Length': [data().holding(Content_Length=None)],
    'data: Content-Length a word': [data().holding(Content_Length=b'many')],
    'data: Content-Length empty': [data().holding(Content_Length=b'')],
    'data: Content-Length negative': [data().holding(Content_Length=b'-1')],
    'data: Content-Length with blanks': [data().holding(Content_Length=b' 1_0 ')],
    'data: Content-Length with a fraction': [data().holding(Content_Length=b'10.0')],
    'data: Content-Length a number': [data().holding(Content_Length=10)],
    'data: Content-Length too large': [data().holding(Content_Length=b'9' * 30)],
    'data: no Content-Type': [data().holding(Content_Type=None)],
    'data: no Content-Type, meta with one': [data().holding(Content_Type=None), meta(1, 1)],
    'data: no ETag': [data().holding(ETag=None)],
    'data: expired': [data().holding(X_Delete_At=b'%d' % (T - 10))],
    'data: expired, meta': [data().holding(X_Delete_At=b'%d' % (T - 10)), meta(1)],
    'data, meta: expired': [data(), meta(1).holding(X_Delete_At=b'%d' % (T - 10))],
    'data: expires later': [data().holding(X_Delete_At=b'%d' % (T + 10 ** 6))],
    'data: X-Delete-At a word': [data().holding(X_Delete_At=b'soon')],
    'data: X-Delete-At empty': [data().holding(X_Delete_At=b'')],
    'data: X-Delete-At negative': [data().holding(X_Delete_At=b'-1')],
    'data: X-Delete-At a number': [data().holding(X_Delete_At=T - 10)],
    'data, meta: X-Delete-At a word': [data(), meta(1).holding(X_Delete_At=b'soon')],
    'data: expired, no X-Timestamp': [data().holding(X_Delete_At=b'%d' % (T - 10), X_Timestamp=None)],
    'data: a Content-Type-Timestamp of its own': [data().holding(Content_Type_Timestamp=at(2).encode())],
    'data: a Content-Type-Timestamp that is a word': [data().holding(Content_Type_Timestamp=b'then')],
    **rows_of('data', spoilt(data())),
    **rows_of('data with a meta', spoilt(data()), meta(5)),
    **rows_of('tombstone', spoilt(ts(0))),
    **rows_of('meta', spoilt(meta(5, 4)), data()),
    **rows_of('older meta with a content type', spoilt(meta(4, 4)), data(), meta(5)),
    **{'meta: Content-Type-Timestamp %s' % (value and value.decode()): [
        data(), meta(5, 4).holding(Content_Type_Timestamp=value)]
        for value in (None, b'', b'then', b'-5', b'99999999999', b'nan', b'inf', b'1', b'1_000', b'1760000000_x')},
    **{'older meta: Content-Type-Timestamp %s' % (value and value.decode()): [
        data(), meta(5), meta(4, 4).holding(Content_Type_Timestamp=value)]
        for value in (None, b'', b'then', b'-5', b'99999999999', b'nan', b'1')},
    'older meta: no Content-Type': [data(), meta(5), meta(4, 4).holding(Content_Type=None)],
    'a cut meta, data without X-Timestamp': [data().holding(X_Timestamp=None), spoilt(meta(1))['cut without a checksum']],
}

FRAGMENTS = {
    'no directory': None,
    'durable': [fragment(1)],
    'undecided': [fragment(1, durable=False)],
    'of another index': [fragment(0)],
    'undecided of another index': [fragment(0, durable=False)],
    'several': [fragment(0), fragment(1), fragment(2)],
    'durable beside undecided': [fragment(0), fragment(1, durable=False)],
    'undecided, newer than durable': [fragment(1, -1), fragment(1, durable=False)],
    'undecided, older than durable': [fragment(1, 1), fragment(1, durable=False)],
    'both durable and not': [fragment(1), fragment(1, durable=False)],
    'legacy': [fragment(1, durable=False), empty(at(0) + '.durable')],
    'legacy, newer': [fragment(1, durable=False), empty(at(1) + '.durable')],
    'legacy, older': [fragment(1, durable=False), empty(at(-1) + '.durable')],
    'legacy alone': [empty(at(0) + '.durable')],
    'legacy, a directory': [fragment(1, durable=False), directory(at(0) + '.durable')],
    'legacy and a tombstone': [fragment(1, durable=False), empty(at(0) + '.durable'), ts(1)],
    'tombstone': [ts(0)],
    'tombstone, older': [fragment(1), ts(-1)],
    'tombstone, newer': [fragment(1), ts(1)],
    'tombstone of the same time': [fragment(1), ts(0)],
    'tombstone, undecided newer': [fragment(1, 1, durable=False), ts(0)],
    'meta': [fragment(1), meta(1)],
    'meta with a content type': [fragment(1), meta(2, 1)],
    'meta over undecided': [fragment(1, durable=False), meta(1)],
    'meta between durable and undecided': [fragment(1), meta(1), fragment(1, 2, durable=False)],
    'meta alone': [meta(1)],
    'no index': [data()],
    'no index beside a fragment': [data(), fragment(1)],
    'names with other indexes': [fragment(1)] + [data(mark=mark) for mark in ('#', '#x', '#-1', '#7', '#01', '#1#', '#1#x', '#1#d#d', '##d')],
    'index with a zero in front': [fragment('01')],
    'invalid index': [fragment('x')],
    'index beyond the policy': [fragment(7)],
    'metadata of another index': [fragment(1).holding(X_Object_Sysmeta_Ec_Frag_Index=b'2')],
    'metadata without an index': [fragment(1).holding(X_Object_Sysmeta_Ec_Frag_Index=None)],
    'metadata with a number for the index': [fragment(1).holding(X_Object_Sysmeta_Ec_Frag_Index=1)],
    'rsync\'s temporary file': [fragment(1), File('.%s#1#d.data.Xy095a' % at(0))],
    'junk': [fragment(1), empty('junk'), empty('!junk')],
    'a directory for the fragment': [directory(at(0) + '#1#d.data')],
    'a directory for an undecided fragment': [directory(at(0) + '#1.data')],
    'a directory for another fragment': [fragment(1), directory(at(0) + '#0#d.data')],
    'too short': [fragment(1).but(body=b'')],
    'too short, undecided': [fragment(1, durable=False).but(body=b'')],
    'another fragment too short': [fragment(0).but(body=b''), fragment(1)],
    'newest too short, older whole': [fragment(1, -1), fragment(1).but(body=b'')],
    'expired': [fragment(1).holding(X_Delete_At=b'%d' % (T - 10))],
    'old undecided': [fragment(1, OLD, durable=False)],
    'old durable': [fragment(1, OLD)],
    **rows_of('fragment', spoilt(fragment(1))),
    **rows_of('undecided fragment', spoilt(fragment(1, durable=False))),
    **rows_of('another fragment', spoilt(fragment(0)), fragment(1)),
}


def check(*offers):
    return lambda server, partition, policy: session(server, partition, policy, offers=[offer.encode() for offer in offers])


def updates(*subrequests):
    return lambda server, partition, policy: session(server, partition, policy, updates=subrequests)


def session(server, partition, policy, **sent):
    return play_session(server, partition, NAME, policy=policy, fragment=1 if policy == EC else None, **sent)


def hashes(server, partition, policy):
    answers = []
    for _ in range(2):
        reply = replicate(server, partition, policy=policy)
        answers.append(pickle.loads(reply.body) if reply.code == 200 else reply.code)
    return answers


def put_at(seconds, *headers):
    return put(PATH, at(seconds).encode(), b'new', *headers)


def post_at(seconds, *headers):
    return subrequest(b'POST', PATH, b'X-Timestamp: ' + at(seconds).encode(), b'X-Object-Meta-B: b', *headers)


def delete_at(seconds):
    return subrequest(b'DELETE', PATH, b'X-Timestamp: ' + at(seconds).encode())


REQUESTS = {
    'check': check(at(0)),
    'check of several': check(at(0), at(-3), at(9), at(0) + ' m:7a120', at(0) + ' m:aae60,t:aae60', at(1)),
    'PUT': updates(put_at(9)),
    'older PUT': updates(put_at(-9)),
    'POST': updates(post_at(9)),
    'POST of a content type': updates(post_at(2, b'Content-Type: new/type', b'Content-Type-Timestamp: ' + at(8).encode())),
    'DELETE': updates(delete_at(9)),
    'REPLICATE': hashes,
}
FRAGMENT = b'X-Object-Sysmeta-Ec-Frag-Index: 1'
FRAGMENT_REQUESTS = {
    'check': REQUESTS['check'],
    'check, not durable': check(at(0) + ' durable:False'),
    'check of several': REQUESTS['check of several'],
    'PUT': updates(put_at(9, FRAGMENT)),
    'PUT of the same': updates(put_at(0, FRAGMENT)),
    'PUT, not durable': updates(put_at(9, FRAGMENT, b'X-Backend-No-Commit: True')),
    'POST': REQUESTS['POST'],
    'DELETE': REQUESTS['DELETE'],
    'REPLICATE': hashes,
}


# Hashing looks at names only, and what is wrong with metadata shows to each of these alike.
FOR_METADATA = ('check', 'PUT', 'POST', 'DELETE')


def build(files, tree, partition, policy):
    path = tree.partition_path(partition, policy)
    os.makedirs(path)
    if files is None:
        return
    where = tree.hash_path(partition, NAME, policy)
    os.makedirs(where)
    for file in files:
        file.write(where)


def told_apart(state, request):
    """On purpose: ours ignores a name that cannot occur in a path; in Swift it is a permanent error."""
    return state.endswith('name that is not UTF-8') and request.startswith('check')


def kept(state, request):
    """On purpose: ours keeps what it answers success to; Swift's clean-up removes it, because of the newer .durable."""
    return state == 'legacy, newer' and request == 'PUT of the same'


def has_data(server, partition, policy):
    where = server.tree.hash_path(partition, NAME, policy)
    return os.path.isdir(where) and any(name.endswith('.data') for name in os.listdir(where))


NO_WORDS = b"\r\n:ERROR: 0 ''\n"


def equal(ours, theirs):
    # Where Swift has no words for what ends a session, ours has.
    if isinstance(theirs, Outcome) and theirs.body == NO_WORDS and ours.body.startswith(b'\r\n:ERROR: 0 '):
        ours = ours._replace(body=NO_WORDS)
    return ours == theirs


def compare(servers, executor, state, files, request, send, policy):
    """A line that says what differs, or None."""
    partition = str(next(_partitions))

    def play(server):
        forget_quarantined(server.tree)
        build(files, server.tree, partition, policy)
        return send(server, partition, policy)
    ours, theirs = executor.map(play, servers)
    if told_apart(state, request) and servers[0].kind == 'worker':
        # Unless Swift meets the name in a file that it does not ask for it.
        if not equal(ours, theirs) and not (b' dm\r\n' in ours.body and b':ERROR: 0 ' in theirs.body):
            return '%s: not told apart: %r / %r' % (request, ours, theirs)
    elif not equal(ours, theirs):
        return '%s: %r / %r' % (request, ours, theirs)
    try:
        if kept(state, request) and servers[0].kind == 'worker':
            assert [has_data(server, partition, policy) for server in servers] == [True, False]
        else:
            assert_equal_trees(*servers, partition, policy)
    except AssertionError as error:
        return '%s: %s' % (request, error)
    finally:
        # Whole devices are compared, which must not grow with the number of rows.
        for server in servers:
            shutil.rmtree(server.tree.partition_path(partition, policy))
    return None


def all_requests(servers, state, files, requests, policy):
    """Every request on a directory of its own; what differs is told for all of them."""
    if ': ' in state:
        requests = {name: requests[name] for name in FOR_METADATA}
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        differing = [compare(servers, executor, state, files, name, send, policy) for name, send in requests.items()]
    assert not any(differing), '\n\n'.join(filter(None, differing))


@pytest.mark.parametrize('state', STATES)
def test_directory(receivers, state):
    all_requests(receivers.both(), state, STATES[state], REQUESTS, GOLD)


@pytest.mark.parametrize('state', FRAGMENTS)
def test_directory_of_fragments(receivers, state):
    all_requests(receivers.both(), state, FRAGMENTS[state], FRAGMENT_REQUESTS, EC)


@pytest.mark.worker_only
@pytest.mark.parametrize('files', [[symlink(at(0) + '.data', 'nothing')], [data(-1), symlink(at(0) + '.data', 'nothing')],
                                   [data(), symlink(at(1) + '.meta', 'nothing')], [symlink(at(0) + '.ts', 'nothing')]])
def test_a_file_that_is_listed_and_not_there(receivers, files):
    """Ours answers 503, because the files keep changing; Swift 2.30 reports no object, and 2.36 503."""
    tested, _ = receivers.both()
    for request in ('PUT', 'POST', 'DELETE'):
        partition = str(next(_partitions))
        build(files, tested.tree, partition, GOLD)
        before = read_tree(tested.tree.partition_path(partition))
        assert REQUESTS[request](tested, partition, GOLD).failed == [503]
        after = read_tree(tested.tree.partition_path(partition))
        assert {path: entry for path, entry in after.items() if '.lock' not in path} == before
