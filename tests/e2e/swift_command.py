"""Run one of Swift's programs with another directory than /etc/swift.

usage: swift_command.py SWIFT_DIR PROGRAM [ARGUMENT …]

Swift 2.30 takes `swift_dir` from a daemon's configuration for rings only; swift.conf is always looked for in
/etc/swift unless the process says otherwise before anything reads it.
"""
import ctypes.util
import os
import runpy
import sys

if 'SSYNC_FAULTS' in os.environ:
    # Swift asks the C library itself for some functions; no name means the preloaded ones.
    find_library = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None if name == 'c' else find_library(name)

from swift.common import utils  # noqa: E402

if __name__ == '__main__':
    swift_dir, program = sys.argv[1:3]
    utils.set_swift_dir(swift_dir)
    sys.argv = sys.argv[2:]
    runpy.run_path(program, run_name='__main__')
