"""The command that makes briefs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.briefs import Explain
from briefsmith.faces.cli.output import (
    beside_the_document,
    note,
    write,
    write_exact,
    write_json,
)
from briefsmith.faces.cli.running import (
    Json,
    as_file_id,
    as_id,
    checked,
    command_line,
    read_text,
    with_store,
)
from briefsmith.faces.cli.selection import left_out_parts, outline_way, write_selection

if TYPE_CHECKING:
    from briefsmith.operations.compose import ComposedBrief
    from briefsmith.runtime import Store
    from briefsmith.schemas.briefs import Media


def compose(
    intent: Annotated[
        str, typer.Argument(metavar="INTENT", help="What the task is; - reads standard input.")
    ],
    *,
    budget: Annotated[
        int | None,
        typer.Option("--budget", metavar="TOKENS", help="Most tokens of the whole brief (4000)."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="verbatim, excerpt or outline; by default, only long blocks are cut.",
        ),
    ] = None,
    block: Annotated[
        list[str] | None,
        typer.Option(
            "--block", metavar="ID", help="A block that has to be in it; may be repeated."
        ),
    ] = None,
    instructions: Annotated[
        str | None, typer.Option("--instructions", metavar="TEXT", help="What else to heed.")
    ] = None,
    media: Annotated[
        list[str] | None,
        typer.Option("--media", metavar="URL=DESCRIPTION", help="A picture; may be repeated."),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file", metavar="ID", help="A file of the library, as media; may be repeated."
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="Only blocks with this tag; may be repeated."),
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", metavar="SCOPE", help="Only blocks of this scope.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option("--audience", metavar="TEXT", help="Whom it is for.")
    ] = None,
    tone: Annotated[
        list[str] | None,
        typer.Option("--tone", metavar="TONE", help="How it should sound; may be repeated."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type", metavar="TITLE", help="A kind of brief, which wants some types of blocks."
        ),
    ] = None,
    no_model: Annotated[
        bool,
        typer.Option(
            "--no-model", help="Make the outline by extraction, also where there is a model."
        ),
    ] = False,
    explain: Explain = False,
    json_: Json = False,
) -> None:
    """Compile the context that a task needs into a brief.

    Into a file or a pipe goes the brief alone; what is said about it stands on standard error then.
    """
    from pathlib import Path

    from briefsmith.agents.composer import Composer
    from briefsmith.schemas.briefs import NewBrief

    values: dict[str, Any] = {
        "intent": read_text(None, Path("-")) if intent == "-" else intent,
        "sub_instructions": instructions,
        "media": tuple(_media(item) for item in media or ()),
        "mode": mode,
        "blocks": tuple(dict.fromkeys(as_id(text) for text in block or ())),
        "files": tuple(dict.fromkeys(as_file_id(text) for text in file or ())),
        "tags": tuple(tag or ()),
        "scope": scope,
        "meta_audience": audience,
        "meta_scope": scope,
        "meta_emotional_tone": tone or [],
        "kind": kind,
    }
    if budget is not None:
        values["budget_tokens"] = budget
    new = checked(NewBrief, values)

    async def work(store: "Store") -> "ComposedBrief":
        model = None if no_model else store.model
        composer = Composer(store.session, store.embedder, store.tokens, model)
        return await composer.compose(new, explain=explain)

    composed = with_store(work)
    if json_:
        _write_composed_json(composed)
        return
    write_exact(composed.compiled.markdown)
    with beside_the_document():
        write_selection(
            composed.compiled.snapshot,
            composed.labels,
            composed.compiled.selection,
            explain=explain,
        )
        write(_way(composed, no_model=no_model))
        if composed.lacking:
            lacking = ", ".join(one.value for one in composed.lacking)
            note(
                f"This kind of brief wants blocks of other types too, and none is in it: {lacking}."
            )
        if not composed.by_meaning:
            note("Words alone were searched: there is no vector for the intent.")
        write(f"See it again: {command_line('brief', 'show', str(composed.brief.id))}")


def _way(composed: "ComposedBrief", *, no_model: bool) -> str:
    """Who made the outline, and why no model did."""
    made = composed.composition
    if made is None:
        return f"Made without a model: {_why_none(composed, no_model=no_model)}"
    return outline_way(made)


def _why_none(composed: "ComposedBrief", *, no_model: bool) -> str:
    if no_model:
        return "--no-model says so."
    if not composed.compiled.snapshot.blocks:
        return "there is no block to outline."
    return "BRIEFSMITH_MODEL is not set."


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
    from briefsmith.compiler.render_json import render_json

    made = composed.composition
    write_json(
        {
            "id": str(composed.brief.id),
            "made_by": made.made_by if made else "extraction",
            "model": made.model if made else None,
            "usage": made.usage.model_dump() if made else None,
            "dropped": made.dropped if made else 0,
            "failure": made.failure.model_dump() if made and made.failure else None,
            "markdown": composed.compiled.markdown,
            "brief": render_json(composed.compiled.document),
            "snapshot": composed.compiled.snapshot.model_dump(mode="json"),
            "labels": {str(key): label for key, label in composed.labels.items()},
            "left_out_parts": {
                str(key): parts
                for key, parts in left_out_parts(composed.compiled.selection).items()
            },
            "searched_by_meaning": composed.by_meaning,
        }
    )
