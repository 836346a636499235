"""usage: killed.py CALLS PROGRAM [ARGUMENT …]

Runs a program of Python and kills it after so many of its calls that change something: that give a file a name, take one
away, or run one of the test's restart commands. Between two of them all moments are alike.
"""
import os
import runpy
import signal
import subprocess
import sys


def counted(function, changes=lambda *arguments: True):
    def call(*arguments, **options):
        global left
        if changes(*arguments):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return function(*arguments, **options)
    return call


left = int(sys.argv[1])
os.replace = counted(os.replace)
os.unlink = counted(os.unlink, os.path.lexists)
subprocess.run = counted(subprocess.run, lambda command, *_: 'ask_restart.py' in command)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
