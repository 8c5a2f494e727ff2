"""Edits a brief as a person asks: the model sees quotations, and can move or drop them, but never change one."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from briefsmith.agents.editor_parts import EditableText, editable_text
from briefsmith.agents.sessions import Sessions
from briefsmith.compiler.fence import check_nonce
from briefsmith.errors import BriefsmithError, InvalidInput, InvalidSetting
from briefsmith.operations.agent_messages import record_calls
from briefsmith.operations.brief_edits import EditedBrief, edit_brief, open_for_edit, refuse_stale
from briefsmith.operations.briefs import snapshot_of
from briefsmith.postgres.session import Session
from briefsmith.providers.language_models.port import Answer, LanguageModel, Request, Usage

AGENT = "editor"
Stored = Callable[[Session, "InstructedEdit"], Awaitable[None]]
"""What is done in the transaction that stores an edit, and undone with it."""
MAX_INSTRUCTION_CHARS = 20_000


class EditorAnswer(BaseModel):
    """What the model is asked for.

    Attributes:
        text: The whole new text, with its parts by name.
        summary: What was changed, in a sentence.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class InstructedEdit:
    """What came of an instruction.

    Attributes:
        model: Which one answered.
        summary: In its words.
    """

    edited: EditedBrief
    model: str
    summary: str
    usage: Usage


async def edit_by_instruction(
    sessions: Sessions,
    model: LanguageModel | None,
    brief_id: UUID,
    instruction: str,
    *,
    expected_sha256: str | None = None,
    stored: Stored | None = None,
) -> InstructedEdit:
    """Has the model change a brief's text; the edit is stored if the text is still the one that it was given.

    Args:
        expected_sha256: Of the text that the person means; None takes the present one.
        stored: Done with the edit, or neither is.

    Raises:
        InvalidInput: The instruction is blank or too long.
        InvalidSetting: No model is set, or it cannot be asked.
        BriefNotFound: There is none, or it is somebody else's.
        InvalidEdit: The present text has broken quotations, which nobody can put back.
        WrongState: The brief is published or locked.
        StaleVersion: Another text is the present one by now; details show both.
        ModelMisbehaved: As the port says; the brief stays as it is.
        ModelUnavailable: As the port says; the brief stays as it is.

    Emits:
        brief.edited
    """
    _refuse_unfit(instruction)
    if model is None:
        message = "No language model is set, and the editor agent is one."
        hint = (
            "Set BRIEFSMITH_MODEL (with BRIEFSMITH_MODEL_BASE_URL for a server of your own), or edit "
            "the text yourself."
        )
        raise InvalidSetting(message, hint=hint, details={"name": "BRIEFSMITH_MODEL"})
    async with sessions(read_only=True) as session:
        life = await open_for_edit(session, brief_id)
    if expected_sha256 is not None:
        refuse_stale(life, expected_sha256)
    editable = editable_text(brief_id, life.text, snapshot_of(life.brief))
    answer = await _answer(sessions, model, brief_id, instruction, editable)
    text = editable.restored(answer.value.text)
    async with sessions() as session:
        edited = await edit_brief(
            session, brief_id, text, expected_sha256=life.text_sha256, by=AGENT
        )
        done = InstructedEdit(edited, answer.model, answer.value.summary, answer.usage)
        if stored is not None:
            await stored(session, done)
    return done


def _refuse_unfit(instruction: str) -> None:
    if not instruction.strip():
        message = "The instruction is empty."
        raise InvalidInput(message, hint="Say in a sentence how the text is to be changed.")
    if len(instruction) > MAX_INSTRUCTION_CHARS:
        message = f"The instruction has more than {MAX_INSTRUCTION_CHARS:,} characters."
        raise InvalidInput(message, hint="Shorten it.")


async def _answer(
    sessions: Sessions,
    model: LanguageModel,
    brief_id: UUID,
    instruction: str,
    editable: EditableText,
) -> Answer[EditorAnswer]:
    request = Request(system=_rules(), user=_user_text(instruction, editable), output=EditorAnswer)

    def check(answer: EditorAnswer) -> str | None:
        return editable.problem(answer.text)

    try:
        answer = await model.answer(request, check=check)
    except BriefsmithError as error:
        await _record(sessions, brief_id, error.details.get("calls", ()), error.code)
        raise
    # In a transaction of its own: what was paid for is known also where the edit is refused.
    await _record(sessions, brief_id, [call.as_dict() for call in answer.calls], "answered")
    return answer


async def _record(
    sessions: Sessions, brief_id: UUID, calls: Sequence[dict[str, Any]], outcome: str
) -> None:
    async with sessions() as session:
        await record_calls(
            session, task_id=str(brief_id), agent_type=AGENT, calls=calls, outcome=outcome
        )


def _user_text(instruction: str, editable: EditableText) -> str:
    key = _key((instruction, editable.shown, *editable.parts.values()))
    parts = [
        f"KEY is {key} below.",
        f"<instruction>\n{instruction}\n</instruction-{key}>",
        f"<text>\n{editable.shown}\n</text-{key}>",
    ]
    for name, text in editable.readable.items():
        parts.append(f'<part name="{name}">\n{text}\n</part-{key}>')
    return "\n\n".join(parts)


def _key(texts: Sequence[str]) -> str:
    """A key that none of the texts holds."""
    while not check_nonce(key := secrets.token_hex(16), texts):
        continue
    return key


@cache
def _rules() -> str:
    path = files("briefsmith.agents") / "prompts" / "editor.md"
    return path.read_text(encoding="utf-8").strip()
