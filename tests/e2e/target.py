"""What is under test: `worker` (the default), or `swift`, which shows that what the tests expect is what Swift does."""
import os

TARGET = os.environ.get('SSYNC_E2E_TARGET', 'worker')
