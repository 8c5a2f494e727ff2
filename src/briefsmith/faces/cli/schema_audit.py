"""The command on code: does it still speak of what the schema has no longer?"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.faces.cli.output import counted, note, write, write_json
from briefsmith.faces.cli.running import Json
from briefsmith.faces.errors import EXIT_FINDING

if TYPE_CHECKING:
    from briefsmith.audit.findings import Audit
    from briefsmith.audit.schema import FinalSchema

_WHY_IGNORED = {
    "large": "over 2 MB",
    "binary": "binary",
    "special": "no regular files",
    "other": "of other kinds",
}


def audit(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Folders and files of code.")],
    *,
    json_: Json = False,
) -> None:
    """Find in code what the schema has no longer: 0 none, 1 found."""
    from briefsmith.audit.run import audit as audit_paths

    found = audit_paths(paths, _schema())
    if json_:
        write_json(found.as_dict())
    else:
        _write(found)
    if found.findings:
        raise typer.Exit(EXIT_FINDING)


def _schema() -> "FinalSchema":
    from briefsmith.audit.schema import final_schema
    from briefsmith.schema_sync.contract import packaged

    columns = [item for item in packaged().catalog.items.values() if item.kind == "column"]
    return final_schema((item.parent[1], item.local_name) for item in columns if item.parent)


def _write(found: "Audit") -> None:
    for finding in found.findings:
        place = f"{_on_one_line(finding.path)}:{finding.line}:{finding.column}"
        write(f"{place}: {finding.what}; {finding.instead}")
    for warning in found.warnings:
        path = _on_one_line(warning.path)
        place = f"{path}:{warning.line}" if warning.line else path
        note(f"{place}: not judged, {warning.reason}")
    if found.history:
        note(
            f"{counted(len(found.history), 'reference')} in migrations to what a later migration"
            " takes away; left alone."
        )
    write(
        f"{counted(len(found.findings), 'reference')} to what the schema has not, in "
        f"{counted(found.files, 'file')}{_ignored(found.ignored)}."
    )


def _on_one_line(path: str) -> str:
    """A name of a file may hold the end of a line."""
    return path.replace("\n", "\\n")


def _ignored(ignored: Mapping[str, int]) -> str:
    said = [f"{number} {_WHY_IGNORED[why]}" for why, number in sorted(ignored.items())]
    return f" ({', '.join(said)} ignored)" if said else ""
