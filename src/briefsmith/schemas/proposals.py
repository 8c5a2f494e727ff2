"""What a proposal says: the whole change, and what every block that it touches was when it was made."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from briefsmith.models.enums import ProposalAction
from briefsmith.schemas.blocks import BlockEdit, NewBlock, Text
from briefsmith.schemas.reports import Score
from briefsmith.schemas.snapshot import Sha256

MAX_REASON_CHARS = 2_000

Part = Literal["change", "archive", "merge", "keep"]
Rule = Literal[
    "merge",
    "rename",
    "archive",
    "archive_repeated",
    "confirm",
    "keep_one",
    "ask",
    "refresh",
    "suggest",
]
RejectionText = Annotated[Text, Field(max_length=MAX_REASON_CHARS)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TouchedBlock(_Part):
    """A block as it was when the change was proposed.

    Attributes:
        part: What happens to it: `merge` archives it once its text is in the new block, `keep` leaves it as it is.
        content_sha256: Of the content in UTF-8.
    """

    block_id: UUID
    version: PositiveInt
    content_sha256: Sha256
    part: Part


class ProposedData(_Part):
    """`block_change_queue.proposed_data`.

    Attributes:
        rule: By which it was proposed.
        blocks: Those that have to be as they were; the first is the block that the row names, if it names one.
        new: The block that is made, of `create` and `merge`.
        changes: Of the block whose part is `change`.
        refreshed: The change comes from the block's source, or says that it still holds.
        score: How sure the finding was; None where it has no number.
        made: The block that was made, once it was applied.
        rejection: Why it was rejected, as the person put it.
        redacted: A block in it was purged, and the text with it.
    """

    format: Literal[1] = 1
    rule: Rule
    blocks: Annotated[tuple[TouchedBlock, ...], Field(max_length=100)] = ()
    new: NewBlock | None = None
    changes: BlockEdit | None = None
    refreshed: bool = False
    score: Score | None = None
    made: UUID | None = None
    rejection: RejectionText | None = None
    redacted: bool = False

    def parts(self, part: Part) -> list[TouchedBlock]:
        """The blocks that this happens to, in order."""
        return [block for block in self.blocks if block.part == part]

    def fits(self, action: ProposalAction) -> bool:
        """Whether all is there that applying the action needs, and nothing that it would pass over."""
        parts = {block.part for block in self.blocks}
        match action:
            case ProposalAction.CREATE:
                return self.new is not None and parts <= {"keep"}
            case ProposalAction.UPDATE:
                is_one = len(self.parts("change")) == 1 and parts <= {"change", "keep"}
                return is_one and (self.refreshed or self.changes is not None)
            case ProposalAction.DELETE:
                return "archive" in parts and parts <= {"archive", "keep"}
            case ProposalAction.MERGE:
                is_several = len(self.parts("merge")) > 1 and parts <= {"merge", "keep"}
                return is_several and self.new is not None


@dataclass(frozen=True, slots=True)
class NewProposal:
    """A change to propose.

    Attributes:
        block_id: The block that it is mostly about; with it the proposal goes. None for a new block.
        findings: Name what was found, and in which texts; see `finding_key`. At least one.
        source_event: The report that it comes from.
        reason: For the person who decides; no text of a block, but for what an agent says of a
            suggestion, which goes with its block.
    """

    action: ProposalAction
    block_id: UUID | None
    data: ProposedData
    findings: tuple[str, ...]
    reason: str
    source_event: str | None = None


def finding_key(kind: str, texts: Iterable[tuple[UUID, str]], *others: str) -> str:
    """Names a finding: the same in the same texts has the same name, whatever order they come in.

    Args:
        kind: What was found.
        texts: Blocks, each with a hash of the text that it was found in.
        others: Hashes of what else it was found in.
    """
    lines = [kind, *sorted(f"{block_id} {sha256}" for block_id, sha256 in texts), *others]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def text_sha256(text: str) -> str:
    """As reports and snapshots name a text."""
    return hashlib.sha256(text.encode()).hexdigest()
