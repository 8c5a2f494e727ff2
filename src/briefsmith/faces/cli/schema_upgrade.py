"""The command that brings a legacy database to the final schema."""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.config import load_settings
from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.output import counted, note, one_line, write, write_json
from briefsmith.faces.cli.progress import progress
from briefsmith.faces.cli.running import Json
from briefsmith.faces.cli.table import Column, number, table, text
from briefsmith.faces.errors import EXIT_FINDING, EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from briefsmith.schema_sync.upgrade.plan import UpgradePlan
    from briefsmith.schema_sync.upgrade.report import UpgradeReport

_PHASES = {
    "archive": "Archiving",
    "stage": "Making the new rows",
    "prove": "Comparing",
    "swap": "Exchanging the tables",
    "done": "Done",
}


def upgrade(
    *,
    plan: Annotated[
        bool, typer.Option("--plan", help="Take an inventory, and change nothing.")
    ] = False,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="PATH", help="File for the old rows, as JSON Lines."),
    ] = None,
    finish: Annotated[bool, typer.Option("--finish", help="Drop the old tables for good.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Bring the old tables back.")] = False,
    discard_changes: Annotated[
        bool,
        typer.Option("--discard-changes", help="With --undo: lose what was stored since."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_: Json = False,
) -> None:
    """Bring a legacy database over, every value accounted for."""
    if plan + finish + undo > 1:
        message = "Give one of --plan, --finish and --undo."
        raise InvalidInput(message)
    if discard_changes and not undo:
        message = "--discard-changes belongs to --undo."
        raise InvalidInput(message)
    if archive is not None and (plan or finish or undo):
        message = "--archive belongs to the upgrade itself."
        raise InvalidInput(message)
    if plan:
        _plan(json_=json_)
    elif finish:
        _finish(yes=yes, json_=json_)
    elif undo:
        _undo(yes=yes, discard_changes=discard_changes, json_=json_)
    else:
        _upgrade(archive, json_=json_)


def _with_url(work: "Callable[[str], Coroutine[Any, Any, None]]") -> None:
    from briefsmith.runtime import database_url

    async def run() -> None:
        async with database_url(load_settings()) as url:
            await work(url)

    asyncio.run(run())


def _plan(*, json_: bool) -> None:
    from briefsmith.operations.schema_upgrade import plan_upgrade

    found: list[UpgradePlan] = []

    async def work(url: str) -> None:
        found.append(await plan_upgrade(url))

    _with_url(work)
    if json_:
        write_json(found[0].as_dict())
    else:
        _write_plan(found[0])
    if found[0].obstacles:
        raise typer.Exit(EXIT_FINDING)


def _upgrade(archive: Path | None, *, json_: bool) -> None:
    from briefsmith.operations.schema_upgrade import upgrade_schema

    last: list[UpgradeReport] = []

    async def work(url: str) -> None:
        with progress("Upgrading") as show:
            async for report in upgrade_schema(url, archive):
                last[:] = [report]
                words = f"{_PHASES[report.phase]}, {counted(report.done, 'row')}"
                show(report.done, report.total, words)

    _with_url(work)
    report = last[0]
    if json_:
        write_json(report.as_dict())
        return
    _write_outcome(report)
    write(f"The database has the present schema; the old rows are in {report.archive}.")
    note(
        "The old tables are kept: `briefsmith schema upgrade --finish` drops them, --undo brings them back."
    )
    note("`briefsmith reembed` makes the vectors that search compares.")


def _finish(*, yes: bool, json_: bool) -> None:
    from briefsmith.operations.schema_upgrade import finish_upgrade

    _confirm("Drop the old tables for good? Only the archive has them then.", yes=yes, undo=False)
    _with_url(finish_upgrade)
    if json_:
        write_json({"finished": True})
    else:
        write("The old tables are dropped.")


def _undo(*, yes: bool, discard_changes: bool, json_: bool) -> None:
    from briefsmith.operations.schema_upgrade import undo_upgrade

    lost = ", and lose what was stored since" if discard_changes else ""
    _confirm(f"Bring the old tables back and drop the new ones{lost}?", yes=yes, undo=True)

    async def work(url: str) -> None:
        await undo_upgrade(url, discard_changes=discard_changes)

    _with_url(work)
    if json_:
        write_json({"undone": True})
    else:
        write("The old tables are in their place, as they were.")


def _confirm(question: str, *, yes: bool, undo: bool) -> None:
    from briefsmith.operations.schema_upgrade import check_upgraded

    if yes:
        return
    _with_url(partial(check_upgraded, undo=undo))
    if not sys.stdin.isatty():
        message = "This drops tables for good and has to be confirmed."
        raise InvalidInput(message, hint="Add --yes.")
    if not typer.confirm(question, err=True):
        note("Nothing was changed.")
        raise typer.Exit(EXIT_INTERRUPTED)


def _write_plan(found: "UpgradePlan") -> None:
    with table(Column("table"), number("rows"), number("kB")) as rows:
        for name, one in found.tables.items():
            rows.add(name, str(one.rows), str(-(-one.bytes // 1024)))
    _write_columns(found)
    for what, times in sorted(found.duplicates.items()):
        if times:
            write(f"{times} {what}")
    write(f"{counted(found.users, 'user')} with rows.")
    _write_outcome(found.outcome)
    for obstacle in found.obstacles:
        write(f"In the way: {obstacle}")
    if not found.obstacles:
        what = "goes on with it" if found.is_begun else "does it"
        write(f"Nothing was changed. `briefsmith schema upgrade --archive PATH` {what}.")


def _write_columns(found: "UpgradePlan") -> None:
    names = ("sql_null", "json_null", "empty_object", "empty_array", "empty_text")
    heads = ("NULL", "null", "{}", "[]", '""')
    columns = [Column("column"), number("filled")]
    columns += [number(head) for head in heads]
    with table(*columns, text("keys, most frequent first"), title="Columns") as rows:
        for name, one in found.tables.items():
            if not one.rows:
                continue
            for column, values in one.columns.items():
                keys = ", ".join(f"{key} {n}" for key, n in values.keys.most_common(20))
                numbers = [str(getattr(values, each) or "") for each in names]
                rows.add(f"{name}.{column}", str(values.filled), *numbers, one_line(keys, 200))


def _write_outcome(report: "UpgradeReport") -> None:
    if report.made:
        made = ", ".join(f"{name} {times}" for name, times in report.made.items())
        write(f"New rows: {made}.")
    for name, reasons in report.archived_only.items():
        for reason, times in reasons.items():
            write(f"In the archive alone: {counted(times, 'row')} of {name}. {reason}")
    for code, times in report.decisions.items():
        write(f"{code}: {times}")
        for one in report.examples[code]:
            write(f"  {one.table} {one.key}: {one_line(one.sentence, 300)}")
    for one in report.notes:
        write(f"To look after: {one}")
