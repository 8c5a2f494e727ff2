"""The command that changes a brief's text."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.brief_life import BriefId
from briefsmith.faces.cli.output import counted, note, write, write_json
from briefsmith.faces.cli.running import Json, as_id, read_file, with_store
from briefsmith.faces.cli.table import Column, number, table

if TYPE_CHECKING:
    from briefsmith.operations.brief_edits import Edit, EditedBrief
    from briefsmith.operations.brief_life import BriefLife
    from briefsmith.runtime import Store


def edit(
    brief_id: BriefId,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="FILE", help="Take the text of a file; - is standard input."
        ),
    ] = None,
    instruct: Annotated[
        str | None,
        typer.Option("--instruct", metavar="TEXT", help="Have the editor agent do what this says."),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="List the edits instead.")] = False,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect",
            metavar="SHA256",
            help="Hash of the text that the change is made on, or its first 12 digits or more.",
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Change a brief's text, in your editor or from a file.

    The text is Markdown, all of it. Its quotations stand between fences (`<block cite="B1">`) that have to stay whole;
    `brief validate` looks whether they do.
    """
    wanted = as_id(brief_id)
    if sum((file is not None, instruct is not None, log)) > 1:
        message = "Give one of --file, --instruct and --log."
        raise InvalidInput(message)
    if log:
        _write_log(wanted, as_json=json_)
    elif instruct is not None:
        _instruct(wanted, instruct, expect, as_json=json_)
    elif file is not None:
        _show(_from_file(wanted, file, expect), as_json=json_)
    else:
        _show(_from_editor(wanted, expect), as_json=json_)


def _from_file(brief_id: UUID, file: Path, expect: str | None) -> "EditedBrief":
    from briefsmith.faces.cli.editing import kept_unless_stored

    raw = read_file(file)
    with kept_unless_stored(raw if str(file) == "-" else None):
        return _stored(brief_id, raw, expect)


def _from_editor(brief_id: UUID, expect: str | None) -> "EditedBrief":
    from briefsmith.faces.cli.editing import edited_in_editor, kept_unless_stored
    from briefsmith.operations.brief_edits import EditedBrief

    before = _opened(brief_id, expect)
    raw = edited_in_editor(before.text, name="brief.md")
    if raw == before.text.encode():
        return EditedBrief(
            brief_id, is_changed=False, state=before.state, text_sha256=before.text_sha256
        )
    with kept_unless_stored(raw):
        return _stored(brief_id, raw, before.text_sha256)


def _opened(brief_id: UUID, expect: str | None) -> "BriefLife":
    from briefsmith.operations.brief_edits import open_for_edit, refuse_stale

    async def work(store: "Store") -> "BriefLife":
        async with store.session(read_only=True) as session:
            return await open_for_edit(session, brief_id)

    before = with_store(work)
    if expect is not None:
        refuse_stale(before, expect)
    return before


def _stored(brief_id: UUID, raw: bytes, expect: str | None) -> "EditedBrief":
    from briefsmith.operations.brief_edits import (
        adapted_text,
        decoded_text,
        edit_brief,
        open_for_edit,
    )

    text = decoded_text(raw)

    async def work(store: "Store") -> "EditedBrief":
        async with store.session() as session:
            before = await open_for_edit(session, brief_id)
            adapted = adapted_text(text, before.text)
            return await edit_brief(session, brief_id, adapted, expected_sha256=expect)

    return with_store(work)


def _instruct(brief_id: UUID, instruction: str, expect: str | None, *, as_json: bool) -> None:
    from briefsmith.agents.editor import InstructedEdit, edit_by_instruction
    from briefsmith.providers.selection import make_language_model

    async def work(store: "Store") -> InstructedEdit:
        model = make_language_model(store.settings)
        return await edit_by_instruction(
            store.session, model, brief_id, instruction, expected_sha256=expect
        )

    done = with_store(work)
    asked = {"model": done.model, "summary": done.summary, "usage": done.usage.as_dict()}
    if not as_json:
        note(f"{done.model}: {done.summary}" if done.summary else f"{done.model} answered.")
        used = f"{done.usage.input_tokens} tokens in, {done.usage.output_tokens} out"
        note(f"{used}, {counted(done.usage.requests, 'request')}, {done.usage.seconds:.1f} s.")
    _show(done.edited, as_json=as_json, more=asked)


def _show(edited: "EditedBrief", *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    if as_json:
        shown = {
            "id": str(edited.brief_id),
            "state": edited.state.value,
            "is_changed": edited.is_changed,
            "text_sha256": edited.text_sha256,
        }
        write_json({**shown, **(more or {})})
    elif edited.is_changed:
        write(f"Edited {edited.brief_id}  (text {edited.text_sha256[:12]}, {edited.state.value})")
    else:
        write(f"Nothing was changed in {edited.brief_id}: the text is the same.")


def _write_log(brief_id: UUID, *, as_json: bool) -> None:
    from briefsmith.operations.brief_edits import list_edits

    async def work(store: "Store") -> "list[Edit]":
        async with store.session(read_only=True) as session:
            return await list_edits(session, brief_id)

    edits = with_store(work)
    if as_json:
        for one in edits:
            write_json(asdict(one))
        return
    columns = (Column("at (UTC)"), Column("by"), *map(number, ("lines +", "lines -", "bytes")))
    with table(*columns, Column("text")) as rows:
        for one in edits:
            rows.add(
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                one.by or "-",
                str(one.lines_added),
                str(one.lines_removed),
                str(one.body_bytes),
                one.sha256[:12],
            )
    note(f"{counted(len(edits), 'edit')}." if edits else "It was never edited.")
