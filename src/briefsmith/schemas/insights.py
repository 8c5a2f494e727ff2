"""What the views tell."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from briefsmith.models.enums import BlockType


@dataclass(frozen=True, slots=True)
class BlockUsage:
    """A block in `view_block_usage_summary`.

    Attributes:
        brief_count: Briefs that it went into; 0 for one that was never used.
        last_used_at: None for one that was never used.
        usage_modes: How it was changed for them, sorted.
    """

    block_id: UUID
    label: str
    brief_count: int
    last_used_at: datetime | None
    usage_modes: list[str]


@dataclass(frozen=True, slots=True)
class BriefPatterns:
    """What a person's briefs have in common, out of `view_user_brief_patterns`.

    Attributes:
        dominant_tone: The most frequent one, of equals the alphabetically first; None where no brief has any.
        dominant_scope: Likewise.
        dominant_audience: Likewise.
    """

    total_briefs: int
    dominant_tone: str | None
    dominant_scope: str | None
    dominant_audience: str | None


class TypePopularity(BaseModel):
    """A type of blocks in `view_block_popularity_by_type`.

    Attributes:
        total_briefs: Briefs with a block of it.
        total_usages: Uses of its blocks; two blocks in one brief are two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: BlockType
    total_briefs: int
    total_usages: int
