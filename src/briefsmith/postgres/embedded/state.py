"""What there is to say about the server, without starting it."""

import os
from dataclasses import dataclass
from pathlib import Path

from briefsmith.postgres.embedded.layout import layout_of
from briefsmith.postgres.embedded.probe import is_ready, major_text, server_pid
from briefsmith.postgres.embedded.server_log import log_since, tail


@dataclass(frozen=True, slots=True)
class ServerState:
    """The embedded server as it was found.

    Attributes:
        data_folder: Where the data is, or would be made; links are followed.
        socket_folder: Where the socket is, or was at the last start; None before the first one.
        running: Whether it takes queries.
        pid: Its first process; None where it does not run.
        version: Major version of the data folder; None where there is none.
        service_user: Whom root runs it as; None for an ordinary user, or without a data folder.
        log_file: What the server says; may be missing.
        log_lines: The end of it, oldest first.
    """

    data_folder: Path
    socket_folder: Path | None
    running: bool
    pid: int | None
    version: str | None
    service_user: str | None
    log_file: Path
    log_lines: tuple[str, ...]


def server_state(home: Path) -> ServerState:
    """Looks at a home's server and starts nothing; what may not be read counts as missing.

    Raises:
        InvalidSetting: A path that PostgreSQL cannot work with.
    """
    layout = layout_of(home)
    folder = layout.socket_folder()
    running, pid, lines = False, None, tuple[str, ...]()
    try:
        lines = tuple(tail(log_since(layout.log, 0)))
        running = is_ready(layout)
        pid = server_pid(layout.data) if running else None
    except OSError:
        pass
    return ServerState(
        data_folder=layout.data.resolve(),
        socket_folder=None if folder is None else Path(folder),
        running=running,
        pid=pid,
        version=major_text(layout.data),
        service_user=_service_user(layout.data),
        log_file=layout.log,
        log_lines=lines,
    )


def _service_user(data: Path) -> str | None:
    if os.geteuid() != 0 or not data.is_dir():
        return None
    import pwd

    uid = data.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
