"""Sees to it that exactly one watcher is there for a running server."""

import os

from briefsmith.postgres.embedded.layout import Layout
from briefsmith.postgres.embedded.locks import open_lock, try_exclusive


def ensure_watcher(layout: Layout) -> None:
    """Starts a watcher where none is; otherwise costs one look at its lock."""
    lock = open_lock(layout.watcher_lock)
    try:
        if try_exclusive(lock):
            # The watcher inherits the lock: there is no moment without one, and never two.
            from briefsmith.postgres.embedded.processes import spawn_watcher

            spawn_watcher(layout.home, lock=lock)
    finally:
        os.close(lock)
