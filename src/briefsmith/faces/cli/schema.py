"""Commands on the schema: is the database what the code takes it for?"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from briefsmith.config import load_settings
from briefsmith.errors import BriefsmithError
from briefsmith.faces.cli.output import (
    counted,
    describe_error,
    json_text,
    note,
    one_line,
    write,
    write_exact,
    write_json,
)
from briefsmith.faces.cli.running import Json
from briefsmith.faces.cli.table import Column, table, text
from briefsmith.faces.errors import EXIT_FINDING, EXIT_UNCHECKED

if TYPE_CHECKING:
    from briefsmith.schema_sync.catalog import Fact
    from briefsmith.schema_sync.findings import Finding
    from briefsmith.schema_sync.verify import Verification
    from briefsmith.sql import Migration

T = TypeVar("T")

Sql = Annotated[
    bool,
    typer.Option("--sql", help="Print a script that mends it; what is dangerous, as comments."),
]


def verify(
    *,
    data: Annotated[
        bool, typer.Option("--data", help="Look at the rows as well: what no constraint holds.")
    ] = False,
    sql: Sql = False,
    json_: Json = False,
) -> None:
    """Compare database and code: 0 in sync, 1 drift, 2 not checked."""
    from briefsmith.operations.schema import verify_schema
    from briefsmith.providers.selection import make_embedder
    from briefsmith.runtime import open_inspection

    settings = load_settings()
    model = make_embedder(settings).name if data else None

    async def work() -> "Verification":
        async with open_inspection(settings) as inspection:
            return await verify_schema(inspection, data_model=model)

    found = _checked(work, json_=json_)
    if json_:
        write_json(found.as_dict())
    elif sql:
        write_exact(_script(found.findings))
    else:
        _write_verification(found)
    if not found.is_in_sync:
        raise typer.Exit(EXIT_FINDING)


Schemas = Annotated[
    list[str] | None,
    typer.Option(
        "--schema", metavar="NAME", help="Schema to read, repeatable (public, or a contract's)."
    ),
]


def contract(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", help="Address, contract or migrations; default: ours."),
    ] = None,
    *,
    schemas: Schemas = None,
    json_: Json = False,
) -> None:
    """Print a schema: Markdown with a diagram, or JSON to keep."""
    from briefsmith.operations.schema import read_schema
    from briefsmith.schema_sync.contract import write as as_json
    from briefsmith.schema_sync.describing import as_markdown

    found = asyncio.run(read_schema(source, schemas, _scratch))
    write_exact(as_json(found) if json_ else as_markdown(found.catalog))


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Address, contract or migrations.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other; --sql makes it like A.")],
    *,
    schemas: Schemas = None,
    sql: Sql = False,
    json_: Json = False,
) -> None:
    """Compare two schemas: 0 the same, 1 different, 2 not compared."""
    from briefsmith.operations.schema import diff_schemas
    from briefsmith.schema_sync.findings import as_findings

    async def work() -> "list[Finding]":
        return as_findings(await diff_schemas(a, b, schemas, _scratch))

    findings = _checked(work, json_=json_)
    if json_:
        write_json({"same": not findings, "differences": [one.as_dict() for one in findings]})
    elif sql:
        write_exact(_script(findings))
    elif findings:
        _write_findings(findings)
        write(f"{counted(len(findings), 'difference')}.")
    else:
        write("The schemas are the same.")
    if findings:
        raise typer.Exit(EXIT_FINDING)


def migrate(
    *,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what would be run, and change nothing.")
    ] = False,
    json_: Json = False,
) -> None:
    """Bring the database to the present schema."""
    from briefsmith.faces.cli.store import init

    if not plan:
        init(json_=json_)
        return
    from briefsmith.operations.schema import pending_migrations
    from briefsmith.runtime import open_inspection

    async def work() -> "tuple[Migration, ...]":
        async with open_inspection(load_settings()) as inspection:
            return await pending_migrations(inspection)

    pending = asyncio.run(work())
    if json_:
        write_json([{"file": one.file_name, "sql": one.text} for one in pending])
    elif pending:
        for one in pending:
            write_exact(f"-- {one.file_name}\n{one.text}\n")
    else:
        write("Nothing to apply.")


def _scratch() -> "AbstractAsyncContextManager[str]":
    from briefsmith.runtime import scratch_server

    return scratch_server(load_settings())


def _checked(work: Callable[[], Coroutine[Any, Any, T]], *, json_: bool) -> T:
    """The result of a check; where there is none, the reason is told and the command ends with 2."""
    import sys

    try:
        return asyncio.run(work())
    except BriefsmithError as error:
        said = json_text(error.as_dict(), sys.stderr) + "\n" if json_ else describe_error(error)
        sys.stderr.write(said)
        raise typer.Exit(EXIT_UNCHECKED) from error


def _write_verification(found: "Verification") -> None:
    drift = [finding for finding in found.findings if finding.is_drift]
    others = [finding for finding in found.findings if not finding.is_drift]
    looked = ", ".join(counted(number, noun) for noun, number in found.checked.items())
    where = f"{found.place}, PostgreSQL {found.server_version}"
    if drift:
        _write_findings(drift)
        write(f"{counted(len(drift), 'difference')} in {looked}: {where}.")
        if any(finding.mend for finding in drift):
            note("`briefsmith schema verify --sql` prints what mends it.")
    else:
        write(f"In sync: {looked}; {where}.")
    if others:
        names = ", ".join(f"{finding.kind} {finding.name}" for finding in others)
        note(f"Of somebody else, and left alone: {one_line(names, 300)}.")


def _write_findings(findings: "Sequence[Finding]") -> None:
    with table(
        Column("severity"), Column("what"), text("object"), text("expected"), text("found")
    ) as rows:
        for finding in findings:
            rows.add(
                finding.severity,
                finding.change,
                f"{finding.kind} {finding.name}",
                _said(finding.fact, finding.expected),
                finding.says or _said(finding.fact, finding.found),
            )


def _said(fact: str | None, value: "Fact") -> str:
    if value is None:
        return f"no {fact}" if fact else ""
    shown = one_line(", ".join(value) if isinstance(value, list) else str(value), 200)
    return f"{fact}: {shown}" if fact else shown


def _script(findings: "Iterable[Finding]") -> str:
    """The mends in an order that works; one that several findings share stands there once."""
    drift = [finding for finding in findings if finding.is_drift]
    lines = [
        "-- What would make the database what it has to be. Read it before you run it.",
        "begin;",
    ]
    for finding in drift:
        if finding.mend is None:
            said = f"{finding.kind} {finding.name}: {finding.says or finding.change}"
            lines += ["", *_comment(said)]
    mended = [(finding, finding.mend) for finding in drift if finding.mend is not None]
    written: set[str] = set()
    for finding, mend in sorted(mended, key=lambda one: one[1].place):
        if mend.sql in written:
            continue
        written.add(mend.sql)
        lines += ["", *_comment(f"{finding.change} {finding.kind} {finding.name}")]
        if mend.danger is None:
            lines.append(mend.sql)
        else:
            lines += [*_comment(f"Commented out: {mend.danger}"), *_comment(mend.sql)]
    return "\n".join([*lines, "", "commit;", ""])


def _comment(text: str) -> list[str]:
    """Lines of a comment; a name may hold what ends one, for PostgreSQL a carriage return as well."""
    return [f"-- {line}" for line in re.split(r"\r\n|\n|\r", text)]
