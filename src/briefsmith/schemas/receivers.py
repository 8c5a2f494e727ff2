"""Where a brief's output goes, read from the text that names it; nothing is opened or looked up."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from briefsmith.errors import InvalidReceiver
from briefsmith.schemas.web_addresses import NoWebAddressError, WebAddress, read_web_address

MAX_RECEIVER_CHARS = 2_000

# Two letters at least, so that `C:\` is a path; `./` before a name with a colon makes it one.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True, slots=True)
class Stdout:
    """The terminal, or whatever the command writes to."""


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A file of this machine, which the output becomes."""

    path: Path


@dataclass(frozen=True, slots=True)
class WebhookTarget(WebAddress):
    """An address that the output is posted to; `http` is for the machine itself."""


Target = Stdout | FileTarget | WebhookTarget


def read_receiver(text: str | None) -> Target:
    """The receiver that a text names; None is stdout.

    Raises:
        InvalidReceiver: It names none, or one that nothing is ever sent to.
    """
    if text is None or text.lower() in {"stdout", "-"}:
        return Stdout()
    if not text.strip() or not text.isprintable() or len(text) > MAX_RECEIVER_CHARS:
        _refuse(f"is no line of 1 to {MAX_RECEIVER_CHARS} characters that can be seen")
    if _SCHEME.match(text) or text.startswith(("//", "\\\\")):
        return _read_address(text)
    if text.endswith(("/", "\\")) or Path(text).name in {"", ".", ".."}:
        _refuse("is a folder, not a file")
    return FileTarget(Path(text))


def _read_address(text: str) -> WebhookTarget:
    try:
        found = read_web_address(text)
    except NoWebAddressError as error:
        is_web = text.lower().startswith(("http://", "https://"))
        file = "" if is_web else " Write a file with a colon in its name as ./name."
        _refuse(error.why, error.hint and error.hint + file)
    target = WebhookTarget(found.scheme, found.host, found.port, found.path)
    if target.scheme == "http" and not _is_this_machine(target):
        _refuse("is not encrypted", "Use https; http is for the machine itself.")
    return target


def _is_this_machine(target: WebhookTarget) -> bool:
    literal = target.literal
    return target.host == "localhost" if literal is None else literal.is_loopback


def _refuse(why: str, hint: str | None = None) -> NoReturn:
    # Not quoted: it may hold a password, and a path or query that only the receiver should know.
    message = f"The receiver {why}."
    raise InvalidReceiver(message, hint=hint) from None
