"""Commands on personal keys, with which scripts and agents ask the server."""

from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.faces.cli.output import note, one_line, write_exact, write_json
from briefsmith.faces.cli.running import Json, as_id, checked, with_store
from briefsmith.faces.cli.table import Column, table, text

if TYPE_CHECKING:
    from datetime import datetime

    from briefsmith.operations.api_keys import MadeKey
    from briefsmith.runtime import Store
    from briefsmith.schemas.api_keys import ApiKey

_NAME_CHARS = 60


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    *,
    scope: Annotated[
        str, typer.Option("--scope", metavar="SCOPE", help="write, or read, which only looks.")
    ] = "write",
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="How long it is taken, 1 to 3650.")
    ] = 90,
    json_: Json = False,
) -> None:
    """Make a key, and print it this once."""
    from dataclasses import asdict

    from briefsmith.operations.api_keys import add_key
    from briefsmith.schemas.api_keys import NewApiKey

    new = checked(NewApiKey, {"name": name, "scope": scope, "days": days})

    async def work(store: "Store") -> "MadeKey":
        async with store.session() as session:
            return await add_key(session, new)

    made = with_store(work)
    if json_:
        write_json({"key": made.key, **asdict(made.row)})
        return
    write_exact(f"{made.key}\n")
    until = f", until {made.row.expires_at:%Y-%m-%d}" if made.row.expires_at else ""
    note(f"Keep it now: it cannot be shown again. It may {made.row.scope}{until}.")


def list_(*, json_: Json = False) -> None:
    """List the keys, the newest first."""
    from dataclasses import asdict

    from briefsmith.operations.api_keys import list_keys

    async def work(store: "Store") -> "list[ApiKey]":
        async with store.session(read_only=True) as session:
            return await list_keys(session)

    found = with_store(work)
    if json_:
        for key in found:
            write_json(asdict(key))
        return
    columns = ("id", "scope", "made (UTC)", "until", "last used", "revoked")
    with table(*map(Column, columns), text("name")) as rows:
        for key in found:
            times = (key.created_at, key.expires_at, key.last_used_at, key.revoked_at)
            rows.add(str(key.id), key.scope, *map(_day, times), one_line(key.name, _NAME_CHARS))
    if not found:
        note("There are no keys; `briefsmith key add` makes one.")


def _day(moment: "datetime | None") -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a key.")],
    *,
    json_: Json = False,
) -> None:
    """Take a key back, for good; servers know within seconds."""
    from dataclasses import asdict

    from briefsmith.operations.api_keys import revoke_key

    wanted = as_id(key_id)

    async def work(store: "Store") -> "ApiKey":
        async with store.session() as session:
            return await revoke_key(session, wanted)

    key = with_store(work)
    if json_:
        write_json(asdict(key))
    else:
        note(f"Revoked {key.id} ({one_line(key.name, _NAME_CHARS)}).")
