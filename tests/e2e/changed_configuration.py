"""Changes a configuration of Swift's object server at random, as editors, templates and hurried people do."""
import os
import re

OPTIONS = (
    'devices', 'mount_check', 'disable_fallocate', 'fallocate_reserve', 'disk_chunk_size', 'keep_cache_size',
    'mb_per_sync', 'reclaim_age', 'commit_window', 'replication_server', 'client_timeout', 'network_chunk_size',
    'max_upload_time', 'replication_concurrency', 'replication_concurrency_per_device', 'replication_one_per_device',
    'replication_lock_timeout', 'replication_failure_threshold', 'replication_failure_ratio', 'allowed_headers',
    'keep_cache_private', 'log_requests', 'log_name', 'log_facility', 'log_level', 'log_address', 'user', 'swift_dir',
    'bind_port', 'backlog', 'my_own_option', 'log_statsd_host', 'log_statsd_port', 'log_statsd_default_sample_rate',
    'log_statsd_sample_rate_factor', 'log_statsd_metric_prefix', 'nice_priority', 'ionice_class', 'ionice_priority')

NUMBERS = ('0', '1', '7', '100', '512', '2000', '1_000', '+3', '007', '\u0667', '\uff12.5', '\u00b2', '1e3', '2.5', '.5',
           '99999999999999999999', '-1', '-1e3', 'nan', 'inf', '0x10', '7 # seven', '7 ; seven', '"60"', '60s', '1,5', '')
WORDS = ('yes', 'No', 'TRUE', 'on', 'ture', 'None', 'auto', 'DEBUG', 'warn', 'ERR', 'NOTSET', '20', 'LOG_LOCAL3', 'local3',
         'LOG_DAEMON', 'LOG_LOCAL9', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE', 'ioprio_class_be', '/dev/log', '/run/log', '/srv/node', 'srv/node', '')
MARKS = ('1%', '1 %', '2.5%', '200%', '%', '50%%', '%d', '%(bind_port)s', '%(Bind_Port)s', '%(nowhere)s', '%(here)s',
         '%(bind_port)', '\u00a05', '5\u3000', '\u00e9t\u00e9', '1\n  2', '\n  7', 'a, b,\n    C', 'X-A,,etag, X-B')
VALUES = (NUMBERS, WORDS, MARKS)
SECTIONS = ('[DEFAULT]', '[app:object-server]')
OPTION = re.compile(r'^\s*[^#;\s\[][^=:]*[=:]')


def value(draw):
    return draw.choice(draw.choice(VALUES))


def option_lines(lines):
    return [number for number, line in enumerate(lines) if OPTION.match(line)]


def some_option(draw, lines):
    return draw.choice(option_lines(lines) or [0])


def insert_option(draw, lines):
    places = [number for number, line in enumerate(lines) if line.strip() in SECTIONS] or [0]
    prefix = draw.choice(('', '', '', 'set ', 'set  '))
    lines.insert(draw.choice(places) + 1, '%s%s = %s' % (prefix, draw.choice(OPTIONS), value(draw)))


def replace_value(draw, lines):
    number = some_option(draw, lines)
    lines[number] = '%s= %s' % (re.split('[=:]', lines[number], maxsplit=1)[0], value(draw))


def remove_line(draw, lines):
    del lines[draw.randrange(len(lines))]


def repeat_line(draw, lines):
    lines.insert(draw.randrange(len(lines)), draw.choice(lines))


def swap_lines(draw, lines):
    one, two = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]


def add_prefix(draw, lines):
    number = some_option(draw, lines)
    lines[number] = draw.choice(('set ', 'set ', 'get ', '# ', ';', '  ', '\t', '\u00a0')) + lines[number]


def change_case(draw, lines):
    number = some_option(draw, lines)
    name, rest = lines[number][:12], lines[number][12:]
    lines[number] = draw.choice((name.title(), name.upper())) + rest


def change_separator(draw, lines):
    number = some_option(draw, lines)
    lines[number] = re.sub(r'\s*[=:]\s*', draw.choice(('=', ':', ' : ', '\t=\t', '\u00a0=\u00a0', ' ')), lines[number],
                           count=1)


def add_line(draw, lines):
    lines.insert(draw.randrange(len(lines)),
                 draw.choice(('', '   ', '# a comment', '  ; another', '[object-server]', '[DEFAULT]', '[x]y]', '[',
                              'neither', '  continued', '= 1', '[' + 'long' * 30 + ']', '[app:main]')))


def change_section(draw, lines):
    numbers = [number for number, line in enumerate(lines) if line.startswith('[')] or [0]
    number = draw.choice(numbers)
    lines[number] = draw.choice((lines[number] + ' # a section', ' ' + lines[number], lines[number].replace(':', ': '),
                                 lines[number].lower(), lines[number].replace('app:', 'application:'),
                                 lines[number].replace(']', ' ]')))


CHANGES = (insert_option, insert_option, insert_option, insert_option, replace_value, replace_value, replace_value,
           remove_line, repeat_line, swap_lines, add_prefix, add_prefix, change_case, change_separator, add_line,
           change_section)


def files_of(path):
    if os.path.isdir(path):
        return sorted(os.path.join(path, name) for name in os.listdir(path))
    directory = os.path.dirname(path)
    base = os.path.join(directory, 'base.conf')
    return [path, base] if os.path.exists(base) else [path]


def change(draw, path):
    """Make one to three changes in the configuration's files."""
    for _ in range(draw.randint(1, 3)):
        file_path = draw.choice(files_of(path))
        with open(file_path, encoding='utf-8', newline='') as file:
            text = file.read()
        lines = text.split('\n')
        draw.choice(CHANGES)(draw, lines)
        end = draw.choice(('\n',) * 8 + ('\r\n', '\r'))
        start = '\ufeff' if draw.random() < 0.02 else ''
        with open(file_path, 'w', encoding='utf-8', newline='') as file:
            file.write(start + end.join(lines))
