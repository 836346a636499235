"""What must hold in each state that a crash leaves: by rules of our own, and by Swift's code on a real directory."""
import collections
import contextlib
import hashlib
import os
import pickle
import shutil
import tempfile

from model import Content
from scenario import DONE, Key, objects_directory
from swift_cluster import DEVICE, EC, DeviceTree, without_root
from tree import XATTR

KINDS = ('.data', '.meta', '.ts')
View = collections.namedtuple('View', 'data tombstone meta fragments')
NOTHING = View('', '', '', frozenset())


class Problem(collections.namedtuple('Problem', 'kind key text')):
    """kind: lost, partial, hashes or swift; key: the object's, or None"""


def stored_metadata(content):
    """The metadata of a file, or the reason why it has none."""
    pieces = sorted(name for name in content.xattrs if name.startswith(XATTR) and not name.endswith('_checksum'))
    blob = b''.join(content.xattrs[name] for name in pieces)
    if not blob:
        return None, 'no metadata'
    if content.xattrs.get(XATTR + '_checksum') != hashlib.md5(blob).hexdigest().encode():
        return None, 'metadata with another checksum, or none'
    return {as_text(key): as_text(value) for key, value in pickle.loads(blob, encoding='bytes').items()}, None


def as_text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


class Pool:
    """Real files with given contents, and directories of links to them."""

    def __init__(self, root):
        self.root = root
        self.contents = os.path.join(root, 'contents')
        os.makedirs(self.contents)

    def file(self, content):
        path = os.path.join(self.contents, content.key)
        if not os.path.exists(path):
            self.write(content, path)
        return path

    @staticmethod
    def write(content, path):
        with open(path, 'wb') as file:
            file.write(content.data)
        for name, value in content.xattrs.items():
            os.setxattr(path, name, value)

    def build(self, tree, directory):
        os.makedirs(directory)
        for name, entry in tree.items():
            path = os.path.join(directory, name)
            if isinstance(entry, dict):
                self.build(entry, path)
            elif name.endswith(KINDS):
                os.link(self.file(entry), path)
            else:
                # Swift writes to these.
                self.write(entry, path)


