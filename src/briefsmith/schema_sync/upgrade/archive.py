"""The archive: every legacy row as it was, in a file of JSON Lines."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import cast
from uuid import UUID

from briefsmith.errors import DiskFull, InvalidInput, UpgradeRefused
from briefsmith.postgres.legacy.rows import LegacyRow

_NOTE = (
    "Each line is a row. `row` is its text, without the columns that are SQL NULL; sha256 is that of the bytes "
    'between `"row": ` and the last brace of the line.'
)


class Archive:
    """A file that takes its name when it is whole.

    Args:
        path: What it will be called.
        upgrade: Whose it is: only the same upgrade may replace it.
    """

    def __init__(self, path: Path, upgrade: UUID) -> None:
        self.path = path
        self._upgrade = upgrade
        self._part = path.with_name(f".{path.name}.part")
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            raise _unwritable(path, error) from error
        self.rows = 0
        self._write({"briefsmith_archive": 1, "upgrade": str(upgrade), "note": _NOTE})

    def add(self, row: LegacyRow) -> None:
        """One row."""
        self._put(line(row))
        self.rows += 1

    def finish(self) -> int:
        """Gives the file its name once all of it is on the disk; its length in bytes."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            size = self._file.tell()
            self._file.close()
            check_free(self.path, self._upgrade)
            self._part.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return size

    def abandon(self) -> None:
        """Leaves nothing behind; after `finish`, nothing happens."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _write(self, value: dict[str, object]) -> None:
        self._put(json.dumps(value, ensure_ascii=False).encode() + b"\n")

    def _put(self, content: bytes) -> None:
        try:
            self._file.write(content)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def line(row: LegacyRow, *, is_late: bool = False) -> bytes:
    """A row as a line of the archive.

    Args:
        row: With its text.
        is_late: It was changed after the others were archived.
    """
    assert row.text is not None, row.table  # noqa: S101  a fault of ours
    head: dict[str, object] = {
        "table": row.table,
        "key": row.key,
        "user_id": None if row.owner is None else str(row.owner),
        "reason": row.reason,
        "sha256": row.sha256,
    }
    if is_late:
        head["late"] = True
    # The text as it is: written anew, its numbers would change.
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "row": {row.text}}}\n'.encode()


def append(path: Path, upgrade: UUID, size: int, rows: Iterable[LegacyRow]) -> None:
    """Adds rows to an archive that was whole at a length of `size` bytes, and waits for the disk.

    Raises:
        UpgradeRefused: It is not there any more, or another one's.
    """
    if not path.exists() or path.stat().st_size < size or not _is_ours(path, upgrade):
        message = f"The archive {path} is not there any more, or no longer what was written."
        raise UpgradeRefused(message, hint="Run the upgrade again; it writes the archive anew.")
    try:
        with path.open("r+b") as file:
            # What stands behind it is of an attempt that was given up.
            file.truncate(size)
            file.seek(size)
            file.writelines(line(row, is_late=True) for row in rows)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(path, error) from error


def check_free(path: Path, upgrade: UUID | None) -> None:
    """Whether an archive may be written here.

    Args:
        path: Where.
        upgrade: The upgrade under way, whose own archive may be replaced.

    Raises:
        InvalidInput: There is a file already, or no such folder.
    """
    if not path.parent.is_dir():
        message = f"There is no folder {path.parent} for the archive."
        raise InvalidInput(message, hint="Make the folder, or name another place.")
    if path.exists() and (upgrade is None or not _is_ours(path, upgrade)):
        message = f"{path} is there already, and it is not the archive of this upgrade."
        raise InvalidInput(message, hint="Name another place with --archive.")


def _is_ours(path: Path, upgrade: UUID) -> bool:
    try:
        with path.open("rb") as file:
            head: object = json.loads(file.readline(10_000))
    except (OSError, ValueError):
        return False
    return isinstance(head, dict) and cast("dict[str, object]", head).get("upgrade") == str(upgrade)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows has no way to, and needs none
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> DiskFull | InvalidInput:
    import errno

    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"There is no room for the archive {path}.")
    return InvalidInput(f"The archive {path} cannot be written: {error.strerror}.")
