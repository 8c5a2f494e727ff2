"""Whether the server runs, found out without starting anything."""

import os
import socket
from pathlib import Path

from briefsmith.postgres.embedded.layout import SOCKET_NAME, Layout
from briefsmith.postgres.embedded.locks import is_held


def is_ready(layout: Layout) -> bool:
    """Whether this home's server takes queries.

    No sign is enough alone: a status file outlives a killed server, a socket may be that of the
    folder that this one is a copy of, and orphans of a killed server keep its lock for a while.
    """
    folder = layout.socket_folder()
    return (
        folder is not None
        and is_held(layout.server_lock)
        and _says_ready(layout.data)
        and answers(folder)
    )


def answers(folder: str) -> bool:
    """Whether a server listens on the socket in this folder.

    Raises:
        PermissionError: It is somebody else's.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.path.join(folder, SOCKET_NAME))  # noqa: PTH118  a path per microsecond
        except PermissionError:
            raise
        except OSError:
            return False
    return True


def server_pid(data: Path) -> int | None:
    """The process that the server's own file names, which may have died; None without a file."""
    lines = _status_lines(data)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def major_text(data: Path) -> str | None:
    """The major version that a data folder belongs to; None where there is none."""
    try:
        return (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _says_ready(data: Path) -> bool:
    lines = _status_lines(data)
    return bool(lines) and lines[-1].strip() == "ready"


def _status_lines(data: Path) -> list[str]:
    try:
        text = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    return text.rstrip("\n").split("\n")
