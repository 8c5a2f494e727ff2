"""Commands that change blocks."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.block_options import IMPORTANCES, TYPES, Locale, Scope, Tag, given
from briefsmith.faces.cli.output import counted, note, one_line, write, write_json
from briefsmith.faces.cli.running import BlockId, Json, as_id, checked, read_text, with_store
from briefsmith.faces.errors import EXIT_INTERRUPTED
from briefsmith.models.enums import BlockImportance, BlockStatus, BlockType, BlockUpdatePolicy

if TYPE_CHECKING:
    from briefsmith.models.context_blocks import ContextBlock
    from briefsmith.runtime import Store

Type = Annotated[BlockType | None, typer.Option("--type", metavar="TYPE", help=TYPES)]
Tone = Annotated[
    list[str] | None, typer.Option("--tone", metavar="TONE", help="A tone; may be repeated.")
]
Importance = Annotated[
    BlockImportance | None, typer.Option("--importance", metavar="IMPORTANCE", help=IMPORTANCES)
]
Policy = Annotated[
    BlockUpdatePolicy | None,
    typer.Option(
        "--policy", metavar="POLICY", help="auto; or manual: agents propose, never apply."
    ),
]
Notes = Annotated[
    str | None, typer.Option("--notes", metavar="TEXT", help="What agents should make of it.")
]
Content = Annotated[str | None, typer.Option("--content", metavar="TEXT", help="The text.")]
TextFile = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="Read the text from a file; - is standard input."),
]
Ids = Annotated[list[str], typer.Argument(metavar="ID", help="Ids of blocks.")]


def add(
    label: Annotated[
        str, typer.Option("--label", metavar="LABEL", help="Short title, unique among yours.")
    ],
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
        str | None,
        typer.Option("--derived-from", metavar="ID", help="Id of the block it comes from."),
    ] = None,
    refreshable: Annotated[
        bool, typer.Option("--refreshable", help="Let the researcher renew it from its source.")
    ] = False,
    review: Annotated[
        bool, typer.Option("--review", help="Keep it out of briefs until it is reviewed.")
    ] = False,
    json_: Json = False,
) -> None:
    """Add a block.

    Without --content and --file, the text comes from standard input.
    """
    from briefsmith.operations.blocks import add_block
    from briefsmith.schemas.blocks import NewBlock

    origin = as_id(derived_from) if derived_from else None
    text = read_text(content, file)
    if text is None:
        text = read_text(None, Path("-"))
    values = given(
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
        meta_derived_from=origin,
        meta_refreshable=refreshable or None,
        requires_user_review=review or None,
    )
    new = checked(NewBlock, values)

    async def work(store: "Store") -> "ContextBlock":
        async with store.session() as session:
            return await add_block(session, store.embedder, new)

    _show_change(with_store(work), "Added", as_json=json_)


def _show_change(block: "ContextBlock", verb: str, *, as_json: bool) -> None:
    if as_json:
        write_json(block.model_dump(mode="json"))
        return
    state = f"version {block.version}, {block.status}"
    write(f"{verb} {block.id}  {one_line(block.label, 80)}  ({state})")
    if block.meta_embedding_model is None:
        note(
            "It has no vector yet: the embedding service did not answer. "
            "`briefsmith reembed` adds it."
        )


def edit(
    block_id: BlockId,
    *,
    label: Annotated[
        str | None, typer.Option("--label", metavar="LABEL", help="The new label.")
    ] = None,
    content: Content = None,
    file: TextFile = None,
    type_: Type = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="The new tags; '' for none.")
    ] = None,
    importance: Importance = None,
    scope: Annotated[
        str | None, typer.Option("--scope", metavar="SCOPE", help="The new scope; '' for none.")
    ] = None,
    locale: Annotated[
        str | None,
        typer.Option("--locale", metavar="LOCALE", help="The new language tag; '' for none."),
    ] = None,
    tone: Annotated[
        list[str] | None, typer.Option("--tone", metavar="TONE", help="The new tones; '' for none.")
    ] = None,
    policy: Policy = None,
    notes: Annotated[
        str | None, typer.Option("--notes", metavar="TEXT", help="The new notes; '' for none.")
    ] = None,
    refreshable: Annotated[
        bool | None,
        typer.Option("--refreshable/--not-refreshable", help="Whether the researcher renews it."),
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="locked, or active to unlock.")
    ] = None,
    reviewed: Annotated[
        bool | None, typer.Option("--reviewed/--review", help="Accept it, or ask for review.")
    ] = None,
    expect: Annotated[
        int | None,
        typer.Option("--expect", metavar="N", min=1, help="Version that the change is made on."),
    ] = None,
    json_: Json = False,
) -> None:
    """Change a block; without options its text opens in $EDITOR."""
    wanted = as_id(block_id)
    values = given(
        label=label,
        content=read_text(content, file),
        type=type_,
        meta_tags=_cleared(tag),
        importance=importance,
        meta_emotional_tone=_cleared(tone),
        update_policy=policy,
        meta_refreshable=refreshable,
        status=_lock_status(status) if status else None,
        requires_user_review=None if reviewed is None else not reviewed,
    )
    clearable = {"meta_context_scope": scope, "meta_locale": locale, "meta_agent_notes": notes}
    values |= {name: text or None for name, text in clearable.items() if text is not None}
    if not values:
        _edit_in_editor(wanted, expect, as_json=json_)
        return
    _show_change(_changed(wanted, values, expect), "Changed", as_json=json_)


def _changed(block_id: UUID, values: dict[str, Any], expected: int | None) -> "ContextBlock":
    from briefsmith.operations.blocks import edit_block
    from briefsmith.schemas.blocks import BlockEdit

    change: BlockEdit = checked(BlockEdit, values)

    async def work(store: "Store") -> "ContextBlock":
        async with store.session() as session:
            return await edit_block(
                session, store.embedder, block_id, change, expected_version=expected
            )

    return with_store(work)


def _edit_in_editor(block_id: UUID, expected: int | None, *, as_json: bool) -> None:
    from briefsmith.faces.cli.editing import edited_in_editor, kept_unless_stored

    if not sys.stdin.isatty():
        message = "There is nothing to change."
        raise InvalidInput(message, hint="Give an option, or run it in a terminal to open $EDITOR.")
    block = _block(block_id)
    raw = edited_in_editor(block.content, name="block.md")
    with kept_unless_stored(raw):
        text = _as_typed(raw, block.content)
    if text == block.content:
        note("Nothing was changed.")
        if as_json:
            write_json(block.model_dump(mode="json"))
        return
    with kept_unless_stored(raw):
        changed = _changed(block_id, {"content": text}, expected or block.version)
    _show_change(changed, "Changed", as_json=as_json)


def _block(block_id: UUID) -> "ContextBlock":
    from briefsmith.operations.blocks import get_block

    async def work(store: "Store") -> "ContextBlock":
        async with store.session(read_only=True) as session:
            return await get_block(session, block_id)

    return with_store(work)


def _as_typed(raw: bytes, before: str) -> str:
    """What an editor left, without the line end that editors add."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        message = f"The editor left text that is not UTF-8 (byte {error.start})."
        raise InvalidInput(message, hint="Save it as UTF-8.") from error
    return text if before.endswith("\n") else text.removesuffix("\n")


