"""A bar on the terminal while something long is under way."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

Show = Callable[[int, int, str], None]
"""Takes what is done, of how much, and a few words."""


def is_watched() -> bool:
    """Whether somebody looks on."""
    return sys.stderr.isatty()


@contextmanager
def progress(title: str) -> Generator[Show]:
    """A bar on stderr that goes when the block ends; nothing where nobody looks on."""
    if not is_watched():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, expand=True) as bar:
        task = bar.add_task(title, total=None, words="")

        def show(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total, words=words)

        yield show


def _silent(_done: int, _total: int, _words: str) -> None:
    """Nobody looks on."""
