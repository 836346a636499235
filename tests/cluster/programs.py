"""Swift's servers and daemons, run in children of two processes that have loaded Swift, each in a node's network name space.

One of the two has eventlet's modules in the place of Python's as well. For that eventlet looks through all of the memory,
which is a second of a processor's time for each program that would do it by itself.

Run as a program it is one of them: programs.py SWIFT_DIR plain|eventlet [TREE], with requests and answers as lines of JSON.
TREE is the source tree of another release than the installed one.
"""
import ctypes
import gc
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(HERE), 'e2e'))

import swift_programs  # noqa: E402
from swift_programs import patch, serve  # noqa: E402

CLONE_NEWNET = 0x40000000
# One pass of a daemon, as its command line has it.
ONCE = 'once'
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
    """Starts Swift's programs. They end with this object's processes, which are started at once: these end with our thread."""

    def __init__(self, swift_dir, tree=None):
        self.plain = Process(swift_dir, 'plain', tree)
        self.eventlet = Process(swift_dir, 'eventlet', tree)

    def start(self, name, arguments, output, name_space):
        """Start the program of that name in a network name space, its output appended to a file; a Program."""
        process = self.eventlet if wants_eventlet(name) else self.plain
        return process.start_by({'name': name, 'arguments': arguments, 'output': output, 'name_space': name_space})

    def stop(self):
        self.plain.stop()
        self.eventlet.stop()


class Process(swift_programs.Programs):
    answer_seconds = 120

    def __init__(self, swift_dir, kind, tree):
        super().__init__(swift_dir)
        self.command = [sys.executable, '-B', '-W', 'ignore', os.path.abspath(__file__), swift_dir, kind] + ([tree] if tree else [])
        self.launch()


def wants_eventlet(name):
    """Whether the program would put eventlet's modules in place: servers do, of later releases all but the relinker."""
    from swift.common import utils
    return name in SERVERS or name == 'container-updater' or hasattr(utils, 'monkey_patch') and name in DAEMONS


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
    run_daemon(getattr(importlib.import_module(module), daemon), arguments[0], name, once=ONCE in arguments[1:], verbose=True)
    return 0


def run_in_its_name_space(request):
    with open(request['name_space']) as place:
        if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), 'setns', request['name_space'])
    sys.argv = ['swift-' + request['name']] + request['arguments']
    return run(request['name'], request['arguments'])


def load(swift_dir):
    import importlib
    from swift.common import utils
    utils.set_swift_dir(swift_dir)
    # What the programs import, and what they read of swift.conf: policies, hash prefix and suffix.
    for module in ['paste.deploy', 'swift.cli.relinker', 'swift.common.daemon', 'swift.common.wsgi', 'swift.proxy.server',
                   'swift.account.server', 'swift.container.server', 'swift.obj.server',
                   *(module for module, _ in DAEMONS.values())]:
        importlib.import_module(module)


if __name__ == '__main__':
    if len(sys.argv) > 3:
        sys.path.insert(0, sys.argv[3])
    load(sys.argv[1])
    if sys.argv[2] == 'eventlet':
        patch()
    # What is loaded is no garbage: children need not look through it, and so do not copy it.
    gc.freeze()
    serve(run_in_its_name_space)
