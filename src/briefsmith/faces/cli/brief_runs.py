"""Commands that run a brief and show what came of it."""

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.faces.cli.block_options import Limit
from briefsmith.faces.cli.brief_configs import BriefId
from briefsmith.faces.cli.output import counted, note, one_line, write_exact, write_json
from briefsmith.faces.cli.run_display import RunDisplay, delivery_values, received_by
from briefsmith.faces.cli.running import Json, as_id, checked, with_store
from briefsmith.faces.cli.table import Column, number, table

if TYPE_CHECKING:
    from uuid import UUID

    from briefsmith.agents.run_items import Delivered
    from briefsmith.agents.runner import Runner
    from briefsmith.models.task_brief_outputs import TaskBriefOutput
    from briefsmith.runtime import Store
    from briefsmith.schemas.deployment import OutputListing

Receiver = Annotated[
    str | None,
    typer.Option(
        "--receiver",
        metavar="WHERE",
        help="stdout, a file, or the https address of a webhook; by default the configuration's.",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="A file may take the place of one that is there.")
]


def run(
    brief_id: BriefId,
    *,
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="ID", help="A configuration; by default the newest."),
    ] = None,
    receiver: Receiver = None,
    overwrite: Overwrite = False,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Ask for the whole text at once.")
    ] = False,
    json_: Json = False,
) -> None:
    """Send a brief to its model, show what comes, and store it."""
    from briefsmith.schemas.deployment import RunRequest

    values = {
        "brief_id": as_id(brief_id),
        "config_id": None if config is None else as_id(config),
        "receiver": receiver,
        "streams": not no_stream,
    }
    request = checked(RunRequest, values)
    display = RunDisplay(is_silent=json_)

    async def work(store: "Store") -> None:
        async with aclosing(_runner(store, overwrite=overwrite).run(request)) as items:
            async for item in items:
                display.take(item)

    with_store(work)
    if json_:
        write_json(display.values())
    display.finish()


def deliver(
    output_id: Annotated[str, typer.Argument(metavar="ID", help="Id of an output.")],
    *,
    receiver: Receiver = None,
    overwrite: Overwrite = False,
    json_: Json = False,
) -> None:
    """Send a stored output to its receiver, again if need be.

    A webhook gets it under the same webhook-id, by which it can tell that it has it already.
    """
    from briefsmith.schemas.receivers import read_receiver

    wanted = as_id(output_id)
    read_receiver(receiver)

    async def work(store: "Store") -> "Delivered":
        return await _runner(store, overwrite=overwrite).deliver(wanted, receiver)

    delivered = with_store(work)
    if json_:
        write_json(
            {**delivered.output.model_dump(mode="json"), "delivery": delivery_values(delivered)}
        )
    elif delivered.kind == "stdout":
        write_exact(delivered.output.content)
    else:
        note(received_by(delivered))


def outputs(
    brief_id: BriefId,
    *,
    show: Annotated[
        str | None,
        typer.Option("--show", metavar="OUTPUT_ID", help="Print this one, as it is."),
    ] = None,
    limit: Limit = None,
    json_: Json = False,
) -> None:
    """List what a brief came to, or print one of it."""
    wanted = as_id(brief_id)
    if show is None:
        _list(wanted, limit, json_=json_)
    else:
        _show(wanted, as_id(show), json_=json_)


def _list(brief_id: "UUID", limit: int | None, *, json_: bool) -> None:
    from dataclasses import asdict

    from briefsmith.operations.brief_runs import list_outputs

    async def work(store: "Store") -> "list[OutputListing]":
        async with store.session(read_only=True) as session:
            return await list_outputs(session, brief_id, limit=limit)

    found = with_store(work)
    if json_:
        for output in found:
            write_json(asdict(output))
        return
    with table(*map(Column, ("id", "made (UTC)", "kind", "by")), number("bytes")) as rows:
        for output in found:
            rows.add(
                str(output.id),
                f"{output.created_at:%Y-%m-%d %H:%M}",
                output.output_type,
                one_line(output.agent_type or "-", 40),
                str(output.size_bytes),
            )
    note(f"{counted(len(found), 'output')}." if found else "There are no outputs.")


def _show(brief_id: "UUID", output_id: "UUID", *, json_: bool) -> None:
    from briefsmith.operations.brief_runs import get_output

    async def work(store: "Store") -> "TaskBriefOutput":
        async with store.session(read_only=True) as session:
            return await get_output(session, output_id, brief_id=brief_id)

    output = with_store(work)
    if json_:
        write_json(output.model_dump(mode="json"))
    else:
        write_exact(output.content)


def _runner(store: "Store", *, overwrite: bool) -> "Runner":
    from functools import partial

    from briefsmith.agents.run_model import model_for
    from briefsmith.agents.runner import Runner
    from briefsmith.providers.receivers.selection import make_receiver

    return Runner(
        store.session,
        partial(model_for, store.settings),
        partial(make_receiver, store.settings, overwrite=overwrite),
    )
