"""What commands print: text for people, JSON for programs."""

import json
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from typing import Any, TextIO

from briefsmith.config import load_settings
from briefsmith.errors import BriefsmithError

# What steers a terminal: control characters but line end and tab, marks that turn the direction of
# the text around them, and halves of surrogate pairs, which are no characters.
_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_STEERING = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f{_TURNING}\u2028\u2029]")

_DIFFERENCE_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_PLAIN = "\x1b[0m"


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control characters and direction marks become visible."""
    return _STEERING.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def one_line(text: str, width: int) -> str:
    """The first of a text, on one line of at most `width` characters."""
    # White space may shrink, so more than `width` is looked at; all of a megabyte need not be.
    line = printable(" ".join(text[: width * 20].split()))
    if len(line) > width:
        return line[: width - 1] + "…"
    return line + "…" if len(text) > width * 20 else line


def write(text: str) -> None:
    """A line for people."""
    sys.stdout.write(printable(text) + "\n")


def write_exact(text: str) -> None:
    """A document: byte for byte into a file or pipe, made harmless for a terminal."""
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)


@contextmanager
def beside_the_document() -> Generator[None]:
    """What is printed within is for people: where standard output is no terminal, it goes to standard error."""
    if sys.stdout.isatty():
        yield
        return
    sys.stdout.flush()
    with redirect_stdout(sys.stderr):
        yield


def write_difference_line(line: str) -> None:
    """A line of a unified diff, coloured where the terminal has colours."""
    colour = _DIFFERENCE_COLOURS.get(line[:1], "")
    if not (colour and sys.stdout.isatty() and load_settings().styled):
        write_exact(f"{line}\n")
        return
    # Made harmless before the colours go around it, which would be made visible else.
    sys.stdout.write(f"{colour}{printable(line)}{_PLAIN}\n")


def write_json(value: Any) -> None:
    """One JSON document, or one line of JSON Lines."""
    sys.stdout.write(json_text(value, sys.stdout) + "\n")


def json_text(value: Any, stream: TextIO) -> str:
    """The value on one line, which steers no terminal and is valid whatever the stream's encoding."""
    plain = (stream.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(value, ensure_ascii=plain, default=_plain)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def counted(number: int, noun: str) -> str:
    """A number of things, in words: 1 block, 2 blocks."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def note(text: str) -> None:
    """A remark beside the result, on stderr."""
    sys.stderr.write(printable(text) + "\n")


def describe_error(error: BriefsmithError) -> str:
    """Code, sentence and hint, each on its line."""
    lines = [f"{error.code} {error.message}"]
    lines += [
        f"  {side}: {json.dumps(error.details[side], ensure_ascii=False, default=str)}"
        for side in ("yours", "theirs", "other")
        if side in error.details
    ]
    if error.hint:
        lines.append(f"  {error.hint}")
    return printable("\n".join(lines)) + "\n"
