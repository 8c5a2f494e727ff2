"""The server's settings, and the folder of its socket."""

import os
import re
import tempfile
from pathlib import Path

from briefsmith.errors import ServerNotStarted
from briefsmith.postgres.embedded.layout import SOCKET_NAME, Layout
from briefsmith.postgres.embedded.probe import answers
from briefsmith.postgres.embedded.processes import Account

INCLUDE_LINE = b"\ninclude 'briefsmith.conf'\n"

# What neither a list of folders, nor a URL, nor a list of hosts reads in another way.
_PLAIN = re.compile(r"/[A-Za-z0-9/._-]*")
_LONGEST_SOCKET_BYTES = 100  # macOS takes 103, Linux 107
_RUNTIME_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  a folder of one's own is made there
_RUNTIME_PREFIX = "briefsmith-"

# Errors go to whoever made them; the log keeps no text of the person's (statements, values).
_SETTINGS = """\
# Written anew at every start of the server.
listen_addresses = ''
port = 5432
unix_socket_directories = {socket_folder}
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
max_wal_size = 256MB
fsync = on
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
log_destination = 'stderr'
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
log_line_prefix = '%m [%p] '
"""


def write_settings(data: Path, socket_folder: str, account: Account | None) -> None:
    """Writes what the server reads at its start.

    Args:
        data: The data folder.
        socket_folder: Where the server shall put its socket.
        account: Who reads it; None for the present user.
    """
    new = data / "briefsmith.conf.new"
    new.unlink(missing_ok=True)
    # O_EXCL follows no link: the folder is the service user's, and root writes here.
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(_SETTINGS.format(socket_folder=_quoted(socket_folder)))
        if account is not None:
            os.fchown(fd, account.uid, account.gid)
    new.replace(data / "briefsmith.conf")


def place_socket(layout: Layout, account: Account | None) -> str:
    """Decides where the socket goes, and leaves a link to that folder in the home.

    The data folder is best: it is closed to others, and goes when the store goes. A path that is
    too long or has unusual characters gives way to a new folder with a random name.

    Raises:
        ServerNotStarted: There is no place for it.
    """
    remove_socket(layout.socket_folder(), account)
    folder = os.path.realpath(layout.data)
    remove_socket(folder, account)  # of a server that ran here under another path
    if not suits_socket(folder):
        folder = _runtime_folder(account)
    link = layout.socket.with_name("socket.new")
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    link.replace(layout.socket)
    return folder


def remove_socket(folder: str | None, account: Account | None) -> None:
    """Removes what a server that is gone left behind, and the folder if it was made for that.

    Args:
        folder: Where the socket was; None does nothing.
        account: Whose server it was; None for the present user.
    """
    found = Path(folder or "/nonexistent")
    try:
        owner = found.lstat()
    except OSError:
        return
    # Anybody may make a folder or a link of an old name below /tmp, once the old one is gone.
    mine = owner.st_uid == (account.uid if account else os.geteuid())
    if found.is_symlink() or not mine or owner.st_mode & 0o077:
        return
    # In a copy of a home, the link leads to the original, whose server may be up.
    if answers(str(found)):
        return
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (found / name).unlink(missing_ok=True)
    if found.name.startswith(_RUNTIME_PREFIX) and not any(found.iterdir()):
        found.rmdir()


def suits_socket(folder: str) -> bool:
    """Whether a socket in this folder has a short enough path that every reader reads alike."""
    path = f"{folder}/{SOCKET_NAME}"
    return bool(_PLAIN.fullmatch(path)) and len(path) <= _LONGEST_SOCKET_BYTES


def _runtime_folder(account: Account | None) -> str:
    for base in _RUNTIME_FOLDERS:
        try:
            # A random name, made with mode 0700 or not at all: nobody can be there before.
            folder = tempfile.mkdtemp(prefix=_RUNTIME_PREFIX, dir=base)
        except OSError:
            continue
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        return folder
    message = f"None of {', '.join(_RUNTIME_FOLDERS)} has a place for the server's socket."
    raise ServerNotStarted(message, hint="Set BRIEFSMITH_HOME to a folder with a shorter path.")


def _quoted(folder: str) -> str:
    """A list of one folder, as a string of the configuration file."""
    in_list = '"' + folder.replace('"', '""') + '"'
    return "'" + in_list.replace("\\", "\\\\").replace("'", "''") + "'"
