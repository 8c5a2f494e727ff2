"""From a command's words to an operation's input."""

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from briefsmith.config import load_settings
from briefsmith.errors import InvalidId, InvalidInput
from briefsmith.faces.cli.output import note

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from briefsmith.runtime import Store

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
BlockId = Annotated[str, typer.Argument(metavar="ID", help="Id of a block.")]


# Where a field's name is not what the person wrote.
_WRITTEN = {
    "label": "--label",
    "content": "the text",
    "intent": "the intent",
    "budget_tokens": "--budget",
    "sub_instructions": "--instructions",
    "media": "--media",
    "blocks": "--block",
    "tags": "--tag",
    "meta_tags": "--tag",
    "meta_scope": "--scope",
    "meta_context_scope": "--scope",
    "meta_locale": "--locale",
    "meta_audience": "--audience",
    "meta_emotional_tone": "--tone",
    "meta_agent_notes": "--notes",
    "kind": "--type",
    "note": "--note",
    "comment": "--comment",
    "temperature": "--temperature",
    "max_tokens": "--max-tokens",
    "format": "--format",
    "model": "--model",
    "receiver": "--receiver",
    "custom_notes": "--notes",
}


def with_store(
    work: "Callable[[Store], Coroutine[Any, Any, T]]",
    *,
    connections: int = 2,
    of_nobody: bool = False,
) -> T:
    """Opens the store of the environment and does the work in it.

    Args:
        work: What to do.
        connections: How many sessions may run at once.
        of_nobody: The work says for each session who acts, so nobody has to be named.
    """
    import asyncio

    from briefsmith.runtime import open_store

    results: list[T] = []

    async def run() -> None:
        settings = load_settings()
        async with open_store(settings, connections=connections, of_nobody=of_nobody) as store:
            # Not returned: asyncio.run takes the repr of its task, result and all, on its way out.
            results.append(await work(store))

    asyncio.run(run())
    return results[0]


def command_line(*words: str) -> str:
    """A command that a person can paste: with the home and the program that this process has."""
    import shlex
    import shutil

    settings = load_settings()
    program = Path(sys.argv[0])
    if program.name != "briefsmith":
        program = Path(sys.executable).with_name("briefsmith")
    on_path = shutil.which("briefsmith")
    known = on_path is not None and Path(on_path).resolve() == program.resolve()
    line = shlex.join(["briefsmith" if known else str(program), *words])
    if settings.home_is_chosen and settings.database_url is None:
        return f"BRIEFSMITH_HOME={shlex.quote(str(settings.home))} {line}"
    return line


def either(**options: bool) -> None:
    """Refuses two ways of printing at once.

    Raises:
        InvalidInput: More than one of them is wanted.
    """
    names = [f"--{name.rstrip('_')}" for name, wanted in options.items() if wanted]
    if len(names) > 1:
        message = f"Give {' or '.join(names)}, not both."
        raise InvalidInput(message)


def as_id(text: str, hint: str | None = None) -> UUID:
    """The id.

    Args:
        text: As it was given.
        hint: Which command prints such ids; None names those for blocks and briefs.

    Raises:
        InvalidId: It is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        message = f"{text!r} is not an id."
        raise InvalidId(message, hint=hint) from error


def as_file_id(text: str) -> UUID:
    """The id of a file, given as such or by its address in a brief.

    Raises:
        InvalidId: It is none.
    """
    return as_id(text.removeprefix("briefsmith://file/"))


def checked(model: type[T], values: dict[str, Any]) -> T:
    """A request out of a command's words.

    Raises:
        InvalidInput: Says what is wrong with the first value that is.
    """
    from pydantic import ValidationError

    try:
        return model(**values)
    except ValidationError as error:
        listed = error.errors(include_url=False, include_input=False)
        texts = [_problem(item) for item in listed]
        found = [
            {"field": list(item["loc"]), "problem": text}
            for item, text in zip(listed, texts, strict=True)
        ]
        place, text = next(map(str, listed[0]["loc"]), None), texts[0]
        # What is wrong with several values together has no place.
        message = f"{text[0].upper()}{text[1:]}."
        if place is not None:
            message = f"{_WRITTEN.get(place, place)}: {text[0].lower()}{text[1:]}."
        raise InvalidInput(message, details={"problems": found}) from error


def _problem(item: "ErrorDetails") -> str:
    """What is wrong with a value, as a sentence without its end."""
    counts = item.get("ctx", {})
    # Of a text that was read first, pydantic counts "items".
    if item["type"] == "too_short" and counts.get("field_type") == "Value":
        return (
            "it is empty"
            if counts["min_length"] == 1
            else f"it is shorter than {counts['min_length']}"
        )
    if item["type"] == "too_long" and counts.get("field_type") == "Value":
        return f"it has {counts['actual_length']:,} characters, and at most {counts['max_length']:,} go in"
    return item["msg"].removeprefix("Value error, ")


def read_text(content: str | None, file: Path | None) -> str | None:
    """Text from an option, from a file, or from standard input where `-` says so.

    Raises:
        InvalidInput: Both were given, or the file cannot be read as UTF-8.
    """
    if content is not None and file is not None:
        message = "Give --content or --file, not both."
        raise InvalidInput(message)
    if file is None:
        return content
    try:
        return read_file(file).decode()
    except UnicodeDecodeError as error:
        message = f"{file} is not UTF-8 (byte {error.start})."
        raise InvalidInput(message) from error


def read_file(file: Path) -> bytes:
    """The bytes of a file, or of standard input where `-` says so.

    Raises:
        InvalidInput: It cannot be read.
    """
    if str(file) == "-" and sys.stdin.isatty():
        note("Type the text; Ctrl-D on a line of its own ends it.")
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}."
        raise InvalidInput(message) from error
