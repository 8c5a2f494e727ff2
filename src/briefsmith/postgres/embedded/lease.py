"""The right to use the server, which lives as long as the process that has it at most."""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from briefsmith.errors import DatabaseBusy
from briefsmith.postgres.embedded.failures import explained
from briefsmith.postgres.embedded.layout import Layout, layout_of, make_home
from briefsmith.postgres.embedded.locks import (
    alone,
    open_lock,
    require_locks,
    try_shared,
    wait_until,
)
from briefsmith.postgres.embedded.probe import is_ready
from briefsmith.postgres.embedded.usage import note_use
from briefsmith.postgres.embedded.watching import ensure_watcher

_STOPPING_SECONDS = 60.0
_STARTING_SECONDS = 120.0


class ServerLease:
    """Keeps the server up until it is closed, or the process ends, however it ends.

    Attributes:
        url: Address for libpq: superuser `postgres`, database `postgres`, over the socket.
    """

    __slots__ = ("_lock", "url")

    def __init__(self, url: str, lock: int) -> None:
        self.url = url
        self._lock: int | None = lock

    def close(self) -> None:
        """Gives the server up; it stops after its idle time. A second call does nothing."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(OSError):  # the home may be gone, or read-only by now
                os.utime(lock)
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def ensure_server(home: Path, *, idle_seconds: int, postgres_version: int = 18) -> ServerLease:
    """A lease of the home's server, which is made and started if need be.

    Where the server is up, no process is started.

    Args:
        home: Folder of the store, made if missing.
        idle_seconds: How long the server stays up after its last use; the latest caller's counts.
        postgres_version: 16 or 18, for a new data folder; an existing one keeps its own.

    Raises:
        DatabaseBusy: Another process has been starting or stopping it for too long.
        DiskFull: No room.
        InvalidSetting: The home folder cannot be used.
        ServerNotStarted: Anything else.
    """
    require_locks()
    layout = layout_of(home)
    with explained(layout):
        make_home(layout, _own)
        lock = _enter(layout)
        try:
            note_use(lock, idle_seconds)
            _ensure_up(layout, postgres_version)
            return ServerLease(_url(layout), lock)
        except BaseException:
            os.close(lock)
            raise


def _enter(layout: Layout) -> int:
    lock = open_lock(layout.clients_lock)
    # Somebody who holds this alone is stopping the server, and will be done in a moment.
    if not wait_until(lambda: try_shared(lock), seconds=_STOPPING_SECONDS):
        os.close(lock)
        message = "The embedded server has been stopping for too long."
        raise DatabaseBusy(message)
    return lock


def _ensure_up(layout: Layout, postgres_version: int) -> None:
    if is_ready(layout):
        ensure_watcher(layout)
        return
    with alone(layout.start_lock, seconds=_STARTING_SECONDS) as start_lock:
        if not is_ready(layout):
            # Heavy, and not needed by a command that finds the server up.
            from briefsmith.postgres.embedded.starting import start_server

            start_server(layout, postgres_version, start_lock)
        ensure_watcher(layout)


def _own(home: Path) -> None:
    from briefsmith.postgres.embedded.accounts import own_home

    own_home(home)


def _url(layout: Layout) -> str:
    folder = quote(layout.socket_folder() or "")
    return f"postgresql://postgres@/postgres?host={folder}&port=5432"