class Checks:
    def __init__(self, scenario, before, directory, with_zeros=False):
        """before: the device before the recording, as Stored by path. with_zeros: Swift is to read hashes.invalid with
        zeros in it, on which it fails whoever wrote it."""
        self.with_zeros = with_zeros
        self.scenario = scenario
        self.root = tempfile.mkdtemp(prefix='states-', dir=directory)
        self.pool = Pool(self.root)
        self.tree = DeviceTree(os.path.join(self.root, 'devices'))
        self.log = Log()
        self.managers = {}
        self.before = {path: Content(stored.data, stored.xattrs) for path, stored in before.items()
                       if stored.data is not None and path.endswith(KINDS)}
        self.verdicts = {}
        self.suffix_hashes = {}
        self.floors = {}
        self.counts = collections.Counter()

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def manager(self, policy):
        from swift.common.storage_policy import POLICIES
        from swift.obj.diskfile import DiskFileRouter
        if policy not in self.managers:
            conf = {'devices': self.tree.root, 'mount_check': 'false'}
            self.managers[policy] = DiskFileRouter(conf, self.log.logger)[POLICIES[policy]]
        return self.managers[policy]

    def file_info(self, policy, name):
        """A file's name as parsed by Swift; None if it is invalid."""
        from swift.common.exceptions import DiskFileError
        from swift.common.storage_policy import POLICIES
        try:
            return self.manager(policy).parse_on_disk_filename(name, POLICIES[policy])
        except DiskFileError:
            return None

    # What is said of a state in memory.

    def problems(self, state, told):
        """told: how many sessions had been answered, or given up."""
        found = []
        for policy, objects in object_directories(state):
            for partition, suffixes in objects.items():
                if isinstance(suffixes, dict):
                    for suffix, hashes in suffixes.items():
                        for digest, files in hashes.items() if isinstance(hashes, dict) else ():
                            found += self.verdict(Key(policy, partition, digest), files)[0]
        for key in self.scenario.names:
            floor = self.floor(key, told)
            if floor != NOTHING:
                files = files_of(state, key)
                view = self.verdict(key, files)[1] if files else NOTHING
                missing = what_is_lost(floor, view)
                if missing:
                    found.append(Problem('lost', key, '%s was acknowledged; there is %s' % (missing, sorted(files or ()))))
        return found + self.stale_hashes(state, told)

    def verdict(self, key, files):
        """(problems, View) of one object's directory, whenever it is met."""
        mark = (key, frozenset((name, getattr(entry, 'key', None)) for name, entry in files.items()))
        if mark not in self.verdicts:
            self.counts['object directories'] += 1
            problems, view = self.look(key, files)
            problems += [Problem('swift', key, text) for text in self.swift_opens(key, files, view)]
            self.verdicts[mark] = problems, view
        return self.verdicts[mark]

    def look(self, key, files):
        problems = []
        seen = collections.defaultdict(str)
        fragments = set()
        marked = ''
        for name, content in sorted(files.items()):
            info = self.file_info(key.policy, name)
            if info and info['ext'] == '.durable':
                marked = max(marked, info['timestamp'].internal)
                continue
            if not isinstance(content, Content) or info is None or info['ext'] not in KINDS:
                problems.append(Problem('partial', key, 'not a file of an object: %s' % name))
                continue
            problem = self.what_is_wrong(key, name, info, content)
            if problem:
                problems.append(Problem('partial', key, '%s: %s' % (name, problem)))
            time = info['timestamp'].internal
            seen[info['ext']] = max(seen[info['ext']], time)
            if info['ext'] == '.data' and key.policy == EC:
                fragments.add((info['frag_index'], time, info['durable']))
        # Of a .durable without fragments: Swift's next clean-up removes what is older.
        fragments = {fragment for fragment in fragments if fragment[1] >= marked}
        seen['.ts'] = seen['.ts'] if seen['.ts'] >= marked else ''
        durable = max((time for _, time, durable in fragments if durable), default='')
        data = durable if key.policy == EC else seen['.data']
        # What is older than the newest tombstone or durable data does not count.
        data, tombstone = (data, '') if data > seen['.ts'] else ('', seen['.ts'])
        newest = max(data, tombstone)
        fragments = frozenset(fragment for fragment in fragments if fragment[1] >= newest)
        return problems, View(data, tombstone, seen['.meta'] if seen['.meta'] > newest else '', fragments)

    def what_is_wrong(self, key, name, info, content):
        path = '%s/%s/%s/%s/%s' % (objects_directory(key.policy), key.partition, key.hash[-3:], key.hash, name)
        if path in self.before:
            return None if self.before[path] == content else 'it has changed since before the recording'
        written = self.scenario.written.get(key, {}).get((info['ext'], info['timestamp'].internal, info.get('frag_index')))
        if written is None:
            # A fragment that was there before may have another name now.
            twins = [old for place, old in self.before.items() if os.path.dirname(place) == os.path.dirname(path)]
            return None if content in twins and key.policy == EC else 'nobody wrote it'
        if content.data != written.body:
            return 'its data are not those that were sent: %d bytes of %d' % (len(content.data), len(written.body))
        metadata, problem = stored_metadata(content)
        if problem:
            return problem
        expected = {'X-Timestamp': written.timestamp, 'name': self.scenario.names[key], **written.metadata}
        if info['ext'] == '.data':
            expected.update({'Content-Length': str(len(written.body)), 'ETag': hashlib.md5(written.body).hexdigest()})
        for header, value in expected.items():
            if metadata.get(header) != value:
                return 'metadata say %s: %r, not %r' % (header, metadata.get(header), value)
        return None

    def floor(self, key, told):
        """What the first sessions promised of an object."""
        if (key, told) not in self.floors:
            view = NOTHING
            for session in self.scenario.sessions[:told]:
                for of, written in session.acknowledged:
                    if of == key:
                        view = with_written(view, written, key.policy)
            self.floors[key, told] = view
        return self.floors[key, told]

    def stale_hashes(self, state, told):
        """Suffixes of acknowledged objects with a wrong or missing hash in hashes.pkl that is not invalidated."""
        found = []
        last = {}       # what the last session that changed a suffix promised of it: the next one may have begun
        for number, session in enumerate(self.scenario.sessions[:told + 1]):
            for changed in session.changed:
                last[changed] = number < told and session.answer == DONE
        for policy, partition, suffix in sorted(changed for changed, promised in last.items() if promised):
            objects = state.get(objects_directory(policy), {}).get(partition, {})
            if suffix not in objects or 'hashes.pkl' not in objects:
                continue
            invalid = objects.get('hashes.invalid')
            if invalid and suffix.encode() in invalid.data.split(b'\n'):
                continue
            try:
                hashes = pickle.loads(objects['hashes.pkl'].data)
            except Exception as error:  # whatever is wrong with it, it will be made anew
                found.append(Problem('hashes', None, 'hashes.pkl of %s cannot be read: %s' % (partition, error)))
                continue
            if not hashes.get('valid', True) or suffix in hashes and hashes[suffix] is None:
                continue
            if hashes.get(suffix) != self.suffix_hash(policy, partition, suffix, objects[suffix]):
                found.append(Problem('hashes', None, 'suffix %s of partition %s has changed, but its old hash is still valid' % (
                    suffix, partition)))
        return found

    # What Swift says of a state on a real directory.

    def swift_opens(self, key, files, view):
        """Opens and reads the object with Swift's code; its complaints."""
        from swift.common.exceptions import DiskFileNotExist
        from swift.common.storage_policy import POLICIES
        if key not in self.scenario.names:
            return []   # look() has said so of each file
        directory = self.tree.hash_path(key.partition, self.scenario.names[key], key.policy)
        self.pool.build(files, directory)
        account, container, name = self.scenario.names[key].lstrip('/').split('/', 2)
        found = []

        def read(expected, fragment=None, preferences=None):
            diskfile = self.manager(key.policy).get_diskfile(DEVICE, key.partition, account, container, name,
                                                             POLICIES[key.policy], frag_index=fragment,
                                                             frag_prefs=preferences)
            try:
                with diskfile.open():
                    seen = diskfile.data_timestamp.internal
                    for _ in diskfile.reader(_quarantine_hook=lambda reason: found.append('quarantined: %s' % reason)):
                        pass
            except DiskFileNotExist:    # or deleted
                seen = ''
            if seen != expected:
                found.append('opens the data of %r, not of %r' % (seen, expected))
        self.log.lines.clear()
        try:
            if key.policy != EC:
                read(view.data)
            else:
                for index, time, durable in view.fragments:
                    newest = max(when for other, when, _ in view.fragments if other == index)
                    if time == newest:
                        read(time, index, [])
        except Exception as error:  # whatever Swift raises is its verdict
            found.append('%s: %s' % (type(error).__name__, error))
        self.empty()
        return [self.plain(text) for text in found + self.log.lines]

    def suffix_hash(self, policy, partition, suffix, hashes):
        """The hash that Swift gives to a suffix as it is."""
        from swift.common.storage_policy import POLICIES
        from swift.obj.diskfile import PathNotDir
        mark = (policy, suffix, frozenset((digest, frozenset(files)) for digest, files in hashes.items()))
        if mark not in self.suffix_hashes:
            directory = os.path.join(self.tree.partition_path(partition, policy), suffix)
            self.pool.build(hashes, directory)
            try:
                self.suffix_hashes[mark] = self.manager(policy)._hash_suffix(directory, policy=POLICIES[policy])
            except PathNotDir:
                self.suffix_hashes[mark] = None
            self.empty()
        return self.suffix_hashes[mark]

    def swift_problems(self, state, audit):
        """The whole device: get_hashes of each partition, as a replicator asks for them; and the auditor."""
        from swift.common.storage_policy import POLICIES
        os.rmdir(self.tree.device_path)
        self.pool.build(state, self.tree.device_path)
        if not self.with_zeros:
            self.remove_zeros(state)
        self.log.lines.clear()
        found = []
        with self.log.of_root_too():
            if audit:
                self.counts['audits'] += 1
                found += self.audit()
            for policy, objects in object_directories(state):
                for partition in sorted(name for name, entry in objects.items() if isinstance(entry, dict)):
                    self.counts['partitions hashed'] += 1
                    try:
                        self.manager(policy)._get_hashes(DEVICE, partition, POLICIES[policy])
                    except Exception as error:  # whatever Swift raises is its verdict
                        found.append('get_hashes of partition %s: %s: %s' % (partition, type(error).__name__, error))
        found += self.log.lines
        if os.path.exists(os.path.join(self.tree.device_path, 'quarantined')) and 'quarantined' not in state:
            found.append('something was quarantined')
        self.empty()
        return [Problem('swift', None, self.plain(text)) for text in found]

    def remove_zeros(self, state):
        for policy, objects in object_directories(state):
            for partition, entries in objects.items():
                invalid = entries.get('hashes.invalid') if isinstance(entries, dict) else None
                if invalid and b'\0' in invalid.data:
                    path = os.path.join(self.tree.partition_path(partition, policy), 'hashes.invalid')
                    with open(path, 'wb') as file:
                        file.write(invalid.data.replace(b'\0', b''))

    def audit(self):
        from swift.obj.auditor import AuditorWorker
        conf = {'devices': self.tree.root, 'mount_check': 'false', 'files_per_second': '1e9',
                'bytes_per_second': '1e12', 'log_time': '36000', 'recon_cache_path': self.root}
        worker = AuditorWorker(conf, self.log.logger, os.path.join(self.root, 'object.recon'), self.tree.root)
        worker.audit_all_objects(mode='once', device_dirs=[DEVICE])
        if worker.quarantines or worker.errors:
            return ['the auditor: %d quarantined, %d errors' % (worker.quarantines, worker.errors)]
        return []

    def empty(self):
        shutil.rmtree(self.tree.device_path)
        os.mkdir(self.tree.device_path)

    def plain(self, text):
        return without_root(text.encode(), self.tree.root).decode()


