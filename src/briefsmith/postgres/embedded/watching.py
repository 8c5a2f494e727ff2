"""Sees to it that exactly one watcher is there for a running server."""

import os

from briefsmith.postgres.embedded.layout import Layout
from briefsmith.postgres.embedded.locks import open_lock, try_exclusive
from briefsmith.postgres.embedded.stopping import observe


def ensure_watcher(layout: Layout) -> None:
    """Starts a watcher where none is; otherwise costs one look at its lock."""
    lock = open_lock(layout.watcher_lock)
    try:
        if try_exclusive(lock):
            # The watcher inherits the lock: there is no moment without one, and never two.
            _spawn(layout, lock)
    finally:
        os.close(lock)


def _spawn(layout: Layout, lock: int) -> None:
    from briefsmith.postgres.embedded.processes import spawn_watcher

    server_lock = open_lock(layout.server_lock)
    try:
        # All that it takes to stop the server: the home may be gone before the first look.
        server = observe(layout)
        about = [server.pid or 0, *server.data_owner, server.socket_folder or ""]
        spawn_watcher([layout.home, lock, server_lock, *about], locks=[lock, server_lock])
    finally:
        os.close(server_lock)
