"""A browser without a window: Debian's chromium."""
import contextlib
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from processes import await_condition

ARGUMENTS = [
    '--headless=new',
    # Tests run as root, and where /dev/shm may be small.
    '--no-sandbox', '--disable-dev-shm-usage',
    '--disable-gpu', '--no-first-run', '--disable-extensions', '--disable-sync', '--disable-component-update',
    '--disable-background-networking', '--disable-default-apps', '--mute-audio',
    # A window that is behind others is looked at all the same.
    '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
]


class Browser:
    def __init__(self, driver):
        self.driver = driver
        self.said = []

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        """What the script returns. It runs beside the page's policy, so it can do what the page cannot."""
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        """Of the first such element, as it is seen; '' if there is none."""
        return self.run('const e = document.querySelector(arguments[0]); return e ? e.innerText : ""', selector)

    def await_text(self, selector, part, seconds=15):
        """Until the element has that text."""
        await_condition(lambda: part in self.text(selector),
                        lambda: '%r in %s: %r' % (part, selector, self.text(selector)), seconds)

    def await_script(self, script, what, seconds=15):
        return await_condition(lambda: self.run(script), what, seconds)

    def size(self, width, height):
        """Of the page, which may be narrower than chromium makes a window."""
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': width < 600})

    def scheme(self, name):
        """'light' or 'dark'"""
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {
            'features': [{'name': 'prefers-color-scheme', 'value': name}]})

    def key(self, name, code):
        for kind in ('keyDown', 'keyUp'):
            self.driver.execute_cdp_cmd('Input.dispatchKeyEvent', {
                'type': kind, 'key': name, 'code': name, 'windowsVirtualKeyCode': code,
                **({'text': '\r'} if name == 'Enter' and kind == 'keyDown' else {})})

    def console(self):
        """What was said there since the last call: errors of scripts, what the policy forbade, requests that failed."""
        return ['%(level)s %(message)s' % entry for entry in self.driver.get_log('browser')
                if entry['level'] in ('SEVERE', 'WARNING')]


@contextlib.contextmanager
def browser():
    options = Options()
    options.binary_location = '/usr/bin/chromium'
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    driver = webdriver.Chrome(service=Service('/usr/bin/chromedriver'), options=options)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
