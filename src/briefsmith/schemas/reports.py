"""What the analyzer and the observer report: ids, versions, hashes and numbers, and never text.

A report is the payload of an event. Whoever reads one reads it through these classes: an event may have been
written by anybody who may write to the store.
"""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from briefsmith.schemas.snapshot import Sha256

AUDIT_TOPIC = "block.audit_report"
USAGE_TOPIC = "block.usage_report"

Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
AuditKind = Literal["same_label", "same_text", "contradiction"]
AgeKind = Literal["stale", "unused"]
FileKind = Literal["no_such_file", "file_of_archived_block"]
Change = Literal["changed", "archived", "purged"]
Contradictions = Literal["searched", "no_model", "model_failed"]


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """How the analyzer looks.

    Attributes:
        same_cosine: Of two embeddings, from which on two blocks say the same, unless a number or negation differs.
        same_cover: Likewise the share of the shorter text's runs of five words.
        same_size_ratio: Least length of the shorter text, as a share of the longer, in words.
        related_cosine: From which on two blocks are compared at all, and asked about.
        neighbours: Most likely partners of one block.
        batch: Blocks whose partners one statement looks for.
        together: Texts that are in memory at once.
        longest_bytes: Longer texts are not compared; none of them would be merged.
        most_findings: Of a kind in one report; the next report has those that are left.
        most_asked: Pairs that a model is asked about in one run; what it said is remembered.
        asked_at_once: Of these, in one call.
        asked_chars: What it sees of each text; longer ones are not asked about.
    """

    same_cosine: float = 0.95
    same_cover: float = 0.6
    same_size_ratio: float = 0.5
    related_cosine: float = 0.8
    neighbours: int = 8
    batch: int = 500
    together: int = 64
    longest_bytes: int = 50_000
    most_findings: int = 500
    most_asked: int = 24
    asked_at_once: int = 6
    asked_chars: int = 4_000


@dataclass(frozen=True, slots=True)
class UsageSettings:
    """From when on the observer speaks up.

    Attributes:
        stale_days: Since a block was refreshed or changed.
        unused_days: Since a block was made, or went into a brief.
        most_findings: Of a kind in one report, the oldest first.
    """

    stale_days: int = 30
    unused_days: int = 45
    most_findings: int = 500


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BlockState(_Part):
    """A block as a report saw it; `content_sha256` is of the content in UTF-8."""

    block_id: UUID
    version: PositiveInt
    content_sha256: Sha256


class AuditFinding(_Part):
    """Blocks that something is the matter with together.

    Attributes:
        score: How sure it is, 1 being certain; None where a model said so.
    """

    kind: AuditKind
    blocks: Annotated[tuple[BlockState, ...], Field(min_length=2, max_length=100)]
    score: Score | None = None


class JudgedPair(_Part):
    """What a model said of a pair of texts, by a hash of both."""

    pair: Sha256
    contradicts: bool


class AuditReport(_Part):
    """Payload of `block.audit_report`.

    Attributes:
        findings: At most `most_findings` of each kind.
        left_out: Findings that there was no room for.
        unembedded: Blocks without a vector of the present model: only equal texts are found among these.
        contradictions: Whether a model looked for them.
        model_error: Code of the error where the model failed.
        judged: Pairs that a model was asked about in this run.
    """

    format: Literal[1] = 1
    findings: tuple[AuditFinding, ...] = ()
    left_out: NonNegativeInt = 0
    unembedded: NonNegativeInt = 0
    contradictions: Contradictions = "no_model"
    model_error: Annotated[str, Field(pattern=r"^B[0-9]{3}$")] | None = None
    judged: tuple[JudgedPair, ...] = ()


class AgedBlock(_Part):
    """A block that nobody looked after, or used, for so many days."""

    kind: AgeKind
    block: BlockState
    days: NonNegativeInt


class DeadFile(_Part):
    """A block's file that is not there, or a file whose block is out of use."""

    kind: FileKind
    file_id: UUID
    block_id: UUID


class MovedBlock(_Part):
    """What became of a block since a brief was compiled with it; `now` is its version, None where it is gone."""

    block_id: UUID
    version: PositiveInt
    now: PositiveInt | None
    change: Change


class OutdatedBrief(_Part):
    """A brief that stands on blocks that have changed."""

    task_brief_id: UUID
    blocks: tuple[MovedBlock, ...]


class UsageReport(_Part):
    """Payload of `block.usage_report`."""

    format: Literal[1] = 1
    stale_days: NonNegativeInt
    unused_days: NonNegativeInt
    aged: tuple[AgedBlock, ...] = ()
    dead_files: tuple[DeadFile, ...] = ()
    outdated_briefs: tuple[OutdatedBrief, ...] = ()
    left_out: NonNegativeInt = 0
