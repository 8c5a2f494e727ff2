"""Where the embedded server's files are, and how its folder is made."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from briefsmith.errors import InvalidSetting

SOCKET_NAME = ".s.PGSQL.5432"

# PostgreSQL keeps paths in 1,024 bytes, and adds the names of its own files to the folder's.
_LONGEST_HOME_BYTES = 900


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of everything in the home folder.

    Four lock files tell who is alive, and the kernel keeps them: each lock ends with its holder.

    Attributes:
        home: Absolute path.
    """

    home: Path

    @property
    def data(self) -> Path:
        """The data folder, or a link to it where the service user cannot enter the home."""
        return self.home / "postgres"

    @property
    def staging(self) -> Path:
        """A data folder (or the link to it) that is being made, or was when somebody died."""
        return self.home / "postgres.new"

    @property
    def socket(self) -> Path:
        """A link to the folder of the socket, renewed at every start."""
        return self.home / "socket"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    @property
    def clients_lock(self) -> Path:
        """Held shared by every lease; its time of change is that of the last use."""
        return self.home / "clients.lock"

    @property
    def start_lock(self) -> Path:
        """Held by who makes, starts or stops the server."""
        return self.home / "start.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server's processes, the last of which frees it."""
        return self.home / "server.lock"

    @property
    def watcher_lock(self) -> Path:
        """Held by the watcher."""
        return self.home / "watcher.lock"

    def socket_folder(self) -> str | None:
        """Where the socket was put at the last start; None before the first one."""
        try:
            return str(self.socket.readlink())
        except OSError:
            return None


def layout_of(home: Path) -> Layout:
    """The layout of a home folder, which need not exist.

    Raises:
        InvalidSetting: A path that PostgreSQL cannot work with.
    """
    absolute = home.absolute()
    raw = os.fsencode(absolute)
    if b"\n" in raw or b"\r" in raw:
        raise bad_home(absolute, "holds a line break")
    if len(raw) > _LONGEST_HOME_BYTES:
        raise bad_home(absolute, f"is longer than {_LONGEST_HOME_BYTES} bytes")
    return Layout(absolute)


def make_home(layout: Layout, own: Callable[[Path], None]) -> None:
    """Makes the home folder, open to nobody else; one that exists stays as it is.

    Args:
        layout: Where.
        own: Called with a folder that was made just now.

    Raises:
        InvalidSetting: The path is no folder, or may not be made.
    """
    if not layout.home.is_dir():
        try:
            layout.home.parent.mkdir(parents=True, exist_ok=True)
            layout.home.mkdir(mode=0o700)
        except FileExistsError:
            if not layout.home.is_dir():
                raise bad_home(layout.home, "is not a folder") from None
            return
        except NotADirectoryError:
            raise bad_home(layout.home, "lies below a file") from None
        except FileNotFoundError:  # where the system lets nobody make folders
            raise bad_home(layout.home, "cannot be made") from None
        own(layout.home)


def bad_home(home: Path, what: str) -> InvalidSetting:
    """The error for a home folder that cannot be used.

    Args:
        home: The folder.
        what: What is wrong, to be read after the path.
    """
    return InvalidSetting(
        f"The folder of the store, {str(home)!r}, {what}.",
        hint="Set BRIEFSMITH_HOME to a folder on a local disk that you may write to.",
        details={"name": "BRIEFSMITH_HOME", "value": str(home)},
    )
