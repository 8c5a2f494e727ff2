"""Routes that edit a brief's text, and tell of its edits."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from briefsmith import errors
from briefsmith.agents import editor
from briefsmith.faces.server.asking import Asking, again, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import LongRoute, Route, strictly
from briefsmith.operations import brief_edits
from briefsmith.operations.brief_edits import Edit as LoggedEdit
from briefsmith.operations.brief_edits import EditedBrief
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import VISIBLE, Text
from briefsmith.schemas.brief_life import MAX_TEXT_BYTES, BriefState
from briefsmith.schemas.composition import CompositionUsage

router = APIRouter(prefix="/v1/briefs", tags=["briefs"], route_class=Route)
long_router = APIRouter(prefix="/v1/briefs", tags=["briefs"], route_class=LongRoute)


class BriefEdit(BaseModel):
    """A new text, or an instruction to the editor agent; one of both.

    Attributes:
        text: The whole new Markdown.
        instruction: What a language model is to change.
        expected_sha256: Of the text that it was made on, or its first 8 digits or more; null takes the present one.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "oneOf": [
                {"required": ["text"], "properties": {"text": {"type": "string"}}},
                {"required": ["instruction"], "properties": {"instruction": {"type": "string"}}},
            ]
        },
    )

    text: (
        Annotated[Text, Field(max_length=MAX_TEXT_BYTES, json_schema_extra={"pattern": VISIBLE})]
        | None
    ) = None
    instruction: (
        Annotated[
            Text,
            Field(max_length=editor.MAX_INSTRUCTION_CHARS, json_schema_extra={"pattern": VISIBLE}),
        ]
        | None
    ) = None
    expected_sha256: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")] | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.text is None) == (self.instruction is None):
            message = "give text or instruction, and not both"
            raise ValueError(message)
        return self


Edit = Annotated[BriefEdit, strictly(BriefEdit)]


class EditAnswer(BaseModel):
    """A brief behind an edit.

    Attributes:
        is_changed: False where the text was the present one.
        model: That made the edit; null for a text of the caller's.
        summary: In the model's words.
    """

    id: UUID
    is_changed: bool
    state: BriefState
    text_sha256: str
    model: str | None = None
    summary: str | None = None
    usage: CompositionUsage | None = None


class EditLog(BaseModel):
    """Edits, the first one first; a purge of one of the brief's blocks empties it."""

    items: list[LoggedEdit]


@long_router.post(
    "/{brief_id}/edit",
    operation_id="edit_brief",
    response_model=EditAnswer,
    responses=refusals(
        errors.BriefNotFound,
        errors.InvalidEdit,
        errors.StaleVersion,
        errors.WrongState,
        errors.InvalidSetting,
        errors.ModelUnavailable,
        errors.ModelMisbehaved,
    ),
)
async def edit_brief(brief_id: UUID, edit: Edit, caller: Asking) -> Response:
    """Puts a text in the place of the present one, or has the editor agent change it."""
    if edit.instruction is not None:
        return await _instructed(brief_id, edit.instruction, edit.expected_sha256, caller)

    async def work(session: Session) -> Response:
        edited = await brief_edits.edit_brief(
            session, brief_id, edit.text or "", expected_sha256=edit.expected_sha256
        )
        return answer(_edited(edited))

    return await caller.once(work)


async def _instructed(
    brief_id: UUID, instruction: str, expected_sha256: str | None, caller: Asking
) -> Response:
    async with caller.long("edit") as request:
        if request.first is not None:
            return again(request.first)

        async def stored(session: Session, done: editor.InstructedEdit) -> None:
            await request.keep(session, _by_model(done))

        done = await editor.edit_by_instruction(
            caller.sessions_of(editor.AGENT),
            caller.store.model,
            brief_id,
            instruction,
            expected_sha256=expected_sha256,
            stored=stored,
        )
        return _by_model(done)


def _edited(edited: EditedBrief) -> EditAnswer:
    return EditAnswer(
        id=edited.brief_id,
        is_changed=edited.is_changed,
        state=edited.state,
        text_sha256=edited.text_sha256,
    )


def _by_model(done: editor.InstructedEdit) -> Response:
    usage = CompositionUsage.model_validate(done.usage.as_dict())
    more = {"model": done.model, "summary": done.summary, "usage": usage}
    return answer(_edited(done.edited).model_copy(update=more))


@router.get(
    "/{brief_id}/edits",
    operation_id="list_edits",
    response_model=EditLog,
    responses=refusals(errors.BriefNotFound),
)
async def list_edits(brief_id: UUID, caller: Asking) -> Response:
    """The log of a brief's edits."""
    async with caller.session(read_only=True) as session:
        return answer({"items": await brief_edits.list_edits(session, brief_id)})
