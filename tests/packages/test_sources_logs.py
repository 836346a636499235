"""deploy/logs.md against the sources: each line that a program can write at INFO or above has its row, and each row its line.

A line is known by its format string, in which … stands for each {}. Formats that say nothing by themselves are spelled out in
SAID_BY_OTHERS."""
import collections
import glob
import os
import re

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
PAGE = os.path.join(REPOSITORY, 'deploy', 'logs.md')
CALL = re.compile(r'\blog::(debug|info|warning|error|critical|write)\(\s*(?:level,\s*)?')
LITERAL = re.compile(r'\s*(?:R"\((.*?)\)"|"((?:[^"\\]|\\.)*)")', re.S)
PLACEHOLDER = re.compile(r'\{[^{}]*\}')
ROW = re.compile(r'^\| ([A-Z, ]+) \| `([^`]+)` \|([^|]*)\|([^|]*)\|$', re.M)
LEVELS = {'info': 'INFO', 'warning': 'WARNING', 'error': 'ERROR', 'critical': 'CRITICAL'}

# Where a format has a whole line, or its end, from elsewhere: the rows that this makes, and the file that has their words.
SESSION = ('worker/receiver/ssync_receiver.cc', '… …')
STATISTICS = ('worker/replicator/pass.cc', '…')
PRIORITY = {row: 'common/os/process_priority.cc' for row in (
    'Unable to modify nice priority (nice_priority = …): …; left unchanged',
    'Unable to modify ionice priority (ionice_class = …, ionice_priority = …): …; left unchanged')}
SAID_BY_OTHERS = {
    ('worker/ssync_replicator_main.cc', '…'): PRIORITY,
    SESSION: {
        '… session ended: … objects offered, … wanted, … stored, … failed, … bytes in … s (waited …, list …, updates …), '
        '… objects/s, … MB/s': 'worker/receiver/session_line.cc',
        '… session cut (…): … objects offered, …': 'worker/receiver/session_line.cc',
        '… LOCK TIMEOUT: …': 'worker/receiver/ssync_receiver.cc',
        '… TIMEOUT: …': 'worker/receiver/ssync_receiver.cc',
        '… client disconnected': 'worker/receiver/ssync_receiver.cc',
        '… EXCEPTION: …': 'worker/receiver/ssync_receiver.cc',
        '… read failed: …': 'worker/fastcgi/fastcgi_request.cc',
        '… cannot write the response': 'worker/fastcgi/fastcgi_request.cc',
    },
    STATISTICS: {row: 'worker/replicator/stats_lines.cc' for row in (
        '…/… (…%) partitions replicated in …s (…/sec, … remaining)', '… successes, … failures',
        '… suffixes checked - …% hashed, …% synced', 'Partition times: max …s, min …s, med …s',
        'Nothing replicated for … seconds.')},
}
# Written without the functions of log.h, by what they write to.
BESIDE_THE_LOG = {'no fields in the journal: …; such lines come without them': 'common/config/journal_sink.cc'}

Line = collections.namedtuple('Line', 'path level text')


def source(path):
    with open(os.path.join(REPOSITORY, path), encoding='utf-8') as file:
        return file.read()


def literal_at(text, position):
    """The string literal, or those that follow each other, at this position."""
    parts = []
    while found := LITERAL.match(text, position):
        raw, plain = found.groups()
        parts.append(raw if raw is not None else plain.replace('\\"', '"').replace('\\\\', '\\'))
        position = found.end()
    return ''.join(parts)


def lines_of_the_sources():
    lines = []
    for folder in ('common', 'worker'):
        for path in sorted(glob.glob(os.path.join(REPOSITORY, folder, '**', '*.*'), recursive=True)):
            if not path.endswith(('.cc', '.h')) or path.endswith('common/os/log.h'):
                continue
            with open(path, encoding='utf-8') as file:
                text = file.read()
            for call in CALL.finditer(text):
                said = literal_at(text, call.end())
                assert said, '%s: a line whose format is not written where it is logged: %s' % (
                    path, text[call.start():call.end() + 60])
                lines.append(Line(os.path.relpath(path, REPOSITORY), call.group(1), PLACEHOLDER.sub('…', said)))
    return lines


def rows():
    with open(PAGE, encoding='utf-8') as file:
        text = file.read()
    found = ROW.findall(text)
    # A row that the pattern does not take would not be looked at.
    assert len(found) == len(re.findall(r'^\| (?:DEBUG|INFO|WARNING|ERROR|CRITICAL)', text, re.M))
    return [(named, text, meaning.strip(), remedy.strip()) for named, text, meaning, remedy in found]


def documented_lines():
    return [line for line in lines_of_the_sources() if line.level != 'debug']


def test_the_sources_have_lines():
    lines = lines_of_the_sources()
    assert len(lines) > 120
    assert Line('worker/pool/pool.cc', 'info', 'started: … workers on …') in lines
    assert Line('worker/replicator/collect_jobs.cc', 'error', "Can't find itself in policy with index … with ring_ip … and "
                'port … in ring file, not replicating') in lines
    assert Line('worker/request/log.cc', 'write', '… - - […] "… …" … … "…" "…" "…" … "-" … …') in lines


def test_each_line_has_a_row():
    texts = {text for _, text, _, _ in rows()}
    missing = [line for line in documented_lines()
               if (line.path, line.text) not in SAID_BY_OTHERS and line.text not in texts]
    missing += [(key, text) for key, said in SAID_BY_OTHERS.items() for text in said if text not in texts]
    missing += [text for text in BESIDE_THE_LOG if text not in texts]
    assert missing == [], 'deploy/logs.md has no row for these'


def test_each_row_has_a_line():
    texts = {line.text for line in documented_lines()}
    for said in SAID_BY_OTHERS.values():
        texts.update(said)
    texts.update(BESIDE_THE_LOG)
    assert [text for _, text, _, _ in rows() if text not in texts] == [], 'no program says this any more'


def test_a_row_has_the_level_of_its_line():
    levels = collections.defaultdict(set)
    for line in documented_lines():
        levels[line.text].add(LEVELS.get(line.level, 'any'))
    wrong = []
    for named, text, _, _ in rows():
        of_the_source = levels.get(text, {'any'})
        if 'any' not in of_the_source and not set(named.split(', ')) <= of_the_source:
            wrong.append((named, text, of_the_source))
    assert wrong == []


def test_what_others_say_is_said_there():
    keys = {(line.path, line.text) for line in documented_lines()}
    assert [key for key in SAID_BY_OTHERS if key not in keys] == []
    for said in list(SAID_BY_OTHERS.values()) + [BESIDE_THE_LOG]:
        for text, path in said.items():
            # Without what breaks a long literal in two.
            words = re.sub(r'"\s*"', '', source(path))
            for piece in text.split('…'):
                assert piece.strip(' (:)') in words, (text, path)


def test_a_row_says_what_it_means():
    """And what to do, but for lines that only tell that all goes as it should."""
    for named, text, meaning, remedy in rows():
        if named in ('INFO', 'INFO, DEBUG'):
            continue
        assert meaning and remedy, text


def test_the_package_has_the_page():
    assert 'deploy/logs.md\n' in source('deploy/debian/ssync-worker.docs')
