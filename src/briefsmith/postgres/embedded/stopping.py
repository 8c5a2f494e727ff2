"""Takes the server down, without its programs: they may be gone by then."""

import os
from dataclasses import dataclass
from pathlib import Path

from briefsmith.errors import ServerNotStarted
from briefsmith.postgres.embedded.failures import explained
from briefsmith.postgres.embedded.layout import Layout, layout_of
from briefsmith.postgres.embedded.locks import alone, is_free, open_lock, wait_until
from briefsmith.postgres.embedded.probe import answers, server_pid

_START_SECONDS = 90.0
_STEPS = (("INT", 30.0), ("QUIT", 10.0))  # fast shutdown; immediate, when that hangs


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What it takes to stop a server, even after its folders have gone.

    Attributes:
        pid: Its first process; None where only orphans are left, or it is on its way down.
        data_owner: User and group of the data folder.
        socket_folder: Where its socket is.
    """

    pid: int | None
    data_owner: tuple[int, int]
    socket_folder: str | None


def stop_server(home: Path) -> None:
    """Stops the server and waits; whoever uses it loses the connection. Nothing if none runs.

    Raises:
        DatabaseBusy: Another process has been starting or stopping it for too long.
        ServerNotStarted: It does not stop.
    """
    layout = layout_of(home)
    if not layout.home.is_dir():
        return
    with explained(layout), alone(layout.start_lock, seconds=_START_SECONDS):
        lock = open_lock(layout.server_lock)
        try:
            stopped = is_free(lock) or stop(observe(layout), lock)
        finally:
            os.close(lock)
    if not stopped:
        message = "The embedded server does not stop."
        raise ServerNotStarted(message, details={"data_folder": str(layout.data)})


def observe(layout: Layout) -> RunningServer:
    """Notes what it takes to stop the server that holds the lock."""
    folder = layout.socket_folder()
    # A number is believed only while a server listens: that of a killed one may be anybody's.
    listens = folder is not None and answers(folder)
    owner = layout.data.stat()
    pid = server_pid(layout.data) if listens else None
    return RunningServer(pid, (owner.st_uid, owner.st_gid), folder)


def stop(server: RunningServer, lock: int) -> bool:
    """Stops a server and waits for the last of its processes; False if it does not end.

    Args:
        server: As it was observed.
        lock: Descriptor of its lock file, which must hold no lock.
    """
    # Heavy, and not needed by a command that finds the server up.
    from briefsmith.postgres.embedded.configuration import remove_socket
    from briefsmith.postgres.embedded.processes import Account, signal_server

    account = Account(*server.data_owner) if os.geteuid() == 0 else None
    for name, seconds in _STEPS:
        if server.pid is not None:
            signal_server(account, server.pid, name)
        if wait_until(lambda: is_free(lock), seconds=seconds):
            remove_socket(server.socket_folder, account)
            return True
    return False
