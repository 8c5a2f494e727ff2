"""Commands on the store as a whole."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.config import load_settings
from briefsmith.faces.cli.output import note, one_line, write, write_json, write_table
from briefsmith.faces.cli.running import Json, with_store
from briefsmith.faces.errors import EXIT_FINDING

if TYPE_CHECKING:
    from briefsmith.runtime import Store
    from briefsmith.schemas.imports import ImportReport


def init(*, json_: Json = False) -> None:
    """Make the store, or bring it to the present schema."""
    import asyncio

    from briefsmith.runtime import initialise

    settings = load_settings()
    applied = asyncio.run(initialise(settings))
    place = "the database of BRIEFSMITH_DATABASE_URL" if settings.database_url else settings.home
    if json_:
        write_json({"place": str(place), **asdict(applied)})
    elif applied.applied:
        write(f"The store in {place} is ready; {len(applied.applied)} migrations were applied.")
    else:
        write(f"The store in {place} is up to date.")


def doctor(*, json_: Json = False) -> None:
    """Look at the database, the schema, the embedding model and the disk; exit 1 if one is wrong."""
    import asyncio

    from briefsmith.diagnosis import examine

    checks = asyncio.run(examine(load_settings()))
    if json_:
        write_json({"ok": all(check.ok for check in checks), "checks": [asdict(c) for c in checks]})
    else:
        write_table(
            "",
            ("", "what", "found"),
            [("ok" if check.ok else "!!", check.name, check.found) for check in checks],
        )
        for check in checks:
            if check.advice:
                write(f"{check.name}: {check.advice}")
    if not all(check.ok for check in checks):
        raise typer.Exit(EXIT_FINDING)


def import_paths(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders and files.")],
    *,
    prune: Annotated[
        bool, typer.Option("--prune", help="Archive blocks whose section is gone.")
    ] = False,
    collection: Annotated[
        str | None,
        typer.Option("--collection", help="Name of the source; by default the folder's path."),
    ] = None,
    json_: Json = False,
) -> None:
    """Import Markdown, plain text and exported JSON Lines; again, only what changed."""
    from briefsmith.operations.imports import import_documents
    from briefsmith.schemas.imports import ImportReport

    async def work(store: "Store") -> ImportReport:
        report = ImportReport()
        with _progress() as show:
            async for report in import_documents(
                store.session, store.embedder, paths, collection=collection, prune=prune
            ):
                show(report)
        return report

    report = with_store(work)
    if json_:
        write_json(asdict(report))
    else:
        _write_report(report, prune=prune)
    if report.problems:
        raise typer.Exit(EXIT_FINDING)


@contextmanager
def _progress() -> Generator["Callable[[ImportReport], None]"]:
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Importing", total=None)

        def update(report: "ImportReport") -> None:
            done = report.added + report.changed + report.unchanged + report.adopted
            progress.update(task, description=f"{report.files} files, {done} blocks")

        yield update


def _silent(_: "ImportReport") -> None:
    """Nobody looks on."""


def _write_report(report: "ImportReport", *, prune: bool) -> None:
    write(
        f"{report.files} files: {report.added} blocks added, {report.changed} changed, "
        f"{report.unchanged} unchanged"
        + (f", {report.adopted} known from elsewhere" if report.adopted else "")
        + "."
    )
    if report.without_vector:
        note(f"{report.without_vector} have no vector yet; `briefsmith reembed` adds it.")
    for wanted, given in report.renamed:
        note(f"The label {wanted!r} was taken; the block is called {given!r}.")
    if report.removed:
        write_table(
            "Gone from their files",
            ("id", "label", "file", ""),
            [
                (
                    str(piece.block_id),
                    one_line(piece.label, 60),
                    piece.path,
                    "archived" if piece.archived else "kept",
                )
                for piece in report.removed
            ],
        )
        if not prune:
            note("--prune archives them.")
    for problem in report.problems:
        note(f"{problem.code} {problem.message}")


def reembed(*, json_: Json = False) -> None:
    """Make the vectors that are missing or of another model; may be stopped and started again."""
    from briefsmith.operations.embeddings import ReembedProgress, reembed

    async def work(store: "Store") -> ReembedProgress:
        progress = ReembedProgress(0, 0, 0)
        async for progress in reembed(store.session, store.embedder):
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{progress.seen} of {progress.total}")
        if sys.stderr.isatty() and progress.seen:
            sys.stderr.write("\n")
        return progress

    done = with_store(work)
    if json_:
        write_json(asdict(done))
    else:
        write(f"{done.written} vectors were made.")
