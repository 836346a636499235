"""The status page: what a browser shows of it, with a real load and with made-up values, and what it must never do."""
import base64
import contextlib
import hashlib
import json
import os
import re
import select
import signal
import subprocess
import time
import urllib.parse

import pytest

from browser import browser
from hung_device import HUNG, hang, two_devices  # noqa: F401
from made_up_status import TB, device, history, made_up_server, replicator, session, status
from processes import await_condition, die_with_parent, waits_for_disk
from swift_cluster import DEVICE
from wire import MISSING_CHECK_END, MISSING_CHECK_START, UPDATES_DONE, ask, check_script, connected, converse
from worker_server import REPOSITORY, build_dir

pytestmark = pytest.mark.worker_only

PAGE = os.path.join(REPOSITORY, 'worker', 'status', 'status_page.html')
MOST_BYTES = 40 << 10
LIVE = 'Live'
# Were it markup, it would set window.hacked, and load what the policy forbids, which the console would tell.
HOSTILE = '<img src=x onerror="window.hacked=1">\'é&amp;<b>'
DONE_IN = 1000      # milliseconds
PHONE = 360


@pytest.fixture(scope='module')
def server(receivers):
    return receivers.get('worker')


@pytest.fixture(scope='module')
def chrome():
    with browser() as running:
        yield running


@pytest.fixture
def window(chrome):
    """The browser, which has nothing to complain of at the end."""
    chrome.size(1400, 900)
    chrome.scheme('light')
    chrome.console()
    yield chrome
    assert chrome.console() == []
    assert chrome.run('return window.hacked') is None
    chrome.open('about:blank')


@pytest.fixture
def made_up(server):
    """A server that says what a test wants; its page is that of the real one."""
    reply = ask(server.port, 'GET', '/ssync/')
    with made_up_server(reply.body, reply.headers['content-security-policy']) as made:
        yield made


def url(server):
    return 'http://127.0.0.1:%d/ssync/' % server.port


def rows(window, part):
    """The text of each row's cells."""
    return window.run('return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].map('
                      'tr => [...tr.cells].map(td => td.innerText))', part)


def await_row(window, part, first, seconds=15):
    """Until a row begins with that line: its cells."""
    def found():
        return next((cells for cells in rows(window, part) if cells[0].split('\n')[0] == first), None)
    return await_condition(found, lambda: '%r in %s: %r' % (first, part, rows(window, part)), seconds)


def mend_complaints(window):
    """Lost answers are in the console, as chromium tells each request that fails. There is nothing else."""
    for line in window.console():
        assert re.search(r'(status|history)\.json - Failed to load resource', line), line


def test_what_is_served_is_the_file(server):
    with open(PAGE, 'rb') as file:
        page = file.read()
    reply = ask(server.port, 'GET', '/ssync/')
    assert reply.code == 200
    assert reply.body == page
    assert len(page) <= MOST_BYTES
    # Nothing comes from elsewhere.
    assert not re.search(rb'(src|href)="(?!#|data:,)', page)
    policy = reply.headers['content-security-policy']
    for tag in (b'script', b'style'):
        assert page.count(b'<%s' % tag) == page.count(b'<%s>' % tag) == 1
        inner = page.split(b'<%s>' % tag)[1].split(b'</%s>' % tag)[0]
        digest = base64.b64encode(hashlib.sha256(inner).digest()).decode()
        assert "%s-src 'sha256-%s'" % (tag.decode(), digest) in policy
    assert "default-src 'none'" in policy and 'unsafe' not in policy


