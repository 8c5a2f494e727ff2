"""Writes an output into a file of its owner's: all of it or none, never in the place of another unasked."""

import asyncio
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import Literal

from briefsmith.errors import InvalidReceiver, ReceiverUnavailable
from briefsmith.providers.receivers.port import Delivery, Try

_MOST_NAME_CHARS = 100


class ReceivingFile:
    """One file of this machine.

    Args:
        path: From the working folder, unless it begins at the root or with `~/`.
        overwrite: Whether it may take the place of a file that is there.
    """

    kind: Literal["file", "webhook"] = "file"

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self._path = path
        self._overwrite = overwrite

    @property
    def name(self) -> str:
        """The path."""
        return str(self._path)

    async def check(self) -> None:
        """See the port."""
        await asyncio.to_thread(self._check)

    async def deliver(self, delivery: Delivery) -> tuple[Try, ...]:
        """See the port."""
        started = time.perf_counter()
        try:
            await asyncio.to_thread(self._write, delivery.content.encode())
        except OSError as error:
            problem = error.strerror or type(error).__name__
            tried = Try(problem=problem, seconds=time.perf_counter() - started)
            message = f"The file {self.name} cannot be written: {problem}."
            details = {"receiver": self.name, "tries": [tried.as_dict()]}
            raise ReceiverUnavailable(message, details=details) from None
        return (Try(seconds=time.perf_counter() - started),)

    def _check(self) -> None:
        path = self._absolute()
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            folder = path.parent
            if not folder.is_dir():
                message = f"There is no folder {folder} for the file {path.name}."
                raise self._refused(message, "Make the folder, or name another.") from None
            if not os.access(folder, os.W_OK | os.X_OK):
                message = f"The folder {folder} may not be written to."
                raise self._refused(message, "Name another folder.") from None
            return
        except OSError as error:
            message = f"{self.name} cannot be looked at: {error.strerror}."
            raise self._refused(message, "Name another file.") from None
        if not stat.S_ISREG(mode):
            # A link may point anywhere by the time that it is written to.
            message = f"{self.name} is a {_kind_of(mode)}, not a file."
            raise self._refused(message, "Name the file itself.")
        if not self._overwrite:
            raise self._taken()

    def _write(self, content: bytes) -> None:
        self._check()
        path = self._absolute()
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_MOST_NAME_CHARS]}.")
        temporary = Path(name)
        try:
            with os.fdopen(number, "wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
            self._put(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(path.parent)

    def _put(self, temporary: Path, path: Path) -> None:
        if self._overwrite:
            temporary.replace(path)
            return
        try:
            # Unlike a rename, a link never takes the place of a file that came meanwhile.
            os.link(temporary, path)
        except FileExistsError:
            raise self._taken() from None
        except OSError:
            # Some file systems have no links.
            if path.exists():
                raise self._taken() from None
            temporary.replace(path)

    def _absolute(self) -> Path:
        try:
            return self._path.expanduser().absolute()
        except RuntimeError:
            message = f"{self.name} begins with the home of somebody who is not known."
            raise self._refused(message, "Write ./~name for a file of that name.") from None

    def _taken(self) -> InvalidReceiver:
        message = f"There is a file {self.name} already."
        return self._refused(message, "Name another, or add --overwrite.")

    def _refused(self, message: str, hint: str) -> InvalidReceiver:
        return InvalidReceiver(message, hint=hint, details={"receiver": self.name})


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "device or pipe"


def _sync(folder: Path) -> None:
    """Makes the new name last; some file systems cannot, and the content is safe already."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(number)
    except OSError:
        return
    finally:
        os.close(number)
