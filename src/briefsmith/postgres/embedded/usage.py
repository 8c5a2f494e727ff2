"""When the server was last used and how long it is to stay after that, kept in the clients' lock."""

import os
from contextlib import suppress

from briefsmith.postgres.embedded.layout import Layout

_DEFAULT_IDLE_SECONDS = 300
_WIDTH = 20  # numbers of one length, so that a new one overwrites the old one


def note_use(lock: int, idle_seconds: int) -> None:
    """Says in the file that the server is in use from now on.

    Args:
        lock: Descriptor of the clients' lock.
        idle_seconds: How long the server is to stay up after its last use.
    """
    with suppress(OSError):  # a full disk does not keep anybody from reading
        os.pwrite(lock, f"{idle_seconds:<{_WIDTH}}\n".encode(), 0)
    os.utime(lock)


def read_idle_seconds(layout: Layout) -> int:
    """What the latest client asked for, or five minutes where nothing was noted."""
    try:
        return int(layout.clients_lock.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _DEFAULT_IDLE_SECONDS
