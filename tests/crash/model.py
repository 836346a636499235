"""The states in which a crash may leave a device, by one rule: only what was synced is certain.

A call is possible in a crash if it began before it. It is certain if a sync that covers it began after it had ended,
and had itself ended before the crash, successfully:

    fsync of a file         its data, size and extended attributes; not its name
    fdatasync of a file     its data and size
    fsync of a directory    its entries; not its own name in the directory above
    syncfs                  everything

All other calls may be there or not, each by itself: names in any combination that makes sense of each single name
(a later one without the earlier ones too), data whole, in part, as zeros, or not at all, attributes one by one. A file
without a name is gone. A rename within a directory never loses both names, but may leave both; between directories it
may do either. What a failed sync should have made durable stays uncertain for ever, whatever a later one says: the
kernel forgets which pages it could not write. (Directories are excepted: their file systems shut down instead.)
"""
import hashlib
import os
import random

WHOLE, ABSENT, ZEROS = 'whole', 'absent', 'zeros'
KEEP_SIZE = 1          # FALLOC_FL_KEEP_SIZE
EXCHANGE = 2           # RENAME_EXCHANGE


class NotModelled(Exception):
    """A call that the model does not support."""


class Content:
    """The data and attributes of a file; two that are equal have the same key."""

    def __init__(self, data, xattrs):
        self.data = data
        self.xattrs = xattrs
        digest = hashlib.md5(data)
        for name in sorted(xattrs):
            digest.update(b'%d %s %d %s' % (len(name), name.encode(), len(xattrs[name]), xattrs[name]))
        self.key = digest.hexdigest()

    def __eq__(self, other):
        return isinstance(other, Content) and self.key == other.key

    def __hash__(self):
        return hash(self.key)


class Change:
    """One call's effect on one file or one name. What a name leads to is a node, or None once it is removed."""

    def __init__(self, call, node=None, apply=None):
        self.call = call
        self.node = node
        self.apply = apply          # (bytearray, variant) for data, (dict) for attributes
        self.never_certain = False
        self.added_by_rename = None  # of the removal by a rename: (directory, name, change) that adds

    @property
    def begin(self):
        return self.call.begin

    @property
    def end(self):
        return self.call.end


class Node:
    """A file or a directory, and the syncs of it."""

    def __init__(self):
        self.syncs = []         # (begin, end) of successful ones
        self.data_syncs = []    # the same of those that make only data durable
        self.known = (None, None)   # a point, and what is uncertain then

    def certain_before(self, point, syncs):
        """What ended before this place in the records is certain in a crash at that point."""
        return max((begin for begin, end in syncs if end < point), default=-1)


class File(Node):
    def __init__(self, data=b'', xattrs=None):
        super().__init__()
        self.base = (data, xattrs or {})
        self.data_changes = []
        self.xattr_changes = []
        self.contents = {}

    def uncertain(self, point):
        """(data changes, attribute changes) that may or may not be there."""
        if self.known[0] != point:
            self.known = point, self._uncertain(point)
        return self.known[1]

    def _uncertain(self, point):
        full = self.certain_before(point, self.syncs)
        data = max(full, self.certain_before(point, self.data_syncs))
        return ([change for change in self.data_changes
                 if change.begin < point and (change.end >= data or change.never_certain)],
                [change for change in self.xattr_changes
                 if change.begin < point and (change.end >= full or change.never_certain)])

    def content(self, point, variants, xattrs_there):
        """variants: {data change: what of it is there}, for the uncertain ones; xattrs_there: {change: bool}"""
        data_parts = tuple(variants.get(change, WHOLE) for change in self.data_changes if change.begin < point)
        xattr_parts = tuple(xattrs_there.get(change, True) for change in self.xattr_changes if change.begin < point)
        key = (data_parts, xattr_parts)
        if key not in self.contents:
            data, xattrs = bytearray(self.base[0]), dict(self.base[1])
            for change, part in zip(self.data_changes, data_parts):
                if part != ABSENT:
                    change.apply(data, part)
            for change, there in zip(self.xattr_changes, xattr_parts):
                if there:
                    change.apply(xattrs)
            self.contents[key] = Content(bytes(data), xattrs)
        return self.contents[key]

    def sync_failed(self, call):
        for change in self.data_changes + self.xattr_changes:
            certain = any(change.end < begin for begin, _ in self.syncs)
            change.never_certain = change.never_certain or not certain


class Directory(Node):
    def __init__(self):
        super().__init__()
        self.base = {}
        self.changes = {}        # name: [Change] in the order of their ends

    def options(self, point):
        """{name: node or None} of what is certain, and {name: [Change]} of what may come on top of it."""
        if self.known[0] != point:
            self.known = point, self._options(point)
        return self.known[1]

    def _options(self, point):
        certain = dict(self.base)
        uncertain = {}
        before = self.certain_before(point, self.syncs)
        for name, changes in self.changes.items():
            for change in changes:
                if change.begin >= point:
                    continue
                if change.end < before:
                    certain[name] = change.node
                else:
                    uncertain.setdefault(name, []).append(change)
        return certain, uncertain


