"""The model's own rule: what is certain after a crash, and what may be there besides. Calls are written by hand."""
import os

import pytest

from model import Disk, RandomChooser, STATES, chooser
from recording import Call, Stored

DEVICE, BELOW, FILE, OTHER = 1, 2, 3, 4
MAKE = os.O_CREAT | os.O_EXCL


def disk(*steps):
    """steps: (call, …) one after the other; a list of them is made at the same time. The number of records, too."""
    calls, at = [], 0
    for step in steps:
        together = step if isinstance(step, list) else [step]
        for place, (name, values) in enumerate(together):
            calls.append(Call(name, at + place, at + len(together) + place, **values))
        at += 2 * len(together)
    return Disk({'': Stored(DEVICE)}, calls), at


def make(name, inode, directory=DEVICE):
    return 'open', {'flags': MAKE, 'file': inode, 'directory': directory, 'name': name}


def unnamed(inode):
    return 'open', {'flags': os.O_TMPFILE, 'file': inode, 'directory': DEVICE, 'name': 'x'}


def link(inode, name, directory=DEVICE):
    return 'link', {'file': inode, 'directory': directory, 'name': name}


def mkdir(name, inode):
    return 'mkdir', {'file': inode, 'directory': DEVICE, 'name': name}


def write(inode, data, offset=0):
    return 'write', {'file': inode, 'data': data, 'offset': offset, 'result': len(data)}


def attribute(inode, name, value):
    return 'setxattr', {'file': inode, 'name': name, 'data': value}


def sync(inode, call='fsync', result=0):
    return call, {'file': inode, 'result': result}


def remove(name):
    return 'unlink', {'directory': DEVICE, 'name': name}


def rename(name, to, inode, to_directory=DEVICE):
    return 'rename', {'file': inode, 'directory': DEVICE, 'name': name, 'to_directory': to_directory, 'to_name': to}


def text(tree):
    return {name: text(entry) if isinstance(entry, dict) else entry.data for name, entry in tree.items()}


def certain(*steps):
    found, end = disk(*steps)
    return text(found.state(end, STATES['nothing']))


def possible(*steps):
    """All that some state has."""
    found, end = disk(*steps)
    states = [found.state(end, chooser(name, 0, end)) for name in STATES]
    return [text(state) for state in states + [found.state(end, RandomChooser(seed)) for seed in range(2000)]]


BOTH = [make('f', FILE), write(FILE, b'data')]


@pytest.mark.parametrize('steps, expected', [
    (BOTH, {}),
    ([*BOTH, sync(FILE)], {}),
    ([*BOTH, sync(DEVICE)], {'f': b''}),
    ([*BOTH, sync(FILE), sync(DEVICE)], {'f': b'data'}),
    ([*BOTH, sync(DEVICE), sync(FILE)], {'f': b'data'}),
    ([*BOTH, sync(FILE, 'syncfs')], {'f': b'data'}),
    ([*BOTH, sync(FILE, 'fdatasync'), sync(DEVICE)], {'f': b'data'}),
    ([*BOTH, sync(FILE, 'sync_file_range'), sync(DEVICE)], {'f': b''}),
    # A sync beside a write says nothing of it.
    ([make('f', FILE), [write(FILE, b'data'), sync(FILE)], sync(DEVICE)], {'f': b''}),
    ([*BOTH, sync(FILE), write(FILE, b'more', 4), sync(DEVICE)], {'f': b'data'}),
    # What failed once is lost, whatever is said later; what is written again is not.
    ([*BOTH, sync(FILE, result=-1), sync(FILE), sync(DEVICE)], {'f': b''}),
    ([*BOTH, sync(FILE, result=-1), write(FILE, b'again'), sync(FILE), sync(DEVICE)], {'f': b'again'}),
    ([*BOTH, sync(FILE), sync(FILE, result=-1), sync(DEVICE)], {'f': b'data'}),
    ([*BOTH, sync(FILE), sync(DEVICE, result=-1)], {}),
    # Directories need the one above.
    ([mkdir('d', BELOW), make('f', FILE, BELOW), sync(FILE), sync(BELOW)], {}),
    ([mkdir('d', BELOW), make('f', FILE, BELOW), sync(FILE), sync(BELOW), sync(DEVICE)], {'d': {'f': b''}}),
    ([mkdir('d', BELOW), make('f', FILE, BELOW), sync(DEVICE)], {'d': {}}),
    ([mkdir('d', BELOW), sync(DEVICE), remove('d')], {'d': {}}),
    # Unnamed files, and numbers that are used again.
    ([unnamed(FILE), write(FILE, b'data'), sync(FILE), sync(DEVICE)], {}),
    ([unnamed(FILE), write(FILE, b'data'), sync(FILE), link(FILE, 'f'), sync(DEVICE)], {'f': b'data'}),
    ([unnamed(FILE), write(FILE, b'data'), sync(FILE), unnamed(FILE), link(FILE, 'f'), sync(DEVICE)], {'f': b''}),
    # Removed and renamed.
    ([*BOTH, sync(FILE), sync(DEVICE), remove('f')], {'f': b'data'}),
    ([*BOTH, sync(FILE), sync(DEVICE), remove('f'), sync(DEVICE)], {}),
    ([*BOTH, sync(FILE), sync(DEVICE), rename('f', 'g', FILE)], {'f': b'data'}),
    ([*BOTH, sync(FILE), sync(DEVICE), rename('f', 'g', FILE), sync(DEVICE)], {'g': b'data'}),
])
def test_only_what_was_synced_is_certain(steps, expected):
    assert certain(*steps) == expected


