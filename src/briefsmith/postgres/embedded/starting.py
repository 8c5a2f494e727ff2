"""Brings the server up; the caller holds the start lock."""

import os

from briefsmith.errors import ServerNotStarted
from briefsmith.postgres.embedded.cluster import ensure_cluster
from briefsmith.postgres.embedded.configuration import place_socket, write_settings
from briefsmith.postgres.embedded.failures import from_output
from briefsmith.postgres.embedded.layout import Layout
from briefsmith.postgres.embedded.locks import is_held, open_lock, try_exclusive, wait_until
from briefsmith.postgres.embedded.probe import answers, is_ready, server_pid
from briefsmith.postgres.embedded.processes import Account, spawn_server
from briefsmith.postgres.embedded.programs import Programs
from briefsmith.postgres.embedded.server_log import (
    bound_log,
    log_since,
    open_log,
    tail,
)

_READY_SECONDS = 60.0  # a server that was killed first repeats what its log holds
_LEFTOVER_SECONDS = 20.0  # orphans of a killed server end when they notice


def start_server(layout: Layout, version: int, start_lock: int) -> None:
    """Starts the server, after making its data folder if need be, and waits for it.

    Args:
        layout: Whose server.
        version: PostgreSQL for a new data folder.
        start_lock: Descriptor of the held start lock.

    Raises:
        DiskFull: No room.
        ServerNotStarted: Anything else that keeps it from starting.
    """
    lock = open_lock(layout.server_lock)
    try:
        if not _seize(layout, lock):
            return
        programs, account = ensure_cluster(layout, version, start_lock)
        _refuse_second(layout)
        _clear(layout, account)
        log_start = _spawn(layout, programs, account, lock)
    finally:
        os.close(lock)
    _await_ready(layout, log_start)


def _seize(layout: Layout, lock: int) -> bool:
    """Waits until no process of an earlier server lives; False if that server gets ready instead."""

    def settled() -> bool:
        return try_exclusive(lock) or is_ready(layout)

    folder = layout.socket_folder()
    is_up = folder is not None and answers(folder)
    if wait_until(settled, seconds=_READY_SECONDS if is_up else _LEFTOVER_SECONDS):
        return try_exclusive(lock)
    details = {"data_folder": str(layout.data), "log": tail(log_since(layout.log, 0))}
    message = "An earlier server of this store has neither ended nor become ready."
    hint = f"End the processes of PostgreSQL that work in {str(layout.data.resolve())!r}."
    raise ServerNotStarted(message, hint=hint, details=details)


def _refuse_second(layout: Layout) -> None:
    """Refuses where a server without our lock is up: started by hand, or for another home."""
    folder = os.path.realpath(layout.data)
    if answers(folder):
        message = "Another server runs on the store's data folder."
        hint = f"Stop process {server_pid(layout.data)}, and try again."
        raise ServerNotStarted(message, hint=hint, details={"data_folder": folder})


def _clear(layout: Layout, account: Account | None) -> None:
    """Makes ready for a start.

    The lock is ours, so no process of this server lives. PostgreSQL itself only knows its number,
    which may be anybody's by now (after a restart of the machine, or in a new container), and
    would refuse to start.
    """
    (layout.data / "postmaster.pid").unlink(missing_ok=True)
    folder = place_socket(layout, account)
    write_settings(layout.data, folder, account)


def _spawn(layout: Layout, programs: Programs, account: Account | None, lock: int) -> int:
    """Starts the server's process; gives the size of the log before."""
    bound_log(layout.log)
    log = open_log(layout.log)
    try:
        command = [programs.path("postgres"), "-D", str(layout.data.resolve())]
        log_start = os.fstat(log).st_size
        spawn_server(account, command, lock=lock, log=log)
    finally:
        os.close(log)
    return log_start


def _await_ready(layout: Layout, log_start: int) -> None:
    def settled() -> bool:
        return is_ready(layout) or not is_held(layout.server_lock)

    in_time = wait_until(settled, seconds=_READY_SECONDS)
    if in_time and is_ready(layout):
        return
    what = "stopped at its start" if in_time else "is not ready yet"
    output = log_since(layout.log, log_start)
    raise from_output(layout, f"The embedded server {what}.", output)
