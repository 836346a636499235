"""Reduces a session to a minimal one that still shows a difference."""
import copy
import pickle
import time

from session import WHOLE_PIECE

REDUCE_SECONDS = 20
LISTS = ('updates', 'reads', 'missing', 'entries')
PLAIN = {'piece': WHOLE_PIECE, 'frag_index': None, 'updates_end': 'END and last chunk', 'suffixes': None,
         'check_start': b':MISSING_CHECK: START\r\n', 'updates_start': b':UPDATES: START\r\n'}


def reduced(session, differences):
    """differences(session): lines that say what differs, soon: a difference of the first moment counts."""
    end = time.monotonic() + REDUCE_SECONDS
    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for candidate in smaller(session):
            if time.monotonic() > end:
                break
            if differences(candidate):
                session, changed = candidate, True
                break
    return session


def smaller(session):
    """Each session that has one kind of things or one thing less."""
    for name in LISTS:
        if len(getattr(session, name)) > 1:
            yield changed(session, lambda twin: getattr(twin, name).clear())
    for name in LISTS:
        for index in range(len(getattr(session, name))):
            yield changed(session, lambda twin: getattr(twin, name).pop(index))
    for name in ('updates', 'reads'):
        for index, request in enumerate(getattr(session, name)):
            for header in range(len(request.headers)):
                yield changed(session, lambda twin: getattr(twin, name)[index].headers.pop(header))
    for name, value in PLAIN.items():
        if getattr(session, name) != value:
            yield changed(session, lambda twin: setattr(twin, name, value))
    for index, subrequest in enumerate(session.updates):
        if subrequest.whole() and len(subrequest.body) > 1:
            yield changed(session, lambda twin: shorten(twin.updates[index]))
    for index, entry in enumerate(session.entries):
        if entry.old:
            yield changed(session, lambda twin: setattr(twin.entries[index], 'old', False))
        for key in removable_keys(entry):
            yield changed(session, lambda twin: remove_key(twin.entries[index], key))


def changed(session, change):
    twin = copy.deepcopy(session)
    change(twin)
    return twin


def shorten(subrequest):
    subrequest.body = subrequest.body[:1]
    subrequest.headers = [b'Content-Length: 1' if header.lower().startswith(b'content-length') else header for header in subrequest.headers]


def removable_keys(entry):
    """Of metadata that is sound; the names that every object has say less than they would if they were missing."""
    if entry.metadata is None or not entry.checksum_right():
        return []
    try:
        value = pickle.loads(entry.metadata)
    except Exception:  # a damaged pickle
        return []
    needed = (b'name', b'X-Timestamp', b'Content-Length', b'ETag', b'Content-Type')
    return [key for key in value if key not in needed] if isinstance(value, dict) else []


def remove_key(entry, key):
    value = pickle.loads(entry.metadata)
    del value[key]
    entry.describe(value)
