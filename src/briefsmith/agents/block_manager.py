"""Turns reports into proposals, by the rules of the table; it changes no block by itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from pydantic import ValidationError

from briefsmith.agents import block_changes
from briefsmith.agents.block_changes import Found, pair_key
from briefsmith.agents.block_rules import ManagerSettings, Remedy, by_trust, remedy_for
from briefsmith.agents.contract import AgentContext, AgentResult
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.models.events import Event
from briefsmith.operations.block_reports import block_state, get_blocks
from briefsmith.operations.events import take_events
from briefsmith.operations.proposals import (
    Outcome,
    free_label,
    known_findings,
    propose,
    reviewed_blocks,
    withdraw_outdated,
)
from briefsmith.postgres.session import Session
from briefsmith.schemas.proposals import NewProposal
from briefsmith.schemas.reports import (
    AUDIT_TOPIC,
    USAGE_TOPIC,
    AgedBlock,
    AuditFinding,
    AuditReport,
    BlockState,
    UsageReport,
)

NAME = "agent:block_manager"
CONSUMER = "block_manager"
TOPICS = (AUDIT_TOPIC, USAGE_TOPIC)

_TAKEN = 100
_LEFT = "left_for_later"
_FIRST = {
    "same_text": 0,
    "contradiction": 1,
    "same_label": 2,
}  # what settles the later ones comes first


class Manager:
    """One run: proposes until there are enough, and counts what became of each finding."""

    def __init__(self, session: Session, settings: ManagerSettings) -> None:
        self._session = session
        self._settings = settings
        self.counts: Counter[str] = Counter()
        self.proposals: list[UUID] = []

    async def audit(self, report: AuditReport, source: str) -> None:
        """Proposes what an audit calls for."""
        for finding in sorted(report.findings, key=lambda one: _FIRST[one.kind]):
            if self._is_full:
                return
            self._count(await self._audit_finding(finding, source))

    async def usage(self, report: UsageReport, source: str) -> None:
        """Proposes what a report on usage calls for."""
        for aged in report.aged:
            if self._is_full:
                return
            self._count(await self._aged(aged, source))

    @property
    def _is_full(self) -> bool:
        if len(self.proposals) < self._settings.most_proposals:
            return False
        self.counts[_LEFT] += 1
        return True

    def _count(self, outcome: str) -> None:
        self.counts[outcome] += 1

    async def _audit_finding(self, finding: AuditFinding, source: str) -> str:
        blocks = await self._as_reported(finding.blocks)
        if blocks is None:
            return Outcome.MOVED
        found = Found(finding.kind, blocks, finding.score, source)
        unknown = await self._without_known(found)
        if len(unknown) < 2:  # noqa: PLR2004  a finding is about two at least
            return Outcome.KNOWN
        found = Found(finding.kind, unknown, finding.score, source)
        return await self._propose(await self._change(found))

    async def _change(self, found: Found) -> NewProposal | None:
        match remedy_for(found.kind, found.blocks):
            case Remedy.MERGE:
                return block_changes.merge(found, self._settings)
            case Remedy.KEEP_ONE:
                return block_changes.keep_one(found)
            case Remedy.RENAME:
                return await self._rename(found)
            case _:
                return None

    async def _rename(self, found: Found) -> NewProposal | None:
        block = block_changes.renamed(found)
        if block is None:
            return None
        label = await free_label(self._session, block.label, block.type)
        return block_changes.rename(found, block, label)

    async def _aged(self, aged: AgedBlock, source: str) -> str:
        blocks = await self._as_reported([aged.block])
        if blocks is None:
            return Outcome.MOVED
        [block] = blocks
        match remedy_for(aged.kind, blocks):
            case Remedy.CONFIRM:
                return await self._propose(block_changes.confirm(block, aged.days, source))
            case Remedy.ARCHIVE:
                return await self._propose(block_changes.archive(block, aged.days, source))
            case _:
                return "only_reported"

    async def _propose(self, new: NewProposal | None) -> str:
        if new is None:
            return "only_reported"
        proposed = await propose(self._session, new)
        if proposed.proposal is not None:
            self.proposals.append(proposed.proposal.id)
        return proposed.outcome

    async def _as_reported(self, states: Sequence[BlockState]) -> list[ContextBlock] | None:
        """The blocks, the most trusted first; None where one of them has moved on."""
        ids = [one.block_id for one in states]
        blocks = await get_blocks(self._session, ids)
        in_use = [block for block in blocks if block.status is not BlockStatus.ARCHIVED]
        now = {block.id: block_state(block) for block in in_use}
        if now != {state.block_id: state for state in states}:
            return None
        return by_trust(blocks, await reviewed_blocks(self._session, ids))

    async def _without_known(self, found: Found) -> list[ContextBlock]:
        pairs = {
            pair_key(found.kind, *pair): frozenset(block.id for block in pair)
            for pair in combinations(found.blocks, 2)
        }
        known = await known_findings(self._session, list(pairs))
        ids = [block.id for block in found.blocks]
        left = set(block_changes.without_pairs(ids, [pairs[key] for key in known]))
        return [block for block in found.blocks if block.id in left]


async def run(session: Session, context: AgentContext) -> AgentResult:
    """Reads all reports that it has not seen yet.

    Emits:
        As `manage`.
    """
    del context  # the rules need neither a model nor vectors
    reports: list[Event] = []
    while taken := await take_events(session, CONSUMER, TOPICS, limit=_TAKEN):
        reports += taken
        if len(taken) < _TAKEN:
            break
    managed = await manage(session, reports)
    counts = dict(managed.counts)
    if managed.withdrawn:
        counts["withdrawn"] = len(managed.withdrawn)
    notes: list[str] = []
    if not reports:
        notes.append("There is no new report; the analyzer and the observer write them.")
    if counts.get(Outcome.PROPOSED):
        notes.append("`briefsmith review list` shows what is proposed.")
    if counts.get(_LEFT):
        notes.append("There are enough proposals for now; the next report brings the others back.")
    return AgentResult(counts, tuple(notes))


@dataclass(frozen=True, slots=True)
class Managed:
    """What came of reports.

    Attributes:
        proposals: Those that were made.
        withdrawn: Those that could not be applied any more.
        counts: Findings by what became of them.
    """

    proposals: tuple[UUID, ...]
    withdrawn: tuple[UUID, ...]
    counts: dict[str, int]


async def manage(
    session: Session, reports: Iterable[Event], settings: ManagerSettings | None = None
) -> Managed:
    """Proposes what the newest report of each topic calls for, and withdraws what is outdated.

    Emits:
        proposal.created, proposal.rejected
    """
    withdrawn = await withdraw_outdated(session, by=NAME)
    manager = Manager(session, settings or ManagerSettings())
    newest = {event.topic: event for event in sorted(reports, key=lambda event: event.id)}
    for topic in TOPICS:
        if topic in newest:
            await _take(manager, newest[topic])
    counts = {str(word): count for word, count in sorted(manager.counts.items())}
    return Managed(tuple(manager.proposals), tuple(one.id for one in withdrawn), counts)


async def _take(manager: Manager, event: Event) -> None:
    source = f"{event.topic} {event.id}"
    try:
        if event.topic == AUDIT_TOPIC:
            await manager.audit(AuditReport.model_validate(event.payload), source)
        else:
            await manager.usage(UsageReport.model_validate(event.payload), source)
    except ValidationError:
        # Written by somebody else: nothing is proposed for it, and it is not read again.
        manager.counts["unreadable_report"] += 1
