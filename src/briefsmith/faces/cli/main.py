"""Runs a command and turns what goes wrong into a sentence, a code and an exit code."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from briefsmith.config import wants_traceback
from briefsmith.errors import BriefsmithError, Bug, DiskFull, InvalidInput
from briefsmith.faces.cli.app import app
from briefsmith.faces.errors import EXIT_INTERRUPTED, EXIT_OK, exit_code


def main() -> NoReturn:
    """The entry point of the command."""
    # A stream that was closed before the start is None.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What goes into a file is the same on every machine, and a terminal that cannot show a
            # character is no reason to fail.
            is_file = stream is sys.stdout and not stream.isatty()
            stream.reconfigure(encoding="utf-8" if is_file else None, errors="backslashreplace")
    sys.exit(run())


def run(words: Sequence[str] | None = None) -> int:
    """One command; the code to exit with.

    Args:
        words: The command line behind the program's name; None takes the process's own.
    """
    words = sys.argv[1:] if words is None else words
    try:
        return _run(words)
    except BriefsmithError as error:
        return _say(error, words)
    except BrokenPipeError:
        # Whoever read us has enough.
        _abandon_output()
        return EXIT_OK
    except Exception as error:  # noqa: BLE001  the last one to hear of it
        return _say(_bug(error), words)


def _run(words: Sequence[str]) -> int:
    try:
        code = _invoke(words)
        sys.stdout.flush()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _abandon_output()
        message = "There is no room to write the output."
        hint = "Free some disk space; what the command did in the store is done."
        raise DiskFull(message, hint=hint) from error
    return code


def _invoke(words: Sequence[str]) -> int:
    # Not `app()`: it ends an interrupted command without a sentence, and one whose reader has gone
    # with the code of a failure.
    command = get_command(app)
    try:
        with command.make_context("briefsmith", [*words]) as context:
            command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    except (typer.Abort, KeyboardInterrupt, EOFError):
        sys.stderr.write("\nInterrupted; what was done before is stored, and nothing half done.\n")
        return EXIT_INTERRUPTED
    except TyperException as error:
        return _misused(error)
    return EXIT_OK


def _abandon_output() -> None:
    """What is left to be flushed has nowhere to go, and Python would complain on its way out."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _misused(error: TyperException) -> int:
    text = error.format_message()
    if text.startswith("Usage:"):
        # A group without a command: its help says what there is.
        sys.stderr.write(text + "\n")
        return exit_code(InvalidInput(""))
    raise InvalidInput(text.rstrip(".") + ".") from error


def _bug(error: Exception) -> Bug:
    import secrets

    incident = secrets.token_hex(4)
    if wants_traceback():
        import traceback

        traceback.print_exception(error)
    message = (
        f"Something went wrong inside Briefsmith ({type(error).__name__}), incident {incident}."
    )
    hint = "Run the same with BRIEFSMITH_TRACEBACK=1 and report what it prints."
    return Bug(message, hint=hint, details={"incident": incident})


def _say(error: BriefsmithError, words: Sequence[str]) -> int:
    from briefsmith.faces.cli.output import describe_error, json_text

    if "--json" in words:
        sys.stderr.write(json_text(error.as_dict(), sys.stderr) + "\n")
    else:
        sys.stderr.write(describe_error(error))
    return exit_code(error)
