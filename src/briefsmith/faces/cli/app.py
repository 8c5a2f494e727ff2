"""The tree of commands. Modules below import nothing heavy, so that --help answers at once."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from briefsmith.faces.cli import briefs, compose, mcp, serve, store


def _group(text: str) -> typer.Typer:
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _filled(text: str, **commands: Callable[..., None]) -> typer.Typer:
    group = _group(text)
    for name, command in commands.items():
        group.command(name)(command)
    return group


app = _group(
    """Keep the context that your agents work with, and compile the right of it into a brief.

    Exit codes: 0 done, 1 done with findings, 2 wrong call, 3 not permitted, 4 not found, 5 conflict,
    6 over budget, 7 database does not fit, 70 fault of ours, 75 try again later, 76 a model misbehaved,
    130 interrupted.
    """
)


def _version(*, wanted: bool) -> None:
    if wanted:
        from briefsmith import __version__

        typer.echo(f"briefsmith {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Options of the command itself."""


app.command("init")(store.init)
app.command("doctor")(store.doctor)
app.command("import")(store.import_paths)
app.command("compose")(compose.compose)
app.command("reembed")(store.reembed)
app.command("serve")(serve.serve)
app.command("mcp")(mcp.mcp)


def _brief() -> typer.Typer:
    from briefsmith.faces.cli import (
        brief_configs,
        brief_diff,
        brief_edit,
        brief_feedback,
        brief_life,
        brief_runs,
    )
    from briefsmith.faces.cli.brief_types import types

    return _filled(
        _BRIEF,
        list=briefs.list_,
        show=briefs.show,
        edit=brief_edit.edit,
        validate=brief_life.validate,
        publish=brief_life.publish,
        unpublish=brief_life.unpublish,
        lock=brief_life.lock,
        diff=brief_diff.diff,
        replay=brief_diff.replay,
        types=types,
        configure=brief_configs.configure,
        configs=brief_configs.configs,
        run=brief_runs.run,
        outputs=brief_runs.outputs,
        deliver=brief_runs.deliver,
        feedback=brief_feedback.feedback,
    )


def _block() -> typer.Typer:
    from briefsmith.faces.cli import block_changes, blocks

    return _filled(
        _BLOCK,
        add=block_changes.add,
        list=blocks.list_,
        show=blocks.show,
        edit=block_changes.edit,
        accept=block_changes.accept,
        archive=block_changes.archive,
        restore=block_changes.restore,
        purge=block_changes.purge,
        history=blocks.history,
        search=blocks.search,
        export=blocks.export,
    )


def _file() -> typer.Typer:
    from briefsmith.faces.cli import files
    from briefsmith.faces.cli.file_extract import extract

    return _filled(
        _FILE,
        add=files.add,
        list=files.list_,
        show=files.show,
        open=files.open_,
        edit=files.edit,
        attach=files.attach,
        detach=files.detach,
        remove=files.remove,
        gc=files.gc,
        extract=extract,
    )


def _schema() -> typer.Typer:
    from briefsmith.faces.cli import schema as commands
    from briefsmith.faces.cli.schema_audit import audit
    from briefsmith.faces.cli.schema_upgrade import upgrade

    return _filled(
        _SCHEMA,
        verify=commands.verify,
        contract=commands.contract,
        diff=commands.diff,
        migrate=commands.migrate,
        upgrade=upgrade,
        audit=audit,
    )


def _insights() -> typer.Typer:
    from briefsmith.faces.cli import insights as commands

    return _filled(
        _INSIGHTS,
        usage=commands.usage,
        patterns=commands.patterns,
        popularity=commands.popularity,
    )


def _review() -> typer.Typer:
    from briefsmith.faces.cli import review as commands

    return _filled(
        _REVIEW,
        list=commands.list_,
        show=commands.show,
        approve=commands.approve,
        reject=commands.reject,
    )


def _agents() -> typer.Typer:
    from briefsmith.faces.cli import agents as commands

    return _filled(
        _AGENTS,
        run=commands.run,
        list=commands.list_,
        log=commands.log,
        defer=commands.defer,
        work=commands.work,
    )


def _key() -> typer.Typer:
    from briefsmith.faces.cli import keys as commands

    return _filled(_KEY, add=commands.add, list=commands.list_, revoke=commands.revoke)


class _LateGroup(TyperGroup):
    """A group that is built when it is used: the options of many commands take longer than --help may.

    Without `override`, whose module alone takes a twentieth of that.
    """

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # pyright: ignore[reportImplicitOverride]
        self._fill()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:  # pyright: ignore[reportImplicitOverride]
        self._fill()
        return super().list_commands(ctx)

    def _fill(self) -> None:
        if not self.commands:
            self.commands.update(get_group(_LATE[self.name or ""]()).commands)


_LATE: dict[str, Callable[[], typer.Typer]] = {
    "brief": _brief,
    "block": _block,
    "file": _file,
    "review": _review,
    "schema": _schema,
    "insights": _insights,
    "agents": _agents,
    "key": _key,
}
_BRIEF = "Briefs: what was compiled."
_BLOCK = "Blocks: the pieces of context."
_AGENTS = "Agents that keep the store in order."
_FILE = "Files: a library that blocks can be made of."
_INSIGHTS = "What use tells of blocks and briefs."
_KEY = "Keys with which scripts and agents ask the server."
_REVIEW = "What agents propose, and what you decide."
_SCHEMA = "The schema: what it has to be, and whether it is."
app.add_typer(_group(_BRIEF), name="brief", cls=_LateGroup)
app.add_typer(_group(_BLOCK), name="block", cls=_LateGroup)
app.add_typer(_group(_FILE), name="file", cls=_LateGroup)
app.add_typer(_group(_AGENTS), name="agents", cls=_LateGroup)
app.add_typer(_group(_INSIGHTS), name="insights", cls=_LateGroup)
app.add_typer(_group(_KEY), name="key", cls=_LateGroup)
app.add_typer(_group(_REVIEW), name="review", cls=_LateGroup)
app.add_typer(_group(_SCHEMA), name="schema", cls=_LateGroup)
