"""Refreshes the blocks that are to be refreshed from their files.

It applies what it finds only to blocks that the person left to agents: `update_policy` auto, not locked, and
never under review. Even then it goes the way of every proposal, so that it stands among the applied ones.
"""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from briefsmith.agents import block_changes
from briefsmith.agents.block_sources import read_source
from briefsmith.agents.contract import AgentContext, AgentResult
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus, BlockUpdatePolicy
from briefsmith.operations.approvals import approve_proposal
from briefsmith.operations.block_reports import RefreshableBlock, refreshable_blocks
from briefsmith.operations.proposals import (
    Outcome,
    known_findings,
    propose,
    reviewed_blocks,
    withdraw_superseded,
)
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.proposals import NewProposal

AGENT = "researcher"
NAME = "agent:researcher"
APPLIED = "applied"
UNCHANGED = "unchanged"
_SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ResearchSettings:
    """What the researcher may do.

    Attributes:
        allowed_hosts: That the person named; none by default.
        stale_days: From when on an unchanged text is marked as refreshed.
    """

    allowed_hosts: tuple[str, ...] = ()
    stale_days: int = 30


@dataclass(frozen=True, slots=True)
class Researched:
    """What came of it.

    Attributes:
        proposals: Those that wait for the person, and those that were applied.
        counts: Blocks by what became of them; why, for those that were skipped.
    """

    proposals: tuple[UUID, ...]
    counts: dict[str, int]


async def run(session: Session, context: AgentContext) -> AgentResult:
    """One look at every block that is to be refreshed.

    Emits:
        As `research`.
    """
    settings = ResearchSettings(allowed_hosts=context.settings.fetch_allow)
    done = await research(session, context.embedder, settings)
    counts = {word: count for word, count in done.counts.items() if not word.startswith(_SKIPPED)}
    skipped = {word: count for word, count in done.counts.items() if word.startswith(_SKIPPED)}
    if skipped:
        counts["skipped"] = sum(skipped.values())
    notes = tuple(f"{count} {word}." for word, count in skipped.items())
    return AgentResult(counts, notes)


async def research(
    session: Session, embedder: Embedder, settings: ResearchSettings | None = None
) -> Researched:
    """Reads the files of all blocks that are to be refreshed.

    Emits:
        proposal.created, proposal.applied, proposal.rejected, block.updated
    """
    limits = settings or ResearchSettings()
    researcher = _Researcher(session, embedder, limits.allowed_hosts)
    async for found in refreshable_blocks(session, stale_days=limits.stale_days):
        researcher.counts[await researcher.refresh(found)] += 1
    return Researched(tuple(researcher.proposals), dict(sorted(researcher.counts.items())))


class _Researcher:
    def __init__(
        self, session: Session, embedder: Embedder, allowed_hosts: Collection[str]
    ) -> None:
        self._session = session
        self._embedder = embedder
        self._allowed_hosts = allowed_hosts
        self.counts: Counter[str] = Counter()
        self.proposals: list[UUID] = []

    async def refresh(self, found: RefreshableBlock) -> str:
        source = await asyncio.to_thread(read_source, found.files, self._allowed_hosts)
        if source.text is None:
            return f"{_SKIPPED}: {source.skipped}"
        block = found.block
        may_apply = await self._may_apply(block)
        if source.text != block.content:
            return await self._propose(
                block_changes.refresh(block, source.text, AGENT), block, may_apply=may_apply
            )
        # Not every night: each time is a version of the block.
        if may_apply and found.is_stale:
            same = block_changes.confirm(block, 0, AGENT)
            return UNCHANGED if same is None else await self._propose(same, block, may_apply=True)
        return UNCHANGED

    async def _may_apply(self, block: ContextBlock) -> bool:
        return (
            block.update_policy is BlockUpdatePolicy.AUTO
            and block.status is BlockStatus.ACTIVE
            and not block.requires_user_review
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
