"""Requests about briefs, and their listing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from briefsmith.schemas.blocks import VISIBLE, Tags, Text
from briefsmith.schemas.brief_life import BriefState
from briefsmith.schemas.numbers import WHOLE

DEFAULT_BUDGET_TOKENS = 4_000
MAX_BUDGET_TOKENS = 1_000_000
MAX_MEDIA_CHARS = 4_000


class Media(BaseModel):
    """A picture or another file that belongs to the task, by its address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_url: Annotated[Text, Field(max_length=MAX_MEDIA_CHARS)]
    description: Annotated[Text, Field(max_length=MAX_MEDIA_CHARS)]


class NewBrief(BaseModel):
    """A brief to compose.

    Attributes:
        budget_tokens: The most that the rendered Markdown may have, all of it.
        mode: A compilation mode; None is the default.
        blocks: Ids of blocks that have to be in it.
        files: Ids of files of the library, which come to its media.
        kind: Title or id of a kind of briefs; blocks of the types that it wants are looked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    intent: Annotated[Text, Field(max_length=20_000, json_schema_extra={"pattern": VISIBLE})]
    sub_instructions: Annotated[Text, Field(max_length=20_000)] | None = None
    media: Annotated[tuple[Media, ...], Field(max_length=100)] = ()
    budget_tokens: Annotated[int, Field(ge=0, le=MAX_BUDGET_TOKENS), WHOLE] = DEFAULT_BUDGET_TOKENS
    mode: Text | None = None
    blocks: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()
    files: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    tags: tuple[Text, ...] = ()
    scope: Text | None = None
    meta_emotional_tone: Tags = Field(default_factory=list)
    meta_scope: Text | None = None
    meta_audience: Text | None = None
    kind: Annotated[Text, Field(max_length=500)] | None = None


@dataclass(frozen=True, slots=True)
class BriefListing:
    """A brief in a list."""

    id: UUID
    state: BriefState
    intent: str
    compilation_mode: str | None
    is_draft: bool
    is_published: bool
    is_locked: bool
    created_at: datetime
    rendered_tokens: int | None
    blocks: int