def test_a_session_and_its_device(window, server, swift_dir):
    command = [os.path.join(build_dir(), 'ssync-send'), '--swift-dir', swift_dir, '--size', '4K', '--json', '--synthetic']
    target = '127.0.0.1:%d/%s' % (server.port, DEVICE)
    # Slow enough that it lasts until it has been seen.
    slow = subprocess.Popen(command + ['2000', '--bandwidth-limit', '1M', '--partition', '71', target], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
    try:
        window.open(url(server))
        await_row(window, 'sessions', DEVICE + '/71')
        window.await_script('const p = document.querySelector("#sessions progress"); return p.value > 0 && !p.hidden', 'progress')
        assert 'of 2,000 wanted' in rows(window, 'sessions')[0][5]
        name, sender, phase, _, _, _, failed, _, _ = rows(window, 'sessions')[0]
        assert 'policy 0, SSYNC, worker ' in name
        assert (sender, phase, failed) == ('127.0.0.1', 'updates', '0')
        share = window.run('return document.querySelector("#sessions progress").value')
        assert 0 < share < 1
        # The same row goes on.
        window.run('document.querySelector("#sessions tbody tr").mark = 1')
        window.await_script('const p = document.querySelector("#sessions progress"); '
                            'return p.closest("tr").mark === 1 && p.value > %r' % share, 'progress')
        assert await_row(window, 'devices', DEVICE)[1] == '1'
    finally:
        slow.kill()
        slow.wait()
    window.await_text('#sessions', 'None at this moment')
    window.await_text('#failures', 'sda1/71')
    subprocess.run(command + ['100', '--partition', '72', target], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   check=True)
    await_condition(lambda: 'ago' in await_row(window, 'devices', DEVICE)[13], lambda: rows(window, 'devices'))
    cells = await_row(window, 'devices', DEVICE)
    assert float(cells[2].replace(',', '')) > 0             # objects/s of the last minute
    assert 'free of' in cells[12]
    assert 'NaN' not in window.text('body') and 'undefined' not in window.text('body')
    # Its chart, and that of all.
    window.await_script('return document.querySelectorAll("#charts .line[d^=M]").length >= 2', 'charts')


def test_names_are_text(window, server):
    # A device of such a name is refused as by Swift, though it is there, and so is none that the page knows.
    name = HOSTILE.replace('/', '')
    os.makedirs(os.path.join(server.tree.root, name), exist_ok=True)
    assert converse(server.port, check_script(), path='/%s/7' % urllib.parse.quote(name)).code == 507
    # What a sender says comes back in the reason why its session was cut.
    said = '<img/src=x/onerror=window.hacked=1>"\'&amp;'
    reply = converse(server.port, [MISSING_CHECK_START + said.encode() + b' 1\r\n' + MISSING_CHECK_END], partition='8')
    assert said.encode()[:20] in reply.body
    window.open(url(server))
    window.await_text('#failures', said[:35])
    assert DEVICE + '/8' in window.text('#failures')
    assert name not in window.text('#devices')
    assert window.run('return document.images.length') == 0


def test_whatever_the_server_says_is_text(window, made_up):
    """Each text of status.json, also those in which no sender has a say today."""
    made_up.status = status(
        sessions=[session(1, HOSTILE, partition=HOSTILE, remote_addr=HOSTILE, phase=HOSTILE, method=HOSTILE)],
        requests=[{'id': 1, 'method': HOSTILE, 'remote_addr': HOSTILE, 'device': HOSTILE, 'phase': HOSTILE, 'seconds': 1.0}],
        devices=[device(HOSTILE), device('\u202egnp.exe'), device('__proto__'), device('same'), device('same')],
        failures=[{'time': 1, 'device': HOSTILE, 'partition': HOSTILE, 'remote_addr': HOSTILE, 'reason': HOSTILE}],
        replicator=replicator(HOSTILE, jobs=2), version=HOSTILE,
        workers={'configured': 1, 'running': 1, 'leaving': 0, 'phases': {HOSTILE: 1, '__proto__': 1}})
    made_up.history = history([HOSTILE, '__proto__', 'constructor'])
    window.open(made_up.url)
    window.await_text('#state', LIVE)
    window.await_script('return document.querySelectorAll("figure").length === 4', 'charts')
    assert len(rows(window, 'devices')) == 5
    assert window.run('return document.body.textContent.split(arguments[0]).length', HOSTILE) > 22
    assert window.run('return document.querySelectorAll("img, main b b").length') == 0


def test_two_hundred_sessions(window, made_up):
    names = ['sd%s1' % letter for letter in 'abcdefghijklmnopqrstuvwx']

    def many(more):
        return status([session(number, names[number % 24], seconds=100.0 + number + more, failed=more)
                       for number in range(200)], [device(name, 100.0 + more) for name in names])
    made_up.status, made_up.history = many(0), history(names)
    window.open(made_up.url)
    window.await_text('#sessions-n', '200 at this moment')
    # With the layout, from nothing and again with other values.
    took = window.run('''
        const measure = work => { const begun = performance.now(); work(); document.body.offsetHeight;
                                  return performance.now() - begun; };
        sessions([], r => String(r.id));
        const first = measure(showStatus);
        for (const one of status.sessions) { one.stored += 7; one.seconds += 1; one.objects_per_second *= 1.01; }
        const again = measure(showStatus), charts = measure(showRates);
        return {first, again, charts};''')
    print('milliseconds for 200 sessions and 24 devices:', took)
    assert max(took.values()) < DONE_IN, took
    # Rows stay what and where they are, and what has the keyboard keeps it.
    window.run('document.querySelectorAll("#sessions tbody tr").forEach((tr, i) => tr.mark = i);'
               'document.querySelector("#sessions th button").focus()')
    made_up.status = many(1)
    window.await_script('return document.querySelector("#sessions tbody td:nth-child(7)").innerText.endsWith("1")', 'new values')
    assert window.run('return [...document.querySelectorAll("#sessions tbody tr")].every((tr, i) => tr.mark === i)')
    assert window.run('return document.activeElement === document.querySelector("#sessions th button")')
    # Sorted by button, both ways.
    for expected in ('ascending', 'descending'):
        window.key('Enter', 13)
        assert window.run('return document.activeElement.closest("th").ariaSort') == expected
        shown = [cells[0].split('\n')[0] for cells in rows(window, 'sessions')]
        assert shown == sorted(shown, key=lambda one: (one.split('/')[0], int(one.split('/')[1])),
                               reverse=expected == 'descending')
    # And found by what they are called.
    window.run('const f = document.querySelector("#filter"); f.value = "SDB1/"; f.dispatchEvent(new Event("input"))')
    assert {cells[0].split('/')[0] for cells in rows(window, 'sessions')} == {'sdb1'}


def test_one_request_at_a_time(window, made_up):
    made_up.delay = 0.6
    window.open(made_up.url)
    await_condition(lambda: len(made_up.asked) >= 3, lambda: made_up.asked)
    asked = sorted(made_up.asked, key=lambda one: one[1])
    assert {path for path, _, _ in asked} == {'/ssync/status.json', '/ssync/history.json'}
    for (_, _, answered), (_, begun, _) in zip(asked, asked[1:]):
        assert begun >= answered
    # None while nobody looks, and one at once when somebody does.
    made_up.delay = 0.0
    hide = ('Object.defineProperty(document, "hidden", {configurable: true, value: arguments[0]});'
            'document.dispatchEvent(new Event("visibilitychange"))')
    window.run(hide, True)
    window.await_script('return !busy', 'the last answer')
    before = len(made_up.asked)
    # Longer than between two requests: that there is none can only be waited for.
    time.sleep(1.3)
    assert len(made_up.asked) == before
    window.run(hide, False)
    await_condition(lambda: len(made_up.asked) > before, 'asked again', 0.9)


def test_a_lost_server(chrome, own):
    chrome.size(1400, 900)
    chrome.console()
    server = own.new('worker')
    reply = ask(server.port, 'GET', '/ssync/')
    chrome.open(url(server))
    chrome.await_text('#state', LIVE)
    assert converse(server.port, check_script(), DEVICE, '7').body.endswith(UPDATES_DONE)
    await_row(chrome, 'devices', DEVICE)
    assert chrome.text('#notice').strip() == '' and chrome.console() == []
    server.stop()
    chrome.await_text('#lost', 'Lost the server: no answer since ')
    assert re.fullmatch(r'Lost the server: no answer since \d\d:\d\d:\d\d \(no connection\)\.', chrome.text('#lost'))
    # The last values are still there, and do not look as if they were new.
    await_row(chrome, 'devices', DEVICE)
    assert float(chrome.run('return getComputedStyle(document.querySelector("main")).opacity')) < 0.7
    assert chrome.run('return document.title').startswith('LOST')
    # What is read aloud stays as it is, while the age beside it grows.
    said, age = chrome.text('#lost'), chrome.text('#ago')
    await_condition(lambda: chrome.text('#ago') != age, 'a new age')
    assert chrome.text('#lost') == said
    # Another server at the same place: nginx whose pool is gone, and then with one.
    with made_up_server(reply.body, reply.headers['content-security-policy'], server.port) as made:
        made.answers_with = 502
        chrome.await_text('#lost', '(HTTP 502)')
        assert chrome.text('#lost').split('(')[0] == said.split('(')[0]     # since the same moment
        made.answers_with = 200
        made.status = status(devices=[device('again')])
        chrome.await_text('#state', LIVE)
        await_row(chrome, 'devices', 'again')
        assert chrome.text('#notice').strip() == ''
        assert float(chrome.run('return getComputedStyle(document.querySelector("main")).opacity')) == 1
    mend_complaints(chrome)
    chrome.open('about:blank')


def test_a_pool_of_which_all_workers_hang(window, two_devices):  # noqa: F811
    server, place = two_devices
    with contextlib.ExitStack() as stack:
        stack.push(hang(place).__exit__)
        stack.enter_context(connected(server.port)).start(HUNG, '1')
        hung = await_condition(lambda: list(filter(waits_for_disk, server.serving_pids())), 'a worker hangs in the disk')
        # One device does not get them all: the rest hangs for another reason.
        for pid in set(server.serving_pids()) - set(hung):
            os.kill(pid, signal.SIGSTOP)
            stack.callback(os.kill, pid, signal.SIGCONT)
        unanswered = stack.enter_context(connected(server.port))
        unanswered.raw(b'REPLICATE /sda1/1/abc HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
        window.open(url(server))
        cells = await_row(window, 'sessions', HUNG + '/1')
        assert 'worker %d' % hung[0] in cells[0]
        # It goes on to answer, and the session's age grows.
        await_condition(lambda: rows(window, 'sessions')[0][3] != cells[3], 'a new age')
        assert window.text('#state').startswith(LIVE)
        assert ask(server.port, 'GET', '/metrics', timeout=5).code == 200
        # As nobody else does.
        assert select.select([unanswered.socket], [], [], 0)[0] == []


def test_a_limited_device(window, made_up):
    limits = {'bytes_per_second': 20000000, 'objects_per_second': 0, 'idle_share': 0.3}
    made_up.status = status(devices=[device('sda1', limits=limits, drained=False),
                                     device('sdb1', limits=dict.fromkeys(limits, 0), drained=True)])
    window.open(made_up.url)
    assert await_row(window, 'devices', 'sda1')[0].split('\n')[1] == 'at most 20 MB/s, idle 30 % of the time'
    assert await_row(window, 'devices', 'sdb1')[0].split('\n')[1] == 'takes no new sessions'
    assert 'All devices are drained' not in window.text('main')
    made_up.status = status(drained=True)
    window.await_text('main', 'All devices are drained')


def test_a_replicator(window, made_up):
    made_up.status = status(replicator=replicator())
    window.open(made_up.url)
    window.await_text('#pass', '4,120 of 10,000 partitions (41 %), 512/s, about 12 s left; 310 handoffs left')
    assert abs(window.run('return document.querySelector("#pass progress").value') - 0.412) < 0.001
    assert await_row(window, 'jobs', 'sda1/sda1')[4] == '10 of 20 wanted, 1.02 kB'
    assert await_row(window, 'sending', 'sda1')[1] == '4,120 of 10,000'
    assert await_row(window, 'peers', 'sda1')[1].split('\n') == ['1', '2 waiting']
    assert '3 more are not shown' in window.text('#peers')
    silent = replicator(state='does not answer', age=65.0)
    silent['processes'][0].update(state='does not answer', age=65.0)
    silent['processes'].append({'socket': 'ssync-replicator.1.status', 'state': 'does not answer', 'age': None})
    made_up.status = status(replicator=silent)
    window.await_text('#replicator-bad', 'It does not answer: what is shown is 1 min 5 s old.')
    window.await_text('#processes', 'ssync-replicator.1.status: does not answer')
    made_up.status = status(replicator=replicator(jobs=0, remaining_seconds=None, partitions=dict.fromkeys(('all', 'done', 'running', 'left'), 0)))
    window.await_text('#jobs', 'None at this moment.')
    window.await_text('#pass', '0 of 0 partitions (100 %)')
    made_up.status = status()
    window.await_text('#replicator', 'No ssync-replicator runs on this node.')
    assert window.run('return document.querySelector("#jobs").getClientRects().length') == 0
    assert 'NaN' not in window.text('body') and 'undefined' not in window.text('body')


def test_workers_that_die_at_once_and_damaged_objects(window, made_up):
    made_up.status = status(devices=[device('sda1', counts={'quarantined': 3})], backoff=12.7)
    window.open(made_up.url)
    window.await_text('#backoff', 'Workers die as soon as they start: the next ones start in 12 s.')
    assert await_row(window, 'devices', 'sda1')[11] == '3'
    made_up.status = status()
    await_condition(lambda: window.text('#backoff') == '', 'they started')


def test_no_worker_is_idle(window, made_up):
    busy = {'configured': 2, 'running': 2, 'leaving': 0, 'phases': {'hashing suffixes': 2}}
    made_up.status = status(workers=busy)
    window.open(made_up.url)
    window.await_text('main', 'No worker is idle')
    made_up.status = status(workers=dict(busy, phases={'hashing suffixes': 1, 'idle': 1}))
    await_condition(lambda: 'No worker is idle' not in window.text('main'), 'one is idle')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_a_phone(window, made_up, scheme):
    names = ['d' * 255, 'sda1', 'x' * 40]
    made_up.status = status(
        [session(1, names[0], phase='reading the request\'s head', remote_addr='2001:db8:1111:2222:3333:4444:5555:6666')],
        [device(name, 123456.7, size_bytes=4 * TB, free_bytes=1, last_success=1) for name in names],
        [{'time': 1, 'device': names[0], 'partition': '1', 'remote_addr': '192.0.2.1', 'reason': '/' + 'y' * 255}],
        [{'id': 1, 'method': 'REPLICATE', 'remote_addr': '192.0.2.1', 'device': names[0], 'phase': 'idle', 'seconds': 1.0}],
        replicator('r' * 255, state='does not answer'))
    made_up.history = history(names, most=1e9)
    window.scheme(scheme)
    window.size(PHONE, 800)
    window.open(made_up.url)
    window.await_script('return document.querySelectorAll("figure").length === 4', 'charts')
    assert window.run('return innerWidth') == PHONE
    assert window.run('return document.documentElement.scrollWidth') <= PHONE
    outside = window.run('return [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > '
                         '%d + .5 && e.getClientRects().length).map(e => e.outerHTML.slice(0, 100))' % PHONE)
    assert outside == []
    # Text can be read on what is behind it (WCAG AA).
    for selector in ('h2', '.muted', '#sessions td', '.bad', 'a', 'th[aria-sort] button'):
        ratio = window.run(CONTRAST, selector)
        assert ratio >= 4.5, (selector, ratio)


CONTRAST = '''
    const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(v => v / 255).map(
        v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
    const one = document.querySelector(`section ${arguments[0]}`) || document.querySelector(arguments[0]);
    let behind = one;
    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
    const pair = [light(getComputedStyle(one).color), light(getComputedStyle(behind).backgroundColor)].sort();
    return (Math.max(...pair) + .05) / (Math.min(...pair) + .05);'''


def test_the_keyboard_reaches_everything(window, made_up):
    made_up.status = status([session(1, 'sda1')], [device('sda1')],
                            [{'time': 1, 'device': 'a', 'partition': '1', 'remote_addr': '192.0.2.1', 'reason': 'why'}],
                            [{'id': 1, 'method': 'GET', 'remote_addr': 'a', 'device': 'b', 'phase': 'idle', 'seconds': 1.0}],
                            replicator())
    made_up.history = history(['sda1'])
    window.open(made_up.url)
    window.await_script('return document.querySelectorAll("figure").length === 2', 'charts')
    controls = window.run('const all = [...document.querySelectorAll("a, button, input")]; '
                          'all.forEach((one, i) => one.number = i); return all.length')
    assert controls > 30
    reached = []
    for _ in range(controls):
        window.key('Tab', 9)
        number, outline = window.run('const e = document.activeElement; '
                                     'return [e.number, getComputedStyle(e).outlineStyle]')
        assert outline == 'solid', 'no ring around control %s' % number
        reached.append(number)
    assert reached == list(range(controls))
    # Each has a name, and does what it is for without a mouse.
    assert window.run('return [...document.querySelectorAll("button")].every(b => b.type === "button" && '
                      '(b.ariaLabel || b.innerText))')
    window.run('document.querySelector("#by-bytes").focus()')
    window.key('Enter', 13)
    assert window.run('return document.querySelector("#by-bytes").ariaPressed') == 'true'
    assert 'MB/s' in window.text('figure')
    # Parts that a screen reader can go to, and one voice alone.
    assert window.run('return [...document.querySelectorAll("header, main, footer, nav[aria-label], section")].length') >= 10
    assert window.run('return [...document.querySelectorAll("[aria-live], [role=alert], [role=status]")].map(e => e.id)'
                      ) == ['lost']
