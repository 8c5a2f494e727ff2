"""The state of a brief out of what is stored of it, and which steps a state allows.

    draft ──edit──> edited ──validate──> validated ──publish──> published ──lock──> locked
      └────────────validate──────────────────^  ^──unpublish──────┘

Validating is a look: any state allows it, and it changes the state where it finds no error in a text that is not
published yet. Publishing validates first. An edit makes `edited` of a validated brief.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from briefsmith.errors import WrongState
from briefsmith.schemas.brief_life import BriefState, BriefStep

_UNPUBLISHED = frozenset({BriefState.DRAFT, BriefState.EDITED, BriefState.VALIDATED})

ALLOWED: Mapping[BriefStep, frozenset[BriefState]] = {
    BriefStep.EDIT: _UNPUBLISHED,
    BriefStep.VALIDATE: frozenset(BriefState),
    BriefStep.PUBLISH: _UNPUBLISHED,
    BriefStep.UNPUBLISH: frozenset({BriefState.PUBLISHED}),
    BriefStep.LOCK: frozenset({BriefState.PUBLISHED}),
}
"""The states that each step may be taken from."""

_DONE = {
    BriefStep.EDIT: "edited",
    BriefStep.VALIDATE: "validated",
    BriefStep.PUBLISH: "published",
    BriefStep.UNPUBLISH: "taken back",
    BriefStep.LOCK: "locked",
}


@dataclass(frozen=True, slots=True)
class LifeFacts:
    """What the state is made of.

    Attributes:
        is_edited: The present text is not the composer's.
        is_valid: The newest validation found no error, and looked at the present text.
    """

    is_locked: bool
    is_published: bool
    is_edited: bool
    is_valid: bool


def state_of(facts: LifeFacts) -> BriefState:
    """The furthest that the facts give."""
    if facts.is_locked:
        return BriefState.LOCKED
    if facts.is_published:
        return BriefState.PUBLISHED
    if facts.is_valid:
        return BriefState.VALIDATED
    return BriefState.EDITED if facts.is_edited else BriefState.DRAFT


def check_step(brief_id: UUID, state: BriefState, step: BriefStep) -> None:
    """Lets a step pass that the state allows.

    Raises:
        WrongState: It does not; the hint says which step leads there.
    """
    if state in ALLOWED[step]:
        return
    if state in {BriefState.PUBLISHED, BriefState.LOCKED} and _DONE[step] == state:
        message = f"The brief {brief_id} is {state} already."
    else:
        message = f"The brief {brief_id} is {state} and cannot be {_DONE[step]}."
    details = {
        "id": str(brief_id),
        "state": state.value,
        "step": step.value,
        "allowed_in": [one.value for one in BriefState if one in ALLOWED[step]],
    }
    raise WrongState(message, hint=_hint(brief_id, state, step), details=details)


def _hint(brief_id: UUID, state: BriefState, step: BriefStep) -> str:
    if state is BriefState.LOCKED:
        return "A locked brief stays as it is; compose another one."
    if state is BriefState.PUBLISHED and step is BriefStep.EDIT:
        return f"Take it back first: `briefsmith brief unpublish {brief_id}`."
    if state is BriefState.PUBLISHED:
        return f"`briefsmith brief lock {brief_id}` makes it final."
    return f"Publish it first: `briefsmith brief publish {brief_id}`."
