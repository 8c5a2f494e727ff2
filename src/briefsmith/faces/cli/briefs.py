"""Commands on briefs."""

from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.faces.cli.block_options import Limit
from briefsmith.faces.cli.output import (
    beside_the_document,
    counted,
    note,
    one_line,
    write,
    write_exact,
    write_json,
)
from briefsmith.faces.cli.running import (
    Json,
    as_id,
    with_store,
)
from briefsmith.faces.cli.selection import outline_way, write_selection
from briefsmith.faces.cli.table import Column, number, table, text

if TYPE_CHECKING:
    from briefsmith.operations.briefs import StoredBrief
    from briefsmith.runtime import Store

Explain = Annotated[
    bool, typer.Option("--explain", help="Show the parts of each score, and all that was left out.")
]


def list_(
    *,
    limit: Limit = None,
    json_: Json = False,
) -> None:
    """List briefs, the newest first."""
    from dataclasses import asdict

    from briefsmith.operations.briefs import list_briefs

    columns = (
        *map(Column, ("id", "made (UTC)", "state")),
        number("blocks"),
        number("tokens"),
    )

    async def work(store: "Store") -> int:
        with table(*columns, text("intent")) as rows:
            async with store.session(read_only=True) as session:
                async for brief in list_briefs(session, limit=limit):
                    if json_:
                        write_json(asdict(brief))
                    else:
                        rows.add(
                            str(brief.id),
                            f"{brief.created_at:%Y-%m-%d %H:%M}",
                            brief.state.value,
                            str(brief.blocks),
                            "-" if brief.rendered_tokens is None else str(brief.rendered_tokens),
                            one_line(brief.intent, 200),
                        )
        return rows.count

    count = with_store(work)
    if not json_:
        note(f"{counted(count, 'brief')}." if count else "There are no briefs.")


def show(
    brief_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a brief.")],
    *,
    explain: Explain = False,
    json_: Json = False,
) -> None:
    """Show a brief's text, as it was compiled or last edited.

    Into a file or a pipe goes the brief alone; what explains it stands on standard error then.
    """
    from briefsmith.operations.briefs import get_brief

    wanted = as_id(brief_id)

    async def work(store: "Store") -> "StoredBrief":
        async with store.session(read_only=True) as session:
            return await get_brief(session, wanted)

    stored = with_store(work)
    made = stored.composition
    if json_:
        write_json(
            {
                **stored.brief.model_dump(mode="json"),
                "state": stored.state.value,
                "markdown": stored.markdown,
                "text_sha256": stored.text_sha256,
                "labels": {str(key): label for key, label in stored.labels.items()},
                "composition": made.model_dump(mode="json") if made else None,
            }
        )
        return
    write_exact(stored.markdown)
    if explain and stored.snapshot is not None:
        with beside_the_document():
            write_selection(stored.snapshot, stored.labels, None, explain=True)
            write(outline_way(made) if made else "Made without a model: none was asked.")
    elif explain:
        note("It was not compiled here: there is nothing to explain it with.")
