"""What the analyzer finds: looked up, and reported as an event."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from uuid import UUID

from briefsmith.compiler.merging import said_in
from briefsmith.compiler.near_duplicates import (
    ComparedText,
    Pair,
    judge,
    neighbourhoods,
)
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.schemas.proposals import finding_key, text_sha256
from briefsmith.schemas.reports import (
    AUDIT_TOPIC,
    AuditFinding,
    AuditKind,
    AuditReport,
    AuditSettings,
    BlockState,
)
from briefsmith.store import block_reports, context_blocks, events, search

_PAGE = 500
_MOST_BLOCKS = 20
"""Of one finding: what more there is comes when these are settled."""


@dataclass(frozen=True, slots=True)
class AskedPair:
    """Two blocks that a model may be asked about.

    Attributes:
        key: Names the pair by both texts.
        said: What a model said of it before; None where none was asked.
    """

    key: str
    one: ContextBlock
    other: ContextBlock
    said: bool | None


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found without a model, and the pairs that one may be asked about, the likeliest first.

    Attributes:
        doubtful: Pairs that were found to say nearly the same, but each with something that the other does not say;
            no model was asked whether that can be true together.
    """

    findings: tuple[AuditFinding, ...]
    left_out: int
    unembedded: int
    pairs: tuple[AskedPair, ...]
    doubtful: frozenset[frozenset[UUID]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Related:
    """Two blocks about the same, by ids and a hash: nothing that takes room."""

    score: float
    key: str
    one_id: UUID
    other_id: UUID
    is_doubtful: bool = False


@dataclass(slots=True)
class _Found:
    """What comes together while texts are compared a few at a time."""

    same: list[AuditFinding] = field(default_factory=list[AuditFinding])
    related: list[_Related] = field(default_factory=list[_Related])


def block_state(block: ContextBlock) -> BlockState:
    """The block as a report names it."""
    return BlockState(
        block_id=block.id, version=block.version, content_sha256=text_sha256(block.content)
    )


async def get_blocks(session: Session, ids: Sequence[UUID]) -> list[ContextBlock]:
    """Those of the blocks that are there still."""
    return await context_blocks.select_blocks_by_id(session, ids)


async def present_states(session: Session, ids: Sequence[UUID]) -> dict[UUID, BlockState]:
    """The blocks as they are now, as reports name them; those that are gone or archived are missing."""
    found: dict[UUID, BlockState] = {}
    for start in range(0, len(ids), _PAGE):
        for row in await block_reports.select_states(session, ids[start : start + _PAGE]):
            found[row.block_id] = BlockState(
                block_id=row.block_id, version=row.version, content_sha256=row.content_sha256
            )
    return found


async def audit_blocks(session: Session, model: str, settings: AuditSettings) -> Audit:
    """Blocks with the same label or the same text, and pairs that may contradict each other.

    Memory is bounded by `together` texts and a few numbers a block.

    Args:
        model: Name of the present embedding model.
    """
    found = _Found()
    pairs = [pair async for pair in _likely_pairs(session, model, settings)]
    for ids in neighbourhoods(pairs, most=settings.together):
        await _compare(session, ids, model, settings, found)
    labels, more = await _same_labels(session, settings)
    same = sorted(found.same, key=lambda one: -(one.score or 0))[: settings.most_findings]
    pairs, doubtful = await _pairs_to_ask(session, found.related, settings)
    return Audit(
        findings=(*same, *labels),
        left_out=len(found.same) - len(same) + more,
        unembedded=await block_reports.count_unembedded(session, model),
        pairs=pairs,
        doubtful=doubtful,
    )


async def _likely_pairs(
    session: Session, model: str, settings: AuditSettings
) -> AsyncGenerator[Pair]:
    """Pairs that the database finds: equal texts, and the nearest of each block; some come twice."""
    for ids in await block_reports.select_same_texts(
        session,
        longest_bytes=settings.longest_bytes,
        most_blocks=_MOST_BLOCKS,
        limit=settings.most_findings,
    ):
        for other in ids[1:]:
            yield ids[0], other
    after: UUID | None = None
    while True:
        rows = await block_reports.select_similar_pairs(
            session,
            model,
            after=after,
            batch=settings.batch,
            longest_bytes=settings.longest_bytes,
            least_cosine=settings.related_cosine,
            neighbours=settings.neighbours,
        )
        for row in rows:
            if row.other_id is not None:
                yield row.one_id, row.other_id
        if len({row.one_id for row in rows}) < settings.batch:
            return
        after = rows[-1].one_id


async def _compare(
    session: Session, ids: Sequence[UUID], model: str, settings: AuditSettings, found: _Found
) -> None:
    """Judges a neighbourhood; what only some may see is never the same as what all may see."""
    rows = {row.block.id: row for row in await search.select_candidates(session, ids, model)}
    for visibility in sorted({row.block.meta_visibility for row in rows.values()}):
        seen = [row for row in rows.values() if row.block.meta_visibility == visibility]
        texts = [ComparedText(row.block.id, row.block.content, row.vector) for row in seen]
        groups, related = judge(texts, settings)
        for group in groups:
            blocks = [rows[one].block for one in group.block_ids[:_MOST_BLOCKS]]
            found.same.append(audit_finding("same_text", blocks, group.score))
            found.related += _doubtful(blocks, group.score, settings)
        for pair in related:
            one, other = (rows[block_id].block for block_id in pair.pair)
            if max(len(one.content), len(other.content)) <= settings.asked_chars:
                found.related.append(_Related(pair.score, _pair_key(one, other), one.id, other.id))


def _doubtful(
    blocks: Sequence[ContextBlock], score: float, settings: AuditSettings
) -> Iterator[_Related]:
    """Pairs of which each says something that the other does not: one text with both may contradict itself."""
    short = [block for block in blocks if len(block.content) <= settings.asked_chars]
    said = {block.id: said_in(block.content) for block in short}
    for one, other in combinations(short, 2):
        if said[one.id] - said[other.id] and said[other.id] - said[one.id]:
            yield _Related(score, _pair_key(one, other), one.id, other.id, is_doubtful=True)


def _pair_key(one: ContextBlock, other: ContextBlock) -> str:
    texts = [(block.id, text_sha256(block.content)) for block in (one, other)]
    return finding_key("contradiction", texts)


async def _same_labels(session: Session, settings: AuditSettings) -> tuple[list[AuditFinding], int]:
    """Findings, and how many there was no room for, as far as was looked."""
    groups = await block_reports.select_same_labels(
        session, most_blocks=_MOST_BLOCKS, limit=settings.most_findings + 1
    )
    findings: list[AuditFinding] = []
    for ids in groups[: settings.most_findings]:
        blocks = await context_blocks.select_blocks_by_id(session, ids)
        if len(blocks) > 1:  # none was purged meanwhile
            findings.append(audit_finding("same_label", blocks, 1.0))
    return findings, max(0, len(groups) - settings.most_findings)


async def _pairs_to_ask(
    session: Session, related: Sequence[_Related], settings: AuditSettings
) -> tuple[tuple[AskedPair, ...], frozenset[frozenset[UUID]]]:
    """The likeliest pairs that no model was asked about, and those of which one said that they contradict.

    With them, all doubtful pairs that none was asked about.
    """
    wanted: list[tuple[_Related, bool | None]] = []
    doubtful: set[frozenset[UUID]] = set()
    unasked = 0
    ordered = sorted(related, key=lambda pair: (-pair.score, pair.key))
    for start in range(0, len(ordered), _PAGE):
        page = ordered[start : start + _PAGE]
        said = await block_reports.select_judged(session, [pair.key for pair in page])
        for pair in page:
            if pair.is_doubtful and said.get(pair.key) is None:
                doubtful.add(frozenset((pair.one_id, pair.other_id)))
            if said.get(pair.key) is None and unasked < settings.most_asked:
                unasked += 1
                wanted.append((pair, None))
            elif said.get(pair.key):
                wanted.append((pair, True))
    wanted = wanted[: settings.most_findings]
    ids = {one for pair, _ in wanted for one in (pair.one_id, pair.other_id)}
    rows = await context_blocks.select_blocks_by_id(session, sorted(ids))
    blocks = {block.id: block for block in rows}
    pairs = tuple(
        AskedPair(pair.key, blocks[pair.one_id], blocks[pair.other_id], said)
        for pair, said in wanted
        if pair.one_id in blocks and pair.other_id in blocks
    )
    return pairs, frozenset(doubtful)


def audit_finding(
    kind: AuditKind, blocks: Iterable[ContextBlock], score: float | None
) -> AuditFinding:
    """The finding as a report tells it."""
    return AuditFinding(kind=kind, blocks=tuple(map(block_state, blocks)), score=score)


async def tell_audit(session: Session, report: AuditReport) -> None:
    """Reports.

    Emits:
        block.audit_report
    """
    await events.insert_event(session, AUDIT_TOPIC, report.model_dump(mode="json"))
