"""Kinds of briefs, as far as their JSON columns can be read."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from briefsmith.models.enums import BlockType, OutputType
from briefsmith.models.task_brief_types import TaskBriefType

_MOST_WORDS = 50


@dataclass(frozen=True, slots=True)
class BriefType:
    """A kind of brief.

    Attributes:
        required_context_types: A brief of this kind wants at least one block of each.
        agent_flow: Who works on it, in their order.
    """

    id: UUID
    title: str
    description: str
    required_context_types: tuple[BlockType, ...]
    agent_flow: tuple[str, ...]
    output_type: OutputType
    version: int


def read_type(row: TaskBriefType) -> BriefType:
    """The row with what its JSON columns hold of use; anybody with the service role may write there."""
    known = {kind.value: kind for kind in BlockType}
    required = dict.fromkeys(_words(row.required_context_types))
    return BriefType(
        row.id,
        row.title,
        row.description or "",
        tuple(known[word] for word in required if word in known),
        tuple(_words(row.agent_flow)),
        row.output_type,
        row.version,
    )


def _words(held: Any) -> list[str]:
    if not isinstance(held, list):
        return []
    found = [one for one in cast("list[object]", held) if isinstance(one, str) and one.strip()]
    return found[:_MOST_WORDS]
