"""Commands on briefs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.output import note, one_line, write, write_exact, write_json, write_table
from briefsmith.faces.cli.running import (
    Json,
    as_id,
    checked,
    command_line,
    read_text,
    with_store,
)

if TYPE_CHECKING:
    from briefsmith.operations.briefs import ComposedBrief, StoredBrief
    from briefsmith.runtime import Store
    from briefsmith.schemas.briefs import BriefListing, Media
    from briefsmith.schemas.snapshot import Snapshot

Explain = Annotated[
    bool, typer.Option("--explain", help="Show the parts of each score, and what is missing why.")
]


def compose(
    intent: Annotated[str, typer.Argument(help="What the task is; - reads standard input.")],
    *,
    budget: Annotated[
        int | None, typer.Option("--budget", help="Most tokens of the whole brief (4000).")
    ] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", help="verbatim, excerpt or outline.")
    ] = None,
    block: Annotated[
        list[str] | None, typer.Option("--block", help="Id of a block that has to be in it.")
    ] = None,
    instructions: Annotated[
        str | None, typer.Option("--instructions", help="What else to heed.")
    ] = None,
    media: Annotated[
        list[str] | None, typer.Option("--media", metavar="URL=DESCRIPTION", help="A picture.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only blocks with this tag.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="Only blocks of this scope.")] = None,
    audience: Annotated[str | None, typer.Option("--audience", help="Whom it is for.")] = None,
    tone: Annotated[list[str] | None, typer.Option("--tone", help="How it should sound.")] = None,
    explain: Explain = False,
    json_: Json = False,
) -> None:
    """Compile the context that matters for a task into a brief."""
    from pathlib import Path

    from briefsmith.operations.briefs import compose_brief
    from briefsmith.schemas.briefs import NewBrief

    values: dict[str, Any] = {
        "intent": read_text(None, Path("-")) if intent == "-" else intent,
        "sub_instructions": instructions,
        "media": tuple(_media(item) for item in media or ()),
        "mode": mode,
        "blocks": tuple(dict.fromkeys(as_id(text) for text in block or ())),
        "tags": tuple(tag or ()),
        "scope": scope,
        "meta_audience": audience,
        "meta_scope": scope,
        "meta_emotional_tone": tone or [],
    }
    if budget is not None:
        values["budget_tokens"] = budget
    new = checked(NewBrief, values)

    async def work(store: "Store") -> "ComposedBrief":
        async with store.session() as session:
            return await compose_brief(session, store.embedder, store.tokens, new, explain=explain)

    composed = with_store(work)
    if json_:
        _write_composed_json(composed)
        return
    write_exact(composed.compiled.markdown)
    _write_selection(composed.compiled.snapshot, composed.labels, explain=explain)
    if not composed.by_meaning:
        note("Words alone were searched: there is no vector for the intent.")
    write(f"See it again: {command_line('brief', 'show', str(composed.brief.id))}")


def _media(text: str) -> "Media":
    from briefsmith.schemas.briefs import Media

    address, separator, description = text.partition("=")
    # Addresses hold = themselves: the description begins behind the last one that follows the query.
    if "?" in address or (separator and "?" in text.rpartition("=")[0]):
        address, separator, description = text.rpartition("=")
    if not separator or not address or not description:
        message = f"--media takes URL=DESCRIPTION, not {text!r}."
        raise InvalidInput(message)
    return checked(Media, {"image_url": address, "description": description})


def _write_composed_json(composed: "ComposedBrief") -> None:
    from briefsmith.compiler.render import render_json

    write_json(
        {
            "id": str(composed.brief.id),
            "markdown": composed.compiled.markdown,
            "brief": render_json(composed.compiled.document),
            "snapshot": composed.compiled.snapshot.model_dump(mode="json"),
            "labels": {str(key): label for key, label in composed.labels.items()},
            "searched_by_meaning": composed.by_meaning,
        }
    )


def _write_selection(snapshot: "Snapshot", labels: Mapping[UUID, str], *, explain: bool) -> None:
    write("")
    write_table(
        "Blocks used",
        ("cite", "label", "why", "how", "tokens"),
        [
            (
                part.cite,
                one_line(labels.get(part.block_id, str(part.block_id)), 60),
                _why(part.parts, full=explain),
                part.transformation,
                str(part.tokens),
            )
            for part in snapshot.blocks
        ],
    )
    left = snapshot.left_out if explain else snapshot.left_out[:_SHOWN]
    if left:
        write("")
        write_table(
            f"Left out ({len(snapshot.left_out)})",
            ("label", "reason", "worth", "enters at") if explain else ("label", "reason"),
            [
                (
                    one_line(labels.get(part.block_id, str(part.block_id)), 60),
                    _reason(part.reason, part.duplicate_of, labels),
                    *(
                        (f"{part.score:.3f}", _enters(part.enters_at_tokens, part.reason))
                        if explain
                        else ()
                    ),
                )
                for part in left
            ],
        )
        if len(left) < len(snapshot.left_out):
            write(f"... and {len(snapshot.left_out) - len(left)} more; --explain lists all.")
    write("")
    write(
        f"{snapshot.rendered_tokens} of {snapshot.budget_tokens} tokens "
        f"({snapshot.tokenizer}), sha256 {snapshot.rendered_sha256[:12]}"
    )


_SHOWN = 10


def _why(parts: Mapping[str, float | None], *, full: bool) -> str:
    if parts.get("asked") is not None:
        return "asked for"
    shown = [name for name in parts if name not in {"worth", "asked"}]
    if full:
        return ", ".join(f"{name} {parts[name]:.2f}" for name in shown)
    return f"relevance {parts['relevance']:.2f}" + (
        f", importance {parts['importance']:.2f}" if parts["importance"] != 1 else ""
    )


def _reason(reason: str, duplicate_of: UUID | None, labels: Mapping[UUID, str]) -> str:
    words = {
        "not-relevant-enough": "not relevant enough",
        "duplicate": "says the same as",
        "over-budget": "over the budget",
    }
    text = words.get(reason, reason)
    if duplicate_of is not None:
        text += f" {one_line(labels.get(duplicate_of, str(duplicate_of)), 40)}"
    return text


def _enters(tokens: int | None, reason: str) -> str:
    if tokens is not None:
        return f"{tokens} tokens"
    return "no budget" if reason == "over-budget" else "-"


def list_(
    *,
    limit: Annotated[int | None, typer.Option("--limit", min=1)] = None,
    json_: Json = False,
) -> None:
    """List briefs, the newest first."""
    from dataclasses import asdict

    from briefsmith.operations.briefs import list_briefs

    async def work(store: "Store") -> "list[BriefListing]":
        async with store.session(read_only=True) as session:
            return [brief async for brief in list_briefs(session, limit=limit)]

    briefs = with_store(work)
    if json_:
        for brief in briefs:
            write_json(asdict(brief))
        return
    if not briefs:
        note("There are no briefs.")
        return
    write_table(
        "",
        ("id", "made", "intent", "mode", "blocks", "tokens"),
        [
            (
                str(brief.id),
                f"{brief.created_at:%Y-%m-%d %H:%M}",
                one_line(brief.intent, 60),
                brief.compilation_mode or "default",
                str(brief.blocks),
                str(brief.rendered_tokens or "-"),
            )
            for brief in briefs
        ],
    )


def show(
    brief_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a brief.")],
    *,
    explain: Explain = False,
    json_: Json = False,
) -> None:
    """Show a brief as it was compiled."""
    from briefsmith.operations.briefs import get_brief

    wanted = as_id(brief_id)

    async def work(store: "Store") -> "StoredBrief":
        async with store.session(read_only=True) as session:
            return await get_brief(session, wanted)

    stored = with_store(work)
    if json_:
        write_json(
            {
                **stored.brief.model_dump(mode="json"),
                "markdown": stored.markdown,
                "labels": {str(key): label for key, label in stored.labels.items()},
            }
        )
        return
    write_exact(stored.markdown)
    if stored.snapshot is not None and explain:
        _write_selection(stored.snapshot, stored.labels, explain=True)
