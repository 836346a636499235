"""A pool that is told to stop ends, whatever its workers wait for, and says what that was."""
import contextlib
import os
import re
import signal

import pytest

from hung_device import HUNG, ask_of_the_hung_device, hang, two_devices  # noqa: F401
from processes import alive, await_condition


@pytest.mark.worker_only
def test_a_stop_while_a_drive_hangs(two_devices):
    server, place = two_devices
    master = server.pool_master()
    with contextlib.ExitStack() as stack:
        stack.push(hang(place).__exit__)
        clients = ask_of_the_hung_device(server, stack)
        clients[0].read_head()
        os.kill(master, signal.SIGTERM)
        # 15 s for the workers, and a little for those that are killed then.
        await_condition(lambda: not alive(master), 'the master ends', 25)
        stopping = server.session_log().split('stopping', 1)[1]
        # Which device, so that an operator knows what hangs.
        assert re.search(r'(ERROR|WARNING|CRITICAL).*\b%s\b' % HUNG, stopping), stopping
