"""The command on kinds of briefs."""

from typing import TYPE_CHECKING

from briefsmith.faces.cli.output import note, write_json
from briefsmith.faces.cli.running import Json, with_store
from briefsmith.faces.cli.table import Column, table, text

if TYPE_CHECKING:
    from briefsmith.runtime import Store
    from briefsmith.schemas.brief_types import BriefType


def types(*, json_: Json = False) -> None:
    """List the kinds of briefs, for `compose --type`."""
    from dataclasses import asdict

    from briefsmith.operations.brief_types import list_brief_types

    async def work(store: "Store") -> "list[BriefType]":
        async with store.session(read_only=True) as session:
            return await list_brief_types(session)

    found = with_store(work)
    if json_:
        for one in found:
            write_json(asdict(one))
        return
    if not found:
        note("The catalogue is empty.")
    with table(Column("title"), Column("wants"), text("what it is")) as rows:
        for one in found:
            wants = ", ".join(kind.value for kind in one.required_context_types)
            rows.add(one.title, wants or "-", one.description)
