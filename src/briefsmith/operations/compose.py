"""Composing: retrieve, select, transform, render and store."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from briefsmith import __version__, errors
from briefsmith.compiler.brief import (
    BriefRequest,
    CompiledBrief,
    Toolchain,
    compile_brief,
)
from briefsmith.compiler.document import MediaItem, SourceBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.operations.search import checked_question, embed_question
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.briefs import NewBrief
from briefsmith.schemas.search import SearchSettings
from briefsmith.store import (
    search,
    task_briefs,
)
from briefsmith.store.search import SearchRow

CANDIDATES = (
    60  # for budgets up to `_FIRST_STEP_TOKENS`: no brief of them holds more of short blocks
)
_FIRST_STEP_TOKENS = 6_250
_MOST_CANDIDATES = 2_000
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ComposedBrief:
    """A new draft, and how it came about."""

    brief: TaskBrief
    compiled: CompiledBrief
    labels: Mapping[UUID, str]
    by_meaning: bool


async def compose_brief(
    session: Session,
    embedder: Embedder,
    tokens: TokenCounter,
    new: NewBrief,
    *,
    explain: bool = False,
) -> ComposedBrief:
    """Retrieves, selects, transforms, renders and stores: all of it or nothing.

    Args:
        explain: Find the budget at which each block left out would have come in.

    Raises:
        EmptyIntent: The intent is blank.
        UnknownMode: No such compilation mode.
        BlockNotFound: An asked-for block does not exist, or is somebody else's.
        WrongState: An asked-for block is archived or hidden, or awaits review.
        OverBudget: The frame, or the asked-for blocks, need more.

    Emits:
        brief.draft_created
    """
    if not new.intent.strip():
        message = "The intent is empty."
        raise errors.EmptyIntent(message)
    embedding = await embed_question(embedder, new.intent)
    rows = await search.search_blocks(
        session,
        checked_question(new.intent),
        BlockFilter(tags=new.tags, scope=new.scope),
        SearchSettings(),
        model=embedder.name,
        embedding=embedding,
        limit=candidates_for(new.budget_tokens, new.mode),
        usable_only=True,
        with_embedding=True,
    )
    asked = await _asked(session, embedder, new.blocks)
    request = BriefRequest(
        intent=new.intent,
        budget_tokens=new.budget_tokens,
        nonce=secrets.token_hex(16),
        sub_instructions=new.sub_instructions,
        media=tuple(MediaItem(item.image_url, item.description) for item in new.media),
        mode=new.mode,
    )
    tools = Toolchain(
        count_tokens=tokens.count,
        count_many=tokens.count_many,
        tokenizer=tokens.name,
        package_version=__version__,
        embedding_model=embedder.name if embedding is not None else None,
    )
    sources = await _sources(session, rows, asked)
    compiled = compile_brief(request, sources, tools, explain=explain)
    brief = await _store(session, new, compiled)
    labels = {source.block_id: source.label for source in sources}
    return ComposedBrief(brief, compiled, labels, by_meaning=embedding is not None)


def candidates_for(budget_tokens: int, mode: str | None = None) -> int:
    """How many blocks to fetch for a brief: in steps, twice as many for twice the budget.

    An outline holds twice as many blocks as a brief that quotes them.

    What is said of greater budgets ("enters at") is about the blocks that were fetched, which within a
    step are the same.
    """
    quoted = 2 * budget_tokens if mode == "outline" else budget_tokens
    doublings = (max(quoted - 1, 0) // _FIRST_STEP_TOKENS).bit_length()
    return min(CANDIDATES << doublings, _MOST_CANDIDATES)


async def _asked(session: Session, embedder: Embedder, ids: Sequence[UUID]) -> list[SearchRow]:
    if not ids:
        return []
    found = await search.select_candidates(session, ids, embedder.name)
    by_id = {row.block.id: row for row in found}
    for block_id in ids:
        row = by_id.get(block_id)
        if row is None:
            message = f"There is no block {block_id}."
            raise errors.BlockNotFound(message, details={"id": str(block_id)})
        _refuse_unusable(row)
    return found


def _refuse_unusable(row: SearchRow) -> None:
    block = row.block
    if block.status is BlockStatus.ARCHIVED:
        message = f"The block {block.id} is archived and enters no brief."
        hint = f"Restore it first: `briefsmith block restore {block.id}`."
        raise errors.WrongState(message, hint=hint, details={"id": str(block.id)})
    if block.meta_visibility == "hidden":
        message = f"The block {block.id} is hidden and enters no brief."
        hint = "Give it another visibility first."
        raise errors.WrongState(message, hint=hint, details={"id": str(block.id)})
    if block.requires_user_review:
        message = f"The block {block.id} awaits your review and enters no brief before it."
        hint = f"Accept it: `briefsmith block edit {block.id} --reviewed`."
        raise errors.WrongState(message, hint=hint, details={"id": str(block.id)})


async def _sources(
    session: Session, rows: Sequence[SearchRow], asked: Sequence[SearchRow]
) -> list[SourceBlock]:
    now = await task_briefs.select_now(session)
    asked_ids = {row.block.id for row in asked}
    found = {row.block.id: row for row in asked} | {row.block.id: row for row in rows}
    best = max((row.score for row in rows), default=0.0)
    return [_source(row, now, best, asked=row.block.id in asked_ids) for row in found.values()]


def _source(row: SearchRow, now: datetime, best: float, *, asked: bool) -> SourceBlock:
    block = row.block
    age = (now - block.updated_at).total_seconds() / _SECONDS_PER_DAY
    return SourceBlock(
        block_id=block.id,
        version=block.version,
        label=block.label,
        type=block.type,
        source=block.source,
        content=block.content,
        importance=block.importance,
        relevance=min(row.score / best, 1.0) if best > 0 else 0.0,
        feedback_score=block.feedback_score,
        age_days=max(age, 0.0),
        embedding=row.vector,
        asked=asked,
    )


async def _store(session: Session, new: NewBrief, compiled: CompiledBrief) -> TaskBrief:
    media = [item.model_dump() for item in new.media]
    columns: task_briefs.NewBriefColumns = {
        "intent": new.intent,
        "sub_instructions": new.sub_instructions,
        "media": json.dumps(media) if media else None,
        "compilation_mode": new.mode,
        "core_context_snapshot": compiled.snapshot.model_dump_json(),
        "meta_emotional_tone": new.meta_emotional_tone,
        "meta_scope": new.meta_scope,
        "meta_audience": new.meta_audience,
    }
    brief = await task_briefs.insert_brief(session, columns)
    uses = [(part.block_id, part.transformation) for part in compiled.snapshot.blocks]
    await task_briefs.insert_parts(session, brief.id, compiled.markdown, uses)
    return brief
