"""What went wrong, in the person's words: from the system's errors and from the server's log."""

import errno
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from briefsmith.errors import BriefsmithError, DiskFull, ServerNotStarted
from briefsmith.postgres.embedded.layout import Layout, bad_home
from briefsmith.postgres.embedded.server_log import tail

_COMPLAINT = re.compile(r"(?:PANIC|FATAL|ERROR|error): +([^\n]+)")
_NAMELESS = re.compile(r"could not look up effective user ID (\d+)")
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes")
_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}


@contextmanager
def explained(layout: Layout) -> Generator[None]:
    """Turns the system's errors inside the block into ours.

    Raises:
        DiskFull: No room.
        InvalidSetting: The home folder may not be written to.
        ServerNotStarted: Anything else.
    """
    try:
        yield
    except OSError as error:
        raise _from_system(error, layout) from error


def from_output(layout: Layout, message: str, output: str) -> BriefsmithError:
    """The error for a program of PostgreSQL that failed.

    Args:
        layout: Whose server.
        message: What failed; the last complaint of the output is added to it.
        output: All that it said.
    """
    lines = tail(output)
    details = {"data_folder": str(layout.data), "log": lines}
    if any(_is_disk_full(line) for line in output.split("\n")):
        return DiskFull("There is no disk space left for the database.", details=details)
    if nameless := _NAMELESS.search(output):
        message = f"PostgreSQL does not run as user {nameless[1]}, who has no name on this system."
        hint = (
            "Run as a user who is in /etc/passwd (in a container, add a line for yours), "
            "or set BRIEFSMITH_DATABASE_URL."
        )
        return ServerNotStarted(message, hint=hint, details=details)
    if cause := _complaint(output):
        message = f"{message.removesuffix('.')}: {cause.removesuffix('.')}."
    return ServerNotStarted(message, details=details)


def _is_disk_full(line: str) -> bool:
    # The same words also stand for a kernel limit on shared memory, which no disk space helps.
    return bool(_DISK_FULL.search(line)) and "shared memory" not in line


def _complaint(output: str) -> str | None:
    """The first complaint: those after it are mostly its consequences."""
    found = _COMPLAINT.search(output)
    return found[1].strip() if found else None


def _from_system(error: OSError, layout: Layout) -> BriefsmithError:
    reason = error.strerror or str(error)
    details = {"data_folder": str(layout.data), "file": str(error.filename or "")}
    if error.errno in _FULL:
        return DiskFull("There is no disk space left for the database.", details=details)
    inside = error.filename is not None and _is_about(error.filename, layout.home)
    if inside and error.errno in _NOT_OURS:
        return bad_home(layout.home, f"cannot be used ({reason})")
    message = f"The embedded server did not start: {reason}."
    return ServerNotStarted(message, details=details)


def _is_about(filename: object, home: Path) -> bool:
    path = Path(filename) if isinstance(filename, str) else None
    return path is not None and (path.is_relative_to(home) or home.is_relative_to(path))
