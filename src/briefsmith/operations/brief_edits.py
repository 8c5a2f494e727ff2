"""Edits of a brief's text, and the log of them."""

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from briefsmith import errors
from briefsmith.compiler.brief_life import check_step
from briefsmith.compiler.document import sha256_of
from briefsmith.operations.brief_life import BriefLife, begin_step, life_of, read_life
from briefsmith.postgres.session import Session
from briefsmith.schemas.brief_life import MAX_TEXT_BYTES, BriefState, BriefStep
from briefsmith.store import brief_life, events

EditedBy = Literal["person", "editor"]

_LEAST_HASH_DIGITS = 12
_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class EditedBrief:
    """A brief behind an edit.

    Attributes:
        is_changed: False where the text was the present one, and nothing was stored.
        state: By then.
    """

    brief_id: UUID
    is_changed: bool
    state: BriefState
    text_sha256: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of the log.

    Attributes:
        by: None where nothing tells who it was.
        lines_added: Against the text before.
        lines_removed: Likewise.
    """

    output_id: UUID
    at: datetime
    by: str | None
    sha256: str
    body_bytes: int
    lines_added: int
    lines_removed: int
    is_current: bool


def decoded_text(raw: bytes) -> str:
    """The text of a file, as UTF-8 without a byte order mark.

    Raises:
        InvalidEdit: It is something else, or too large.
    """
    _refuse_large(len(raw))
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        message = f"The text is not UTF-8 (byte {error.start})."
        raise errors.InvalidEdit(message, hint="Save it as UTF-8.") from error


def adapted_text(new: str, before: str) -> str:
    """The new text with the line ends of the one before: some editors write others into every line."""
    if "\r" in before or "\r\n" not in new:
        return new
    adapted = new.replace("\r\n", "\n")
    return new if "\r" in adapted or adapted.count("\n") != new.count("\r\n") else adapted


async def open_for_edit(session: Session, brief_id: UUID) -> BriefLife:
    """Where a brief stands that somebody is about to edit, whose text is the one to begin with.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        WrongState: The brief is published or locked.
    """
    life = await read_life(session, brief_id)
    check_step(brief_id, life.state, BriefStep.EDIT)
    return life


def refuse_stale(life: BriefLife, expected_sha256: str, text: str | None = None) -> None:
    """Lets an edit pass that was made on the present text.

    Args:
        expected_sha256: Of the text that it was made on, or its first digits.
        text: What it makes of it; None where that is not known yet.

    Raises:
        StaleVersion: Another text is the present one by now; details show both.
    """
    if not _names(expected_sha256, life.text_sha256):
        raise _stale(life, text, expected_sha256)


async def edit_brief(
    session: Session,
    brief_id: UUID,
    text: str,
    *,
    expected_sha256: str | None,
    by: EditedBy = "person",
) -> EditedBrief:
    """Puts a text in the place of the present one, which the log keeps.

    Args:
        text: The whole of the new Markdown.
        expected_sha256: Of the text that it was made of, or its first digits; None takes the present one.

    Raises:
        InvalidEdit: The text is blank, too large, or cannot be stored.
        BriefNotFound: There is none, or it is somebody else's.
        WrongState: The brief is published or locked.
        StaleVersion: Another text is the present one by now; details show both.

    Emits:
        brief.edited
    """
    _refuse_unfit(text)
    life = await begin_step(session, brief_id, BriefStep.EDIT)
    if expected_sha256 is not None:
        refuse_stale(life, expected_sha256, text)
    if text == life.text:
        return EditedBrief(
            brief_id, is_changed=False, state=life.state, text_sha256=sha256_of(text)
        )
    output = await brief_life.insert_edit(session, brief_id, text)
    payload: dict[str, Any] = {
        "task_brief_id": str(brief_id),
        "output_id": str(output.id),
        "sha256": sha256_of(text),
        "by": by,
    }
    await events.insert_event(session, "brief.edited", payload)
    after = await life_of(session, life.brief)
    return EditedBrief(brief_id, is_changed=True, state=after.state, text_sha256=after.text_sha256)


async def list_edits(session: Session, brief_id: UUID) -> list[Edit]:
    """The log of a brief's edits, the first one first; a purge of one of its blocks empties it.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    await read_life(session, brief_id)
    texts = await brief_life.select_texts(session, brief_id)
    edits: list[Edit] = []
    before = ""
    for text in texts:
        if text.agent_type == "editor":
            added, removed = _changed_lines(before, text.content)
            entry = Edit(
                output_id=text.id,
                at=text.created_at,
                by=text.by,
                sha256=sha256_of(text.content),
                body_bytes=len(text.content.encode()),
                lines_added=added,
                lines_removed=removed,
                is_current=text is texts[-1],
            )
            edits.append(entry)
        before = text.content
    return edits


def _refuse_unfit(text: str) -> None:
    if not text.strip():
        message = "The text is empty, and a brief has one."
        raise errors.InvalidEdit(message, hint="Write something, or leave the brief as it is.")
    if "\x00" in text:
        message = f"The text has a NUL character (character {text.index(chr(0))})."
        raise errors.InvalidEdit(message, hint="Take it out; it cannot be stored.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        message = f"The text has half of a surrogate pair (character {error.start})."
        raise errors.InvalidEdit(message, hint="Take it out; it cannot be stored.") from error
    _refuse_large(size)


def _refuse_large(body_bytes: int) -> None:
    if body_bytes > MAX_TEXT_BYTES:
        message = f"The text has {body_bytes:,} bytes; the most is {MAX_TEXT_BYTES:,}."
        details = {"body_bytes": body_bytes, "most": MAX_TEXT_BYTES}
        raise errors.InvalidEdit(message, hint="Shorten it.", details=details)


def _names(expected: str, found: str) -> bool:
    start = expected.strip().lower()
    return len(start) >= _LEAST_HASH_DIGITS and found.startswith(start)


def _stale(life: BriefLife, text: str | None, expected: str) -> errors.StaleVersion:
    message = (
        f"The text of the brief {life.brief.id} is another by now ({life.text_sha256[:12]}, "
        f"not {expected[:12]}): it was edited meanwhile, or a block in it was purged."
    )
    details: dict[str, Any] = {
        "id": str(life.brief.id),
        "expected_sha256": expected,
        "current_sha256": life.text_sha256,
    }
    if text is not None:
        yours, theirs = _first_difference(text, life.text)
        details["yours"] = {"sha256": sha256_of(text), "first_difference": yours}
        details["theirs"] = {"sha256": life.text_sha256, "first_difference": theirs}
    hint = "`briefsmith brief show` shows the present text; bring your changes into it."
    return errors.StaleVersion(message, hint=hint, details=details)


def _first_difference(one: str, other: str) -> tuple[str | None, str | None]:
    """The first line in which two texts differ, of each; None where a text has ended by then."""
    first, second = one.split("\n"), other.split("\n")
    pairs = zip(first, second, strict=False)
    at = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))
    return _line(first, at), _line(second, at)


def _line(lines: list[str], at: int) -> str | None:
    return lines[at][:_SHOWN_CHARS] if at < len(lines) else None


def _changed_lines(before: str, after: str) -> tuple[int, int]:
    matcher = difflib.SequenceMatcher(None, before.split("\n"), after.split("\n"))
    added = removed = 0
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what != "equal":
            removed += end - start
            added += new_end - new_start
    return added, removed
