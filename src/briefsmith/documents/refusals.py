"""The one way in which a document is refused, and the safe showing of what it holds."""

import re
from typing import NoReturn

from briefsmith.errors import UnreadableDocument

_SHOWN_CHARACTERS = 80
_SURROGATE = re.compile("[\ud800-\udfff]")


def refuse(
    reason: str, *, name: str | None = None, line: int | None = None, **details: int
) -> NoReturn:
    """Ends the reading with one sentence; what led to it is not chained to the error.

    Args:
        reason: Clause without capital and full stop, made of trusted and `shown` text only.
        name: File, relative to its root; None while only the text is known.
        line: Line in the file, from 1, where the reader stopped.
        details: More facts, such as `byte_offset`.

    Raises:
        UnreadableDocument: Always.
    """
    facts: dict[str, str | int] = {"reason": reason, **details}
    if name is not None:
        facts["path"] = shown_name(name)
    if line is not None:
        facts["line"] = line
    subject = "The document" if name is None else shown_name(name)
    message = f"{subject} cannot be read: {reason}."
    raise UnreadableDocument(message, details=facts) from None


def named(error: UnreadableDocument, name: str) -> UnreadableDocument:
    """The same refusal with the file in front; facts stay."""
    reason = str(error.details.get("reason", error.message))
    return UnreadableDocument(
        f"{shown_name(name)} cannot be read: {reason}.",
        hint=error.hint,
        details={**error.details, "path": shown_name(name)},
    )


def shown(value: str) -> str:
    """Quoted, at most 80 characters, every character that does not print escaped."""
    if len(value) <= _SHOWN_CHARACTERS:
        return repr(value)
    return repr(value[:_SHOWN_CHARACTERS] + "…")


def shown_name(name: str) -> str:
    """A file name for a sentence: as it is, but for characters that do not print."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in name
    )


def refuse_unstorable(text: str, *, what: str, line: int | None = None) -> None:
    """Nothing, for text that PostgreSQL can store.

    Args:
        text: Any text.
        what: Noun phrase for the sentence, such as "its text".
        line: Line in the file, from 1; None where there is none to tell.

    Raises:
        UnreadableDocument: A NUL character or an unpaired surrogate.
    """
    if (at := text.find("\0")) >= 0:
        found = "a NUL character"
    elif match := _SURROGATE.search(text):
        at, found = match.start(), "an unpaired surrogate"
    else:
        return
    reason = f"{what} holds {found} (character {at + 1}), which PostgreSQL cannot store"
    refuse(reason, line=line, character=at + 1)


def with_line_feeds(text: str) -> str:
    """Line endings of every system as a line feed; no other character changes."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
