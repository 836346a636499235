"""A session that stays open for as long as a test wants."""
import contextlib

from wire import EMPTY_CHECK, LAST_CHUNK, UPDATES_DONE, UPDATES_END, UPDATES_START, connected


@contextlib.contextmanager
def session(server, partition, answered=True):
    """A session that has its slot and its locks: it has answered its missing check and waits."""
    with connected(server.port) as client:
        client.start(partition=partition)
        client.read_head()
        if answered:
            client.send(EMPTY_CHECK)
            assert client.wanted() == []
        yield client


def finish(client, *subrequests):
    client.send(UPDATES_START + b''.join(subrequests) + UPDATES_END)
    assert client.rest() == UPDATES_DONE
    client.raw(LAST_CHUNK)
