"""The command that makes draft blocks out of a file."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.faces.cli.output import counted, note, one_line, write, write_json
from briefsmith.faces.cli.running import Json, as_file_id, command_line, with_store
from briefsmith.faces.cli.table import Column, number, table, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from briefsmith.runtime import Store
    from briefsmith.schemas.extraction import ExtractedBlock, ExtractionReport

_LABEL_CHARS = 120
_PLACE_CHARS = 80
_LISTED_IDS = 30


def extract(
    file_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a file.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be made, and store nothing.")
    ] = False,
    json_: Json = False,
) -> None:
    """Make draft blocks out of a file; you review them into use.

    Reads PDF, DOCX, PPTX, XLSX, HTML, CSV, Markdown and plain text. A second time, only what changed is touched.
    """
    from briefsmith.operations.extraction import extract_file

    wanted = as_file_id(file_id)

    async def work(store: "Store") -> "ExtractionReport":
        return await extract_file(
            store.session, store.embedder, store.files, store.extractor, wanted, dry_run=dry_run
        )

    report = with_store(work)
    if json_:
        write_json(asdict(report))
    else:
        _write_report(report)


def _write_report(report: "ExtractionReport") -> None:
    columns = (*map(Column, ("id", "block")), number("characters"), text("label"), text("place"))
    with table(*columns) as rows:
        for block in report.blocks:
            rows.add(
                str(block.block_id or "-"),
                block.outcome,
                str(len(block.content)),
                one_line(block.label, _LABEL_CHARS),
                one_line(block.place, _PLACE_CHARS),
            )
    write(_sentence(report))
    for remark in report.notes:
        note(remark)
    for block in report.blocks:
        if block.kept_because:
            note(f"{block.block_id} was left as it is: {block.kept_because}.")
    for gone in report.gone:
        note(f"{gone.block_id} ({one_line(gone.label, _LABEL_CHARS)}) is no longer in the file.")
    if report.without_vector:
        note(f"{report.without_vector} have no vector yet; `briefsmith reembed` adds it.")
    waiting = [block for block in report.blocks if block.block_id and block.awaits_review]
    if waiting and not report.is_dry_run:
        _tell_review(waiting)


def _sentence(report: "ExtractionReport") -> str:
    outcomes = [block.outcome.value for block in report.blocks]
    counts = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    verb = "would give" if report.is_dry_run else "gives"
    pieces = counted(len(outcomes), "block")
    name = one_line(report.file_label, _LABEL_CHARS)
    return f"“{name}” {verb} {pieces}: {words}."


def _tell_review(waiting: "Sequence[ExtractedBlock]") -> None:
    ids = [str(block.block_id) for block in waiting]
    note(f"In no brief before you accept: {counted(len(ids), 'block')}. To read, and to accept:")
    note(f"  {command_line('block', 'show', ids[0])}")
    if len(ids) <= _LISTED_IDS:
        note(f"  {command_line('block', 'accept', *ids)}")
    else:
        note(f"  {command_line('block', 'list', '--awaiting-review')}")
        note(f"  {command_line('block', 'accept')} ID…")
