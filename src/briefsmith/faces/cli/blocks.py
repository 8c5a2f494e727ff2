"""Commands on blocks."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.output import (
    note,
    one_line,
    printable,
    write,
    write_exact,
    write_json,
    write_table,
)
from briefsmith.faces.cli.running import (
    BlockId,
    Json,
    as_id,
    checked,
    read_text,
    with_store,
)
from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)

if TYPE_CHECKING:
    from briefsmith.models.context_blocks import ContextBlock
    from briefsmith.runtime import Store
    from briefsmith.schemas.blocks import BlockFilter

Type = Annotated[BlockType | None, typer.Option("--type", help="Kind of context.")]
Tag = Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")]
Tone = Annotated[list[str] | None, typer.Option("--tone", help="A tone; may be repeated.")]
Scope = Annotated[str | None, typer.Option("--scope", help="Scope, such as marketing.")]
Locale = Annotated[str | None, typer.Option("--locale", help="Language tag, such as en or de-CH.")]
Importance = Annotated[BlockImportance | None, typer.Option("--importance")]
Policy = Annotated[
    BlockUpdatePolicy | None, typer.Option("--policy", help="manual: agents propose, never apply.")
]
Notes = Annotated[str | None, typer.Option("--notes", help="What agents should make of it.")]
Content = Annotated[str | None, typer.Option("--content", help="The text.")]
TextFile = Annotated[
    Path | None, typer.Option("--file", help="Read the text from a file; - is standard input.")
]
Types = Annotated[list[BlockType] | None, typer.Option("--type", help="May be repeated.")]
Importances = Annotated[list[BlockImportance] | None, typer.Option("--importance")]
Sources = Annotated[list[BlockSource] | None, typer.Option("--source")]
Statuses = Annotated[
    list[str] | None,
    typer.Option("--status", help="active, locked, archived or all; by default those in use."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of blocks.")]


def add(
    label: Annotated[str, typer.Option("--label", help="Short title, unique among yours.")],
    *,
    content: Content = None,
    file: TextFile = None,
    type_: Type = None,
    tag: Tag = None,
    importance: Importance = None,
    scope: Scope = None,
    locale: Locale = None,
    tone: Tone = None,
    policy: Policy = None,
    notes: Notes = None,
    derived_from: Annotated[
        str | None, typer.Option("--derived-from", help="Id of the block it comes from.")
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Keep it out of briefs until it is reviewed.")
    ] = False,
    json_: Json = False,
) -> None:
    """Add a block; without --content and --file, the text comes from standard input."""
    from briefsmith.operations.blocks import add_block
    from briefsmith.schemas.blocks import NewBlock

    text = read_text(content, file)
    if text is None:
        text = read_text(None, Path("-"))
    values = _given(
        label=label,
        content=text,
        type=type_,
        meta_tags=tag,
        importance=importance,
        meta_context_scope=scope,
        meta_locale=locale,
        meta_emotional_tone=tone,
        update_policy=policy,
        meta_agent_notes=notes,
        meta_derived_from=as_id(derived_from) if derived_from else None,
        requires_user_review=review or None,
    )
    new = checked(NewBlock, values)

    async def work(store: "Store") -> "ContextBlock":
        async with store.session() as session:
            return await add_block(session, store.embedder, new)

    _show_change(with_store(work), "Added", as_json=json_)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _show_change(block: "ContextBlock", verb: str, *, as_json: bool) -> None:
    if as_json:
        write_json(block.model_dump(mode="json"))
        return
    write(
        f"{verb} {block.id}  {one_line(block.label, 80)}  (version {block.version}, {block.status})"
    )
    if block.meta_embedding_model is None:
        note(
            "It has no vector yet: the embedding service did not answer. `briefsmith reembed` adds it."
        )


def _filter(
    *,
    types: list[BlockType] | None,
    tags: list[str] | None,
    scope: str | None,
    statuses: list[str] | None,
    importances: list[BlockImportance] | None,
    sources: list[BlockSource] | None,
    locale: str | None,
) -> "BlockFilter":
    from briefsmith.schemas.blocks import BlockFilter

    values = _given(
        types=types or None,
        tags=tags or None,
        scope=scope,
        importances=importances or None,
        sources=sources or None,
        locale=locale,
        statuses=_statuses(statuses) if statuses else None,
    )
    return checked(BlockFilter, values)


def _statuses(words: list[str]) -> list[BlockStatus]:
    if "all" in words:
        return list(BlockStatus)
    try:
        return [BlockStatus(word) for word in words]
    except ValueError as error:
        known = ", ".join(BlockStatus)
        message = f"There is no such status; there are {known}, and all."
        raise InvalidInput(message) from error


def list_(
    *,
    type_: Types = None,
    tag: Tag = None,
    scope: Scope = None,
    status: Statuses = None,
    importance: Importances = None,
    source: Sources = None,
    locale: Locale = None,
    limit: Limit = None,
    json_: Json = False,
) -> None:
    """List blocks, the oldest first."""
    from briefsmith.operations.blocks import list_blocks

    wanted = _filter(
        types=type_,
        tags=tag,
        scope=scope,
        statuses=status,
        importances=importance,
        sources=source,
        locale=locale,
    )

    async def work(store: "Store") -> "list[ContextBlock]":
        kept: list[ContextBlock] = []
        async with store.session(read_only=True) as session:
            async for block in list_blocks(session, wanted, limit=limit):
                if json_:
                    write_json(block.model_dump(mode="json"))
                else:
                    kept.append(block)
        return kept

    blocks = with_store(work)
    if json_:
        return
    if not blocks:
        note("There are no such blocks.")
        return
    write_table(
        "",
        ("id", "label", "type", "importance", "status", "version", "tags"),
        [
            (
                str(block.id),
                one_line(block.label, 60),
                block.type,
                block.importance,
                block.status,
                str(block.version),
                ", ".join(block.meta_tags),
            )
            for block in blocks
        ],
    )
    note(f"{len(blocks)} blocks.")


def show(
    block_id: BlockId,
    *,
    version: Annotated[int | None, typer.Option("--version", min=1, help="As it once was.")] = None,
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
    write(block.label)
    facts = {
        "id": block.id,
        "type": block.type,
        "importance": block.importance,
        "status": f"{block.status}{', awaits review' if block.requires_user_review else ''}",
        "version": f"{block.version}, of {block.updated_at:%Y-%m-%d %H:%M}",
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
            write(f"  {name:<13}{value}")
    write("")
    write(block.content)


def edit(
    block_id: BlockId,
    *,
    label: Annotated[str | None, typer.Option("--label")] = None,
    content: Content = None,
    file: TextFile = None,
    type_: Type = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="The new tags; '' for none.")
    ] = None,
    importance: Importance = None,
    scope: Annotated[str | None, typer.Option("--scope", help="'' for none.")] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="'' for none.")] = None,
    tone: Annotated[list[str] | None, typer.Option("--tone", help="'' for none.")] = None,
    policy: Policy = None,
    notes: Annotated[str | None, typer.Option("--notes", help="'' for none.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="locked, or active to unlock.")
    ] = None,
    reviewed: Annotated[
        bool | None, typer.Option("--reviewed/--review", help="Accept it, or ask for review.")
    ] = None,
    expect: Annotated[
        int | None, typer.Option("--expect", min=1, help="Version that the change is made on.")
    ] = None,
    json_: Json = False,
) -> None:
    """Change a block; without any option its text opens in $EDITOR."""
    from briefsmith.operations.blocks import edit_block, get_block
    from briefsmith.schemas.blocks import BlockEdit

    wanted = as_id(block_id)
    values = _given(
        label=label,
        content=read_text(content, file),
        type=type_,
        meta_tags=_cleared(tag),
        importance=importance,
        meta_emotional_tone=_cleared(tone),
        update_policy=policy,
        status=_lock_status(status) if status else None,
        requires_user_review=None if reviewed is None else not reviewed,
    )
    for name, text in (
        ("meta_context_scope", scope),
        ("meta_locale", locale),
        ("meta_agent_notes", notes),
    ):
        if text is not None:
            values[name] = text or None
    seen = expect
    if not values:

        async def read(store: "Store") -> "ContextBlock":
            async with store.session(read_only=True) as session:
                return await get_block(session, wanted)

        block = with_store(read)
        text = _in_editor(block.content)
        if text == block.content:
            note("Nothing was changed.")
            return
        values["content"] = text
        seen = seen or block.version
    change = checked(BlockEdit, values)

    async def work(store: "Store") -> "ContextBlock":
        async with store.session() as session:
            return await edit_block(session, store.embedder, wanted, change, expected_version=seen)

    _show_change(with_store(work), "Changed", as_json=json_)


def _in_editor(content: str) -> str:
    from briefsmith.faces.cli.files import edited_text

    if not sys.stdin.isatty():
        message = "There is nothing to change."
        raise InvalidInput(message, hint="Give an option, or run it in a terminal to open $EDITOR.")
    return edited_text(content)


def _cleared(words: list[str] | None) -> list[str] | None:
    return None if words is None else [word for word in words if word]


def _lock_status(word: str) -> BlockStatus:
    if word not in {"active", "locked"}:
        message = f"The status {word!r} cannot be set; active and locked can."
        hint = "`briefsmith block archive` and `block restore` do the rest."
        raise InvalidInput(message, hint=hint)
    return BlockStatus(word)


def archive(block_id: Ids, *, json_: Json = False) -> None:
    """Take blocks out of use; they keep their history and can come back."""
    from briefsmith.operations.blocks import archive_block

    ids = [as_id(text) for text in block_id]

    async def work(store: "Store") -> "list[ContextBlock]":
        async with store.session() as session:
            return [await archive_block(session, one) for one in ids]

    for block in with_store(work):
        _show_change(block, "Archived", as_json=json_)


def restore(block_id: Ids, *, json_: Json = False) -> None:
    """Bring archived blocks back."""
    from briefsmith.operations.blocks import restore_block

    ids = [as_id(text) for text in block_id]

    async def work(store: "Store") -> "list[ContextBlock]":
        async with store.session() as session:
            return [await restore_block(session, one) for one in ids]

    for block in with_store(work):
        _show_change(block, "Restored", as_json=json_)


def purge(
    block_id: BlockId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_: Json = False,
) -> None:
    """Erase a block for good: text, history, and its text in briefs."""
    from briefsmith.operations.blocks import get_block, purge_block

    wanted = as_id(block_id)

    async def read(store: "Store") -> "ContextBlock":
        async with store.session(read_only=True) as session:
            return await get_block(session, wanted)

    async def work(store: "Store") -> int:
        async with store.session() as session:
            return await purge_block(session, wanted)

    if not yes:
        if not sys.stdin.isatty():
            message = "Purging erases for good and has to be confirmed."
            raise InvalidInput(message, hint="Add --yes.")
        block = with_store(read)
        typer.confirm(f"Erase {printable(block.label)!r} with its history for good?", abort=True)
    briefs = with_store(work)
    if json_:
        write_json({"id": str(wanted), "briefs_changed": briefs})
    else:
        write(f"Purged {wanted}; {briefs} briefs keep its id, version and hash, and not its text.")


def history(block_id: BlockId, *, json_: Json = False) -> None:
    """List what a block was before each change, the newest first."""
    from briefsmith.models.block_revisions import BlockRevision
    from briefsmith.operations.blocks import block_history

    wanted = as_id(block_id)

    async def work(store: "Store") -> list[BlockRevision]:
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
    write_table(
        "",
        ("version", "until", "changed by", "label", "text"),
        [
            (
                str(revision.version),
                f"{revision.created_at:%Y-%m-%d %H:%M:%S}",
                revision.changed_by or "",
                one_line(str(revision.snapshot.get("label", "")), 40),
                one_line(str(revision.snapshot.get("content", "")), 60),
            )
            for revision in revisions
        ],
    )
    note(f"`briefsmith block show {wanted} --version N` shows one whole.")


def search(
    words: Annotated[list[str], typer.Argument(help="A question, or words.")],
    *,
    type_: Types = None,
    tag: Tag = None,
    scope: Scope = None,
    status: Statuses = None,
    importance: Importances = None,
    source: Sources = None,
    locale: Locale = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 10,
    json_: Json = False,
) -> None:
    """Find blocks by words and by meaning; any word may match."""
    from briefsmith.operations.search import Found, search_blocks

    wanted = _filter(
        types=type_,
        tags=tag,
        scope=scope,
        statuses=status,
        importances=importance,
        sources=source,
        locale=locale,
    )

    async def work(store: "Store") -> Found:
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
    if not found.hits:
        note("Nothing was found.")
        return
    write_table(
        "",
        ("score", "id", "label", "type", "text"),
        [
            (
                f"{hit.score:.2f}",
                str(hit.block.id),
                one_line(hit.block.label, 50),
                hit.block.type,
                one_line(hit.block.content, 60),
            )
            for hit in found.hits
        ],
    )


def export(
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; standard output without it.")
    ] = None,
    type_: Types = None,
    tag: Tag = None,
    scope: Scope = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="active, locked, archived; all by default.")
    ] = None,
    importance: Importances = None,
    source: Sources = None,
    locale: Locale = None,
    json_: Json = False,
) -> None:
    """Write blocks as JSON Lines, which import reads back without loss."""
    from briefsmith.faces.cli.files import text_written_whole
    from briefsmith.operations.exports import export_blocks

    del json_  # an export is JSON Lines anyway
    wanted = _filter(
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
        note(f"{count} blocks in {output}.")
