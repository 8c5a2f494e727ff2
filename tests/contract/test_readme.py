"""What the README promises of the command line is so: commands, exit codes, settings."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from typer import Context
from typer.core import TyperGroup
from typer.main import get_command

from briefsmith import config, errors
from briefsmith.faces import errors as exits
from briefsmith.faces.cli.app import app

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"[A-Z][A-Z_]{3,}")


def table(first: str) -> list[list[str]]:
    """The cells of the table whose first column has this name."""
    _, found, rest = README.partition(f"\n| {first} |")
    assert found, f"README.md has no table of {first}"
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def quoted(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def leaves(group: Any, *words: str) -> Iterator[tuple[str, Any]]:
    """Every command under its words."""
    context = cast("Context", None)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, TyperGroup):
            yield from leaves(command, *words, name)
        else:
            yield " ".join([*words, name]), command


COMMANDS = dict(leaves(get_command(app)))


def listed_commands() -> Iterator[str]:
    for names, *_ in table("command"):
        group = ""
        for name in quoted(names):
            words = [word for word in name.split() if word.islower()]
            if len(words) == 2:
                group = words[0]
            yield " ".join(words if len(words) == 2 or not group else [group, *words])


def test_the_table_of_commands_lists_every_command_once() -> None:
    assert sorted(listed_commands()) == sorted(COMMANDS)


def test_the_options_in_the_table_of_commands_exist() -> None:
    said = {
        (names, option)
        for names, what in table("command")
        for option in re.findall(r"--[a-z-]+", what)
    }
    for names, option in said:
        [name] = quoted(names)
        command = COMMANDS[" ".join(word for word in name.split() if word.islower())]
        assert option in {flag for param in command.params for flag in param.opts}, name


def test_every_command_prints_json() -> None:
    for name, command in COMMANDS.items():
        assert "--json" in {flag for param in command.params for flag in param.opts}, name


def families() -> dict[str, int]:
    """Family of codes to exit code, as the README has it."""
    return {
        family: int(number)
        for number, _, codes in table("exit")
        for family in re.findall(r"B\d(?=xx)", codes)
    }


def kinds(kind: type[errors.BriefsmithError]) -> Iterator[type[errors.BriefsmithError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from kinds(child)


def test_every_error_exits_as_the_table_says() -> None:
    real = {kind.code[:2]: exits.exit_code(kind("")) for kind in kinds(errors.BriefsmithError)}

    assert families() == real
    for kind in kinds(errors.BriefsmithError):
        assert exits.exit_code(kind("")) == families()[kind.code[:2]]


def test_the_table_of_exit_codes_is_whole() -> None:
    others = {exits.EXIT_OK, exits.EXIT_FINDING, exits.EXIT_INTERRUPTED}

    assert {int(number) for number, *_ in table("exit")} == {*families().values(), *others}


def test_help_lists_the_same_exit_codes() -> None:
    text = get_command(app).help or ""

    listed = re.findall(r"(?<=[:,]\s)\s*(\d+) ", text.partition("Exit codes")[2])

    assert sorted(map(int, listed)) == sorted(int(number) for number, *_ in table("exit"))


def test_the_table_of_settings_lists_every_variable_that_is_read() -> None:
    tree = ast.parse(inspect.getsource(config))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    read = {text for text in texts if isinstance(text, str) and VARIABLE.fullmatch(text)}

    listed = [name for names, *_ in table("variable") for name in quoted(names)]

    assert sorted(listed) == sorted(read)


def test_the_defaults_in_the_table_of_settings_are_so() -> None:
    said = {
        name: default
        for names, _, default in table("variable")
        for name in quoted(names)
        if name.startswith("BRIEFSMITH_")
    }
    settings = config.load_settings({})

    assert said["BRIEFSMITH_IDLE_SECONDS"] == str(settings.idle_seconds)
    assert said["BRIEFSMITH_EMBEDDING_MODEL"] == f"`{settings.embedding_model}`"
    assert said["BRIEFSMITH_PREPARED_STATEMENTS"] == f"`{settings.prepared_statements:d}`"
    assert (said["BRIEFSMITH_DATABASE_URL"], settings.database_url) == ("embedded", None)
    assert (said["BRIEFSMITH_EMBEDDING_URL"], settings.embedding_url) == (
        "the built-in model",
        None,
    )
