"""The file that the server writes to: appended to by it, cut by us."""

import os
from pathlib import Path

from briefsmith.postgres.embedded.locks import open_own

_LIMIT_BYTES = 1_000_000
_KEPT_BYTES = 100_000
_READ_BYTES = 16_000
_LINES = 20


def open_log(log: Path) -> int:
    """A descriptor that appends to the log, made if missing."""
    return open_own(log, os.O_RDWR | os.O_APPEND)


def bound_log(log: Path) -> None:
    """Keeps only the end of a log that has grown large; safe while the server writes to it."""
    fd = open_log(log)
    try:
        size = os.fstat(fd).st_size
        if size > _LIMIT_BYTES:
            end = os.pread(fd, _KEPT_BYTES, size - _KEPT_BYTES)
            os.ftruncate(fd, 0)
            os.write(fd, end.partition(b"\n")[2])
    finally:
        os.close(fd)


def log_since(log: Path, start_bytes: int) -> str:
    """The end of what was added to the log after a position; empty where there is no log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, start_bytes, size - _READ_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def tail(text: str) -> list[str]:
    """The last lines that are not empty, oldest first."""
    return [line for line in text.split("\n") if line.strip()][-_LINES:]