def write_at(offset, written):
    def apply(data, variant):
        piece = written
        if variant == ZEROS:
            piece = bytes(len(written))
        elif variant != WHOLE:
            piece = written[:variant]
        if len(data) < offset:
            data.extend(bytes(offset - len(data)))
        data[offset:offset + len(piece)] = piece
    return apply


def resize(length):
    def apply(data, _):
        del data[length:]
        data.extend(bytes(length - len(data)))
    return apply


def extend(length):
    return lambda data, _: data.extend(bytes(max(length - len(data), 0)))


class Disk:
    """A device and all that was called on it."""

    def __init__(self, stored, calls):
        self.root = Directory()
        self.files, self.directories = [], [self.root]
        self.generations = {stored[''].inode: [(-1, -1, self.root)]}
        self._build(stored)
        for call in calls:
            if call.result >= 0 and self._surely_creates(call):
                self._create(call)
        for call in calls:
            if call.result >= 0:
                getattr(self, '_' + call.call)(call)
            elif call.call in ('fsync', 'fdatasync'):
                node = self.node(call.file, call)
                if isinstance(node, File):
                    node.sync_failed(call)

    def _build(self, stored):
        by_path = {'': self.root}
        by_inode = {}
        for path in sorted(stored):
            if not path:
                continue
            entry = stored[path]
            if entry.inode not in by_inode:
                node = by_inode[entry.inode] = Directory() if entry.data is None else File(entry.data, entry.xattrs)
                self._add(entry.inode, -1, -1, node)
            by_path[path] = by_inode[entry.inode]
            above, name = os.path.split(path)
            by_path[above].base[name] = by_path[path]

    def _add(self, inode, begin, end, node):
        (self.directories if isinstance(node, Directory) else self.files).append(node)
        self.generations.setdefault(inode, []).append((begin, end, node))
        return node

    @staticmethod
    def _surely_creates(call):
        return call.call == 'mkdir' or call.call == 'open' and (
            call.flags & os.O_TMPFILE == os.O_TMPFILE or call.flags & os.O_EXCL)

    def _create(self, call):
        return self._add(call.file, call.begin, call.end, Directory() if call.call == 'mkdir' else File())

    def node(self, inode, call):
        """The node of the inode's number at this call: numbers are reused."""
        generations = self.generations.get(inode, [])
        known = [node for begin, end, node in generations if end <= call.begin]
        # Another thread's mkdir may have been seen before its end was recorded.
        early = [node for begin, end, node in generations if begin < call.end]
        if not early:
            raise NotModelled('%s: an inode that no recorded call created' % call)
        return known[-1] if known else early[-1]

    def _created(self, call):
        return next(node for begin, end, node in self.generations[call.file] if (begin, end) == (call.begin, call.end))

    def _live(self, directory, name):
        changes = directory.changes.get(name)
        return changes[-1].node if changes else directory.base.get(name)

    def _name(self, call, directory, name, node):
        change = Change(call, node)
        directory.changes.setdefault(name, []).append(change)
        return change

    def _open(self, call):
        if call.flags & os.O_TMPFILE == os.O_TMPFILE:
            return
        directory = self.node(call.directory, call)
        if call.flags & os.O_EXCL:
            self._name(call, directory, call.name, self._created(call))
            return
        known = self.generations.get(call.file, [])
        live = self._live(directory, call.name)
        if live is None or not any(node is live for _, _, node in known):
            self._name(call, directory, call.name, self._create(call))
        elif call.flags & os.O_TRUNC:
            live.data_changes.append(Change(call, apply=resize(0)))

    def _mkdir(self, call):
        self._name(call, self.node(call.directory, call), call.name, self._created(call))

    def _write(self, call):
        self.node(call.file, call).data_changes.append(
            Change(call, apply=write_at(call.offset, call.data[:call.result])))

    def _truncate(self, call):
        self.node(call.file, call).data_changes.append(Change(call, apply=resize(call.length)))

    def _fallocate(self, call):
        if call.flags not in (0, KEEP_SIZE):
            raise NotModelled(str(call))
        if call.flags == 0:
            self.node(call.file, call).data_changes.append(Change(call, apply=extend(call.offset + call.length)))

    def _setxattr(self, call):
        self.node(call.file, call).xattr_changes.append(
            Change(call, apply=lambda xattrs: xattrs.__setitem__(call.name, call.data)))

    def _removexattr(self, call):
        self.node(call.file, call).xattr_changes.append(Change(call, apply=lambda xattrs: xattrs.pop(call.name, None)))

    def _link(self, call):
        self._name(call, self.node(call.directory, call), call.name, self.node(call.file, call))

    def _rename(self, call):
        if call.flags & EXCHANGE:
            raise NotModelled(str(call))
        source, target = self.node(call.directory, call), self.node(call.to_directory, call)
        added = self._name(call, target, call.to_name, self.node(call.file, call))
        removed = self._name(call, source, call.name, None)
        if source is target:
            removed.added_by_rename = (call.to_name, added)

    def _unlink(self, call):
        self._name(call, self.node(call.directory, call), call.name, None)

    _rmdir = _unlink

    def _fsync(self, call):
        self.node(call.file, call).syncs.append((call.begin, call.end))

    def _fdatasync(self, call):
        node = self.node(call.file, call)
        (node.data_syncs if isinstance(node, File) else node.syncs).append((call.begin, call.end))

    def _syncfs(self, call):
        for node in self.files + self.directories:
            node.syncs.append((call.begin, call.end))

    def _sync_file_range(self, call):
        """Makes nothing durable that a crash respects: sync_file_range(2)."""

    def _answer(self, call):
        """No change."""

    def paths(self):
        """{node: path}, by a name that it had at some time."""
        found = {self.root: ''}
        waiting = [self.root]
        while waiting:
            directory = waiting.pop()
            names = list(directory.base.items())
            names += [(name, change.node) for name, changes in directory.changes.items() for change in changes]
            for name, node in names:
                if node is not None and node not in found:
                    found[node] = os.path.join(found[directory], name)
                    if isinstance(node, Directory):
                        waiting.append(node)
        return found

    def state(self, point, chooser):
        """What is left of a crash at that point: directories as {name: what is there}, files as Content."""
        seen = set()

        def walk(directory):
            certain, uncertain = directory.options(point)
            names = dict(certain)
            chosen = chooser.names(directory, certain, uncertain)
            for name, changes in uncertain.items():
                count = chosen.get(name, 0)
                if count:
                    names[name] = changes[count - 1].node
                removal = changes[count - 1].added_by_rename if count else None
                if removal is None or changes[count - 1].node is not None:
                    continue
                # One of a renamed file's two names is always there.
                other, added = removal
                position = uncertain[other].index(added) + 1
                if chosen.get(other, 0) < position:
                    chosen[other] = position
                    names[other] = added.node
            tree = {}
            for name, node in names.items():
                if isinstance(node, File):
                    tree[name] = self._content(node, point, chooser)
                elif node is not None and node not in seen:
                    # A directory has one name only, whatever of its rename is there.
                    seen.add(node)
                    tree[name] = walk(node)
            return tree
        return walk(self.root)

    @staticmethod
    def _content(file, point, chooser):
        data, xattrs = file.uncertain(point)
        return file.content(point, dict(zip(data, chooser.data(data))) if data else {},
                            dict(zip(xattrs, chooser.xattrs(xattrs))) if xattrs else {})


