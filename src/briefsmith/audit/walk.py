"""Which files an audit reads."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from briefsmith.audit.source import kind_of

SKIPPED = frozenset({
    ".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", "build", "dist", "out",
    "site-packages", ".next", ".nuxt", ".svelte-kit", ".turbo", ".tox", ".nox", ".mypy_cache",
    ".ruff_cache", ".pytest_cache", ".eggs", "htmlcov", "coverage", "target",
})  # fmt: skip


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Files of the kinds that are read, in the order of `paths`, each once; folders by name.

    Folders named in SKIPPED and links to folders are not entered, unless a path itself is one. A
    folder that cannot be listed is found itself, so that reading it tells why.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        found = _walk(path) if os.path.isdir(path) else iter([path])  # noqa: PTH112  never raises
        for file in found:
            try:
                state = file.stat()
            except OSError:
                yield file
                continue
            if (state.st_dev, state.st_ino) not in seen:
                seen.add((state.st_dev, state.st_ino))
                yield file


def _walk(root: Path) -> Iterator[Path]:
    """Depth first without recursion: folders may be nested deeper than Python's stack."""
    waiting = [root]
    while waiting:
        path = waiting.pop()
        entries = _listed(path)
        if entries is None:
            yield path
            continue
        folders: list[Path] = []
        for name, is_folder in entries:
            if is_folder:
                folders.append(path / name)
            else:
                yield path / name
        waiting.extend(reversed(folders))


def _listed(folder: Path) -> list[tuple[str, bool]] | None:
    """Names that are wanted, with True for a folder; None if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            kept = [
                (entry.name, is_folder)
                for entry in entries
                if (is_folder := _kept(entry)) is not None
            ]
    except OSError:
        return None
    return sorted(kept)


def _kept(entry: os.DirEntry[str]) -> bool | None:
    if entry.is_dir(follow_symlinks=False):
        return None if entry.name in SKIPPED or entry.name.endswith(".egg-info") else True
    if kind_of(Path(entry.name)) is None or _leads_to_folder(entry):
        return None
    return False


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: reading it says so
        return False
