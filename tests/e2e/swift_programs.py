"""Swift's programs, run in children of one process that has loaded Swift already.

Loading it takes most of the time of a daemon's pass over a small device, and the tests run a hundred of them.

Run as a program it is that process: swift_programs.py SWIFT_DIR, with requests and answers as lines of JSON.
"""
import json
import os
import runpy
import select
import subprocess
import sys

from processes import alive, die_with_parent, family

WAIT_SECONDS = 240


class Programs:
    """The process; swift_dir is where its children look for swift.conf."""

    def __init__(self, swift_dir):
        self.process = subprocess.Popen([sys.executable, '-W', 'ignore', os.path.abspath(__file__), swift_dir],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent)

    def _ask(self, request):
        self.process.stdin.write(json.dumps(request).encode() + b'\n')
        self.process.stdin.flush()
        readable, _, _ = select.select([self.process.stdout], [], [], WAIT_SECONDS)
        assert readable, 'no answer within %s s: %r' % (WAIT_SECONDS, request)
        return json.loads(self.process.stdout.readline())

    def start(self, program, arguments, output):
        """Run a program of /usr/bin, its output to a file: its process id."""
        return self._ask({'program': '/usr/bin/' + program, 'arguments': arguments, 'output': output})

    def wait(self, pid):
        """Await a program's end: its exit status, or the negative number of the signal that ended it."""
        return self._ask({'wait': pid})

    def stop(self):
        for pid in family([self.process.pid]):
            if alive(pid):
                os.kill(pid, 9)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def become(request):
    """In a new child: run the program, and end with its status."""
    status = 1
    try:
        # Daemons signal their process group when they are told to end.
        os.setsid()
        die_with_parent()
        output = os.open(request['output'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.argv = [request['program']] + request['arguments']
        runpy.run_path(request['program'], run_name='__main__')
        status = 0
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


def serve(swift_dir):
    from swift.common import utils
    utils.set_swift_dir(swift_dir)
    # What the programs import, and what they read of swift.conf: policies, hash prefix and suffix.
    import swift.cli.info  # noqa: F401
    import swift.cli.relinker  # noqa: F401
    import swift.common.daemon  # noqa: F401
    import swift.obj.reconstructor  # noqa: F401
    import swift.obj.replicator  # noqa: F401
    for line in sys.stdin:
        request = json.loads(line)
        if 'wait' in request:
            _, status = os.waitpid(request['wait'], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                become(request)
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    serve(sys.argv[1])