def object_directories(state):
    for policy in (0, 1, EC):
        if isinstance(state.get(objects_directory(policy)), dict):
            yield policy, state[objects_directory(policy)]


def files_of(state, key):
    for name in (objects_directory(key.policy), key.partition, key.hash[-3:], key.hash):
        state = state.get(name)
        if not isinstance(state, dict):
            return None
    return state


def with_written(view, written, policy):
    """The visible state of an object once this is stored too."""
    time = written.timestamp
    if written.kind == '.meta':
        return view._replace(meta=max(view.meta, time))
    if written.kind == '.ts':
        return View('', time, '', frozenset())
    if policy != EC:
        return View(time, '', view.meta if view.meta > time else '', frozenset())
    fragment = (written.fragment, time, written.durable)
    if not written.durable:
        return view._replace(fragments=view.fragments | {fragment})
    # A durable one makes everything older obsolete, and the same one undecided.
    return View(time, '', view.meta if view.meta > time else '',
                frozenset(other for other in view.fragments if other[1] >= time and other[:2] != fragment[:2]) | {fragment})


def what_is_lost(floor, view):
    """The acknowledged file that is neither there nor superseded; None if nothing is lost."""
    newest = max(view.data, view.tombstone)
    if floor.tombstone and newest < floor.tombstone:
        return 'a tombstone of %s' % floor.tombstone
    if floor.data and newest < floor.data:
        return 'data of %s' % floor.data
    if floor.meta and floor.meta > newest and view.meta < floor.meta:
        return 'metadata of %s' % floor.meta
    for index, time, durable in sorted(floor.fragments):
        there = any(other == index and (when > time or when == time and (decided or not durable))
                    for other, when, decided in view.fragments)
        if not there and newest <= time:
            return '%s fragment %d of %s' % ('durable' if durable else 'undecided', index, time)
    return None


class Log:
    """What Swift logs at warning and above."""

    def __init__(self):
        import logging
        from swift.common.utils import LogAdapter
        self.lines = []
        lines = self.lines

        class Handler(logging.Handler):
            def emit(self, record):
                lines.append('logged: %s%s' % (record.getMessage(), ': %s' % record.exc_info[1] if record.exc_info else ''))
        self.handler = Handler(logging.WARNING)
        own = logging.getLogger('crash')
        own.addHandler(self.handler)
        own.propagate = False
        own.statsd_client = None
        self.logger = LogAdapter(own, 'crash')

    @contextlib.contextmanager
    def of_root_too(self):
        import logging
        root = logging.getLogger()
        root.addHandler(self.handler)
        try:
            yield
        finally:
            root.removeHandler(self.handler)
