"""Runs a command and turns what goes wrong into a sentence, a code and an exit code."""

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from briefsmith.errors import BriefsmithError, Bug, InvalidInput
from briefsmith.faces.cli.app import app
from briefsmith.faces.errors import EXIT_INTERRUPTED, exit_code


def main() -> NoReturn:
    """The entry point of the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run())


def run(words: Sequence[str] | None = None) -> int:  # noqa: PLR0911  a way out for each way to fail
    """One command; the code to exit with.

    Args:
        words: The command line behind the program's name; None takes the process's own.
    """
    try:
        result = app(words, prog_name="briefsmith", standalone_mode=False)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        return _interrupted()
    except TyperException as error:
        return _misused(error)
    except BriefsmithError as error:
        return _say(error)
    except (KeyboardInterrupt, EOFError):
        return _interrupted()
    except BrokenPipeError:
        # Whoever read us has gone; what is left to be flushed has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  the last one to hear of it
        return _say(_bug(error))
    return result if isinstance(result, int) else 0


def _misused(error: TyperException) -> int:
    text = error.format_message()
    if text.startswith("Usage:"):
        # A group without a command: its help says what there is.
        sys.stderr.write(text + "\n")
        return exit_code(InvalidInput(""))
    return _say(InvalidInput(text.replace("Value error, ", "").rstrip(".") + "."))


def _interrupted() -> int:
    sys.stderr.write("\nInterrupted; what was reported as done is stored.\n")
    return EXIT_INTERRUPTED


def _bug(error: Exception) -> Bug:
    import secrets
    import traceback

    incident = secrets.token_hex(4)
    place = os.environ.get("BRIEFSMITH_TRACEBACK")  # noqa: TID251  for who mends it, not a setting
    if place:
        traceback.print_exception(error)
    message = (
        f"Something went wrong inside Briefsmith ({type(error).__name__}), incident {incident}."
    )
    hint = "Run the same with BRIEFSMITH_TRACEBACK=1 and report what it prints."
    return Bug(message, hint=hint, details={"incident": incident})


def _say(error: BriefsmithError) -> int:
    if "--json" in sys.argv:
        import json

        sys.stderr.write(json.dumps(error.as_dict(), ensure_ascii=False, default=str) + "\n")
    else:
        from briefsmith.faces.cli.output import describe_error

        sys.stderr.write(describe_error(error))
    return exit_code(error)
