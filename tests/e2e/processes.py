"""What /proc says about processes, and waiting for conditions about them."""
import ctypes
import os
import signal
import time

PR_SET_PDEATHSIG = 1
# The process of a pool that is no worker: it tells what they do.
STATUS_PROCESS = 'ssync-status'
# libc has no function for it.
IOPRIO_GET = {'x86_64': 252, 'aarch64': 31}[os.uname().machine]
IOPRIO_WHO_PROCESS = 1
PAGE = os.sysconf('SC_PAGE_SIZE')
LONGEST_LINE = 200       # of /proc/locks
libc = ctypes.CDLL(None)


def die_with_parent(with_signal=signal.SIGTERM):
    """To be called in a child before exec: it ends when the test process is killed."""
    libc.prctl(PR_SET_PDEATHSIG, with_signal, 0, 0, 0)


def await_condition(condition, what, seconds=10):
    """Poll until condition() is true; its value is returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('timed out after %s seconds: %s' % (seconds, what() if callable(what) else what))
        time.sleep(0.01)


def _stat(pid):
    try:
        with open('/proc/%s/stat' % pid) as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return {'state': fields[0], 'parent': int(fields[1])}


def alive(pid):
    stat = _stat(pid)
    return stat is not None and stat['state'] not in 'ZX'


def waits_for_disk(pid):
    """A thread of the process is in a call that no signal ends."""
    try:
        threads = os.listdir('/proc/%d/task' % pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any((_stat('%d/task/%s' % (pid, thread)) or {}).get('state') == 'D' for thread in threads)


def command_line(pid):
    try:
        with open('/proc/%d/cmdline' % pid, 'rb') as command:
            return command.read().replace(b'\0', b' ').decode('latin-1').strip()
    except (FileNotFoundError, ProcessLookupError):
        return ''


def executable(pid):
    try:
        return os.path.basename(os.readlink('/proc/%d/exe' % pid))
    except OSError:
        return ''


def niceness(pid):
    with open('/proc/%d/stat' % pid) as stat:
        return int(stat.read().rsplit(')', 1)[1].split()[16])


def io_priority(pid):
    """(class, priority) as ionice(1) numbers them."""
    value = libc.syscall(IOPRIO_GET, IOPRIO_WHO_PROCESS, pid)
    return value >> 13, value & 7


def all_pids():
    return [int(name) for name in os.listdir('/proc') if name.isdigit()]


def name_of(pid):
    """As ps calls it; empty if there is no such process."""
    try:
        with open('/proc/%d/comm' % pid) as comm:
            return comm.read().strip()
    except OSError:
        return ''


def parents():
    table = {}
    for pid in all_pids():
        stat = _stat(pid)
        if stat and stat['state'] not in 'ZX':
            table[pid] = stat['parent']
    return table


def children(pid):
    """Of its first thread; what a look at all processes would take a while for."""
    try:
        with open('/proc/%d/task/%d/children' % (pid, pid)) as table:
            return [int(child) for child in table.read().split()]
    except OSError:
        return []


def family(roots):
    """The given processes that are alive and all their descendants."""
    table = parents()
    found = set(pid for pid in roots if pid in table)
    grown = True
    while grown:
        grown = False
        for pid, parent in table.items():
            if parent in found and pid not in found:
                found.add(pid)
                grown = True
    return found


def open_files(pid):
    """The paths that a process has open."""
    result = []
    try:
        names = os.listdir('/proc/%d/fd' % pid)
    except OSError:
        return result
    for name in names:
        try:
            result.append(os.readlink('/proc/%d/fd/%s' % (pid, name)))
        except OSError:
            pass
    return result


def _locks():
    """The lines of /proc/locks. The kernel gives a page at a time, and lines are missing if the list changes in between."""
    text = None
    while True:
        before = text
        with open('/proc/locks') as locks:
            text = locks.read()
        if text == before or len(text) < PAGE - LONGEST_LINE:
            return text.splitlines()


def lock_holders(path):
    """The processes that hold an flock on the file."""
    try:
        file = os.stat(path)
    except FileNotFoundError:
        return []
    holders = []
    for line in _locks():
        fields = line.split()
        # A waiting process has '->' as its second field.
        if fields[1] == 'FLOCK' and int(fields[5].rsplit(':', 1)[1]) == file.st_ino:
            holders.append(int(fields[4]))
    # The inode of another file system may have the same number.
    return [pid for pid in dict.fromkeys(holders) if has_open(pid, file)]


def has_open(pid, file):
    """The process has the file open, whose os.stat_result is given."""
    directory = '/proc/%d/fd' % pid
    try:
        descriptors = os.listdir(directory)
    except (FileNotFoundError, ProcessLookupError):
        return False
    for descriptor in descriptors:
        try:
            if os.path.samestat(os.stat(os.path.join(directory, descriptor)), file):
                return True
        except OSError:
            continue
    return False


def unread_bytes(port, client):
    """How many bytes of a client's socket the server on this machine has not read yet."""
    ours = '%04X' % client.getsockname()[1]
    with open('/proc/net/tcp') as table:
        for line in table:
            fields = line.split()
            if fields[1].endswith(':%04X' % port) and fields[2].endswith(':' + ours):
                return int(fields[4].split(':')[1], 16)
    raise AssertionError('no such connection: %s to %d' % (client.getsockname(), port))
