#!/usr/bin/python3
"""As much of systemctl as ssync-node asks for. Units are in the JSON file $FAKE_UNITS; what is done to them is appended to its
"done". A unit with "dies" has ended by the time it is asked for."""
import json
import os
import sys

path = os.environ['FAKE_UNITS']
with open(path) as file:
    state = json.load(file)
units = state['units']
verb, arguments = sys.argv[1], sys.argv[2:]
if verb == 'show':
    names = [argument.split('=', 1)[1] for argument in arguments if argument.startswith('--property=')]
    wanted = arguments[-1]
    shown = []
    for name, unit in units.items():
        if wanted not in ('*.service', name, name + '.service'):
            continue
        values = {'Id': name + '.service', 'LoadState': 'loaded', 'ExecStart': unit['exec'], 'NRestarts': '0',
                  'ActiveState': 'failed' if unit['active'] and unit.get('dies') else 'active' if unit['active'] else 'inactive',
                  'UnitFileState': 'enabled' if unit['enabled'] else 'disabled'}
        shown.append('\n'.join('%s=%s' % (key, values[key]) for key in names))
    print('\n\n'.join(shown) or 'LoadState=not-found')
    sys.exit(0)
state['done'].append(' '.join(sys.argv[1:]))
name = arguments[-1].removesuffix('.service')
unit = units[name]
if verb == unit.get('fails'):
    sys.exit('Failed to %s %s' % (verb, name))
if verb in ('enable', 'disable'):
    unit['enabled'] = verb == 'enable'
if verb in ('start', 'stop') or '--now' in arguments:
    unit['active'] = verb in ('start', 'enable')
with open(path, 'w') as file:
    json.dump(state, file)
