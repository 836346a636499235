"""The canonical form of a device tree, for comparing what two receivers made of the same bytes."""
import errno
import hashlib
import itertools
import os
import pickle
import re
import stat

XATTR = 'user.swift.metadata'
QUARANTINE_UUID = re.compile(r'(quarantined/objects(?:-\d+)?/[0-9a-f]{32})-[0-9a-f]{32}')


def raw_metadata(path):
    """The pickled metadata of a file, or None if it has none."""
    blob = b''
    piece = 0
    while True:
        try:
            blob += os.getxattr(path, XATTR + (str(piece) if piece else ''))
        except OSError as error:
            if error.errno == errno.ENODATA:
                return blob if piece else None
            raise
        piece += 1


def metadata(path):
    """The unpickled metadata, with what Swift's checksum attribute says about it."""
    blob = raw_metadata(path)
    if blob is None:
        return None
    try:
        checksum = os.getxattr(path, XATTR + '_checksum').decode()
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        state = 'no checksum'
    else:
        state = 'checksum right' if hashlib.md5(blob).hexdigest() == checksum else 'checksum wrong'
    try:
        value = pickle.loads(blob, encoding='bytes')
    except Exception as error:  # whatever a corrupt pickle raises is its canonical form
        value = ('not a pickle', type(error).__name__)
    return {'metadata': value, 'checksum': state, 'head': blob[:32]}


def _file(path, status):
    name = os.path.basename(path)
    entry = {'kind': 'file', 'mode': oct(stat.S_IMODE(status.st_mode)), 'links': status.st_nlink}
    with open(path, 'rb') as contents:
        if name == 'hashes.invalid':
            # A multiset: the order in which suffixes were touched carries no meaning.
            entry['lines'] = sorted(contents.read().split(b'\n'))
        elif name == 'hashes.pkl':
            blob = contents.read()
            try:
                hashes = pickle.loads(blob)
                hashes.pop('updated', None)
            except Exception:  # whatever corrupt bytes raise, then they are compared as they are
                hashes = blob
            entry['hashes'] = hashes
        else:
            digest = hashlib.md5()
            for piece in iter(lambda: contents.read(1 << 20), b''):
                digest.update(piece)
            entry['size'] = status.st_size
            entry['md5'] = digest.hexdigest()
    entry['xattrs'] = metadata(path)
    return entry


def _entry(path):
    status = os.lstat(path)
    if stat.S_ISDIR(status.st_mode):
        return {'kind': 'directory', 'mode': oct(stat.S_IMODE(status.st_mode))}
    if stat.S_ISREG(status.st_mode):
        return _file(path, status)
    return {'kind': 'other', 'mode': oct(status.st_mode)}


def read_tree(root, places=()):
    """{relative path: description} of everything under root, or of these places in it; {} if there is none."""
    result = {place: _entry(os.path.join(root, place)) for place in places if os.path.lexists(os.path.join(root, place))}
    walks = [os.walk(os.path.join(root, place)) for place in places] or [os.walk(root)]
    for directory, subdirectories, files in itertools.chain(*walks):
        prefix = directory[len(root):].lstrip('/')
        for name in subdirectories + files:
            relative = '%s/%s' % (prefix, name) if prefix else name
            if relative.startswith('quarantined'):
                relative = QUARANTINE_UUID.sub(r'\1-<uuid>', relative)
            result[relative] = _entry(os.path.join(directory, name))
    return result


def objects_only(tree):
    """The .data, .meta and .ts files of a tree and their contents."""
    return {path: (entry['size'], entry['md5'], entry['xattrs'] and entry['xattrs']['metadata'])
            for path, entry in tree.items()
            if entry['kind'] == 'file' and path.endswith(('.data', '.meta', '.ts'))}


def differences(ours, theirs):
    """Lines that say where two trees differ; a failing comparison of 1,000 objects should be readable."""
    lines = []
    for path in sorted(set(ours) | set(theirs)):
        if path not in theirs:
            lines.append('only in the first: %s %r' % (path, ours[path]))
        elif path not in ours:
            lines.append('only in the second: %s %r' % (path, theirs[path]))
        elif ours[path] != theirs[path]:
            first, second = ours[path], theirs[path]
            for key in sorted(set(first) | set(second)):
                if first.get(key) != second.get(key):
                    lines.append('%s: %s: %r / %r' % (path, key, first.get(key), second.get(key)))
    return lines
