"""Which files an import reads."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from briefsmith.documents.opening import said
from briefsmith.documents.reader import KIND_BY_EXTENSION, kind_of
from briefsmith.documents.refusals import refuse

_SKIPPED_FOLDERS = frozenset({"node_modules"})  # hidden ones, such as .git, are skipped anyway


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A file to be given to `read_document`.

    Attributes:
        root: Folder that was asked for, or the folder of a file that was.
        path: Inside `root`.
    """

    root: Path
    path: Path


def find_documents(paths: Sequence[Path]) -> Iterator[FoundDocument]:
    """Files in the order of `paths`; those of a folder by their path, one folder in memory.

    Folders are searched through all levels for .md, .markdown, .txt and .jsonl. Hidden names,
    `node_modules` and links to folders are left out; links to files are found, and `read_document`
    judges where they lead. A folder that cannot be listed is found itself, so that reading it
    tells why. A path given twice counts once.

    Raises:
        UnreadableDocument: At once, before any file is found: a path that does not exist, or a
            file that import does not read.
    """
    chosen = list(dict.fromkeys(paths))
    for path in chosen:
        _refuse_unknown(path)
    return _found(chosen)


def _refuse_unknown(path: Path) -> None:
    try:
        path.lstat()
    except OSError as error:
        refuse(said(error), name=str(path))
    if not _is_folder(path) and kind_of(path) is None:
        refuse(f"import reads folders and {_extensions()} files", name=str(path))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  Path.is_dir raises where a folder is closed


def _extensions() -> str:
    *most, last = KIND_BY_EXTENSION
    return ", ".join(most) + " and " + last


def _found(paths: Iterable[Path]) -> Iterator[FoundDocument]:
    for path in paths:
        if _is_folder(path):
            yield from (FoundDocument(path, inside) for inside in _walk(path))
        else:
            yield FoundDocument(path.parent, path)


def _walk(root: Path) -> Iterator[Path]:
    """Depth first without recursion: folders may be nested deeper than Python's stack."""
    open_folders = [iter([(root, True)])]
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
            continue
        path, is_folder = entry
        entries = _listed(path) if is_folder else None
        if entries is None:
            yield path
        else:
            open_folders.append(iter(entries))


def _listed(folder: Path) -> list[tuple[Path, bool]] | None:
    """Documents and folders in it, with True for a folder, by path; None if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            kept = [
                (entry.name, is_folder)
                for entry in entries
                if (is_folder := _kept(entry)) is not None
            ]
    except OSError:
        return None
    kept.sort(key=lambda entry: entry[0] + "/" if entry[1] else entry[0])
    return [(folder / name, is_folder) for name, is_folder in kept]


def _kept(entry: os.DirEntry[str]) -> bool | None:
    """True for a folder to search, False for a document, None for what import passes over."""
    if entry.name.startswith("."):
        return None
    if entry.is_dir(follow_symlinks=False):
        return None if entry.name in _SKIPPED_FOLDERS else True
    if kind_of(Path(entry.name)) is None or _leads_to_folder(entry):
        return None
    return False


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False
