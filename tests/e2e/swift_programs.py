"""Swift's programs, run in children of one process that has loaded Swift already.

Loading it takes most of the time of a daemon's pass over a small device or of a server's start, and the tests run
hundreds of them. Servers have a process of their own, which is patched by eventlet as well: for that eventlet looks at
every object in memory, once for each lock, which is a second in each start. Daemons are not patched so.

Run as a program it is that process: swift_programs.py SWIFT_DIR [patched], with requests and answers as lines of JSON.
"""
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import threading

from processes import alive, die_with_parent, family

WAIT_SECONDS = 240
PATCHED = 'patched'


class Programs:
    """The process, from the first program on; swift_dir is where its children look for swift.conf."""

    answer_seconds = WAIT_SECONDS

    def __init__(self, swift_dir, for_servers=False):
        self.swift_dir = swift_dir
        self.command = [sys.executable, '-W', 'ignore', os.path.abspath(__file__), swift_dir]
        if for_servers:
            self.command.append(PATCHED)
        self.servers = None if for_servers else Programs(swift_dir, for_servers=True)
        self.process = None
        self.lock = threading.Lock()

    def launch(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent)

    def _ask(self, request):
        with self.lock:
            if not self.process:
                self.launch()
            self.process.stdin.write(json.dumps(request).encode() + b'\n')
            self.process.stdin.flush()
            readable, _, _ = select.select([self.process.stdout], [], [], self.answer_seconds)
            line = self.process.stdout.readline() if readable else b''
            assert line, 'no answer within %s s, or the process has ended: %r' % (self.answer_seconds, request)
            return json.loads(line)

    def start_by(self, request):
        """Run the program that the request tells of, its output to a file."""
        return Program(self, self._ask(request))

    def start(self, program, arguments, output):
        """Run a program of /usr/bin, its output to a file."""
        starting = self.servers if self.servers and program.endswith('-server') else self
        return starting.start_by({'program': '/usr/bin/' + program, 'arguments': arguments, 'output': output})

    def ended(self, pid):
        """The status of a program that has ended: what it exited with, or the negative number of a signal."""
        return self._ask({'ended': pid})

    def stop(self):
        if self.servers:
            self.servers.stop()
        if self.process:
            for pid in family([self.process.pid]):
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()


class Program:
    """One that runs or has ended; has what users of subprocess.Popen use."""

    def __init__(self, programs, pid):
        self.programs = programs
        self.pid = pid
        # Nobody else gets the pid before we ask how the program has ended.
        self.descriptor = os.pidfd_open(pid)
        self.returncode = None

    def wait(self, timeout=None):
        if self.returncode is None:
            if not select.select([self.descriptor], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.pid, timeout)
            self.returncode = self.programs.ended(self.pid)
            os.close(self.descriptor)
        return self.returncode

    def poll(self):
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number):
        if self.poll() is None:
            signal.pidfd_send_signal(self.descriptor, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def lock_logs_for_threads():
    """Swift's daemons log from green threads and from the real ones of eventlet's pool. The lock of a log that goes to a
    file or terminal is eventlet's, for green threads only: now and then one of them is never woken. Swift gives its
    syslog handler this lock instead."""
    import logging
    from swift.common.utils import PipeMutex

    def create_lock(handler):
        handler.lock = PipeMutex()
    logging.Handler.createLock = create_lock


def become(request, run):
    """In a new child: run the program that the request tells of, and end with the status that it returns."""
    status = 1
    try:
        # Daemons signal their process group when they are told to end.
        os.setsid()
        die_with_parent()
        output = os.open(request['output'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        lock_logs_for_threads()
        status = run(request) or 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        import traceback
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)


def run_program(request):
    sys.argv = [request['program']] + request['arguments']
    runpy.run_path(request['program'], run_name='__main__')


def load(swift_dir):
    from swift.common import utils
    utils.set_swift_dir(swift_dir)
    # What the programs import, and what they read of swift.conf: policies, hash prefix and suffix.
    import paste.deploy  # noqa: F401
    import swift.cli.info  # noqa: F401
    import swift.cli.relinker  # noqa: F401
    import swift.common.daemon  # noqa: F401
    import swift.common.wsgi  # noqa: F401
    import swift.obj.auditor  # noqa: F401
    import swift.obj.reconstructor  # noqa: F401
    import swift.obj.replicator  # noqa: F401
    import swift.obj.server  # noqa: F401


def patch():
    """What Swift's servers do first, and then find done."""
    from eventlet import hubs
    from swift.common import utils
    # 2.38.1 has it under another name.
    getattr(utils, 'monkey_patch', getattr(utils, 'eventlet_monkey_patch', None))()
    hubs.use_hub(utils.get_hub())  # no child is to share the one that was made for this


def serve(run):
    """Answer requests until there are no more: start a program by run(request) in a child, or tell what became of one."""
    for line in sys.stdin:
        request = json.loads(line)
        if 'ended' in request:
            _, status = os.waitpid(request['ended'], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                become(request, run)
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    load(sys.argv[1])
    if PATCHED in sys.argv[2:]:
        patch()
    serve(run_program)
