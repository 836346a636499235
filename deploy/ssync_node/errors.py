"""Why ssync-node does not do what it was asked."""


class Failed(Exception):
    """Something did not work. The text names it and says what to do; the exit status is 1."""


class UnknownLayout(Exception):
    """The node is set up in a way that ssync-node does not know. Nothing was changed; the exit status is 2."""