def _cleared(words: list[str] | None) -> list[str] | None:
    return None if words is None else [word for word in words if word]


def _lock_status(word: str) -> BlockStatus:
    if word not in {"active", "locked"}:
        message = f"The status {word!r} cannot be set; active and locked can."
        hint = "`briefsmith block archive` and `block restore` do the rest."
        raise InvalidInput(message, hint=hint)
    return BlockStatus(word)


def archive(block_id: Ids, *, json_: Json = False) -> None:
    """Take blocks out of use; they keep their history."""
    from briefsmith.operations.blocks import archive_block

    ids = [as_id(text) for text in block_id]

    async def work(store: "Store") -> "list[ContextBlock]":
        async with store.session() as session:
            return [await archive_block(session, one) for one in ids]

    for block in with_store(work):
        _show_change(block, "Archived", as_json=json_)


def accept(block_id: Ids, *, json_: Json = False) -> None:
    """Accept blocks that awaited review; briefs may use them."""
    from briefsmith.operations.blocks import accept_block

    ids = [as_id(text) for text in block_id]

    async def work(store: "Store") -> "list[ContextBlock]":
        async with store.session() as session:
            return [await accept_block(session, one) for one in ids]

    for block in with_store(work):
        _show_change(block, "Accepted", as_json=json_)


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
    """Erase a block for good: text, history, text in briefs."""
    from briefsmith.operations.blocks import purge_block

    wanted = as_id(block_id)
    if not yes:
        _confirm_purge(wanted)

    async def work(store: "Store") -> int:
        async with store.session() as session:
            return await purge_block(session, wanted)

    briefs = with_store(work)
    if json_:
        write_json({"id": str(wanted), "briefs_changed": briefs})
    elif briefs:
        keep = "keeps" if briefs == 1 else "keep"
        write(
            f"Purged {wanted}; {counted(briefs, 'brief')} {keep} its id, version and hash, "
            "and not its text."
        )
    else:
        write(f"Purged {wanted}; it was in no brief.")


def _confirm_purge(block_id: UUID) -> None:
    if not sys.stdin.isatty():
        message = "Purging erases for good and has to be confirmed."
        raise InvalidInput(message, hint="Add --yes.")
    label = one_line(_block(block_id).label, 80)
    if not typer.confirm(f"Erase “{label}” with its history for good?", err=True):
        note("Nothing was erased.")
        raise typer.Exit(EXIT_INTERRUPTED)
