"""What recorder.c wrote: the calls of a recording; and devices as they are before and after it."""
import dataclasses
import os
import stat
import struct

RECORD = struct.Struct('<IBBHHHIIiiiqQQQqq')
# By their numbers in recorder.c.
CALLS = ['open', 'mkdir', 'write', 'truncate', 'fallocate', 'setxattr', 'removexattr', 'link', 'rename', 'unlink',
         'rmdir', 'fsync', 'fdatasync', 'syncfs', 'sync_file_range', 'answer']


@dataclasses.dataclass
class Call:
    """begin and end are places in the sequence of records: what the call does may happen at any time between them."""
    call: str
    begin: int
    end: int
    thread: int = 0
    result: int = 0
    error: int = 0
    flags: int = 0
    file: int = 0             # inodes
    directory: int = 0
    to_directory: int = 0
    offset: int = 0
    length: int = 0
    name: str = ''
    to_name: str = ''
    data: bytes = b''

    def __str__(self):
        words = [self.call]
        if self.name:
            words.append(self.name)
        if self.to_name:
            words.append('to %s' % self.to_name)
        if self.call == 'write':
            words.append('%d bytes at %d' % (len(self.data), self.offset))
        elif self.call == 'answer':
            words.append(repr(self.data[:60]))
        if self.error:
            words.append(': ' + os.strerror(self.error))
        return '%d-%d %s' % (self.begin, self.end, ' '.join(words))


class Incomplete(Exception):
    """A call has begun and not ended: its process was killed, or is in it."""


def read_calls(path):
    """All calls, in the order of their ends, and the number of records."""
    with open(path, 'rb') as log:
        blob = log.read()
    calls, running = [], {}
    position = number = 0
    while position < len(blob):
        (size, ended, kind, name_size, to_size, _, data_size, thread, error, flags, _, result, file, directory,
         to_directory, offset, length) = RECORD.unpack_from(blob, position)
        start = position + RECORD.size
        name = os.fsdecode(blob[start:start + name_size])
        to_name = os.fsdecode(blob[start + name_size:start + name_size + to_size])
        data = blob[start + name_size + to_size:start + name_size + to_size + data_size]
        position += size
        if not ended:
            assert thread not in running, 'a thread makes two calls at once'
            running[thread] = Call(CALLS[kind], number, -1, thread, flags=flags, directory=directory,
                                   to_directory=to_directory, name=name, to_name=to_name, length=length, data=data)
        else:
            call = running.pop(thread)
            call.end, call.result, call.error, call.file, call.offset = number, result, error, file, offset
            call.name = call.name or name
            calls.append(call)
        number += 1
    if running:
        raise Incomplete([str(call) for call in running.values()])
    return calls, number


@dataclasses.dataclass
class Stored:
    inode: int
    data: bytes = None      # None for a directory
    xattrs: dict = dataclasses.field(default_factory=dict)


def read_device(device):
    """{relative path: Stored}; '' is the device itself."""
    found = {'': Stored(os.stat(device).st_ino)}
    for directory, subdirectories, files in os.walk(device):
        for name in subdirectories + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            stored = found[os.path.relpath(path, device)] = Stored(status.st_ino)
            if stat.S_ISREG(status.st_mode):
                with open(path, 'rb') as file:
                    stored.data = file.read()
                stored.xattrs = {key: os.getxattr(path, key) for key in os.listxattr(path)}
    return found
