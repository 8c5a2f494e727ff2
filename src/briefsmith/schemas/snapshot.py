"""What a compiled brief is made of, so that the same bytes can be made again.

A snapshot holds no block text and no label: purging a block leaves its id, version and hash.
What a brief says of a block's files is in it, as a file's label and note have no versions. Intent, instructions and media are columns of the brief and not repeated.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Cite = Annotated[str, StringConstraints(pattern=r"^B[1-9][0-9]*$")]
CharRange = tuple[NonNegativeInt, NonNegativeInt]
SettingValue = bool | int | float | str | None


# Where an upgraded brief keeps what the legacy columns held; no snapshot made here has these keys.
LEGACY_PROFILE = "legacy_core_profile_data"
LEGACY_SNAPSHOT = "legacy_core_context_snapshot"
LEGACY_KEYS = frozenset({LEGACY_PROFILE, LEGACY_SNAPSHOT})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SnapshotFile(_Part):
    """What a brief says of a file; every text is one harmless line, cut to what is shown.

    Attributes:
        content_type: None where nobody knows it, or it is no media type.
        address: Where the bytes are, percent-encoded; None for one that is longer than any that we give.
    """

    file_id: UUID
    label: str
    note: str | None
    name: str
    content_type: str | None
    size_bytes: NonNegativeInt
    address: str | None
    is_primary: bool


class SnapshotBlock(_Part):
    """A block that went in.

    Attributes:
        content_sha256: Of the whole content in UTF-8, not of the excerpt.
        spans: Character ranges that are shown, in order; none in an outline.
        tokens: What the block adds to the brief.
        score: Its worth as selection saw it.
        parts: What that worth is made of.
        files: The block's, its primary one first, as many as a brief shows.
        more_files: How many it has beside those.
    """

    block_id: UUID
    version: PositiveInt
    content_sha256: Sha256
    transformation: Literal["used-as-is", "excerpted", "outlined"]
    spans: tuple[CharRange, ...]
    tokens: NonNegativeInt
    score: float
    parts: dict[str, float]
    cite: Cite
    files: tuple[SnapshotFile, ...] = ()
    more_files: NonNegativeInt = 0


class SnapshotLeftOut(_Part):
    """A block that did not go in, and why.

    Attributes:
        duplicate_of: The block that says the same; None for any other reason.
        enters_at_tokens: A budget at which it goes in; None when that is not known.
        parts: The factors of the score, to four digits, of the best two hundred; None for the others,
            where it was not relevant enough, and in snapshots of before there were any.
    """

    block_id: UUID
    version: PositiveInt
    reason: str
    score: float
    duplicate_of: UUID | None = None
    enters_at_tokens: NonNegativeInt | None = None
    parts: dict[str, float] | None = None


class SnapshotStep(_Part):
    """A step of the outline, as a reference into a block's content."""

    block_id: UUID
    span: CharRange
    is_cut: bool


class SnapshotSelector(_Part):
    """How blocks were chosen."""

    name: str
    settings: dict[str, SettingValue]


class Snapshot(_Part):
    """`task_briefs.core_context_snapshot`: with the texts by (block id, version), the brief.

    Attributes:
        format: Changes when the same snapshot would give other bytes.
        mode: Compilation mode; None is the default one.
        embedding_model: None when no block was found by meaning.
        blocks: In the order of their cites.
        rendered_sha256: Of the Markdown in UTF-8.
        objective: Total worth of the selection.
        answer_sha256: Of the model's answer that makes the outline; None for one by extraction, which `outline` is in
            either case.
    """

    format: Literal[1] = 1
    nonce: Nonce
    mode: Literal["verbatim", "excerpt", "outline"] | None
    budget_tokens: NonNegativeInt
    tokenizer: str
    embedding_model: str | None
    selector: SnapshotSelector
    package_version: str
    blocks: tuple[SnapshotBlock, ...]
    left_out: tuple[SnapshotLeftOut, ...]
    outline: tuple[SnapshotStep, ...]
    rendered_sha256: Sha256 = Field(default="0" * 64)
    rendered_tokens: NonNegativeInt = 0
    objective: float
    answer_sha256: Sha256 | None = None
