"""How the outlines of briefs came about: what a model answered, or why there is no answer."""

from uuid import UUID

from pydantic import ValidationError

from briefsmith.postgres.session import Session
from briefsmith.schemas.composition import Composition, CompositionFailure
from briefsmith.store import task_brief_outputs

_PURGED = CompositionFailure(
    code=None, sentence="A block was purged that the model's outline may have repeated."
)


async def composition_of(session: Session, brief_id: UUID) -> Composition | None:
    """How a brief's outline came about; None where no model was asked, or nothing readable tells."""
    held = await task_brief_outputs.select_composition(session, brief_id)
    if held is None:
        return None
    try:
        return Composition.model_validate_json(held)
    except ValidationError:
        return None


async def store_composition(session: Session, brief_id: UUID, composition: Composition) -> None:
    """Keeps it beside the brief's text."""
    text = composition.model_dump_json()
    await task_brief_outputs.insert_composition(session, brief_id, text)


async def redact_composition(session: Session, brief_id: UUID) -> None:
    """Takes a model's answer away, because a block that it was made of was purged; a failure stays."""
    found = await composition_of(session, brief_id)
    if found is not None and found.answer is None:
        return
    await task_brief_outputs.delete_compositions(session, brief_id)
    if found is not None:
        kept = Composition(
            made_by="extraction",
            model=found.model,
            usage=found.usage,
            failure=_PURGED,
        )
        await store_composition(session, brief_id, kept)
