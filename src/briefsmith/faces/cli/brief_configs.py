"""Commands on how a brief is run."""

from typing import TYPE_CHECKING, Annotated

import typer

from briefsmith.faces.cli.block_options import Limit
from briefsmith.faces.cli.output import counted, note, one_line, write, write_json
from briefsmith.faces.cli.running import Json, as_id, checked, command_line, with_store
from briefsmith.faces.cli.table import Column, number, table, text

if TYPE_CHECKING:
    from briefsmith.models.deployment_configs import DeploymentConfig
    from briefsmith.runtime import Store

BriefId = Annotated[str, typer.Argument(metavar="ID", help="Id of a brief.")]


def configure(
    brief_id: BriefId,
    *,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="Which model; by default BRIEFSMITH_MODEL."),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", metavar="NUMBER", help="0 to 2.")
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", metavar="NUMBER", help="Most tokens of the answer."),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="markdown (the default), text_response, structured_json, or prompt_block, "
            "which asks no model and gives the prompt itself.",
        ),
    ] = None,
    receiver: Annotated[
        str | None,
        typer.Option(
            "--receiver",
            metavar="WHERE",
            help="stdout (the default), a file, or the https address of a webhook.",
        ),
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option("--notes", metavar="TEXT", help="What else the model is to heed."),
    ] = None,
    json_: Json = False,
) -> None:
    """Set how a brief is run from now on."""
    from briefsmith.operations.deployment_configs import configure_brief
    from briefsmith.schemas.deployment import NewDeploymentConfig

    wanted = as_id(brief_id)
    values = {
        "model": model,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "format": format_,
        "receiver": None if receiver is None else _from_anywhere(receiver),
        "custom_notes": notes,
    }
    new = checked(NewDeploymentConfig, values)

    async def work(store: "Store") -> "DeploymentConfig":
        async with store.session() as session:
            return await configure_brief(session, wanted, new)

    config = with_store(work)
    if json_:
        write_json(config.model_dump(mode="json"))
        return
    write(f"Stored as {config.id}.")
    write(f"Run it: {command_line('brief', 'run', str(config.task_brief_id))}")


def configs(brief_id: BriefId, *, limit: Limit = None, json_: Json = False) -> None:
    """List how a brief may be run; the newest, at the top, is taken."""
    from briefsmith.operations.deployment_configs import list_configs

    wanted = as_id(brief_id)

    async def work(store: "Store") -> "list[DeploymentConfig]":
        async with store.session(read_only=True) as session:
            return await list_configs(session, wanted, limit=limit)

    found = with_store(work)
    if json_:
        for config in found:
            write_json(config.model_dump(mode="json"))
        return
    with table(
        *map(Column, ("id", "made (UTC)", "format")),
        number("temperature"),
        number("max tokens"),
        *map(text, ("model", "receiver", "notes")),
    ) as rows:
        for config in found:
            rows.add(
                str(config.id),
                f"{config.created_at:%Y-%m-%d %H:%M}",
                one_line(config.format or "markdown", 40),
                "-" if config.temperature is None else f"{config.temperature:g}",
                "-" if config.max_tokens is None else str(config.max_tokens),
                one_line(config.model or "-", 200),
                one_line(config.receiver or "stdout", 200),
                one_line(config.custom_notes or "-", 200),
            )
    note(f"{counted(len(found), 'configuration')}." if found else "There are no configurations.")


def _from_anywhere(receiver: str) -> str:
    """The receiver; a file by its whole path, as runs may be started elsewhere."""
    from briefsmith.schemas.receivers import FileTarget, read_receiver

    target = read_receiver(receiver)
    if not isinstance(target, FileTarget) or receiver.startswith("~"):
        return receiver
    return str(target.path.absolute())