def test_a_sync_counts_once_it_has_ended():
    found, end = disk(*BOTH, sync(FILE), sync(DEVICE))
    assert text(found.state(end, STATES['nothing'])) == {'f': b'data'}
    assert text(found.state(end - 1, STATES['nothing'])) == {}


def test_a_call_is_possible_once_it_has_begun():
    found, end = disk(make('f', FILE))
    assert text(found.state(1, STATES['everything'])) == {'f': b''}
    assert text(found.state(0, STATES['everything'])) == {}


def test_names_without_data_and_only_later_ones():
    states = possible(make('f', FILE), write(FILE, b'data'), make('g', OTHER), write(OTHER, b'other'))
    for expected in ({}, {'f': b''}, {'f': b'\0\0\0\0'}, {'f': b'da'}, {'g': b'other'}, {'f': b'data', 'g': b'other'}):
        assert expected in states, expected


def test_attributes_each_by_itself():
    steps = [make('f', FILE), attribute(FILE, 'a', b'1'), attribute(FILE, 'b', b'2'), sync(DEVICE)]
    found, end = disk(*steps)
    seen = {frozenset(found.state(end, RandomChooser(seed))['f'].xattrs) for seed in range(100)}
    assert seen == {frozenset(), frozenset('a'), frozenset('b'), frozenset('ab')}
    found, end = disk(*steps, sync(FILE, 'fdatasync'))
    assert not found.state(end, STATES['nothing'])['f'].xattrs
    found, end = disk(*steps, sync(FILE))
    assert found.state(end, STATES['nothing'])['f'].xattrs == {'a': b'1', 'b': b'2'}


def test_a_rename_keeps_a_name_but_between_directories():
    durable = [*BOTH, mkdir('d', BELOW), sync(FILE), sync(DEVICE)]
    states = possible(*durable, rename('f', 'g', FILE))
    assert {tuple(sorted(state)) for state in states} == {('d', 'f'), ('d', 'g'), ('d', 'f', 'g')}
    states = possible(*durable, rename('f', 'g', FILE, BELOW))
    assert {('f' in state, 'g' in state['d']) for state in states} == {
        (True, False), (False, True), (True, True), (False, False)}
    # Over another file there is always one or the other.
    states = possible(*durable, make('g', OTHER), sync(DEVICE), rename('f', 'g', FILE))
    assert {(state.get('f'), state['g']) for state in states} == {
        (b'data', b''), (b'data', b'data'), (None, b'data')}
