"""Reduces a state to a smaller one of which the outcomes still differ."""
import copy
import time

REDUCE_SECONDS = 40


def reduced(state, differs):
    """differs(state): what differs, or nothing."""
    end = time.monotonic() + REDUCE_SECONDS
    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for candidate in smaller(state):
            if time.monotonic() > end:
                break
            if differs(candidate):
                state, changed = candidate, True
                break
    return state


def smaller(state):
    """Each state that has one thing less, large things first."""
    for name in ('places', 'beside'):
        for index in range(len(getattr(state, name))):
            yield without(state, lambda twin: getattr(twin, name).pop(index))
    for name in ('settings', 'options'):
        for key in getattr(state, name):
            yield without(state, lambda twin: getattr(twin, name).pop(key))
    for node in state.down:
        yield without(state, lambda twin: twin.down.remove(node))
    for place in range(len(state.places)):
        for name in ('late', 'entries'):
            for index in range(len(getattr(state.places[place], name))):
                yield without(state, lambda twin: getattr(twin.places[place], name).pop(index))


def without(state, remove):
    twin = copy.deepcopy(state)
    remove(twin)
    return twin
