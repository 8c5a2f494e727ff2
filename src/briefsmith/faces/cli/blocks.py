"""Commands that look at blocks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.faces.cli.block_options import (
    Importances,
    Limit,
    Locale,
    Scope,
    Sources,
    Statuses,
    Tag,
    Types,
    block_filter,
)
from briefsmith.faces.cli.output import counted, note, one_line, write, write_exact, write_json
from briefsmith.faces.cli.running import BlockId, Json, as_id, with_store
from briefsmith.faces.cli.table import Column, number, table, text

if TYPE_CHECKING:
    from briefsmith.models.block_revisions import BlockRevision
    from briefsmith.models.context_blocks import ContextBlock
    from briefsmith.operations.search import Found
    from briefsmith.runtime import Store

_LABEL_CHARS = 120
_TEXT_CHARS = 140
_FACT_INDENT = 15


def list_(
    *,
    type_: Types = None,
    tag: Tag = None,
    scope: Scope = None,
    status: Statuses = None,
    importance: Importances = None,
    source: Sources = None,
    locale: Locale = None,
    awaiting_review: Annotated[
        bool, typer.Option("--awaiting-review", help="Only those that await review.")
    ] = False,
    limit: Limit = None,
    json_: Json = False,
) -> None:
    """List blocks, the oldest first."""
    from briefsmith.operations.blocks import list_blocks

    wanted = block_filter(
        types=type_,
        tags=tag,
        scope=scope,
        statuses=status,
        importances=importance,
        sources=source,
        locale=locale,
    )
    columns = (
        *map(Column, ("id", "type", "importance", "status")),
        number("version"),
        *map(text, ("label", "tags")),
    )

    async def work(store: "Store") -> int:
        with table(*columns) as rows:
            async with store.session(read_only=True) as session:
                listed = list_blocks(session, wanted, limit=limit, awaiting_review=awaiting_review)
                async for block in listed:
                    if json_:
                        write_json(block.model_dump(mode="json"))
                    else:
                        rows.add(*_listed(block))
        return rows.count

    count = with_store(work)
    if not json_:
        note(f"{counted(count, 'block')}." if count else "There are no such blocks.")


def _listed(block: "ContextBlock") -> tuple[str, ...]:
    return (
        str(block.id),
        block.type,
        block.importance,
        block.status,
        str(block.version),
        one_line(block.label, _LABEL_CHARS),
        one_line(", ".join(block.meta_tags), _LABEL_CHARS),
    )


def show(
    block_id: BlockId,
    *,
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", min=1, help="As it once was.")
    ] = None,
    content: Annotated[bool, typer.Option("--content", help="Only the text, exactly.")] = False,
    json_: Json = False,
) -> None:
    """Show a block."""
    from briefsmith.operations.blocks import get_block, get_block_version

    wanted = as_id(block_id)

    async def work(store: "Store") -> "ContextBlock":
        async with store.session(read_only=True) as session:
            if version is not None:
                return await get_block_version(session, wanted, version)
            return await get_block(session, wanted)

    block = with_store(work)
    if json_:
        write_json(block.model_dump(mode="json"))
    elif content:
        write_exact(block.content)
    else:
        _write_block(block)


def _write_block(block: "ContextBlock") -> None:
    write(" ".join(block.label.split()))
    facts = {
        "id": block.id,
        "type": block.type,
        "importance": block.importance,
        "status": f"{block.status}{', awaits review' if block.requires_user_review else ''}",
        "version": f"{block.version}, of {block.updated_at:%Y-%m-%d %H:%M} UTC",
        "source": block.source,
        "policy": block.update_policy,
        "tags": ", ".join(block.meta_tags),
        "scope": block.meta_context_scope,
        "locale": block.meta_locale,
        "tone": ", ".join(block.meta_emotional_tone),
        "notes": block.meta_agent_notes,
        "derived from": block.meta_derived_from,
        "feedback": None if block.feedback_score is None else f"{block.feedback_score:.2f}",
        "vector": block.meta_embedding_model or "none yet",
    }
    for name, value in facts.items():
        if value:
            # Indented, so that no line of a value looks like a fact of its own.
            lines = str(value).replace("\n", "\n" + " " * _FACT_INDENT)
            write(f"  {name:<{_FACT_INDENT - 2}}{lines}")
    write("")
    write_exact(block.content)
    if not block.content.endswith("\n"):
        write("")


def history(block_id: BlockId, *, json_: Json = False) -> None:
    """List what a block was before each change, newest first."""
    from briefsmith.operations.blocks import block_history

    wanted = as_id(block_id)

    async def work(store: "Store") -> "list[BlockRevision]":
        async with store.session(read_only=True) as session:
            return await block_history(session, wanted)

    revisions = with_store(work)
    if json_:
        for revision in revisions:
            write_json(revision.model_dump(mode="json"))
        return
    if not revisions:
        note("It was never changed.")
        return
    columns = (number("version"), *map(Column, ("until (UTC)", "changed by")))
    with table(*columns, *map(text, ("label", "text"))) as rows:
        for revision in revisions:
            rows.add(
                str(revision.version),
                f"{revision.created_at:%Y-%m-%d %H:%M:%S}",
                one_line(revision.changed_by or "", _LABEL_CHARS),
                one_line(str(revision.snapshot.get("label", "")), _LABEL_CHARS),
                one_line(str(revision.snapshot.get("content", "")), _TEXT_CHARS),
            )
    note(f"`briefsmith block show {wanted} --version N` shows one whole.")


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="A question, or words.")],
    *,
    type_: Types = None,
    tag: Tag = None,
    scope: Scope = None,
    status: Statuses = None,
    importance: Importances = None,
    source: Sources = None,
    locale: Locale = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many.")
    ] = 10,
    json_: Json = False,
) -> None:
    """Find blocks by words and by meaning; any word may match."""
    from briefsmith.operations.search import search_blocks

    wanted = block_filter(
        types=type_,
        tags=tag,
        scope=scope,
        statuses=status,
        importances=importance,
        sources=source,
        locale=locale,
    )

    async def work(store: "Store") -> "Found":
        async with store.session(read_only=True) as session:
            return await search_blocks(
                session, store.embedder, " ".join(words), wanted=wanted, limit=limit
            )

    found = with_store(work)
    if not found.by_meaning:
        note("Words alone were searched: there is no vector for the question.")
    if json_:
        for hit in found.hits:
            parts = {"score": hit.score, "bm25": hit.bm25, "cosine": hit.cosine}
            write_json({**parts, "block": hit.block.model_dump(mode="json")})
        return
    if found.hits and not any(hit.bm25 > 0 for hit in found.hits):
        note("No block has any of these words; these are the nearest in meaning.")
    _write_hits(found)


def _write_hits(found: "Found") -> None:
    if not found.hits:
        note("Nothing was found.")
        return
    columns = (number("score"), *map(Column, ("id", "type")), *map(text, ("label", "text")))
    with table(*columns) as rows:
        for hit in found.hits:
            rows.add(
                f"{hit.score:.2f}",
                str(hit.block.id),
                hit.block.type,
                one_line(hit.block.label, _LABEL_CHARS),
                one_line(hit.block.content, _TEXT_CHARS),
            )


def export(
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A file, not standard output."),
    ] = None,
    type_: Types = None,
    tag: Tag = None,
    scope: Scope = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="active, locked or archived; all by default. May be repeated.",
        ),
    ] = None,
    importance: Importances = None,
    source: Sources = None,
    locale: Locale = None,
    json_: Json = False,
) -> None:
    """Write blocks as JSON Lines, which import reads back."""
    from briefsmith.faces.cli.written_files import text_written_whole
    from briefsmith.operations.exports import export_blocks

    del json_  # an export is JSON Lines anyway
    wanted = block_filter(
        types=type_,
        tags=tag,
        scope=scope,
        statuses=status or ["all"],
        importances=importance,
        sources=source,
        locale=locale,
    )

    async def work(store: "Store") -> int:
        lines = 0
        async with store.session(read_only=True) as session:
            with text_written_whole(output) as target:
                async for line in export_blocks(session, wanted):
                    target.write(line + "\n")
                    lines += 1
        return lines - 1

    count = with_store(work)
    if output is not None:
        note(f"{counted(count, 'block')} in {output}.")