class Chooser:
    """Which of the uncertain calls are there. names() gives how many of a name's changes, in their order."""

    def __init__(self, names, data, xattrs):
        self.names, self.data, self.xattrs = names, data, xattrs


def no_names(directory, certain, uncertain):
    return {}


def all_names(directory, certain, uncertain):
    return {name: len(changes) for name, changes in uncertain.items()}


def removals(directory, certain, uncertain):
    return {name: max((number for number, change in enumerate(changes, 1) if change.node is None), default=0)
            for name, changes in uncertain.items()}


def additions(directory, certain, uncertain):
    return {name: max((number for number, change in enumerate(changes, 1) if change.node is not None), default=0)
            for name, changes in uncertain.items()}


def latest_name(directory, certain, uncertain):
    """Only the last change of each directory."""
    last = max(((changes[-1].end, name) for name, changes in uncertain.items()), default=None)
    return {last[1]: len(uncertain[last[1]])} if last else {}


def each(what):
    return lambda changes: [what] * len(changes)


STATES = {
    'nothing': Chooser(no_names, each(ABSENT), each(False)),
    'everything': Chooser(all_names, each(WHOLE), each(True)),
    'names': Chooser(all_names, each(ABSENT), each(False)),
    'names-and-sizes': Chooser(all_names, each(ZEROS), each(True)),
    'names-and-data': Chooser(all_names, each(WHOLE), each(False)),
    'additions': Chooser(additions, each(WHOLE), each(True)),
    'removals': Chooser(removals, each(WHOLE), each(True)),
    'latest-names': Chooser(latest_name, each(WHOLE), each(True)),
}


class RandomChooser:
    """Each call by chance; how likely is itself drawn for each state, so that nearly nothing and nearly all are met."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.likely = self.random.choice([0.1, 0.5, 0.9])

    def names(self, directory, certain, uncertain):
        return {name: self.random.randint(1, len(changes)) if self.random.random() < self.likely else 0
                for name, changes in sorted(uncertain.items())}

    def data(self, changes):
        how = self.random.choice([WHOLE, WHOLE, ABSENT, ZEROS, 'torn', 'scattered'])
        if how == 'torn':
            at = self.random.randrange(len(changes))
            rest = self.random.choice([ABSENT, ZEROS])
            length = self.random.randrange(max(len(changes[at].call.data), 1))
            return [WHOLE] * at + [length] + [rest] * (len(changes) - at - 1)
        if how == 'scattered':
            return [self.random.choice([WHOLE, ABSENT, ZEROS]) for _ in changes]
        return [how] * len(changes)

    def xattrs(self, changes):
        return [self.random.random() < self.likely for _ in changes]


def chooser(name, seed, point):
    """The chooser of a state by its name: one of STATES, or random-<number>."""
    return STATES[name] if name in STATES else RandomChooser('%s %s %s' % (seed, point, name))
