"""Commands on the store as a whole."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.config import load_settings
from briefsmith.faces.cli.output import counted, note, one_line, write, write_json
from briefsmith.faces.cli.progress import is_watched, progress
from briefsmith.faces.cli.running import Json, with_store
from briefsmith.faces.cli.table import Column, table, text
from briefsmith.faces.errors import EXIT_FINDING

if TYPE_CHECKING:
    from briefsmith.diagnosis import Check
    from briefsmith.runtime import Store
    from briefsmith.schemas.imports import ImportReport, RemovedPiece


def init(*, json_: Json = False) -> None:
    """Make the store, or bring it to the present schema."""
    import asyncio

    from briefsmith.runtime import initialise

    settings = load_settings()
    applied = asyncio.run(initialise(settings))
    place = "your database" if settings.database_url else str(settings.home)
    if json_:
        write_json({"place": place, **asdict(applied)})
    elif applied.applied:
        done = counted(len(applied.applied), "migration")
        write(f"The store in {place} is ready; {done} applied.")
    else:
        write(f"The store in {place} is up to date.")


def doctor(
    *,
    start: Annotated[
        bool, typer.Option("--start", help="Start the embedded server if it rests, and look in.")
    ] = False,
    json_: Json = False,
) -> None:
    """Look at database, schema, model and disk; exit 1 if wrong."""
    import asyncio

    from briefsmith.diagnosis import examine

    checks = asyncio.run(examine(load_settings(), may_start=start))
    if json_:
        write_json({"ok": all(check.ok for check in checks), "checks": [asdict(c) for c in checks]})
    else:
        _write_checks(checks)
    if not all(check.ok for check in checks):
        raise typer.Exit(EXIT_FINDING)


def _write_checks(checks: "Sequence[Check]") -> None:
    with table(Column("", judges=True), Column("what"), text("found")) as rows:
        for check in checks:
            rows.add("ok" if check.ok else "!!", check.name, one_line(check.found, 400))
    for check in checks:
        if check.advice:
            write(f"{check.name}: {check.advice}")
        for line in check.log:
            write(f"  {one_line(line, 400)}")


def import_paths(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Folders and files.")],
    *,
    prune: Annotated[
        bool, typer.Option("--prune", help="Archive blocks whose section is gone.")
    ] = False,
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection", metavar="NAME", help="Name of the source; by default the folder's path."
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Import Markdown, text and exports; again, only changes."""
    from briefsmith.documents.walk import find_documents
    from briefsmith.operations.imports import import_documents
    from briefsmith.schemas.imports import ImportReport

    async def work(store: "Store") -> ImportReport:
        report = ImportReport()
        total = sum(1 for _ in find_documents(paths)) if is_watched() else 0
        with progress("Importing") as show:
            async for report in import_documents(
                store.session, store.embedder, paths, collection=collection, prune=prune
            ):
                show(report.files, total, f"{report.files} of {total} files, {_stored(report)}")
        return report

    report = with_store(work)
    if json_:
        write_json(asdict(report))
    else:
        _write_report(report, prune=prune)
    if report.problems:
        raise typer.Exit(EXIT_FINDING)


def _stored(report: "ImportReport") -> str:
    return counted(report.added + report.changed + report.unchanged + report.adopted, "block")


def _write_report(report: "ImportReport", *, prune: bool) -> None:
    write(
        f"{counted(report.files, 'file')}: {counted(report.added, 'block')} added, "
        f"{report.changed} changed, {report.unchanged} unchanged"
        + (f", {report.adopted} known from elsewhere" if report.adopted else "")
        + (f", {counted(len(report.problems), 'problem')}" if report.problems else "")
        + "."
    )
    if report.without_vector:
        note(f"{report.without_vector} have no vector yet; `briefsmith reembed` adds it.")
    for wanted, given in report.renamed:
        note(f"The label {wanted!r} was taken; the block is called {given!r}.")
    if report.removed:
        _write_removed(report.removed)
        if not prune:
            note("--prune archives them.")
    for problem in report.problems:
        note(f"{problem.code} {problem.message}")


def _write_removed(removed: "Sequence[RemovedPiece]") -> None:
    columns = (Column("id"), Column("block"), text("label"), text("file"))
    with table(*columns, title="Gone from their files") as rows:
        for piece in removed:
            rows.add(
                str(piece.block_id),
                "archived" if piece.archived else "kept",
                one_line(piece.label, 120),
                one_line(piece.path, 200),
            )


def reembed(*, json_: Json = False) -> None:
    """Make vectors that are missing or of another model."""
    from briefsmith.operations.embeddings import ReembedProgress, reembed

    async def work(store: "Store") -> ReembedProgress:
        done = ReembedProgress(0, 0, 0)
        with progress("Embedding") as show:
            async for done in reembed(store.session, store.embedder):
                show(done.seen, done.total, f"{done.seen} of {counted(done.total, 'block')}")
        return done

    done = with_store(work)
    if json_:
        write_json(asdict(done))
    elif done.total:
        write(f"{counted(done.written, 'vector')} made.")
    else:
        write("Every block has its vector already.")
