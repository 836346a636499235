"""How often Swift came to each outcome: shows whether the sessions reach every branch."""
import collections
import os
import re

SUBREQUEST = re.compile(rb'"(PUT|POST|DELETE) /[^"]*" (\d+) ')
NUMBERS = re.compile(r'[0-9a-f]{32}|\d[\d.]*')
FRAGMENT = re.compile(r'.*#\d+(#d)?\.data$')


class Outcomes:
    def __init__(self):
        self.counts = {}

    def add(self, kind, *outcomes):
        self.counts.setdefault(kind, collections.Counter()).update(outcomes)

    def count(self, session, answer, before, after, log):
        kind = ' '.join(sorted(session.kinds)) + ' ' + session.verb
        self.add(kind, 'sessions')
        if session.verb == 'READ':
            for number, read in enumerate(session.reads):
                status = answer['read %d status' % number].replace('HTTP/1.1 ', '')
                self.add(kind, '%s %s %s' % (read.method, status, answer.get('read %d ended' % number, '')))
        elif session.gone():
            self.add(kind, 'client gone: %s' % (session.check_end if session.check_end != 'END' else session.updates_end))
        else:
            self.add(kind, 'status ' + answer['status'].split(' ', 1)[1])
        if session.verb == 'SSYNC':
            self.count_conversation(kind, session, answer, log)
        if session.verb == 'REPLICATE' and isinstance(answer.get('hashes'), dict):
            self.add(kind, *('hash %s' % type(value).__name__ for value in answer['hashes'].values()))
        self.count_changes(kind, before, after)

    def count_conversation(self, kind, session, answer, log):
        body = answer.get('body', b'').decode('latin-1')
        wanted = 0
        for line in body.splitlines():
            if line.startswith(':ERROR:'):
                self.add(kind, 'line ' + NUMBERS.sub('N', line)[:90])
            elif line and not line.startswith(':'):
                self.add(kind, 'wanted ' + line.split(' ', 1)[-1])
                wanted += 1
        if answer.get('ended'):
            self.add(kind, 'ended %s' % answer['ended'])
        if session.check_end == 'END' and b':MISSING_CHECK: END' in answer.get('body', b''):
            self.add(kind, *['wanted nothing'] * (len(session.missing) - wanted))
        self.add(kind, *('%s %s' % (method.decode(), status.decode()) for method, status in SUBREQUEST.findall(log)))

    def count_changes(self, kind, before, after):
        for path in set(before) | set(after):
            name = os.path.basename(path)
            sort = FRAGMENT.sub(r'#N\1.data', name) if FRAGMENT.match(name) else os.path.splitext(name)[1] or 'directory'
            if path.startswith('quarantined'):
                if path.count('/') == 2:
                    self.add(kind, 'quarantined')
            elif path.count('/') < 4 or name.startswith('.lock'):
                continue
            elif path not in after:
                durable = '%s#d.data' % path[:-len('.data')]
                if sort == '#N.data' and durable in after and durable not in before:
                    self.add(kind, 'disk: made durable')
                else:
                    self.add(kind, 'disk: removed ' + sort)
            elif path not in before:
                self.add(kind, 'disk: new ' + sort)
            elif before[path] != after[path]:
                self.add(kind, 'disk: changed ' + sort)

    def __str__(self):
        lines = []
        for kind in sorted(self.counts):
            lines.append(kind)
            lines += ['  %7d %s' % (count, outcome) for outcome, count in sorted(self.counts[kind].items())]
        return '\n'.join(lines)
