"""One object and subrequests for it, with times told by their distance to its usual one."""
import time

from wire import subrequest

# Recent, so that no tombstone is reclaimed while a test runs.
T = int(time.time()) - 3600
PATH = b'/a/c/o'
NAME = '/a/c/o'
BODY = b'some bytes'


def at(seconds, offset=''):
    return b'%010d.00000%s' % (T + seconds, offset.encode())


def stamp(seconds):
    return b'X-Timestamp: ' + at(seconds)


def post(path, seconds, *headers):
    return subrequest(b'POST', path, stamp(seconds), *headers)


def delete(path, seconds, *headers):
    return subrequest(b'DELETE', path, stamp(seconds), *headers)
