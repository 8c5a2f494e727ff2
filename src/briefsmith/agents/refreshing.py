"""Puts what the researcher found into the store, by the declared rules."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from briefsmith.agents import block_changes
from briefsmith.agents.block_rules import ManagerSettings
from briefsmith.agents.block_sources import Page, Place
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus, BlockUpdatePolicy
from briefsmith.operations.approvals import approve_proposal
from briefsmith.operations.block_reports import get_blocks
from briefsmith.operations.proposals import (
    Outcome,
    known_findings,
    propose,
    reviewed_blocks,
    withdraw_superseded,
)
from briefsmith.operations.refreshable_blocks import ImportedFrom, remember_import
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.proposals import NewProposal, text_sha256

AGENT = "researcher"
NAME = "agent:researcher"
APPLIED = "applied"
UNCHANGED = "unchanged"
LEFT = "left_for_later"
_NAMED_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at the source of a block.

    Attributes:
        seen_sha256: Of the block's text when it was looked at.
        text: None where it is the same as that, or what an import saw last.
        sha256: Of the section of an imported file; None for others.
        is_stale: Whether it is time to say that an unchanged text still holds.
    """

    block_id: UUID
    seen_sha256: str
    place: Place
    text: str | None
    sha256: str | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is to do; no transaction is open.

    Attributes:
        skipped: Blocks by why nothing is known of their sources.
        left: Blocks that the next run looks at, as this one holds enough text.
    """

    found: tuple[Found, ...]
    skipped: dict[str, list[UUID]]
    left: int = 0


@dataclass(frozen=True, slots=True)
class Researched:
    """What came of it.

    Attributes:
        proposals: Those that wait for the person, and those that were applied.
        counts: Blocks by what became of them.
        notes: Why blocks were skipped.
    """

    proposals: tuple[UUID, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]


async def refresh(session: Session, embedder: Embedder, looked: Looked) -> Researched:
    """Proposes what was found, and applies what may be; blocks that moved on meanwhile are left alone.

    Emits:
        proposal.created, proposal.applied, proposal.rejected, block.updated
    """
    refreshing = _Refreshing(session, embedder)
    for found in looked.found:
        refreshing.counts[await refreshing.take(found)] += 1
    counts = refreshing.counts
    counts["skipped"] = sum(map(len, looked.skipped.values()))
    counts[LEFT] = looked.left
    notes = [_note(why, ids) for why, ids in sorted(looked.skipped.items())]
    if refreshing.from_web:
        notes.append(
            f"{refreshing.from_web} blocks took a text from the web; "
            "`briefsmith review list --status applied` shows them."
        )
    told = {str(word): count for word, count in sorted(counts.items()) if count}
    return Researched(tuple(refreshing.proposals), told, tuple(notes))


def _note(why: str, ids: list[UUID]) -> str:
    named = ", ".join(map(str, ids[:_NAMED_BLOCKS]))
    more = f" and {len(ids) - _NAMED_BLOCKS} more" if len(ids) > _NAMED_BLOCKS else ""
    return f"Skipped {named}{more}: {why.removesuffix('.')}."


class _Refreshing:
    def __init__(self, session: Session, embedder: Embedder) -> None:
        self._session = session
        self._embedder = embedder
        self.counts: Counter[str] = Counter()
        self.proposals: list[UUID] = []
        self.from_web = 0

    async def take(self, found: Found) -> str:
        block = await self._as_seen(found)
        if block is None:
            return Outcome.MOVED
        if found.text is None:
            return await self._unchanged(block, found)
        may_apply = await self._may_apply(block, found.text)
        is_page = isinstance(found.place, Page)
        new = block_changes.refresh(block, found.text, AGENT, is_page=is_page)
        outcome = await self._propose(new, block, may_apply=may_apply)
        if outcome == APPLIED:
            self.from_web += is_page
            if isinstance(found.place, ImportedFrom) and found.sha256 is not None:
                await remember_import(self._session, block.id, found.place, found.sha256)
        return outcome

    async def _as_seen(self, found: Found) -> ContextBlock | None:
        """The block, if it is what was looked at, and still to be refreshed."""
        for block in await get_blocks(self._session, [found.block_id]):
            is_same = text_sha256(block.content) == found.seen_sha256
            if is_same and block.meta_refreshable and block.status is BlockStatus.ACTIVE:
                return block
        return None

    async def _unchanged(self, block: ContextBlock, found: Found) -> str:
        # Not every night: each time is a version of the block.
        if found.is_stale and await self._may_apply(block, block.content):
            same = block_changes.confirm(block, 0, AGENT)
            if same is not None:
                return await self._propose(same, block, may_apply=True)
        return UNCHANGED

    async def _may_apply(self, block: ContextBlock, text: str) -> bool:
        longest = max(ManagerSettings().merged_most_chars, len(block.content))
        return (
            block.update_policy is BlockUpdatePolicy.AUTO
            and block.status is BlockStatus.ACTIVE
            and not block.requires_user_review
            and len(text) <= longest
            and not await reviewed_blocks(self._session, [block.id])
        )

    async def _propose(self, new: NewProposal, block: ContextBlock, *, may_apply: bool) -> str:
        await withdraw_superseded(self._session, block.id, ("confirm",), by=NAME)
        if await known_findings(self._session, new.findings):
            return Outcome.KNOWN
        await withdraw_superseded(self._session, block.id, ("refresh",), by=NAME)
        proposed = await propose(self._session, new)
        if proposed.proposal is None:
            return proposed.outcome
        self.proposals.append(proposed.proposal.id)
        if may_apply:
            await approve_proposal(self._session, self._embedder, proposed.proposal.id, by=NAME)
            return APPLIED
        return proposed.outcome
