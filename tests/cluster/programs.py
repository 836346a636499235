"""Swift's servers and daemons, run in children of one process that has loaded Swift, each in a node's network name space.

Run as a program it is that process: programs.py SWIFT_DIR [TREE], with requests and answers as lines of JSON. TREE is the
source tree of another release than the installed one.
"""
import ctypes
import json
import os
import select
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(HERE), 'e2e'))

from processes import die_with_parent  # noqa: E402
from swift_programs import Program, lock_logs_for_threads  # noqa: E402

ANSWER_SECONDS = 120
CLONE_NEWNET = 0x40000000
SERVERS = {'proxy-server': None, 'account-server': None, 'container-server': None, 'object-server': 'swift.obj.server'}
DAEMONS = {
    'account-replicator': ('swift.account.replicator', 'AccountReplicator'),
    'account-auditor': ('swift.account.auditor', 'AccountAuditor'),
    'container-replicator': ('swift.container.replicator', 'ContainerReplicator'),
    'container-updater': ('swift.container.updater', 'ContainerUpdater'),
    'container-auditor': ('swift.container.auditor', 'ContainerAuditor'),
    'object-replicator': ('swift.obj.replicator', 'ObjectReplicator'),
    'object-reconstructor': ('swift.obj.reconstructor', 'ObjectReconstructor'),
    'object-updater': ('swift.obj.updater', 'ObjectUpdater'),
    'object-auditor': ('swift.obj.auditor', 'ObjectAuditor'),
}


class Programs:
    """Starts Swift's programs. They end with this object's process."""

    def __init__(self, swift_dir, tree=None):
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, '-B', '-W', 'ignore', os.path.abspath(__file__), swift_dir] + ([tree] if tree else []),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent)

    def _ask(self, request):
        with self.lock:
            self.process.stdin.write(json.dumps(request).encode() + b'\n')
            self.process.stdin.flush()
            readable, _, _ = select.select([self.process.stdout], [], [], ANSWER_SECONDS)
            line = self.process.stdout.readline() if readable else b''
            assert line, 'the process that has loaded Swift does not answer: %r' % request
            return json.loads(line)

    def start(self, name, arguments, output, name_space):
        """Start the program of that name in a network name space, its output appended to a file; a Program."""
        return Program(self, self._ask({'name': name, 'arguments': arguments, 'output': output,
                                        'name_space': name_space}))

    def ended(self, pid):
        return self._ask({'ended': pid})

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def run(name, arguments):
    import importlib
    if name == 'relinker':
        from swift.cli import relinker
        return relinker.main(arguments)
    if name in SERVERS:
        from swift.common.wsgi import run_wsgi
        options = {'verbose': True}
        if SERVERS[name]:
            options['global_conf_callback'] = importlib.import_module(SERVERS[name]).global_conf_callback
        return run_wsgi(arguments[0], name, **options)
    from swift.common.daemon import run_daemon
    module, daemon = DAEMONS[name]
    run_daemon(getattr(importlib.import_module(module), daemon), arguments[0], name, once=True, verbose=True)
    return 0


def become(request):
    """In a new child: run the program, and end with its status."""
    status = 1
    try:
        os.setsid()
        die_with_parent()
        output = os.open(request['output'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        with open(request['name_space']) as place:
            if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), 'setns', request['name_space'])
        lock_logs_for_threads()
        sys.argv = ['swift-' + request['name']] + request['arguments']
        status = run(request['name'], request['arguments'])
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
            os._exit(status or 0)


def load(swift_dir):
    import importlib
    from swift.common import utils
    utils.set_swift_dir(swift_dir)
    # What the programs import, and what they read of swift.conf: policies, hash prefix and suffix.
    for module in ['paste.deploy', 'swift.cli.relinker', 'swift.common.daemon', 'swift.common.wsgi', 'swift.proxy.server',
                   'swift.account.server', 'swift.container.server', 'swift.obj.server',
                   *(module for module, _ in DAEMONS.values())]:
        importlib.import_module(module)


def serve():
    for line in sys.stdin:
        request = json.loads(line)
        if 'ended' in request:
            _, status = os.waitpid(request['ended'], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                become(request)
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    if len(sys.argv) > 2:
        sys.path.insert(0, sys.argv[2])
    load(sys.argv[1])
    serve()
