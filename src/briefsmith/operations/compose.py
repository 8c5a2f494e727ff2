"""Composing: retrieve, select, transform, render and store."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from briefsmith import __version__, errors
from briefsmith.compiler.brief import (
    BriefRequest,
    CompiledBrief,
    Toolchain,
    compile_brief,
)
from briefsmith.compiler.document import MediaItem, SourceBlock
from briefsmith.compiler.wanted import with_wanted_types
from briefsmith.models.enums import BlockType
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.operations.brief_media import with_files_as_media
from briefsmith.operations.brief_sources import asked_blocks, source_blocks
from briefsmith.operations.brief_types import find_brief_type
from briefsmith.operations.compositions import store_composition
from briefsmith.operations.search import checked_question, embed_question, find_blocks
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.brief_types import BriefType
from briefsmith.schemas.briefs import NewBrief
from briefsmith.schemas.composition import Composition
from briefsmith.schemas.search import SearchSettings
from briefsmith.store import task_briefs
from briefsmith.store.questions import Question
from briefsmith.store.search import SearchRow

CANDIDATES = (
    60  # for budgets up to `_FIRST_STEP_TOKENS`: no brief of them holds more of short blocks
)
_FIRST_STEP_TOKENS = 6_250
_MOST_CANDIDATES = 2_000
_OF_A_WANTED_TYPE = 3


@dataclass(frozen=True, slots=True)
class PreparedComposition:
    """All that a brief is compiled from; the database is not needed until it is stored.

    Attributes:
        sources: The blocks that were found and asked for.
        by_meaning: False where words alone were searched.
        kind: The kind of brief that it is to be; None for any.
        explain: Find the budget at which each block left out would have come in.
    """

    new: NewBrief
    request: BriefRequest
    sources: tuple[SourceBlock, ...]
    tools: Toolchain
    by_meaning: bool
    explain: bool
    kind: BriefType | None = None

    @property
    def labels(self) -> dict[UUID, str]:
        """Of the blocks that were found."""
        return {source.block_id: source.label for source in self.sources}


@dataclass(frozen=True, slots=True)
class ComposedBrief:
    """A new draft, and how it came about.

    Attributes:
        composition: What a model answered, or why there is no answer; None where none was asked.
        lacking: Types of blocks that its kind wants and that it has none of.
    """

    brief: TaskBrief
    compiled: CompiledBrief
    labels: Mapping[UUID, str]
    by_meaning: bool
    composition: Composition | None = None
    lacking: tuple[BlockType, ...] = ()


async def compose_brief(
    session: Session,
    embedder: Embedder,
    tokens: TokenCounter,
    new: NewBrief,
    *,
    explain: bool = False,
) -> ComposedBrief:
    """Retrieves, selects, transforms, renders and stores: all of it or nothing. No model is asked.

    Args:
        explain: Find the budget at which each block left out would have come in.

    Raises:
        InvalidInput: As `prepare_composition` says.
        BlockNotFound: As `prepare_composition` says.
        WrongState: As `prepare_composition` says.
        OverBudget: The frame, or the asked-for blocks, need more.

    Emits:
        brief.draft_created
    """
    prepared = await prepare_composition(session, embedder, tokens, new, explain=explain)
    return await store_brief(session, prepared, await compile_aside(prepared))


async def prepare_composition(
    session: Session,
    embedder: Embedder,
    tokens: TokenCounter,
    new: NewBrief,
    *,
    explain: bool = False,
) -> PreparedComposition:
    """Searches for what the task may need; writes nothing.

    Raises:
        EmptyIntent: The intent is blank.
        BlockNotFound: An asked-for block does not exist, or is somebody else's.
        BriefTypeNotFound: No such kind of briefs.
        LibraryFileNotFound: An asked-for file does not exist, or is somebody else's.
        WrongState: An asked-for block is archived or hidden, or awaits review.
    """
    if not new.intent.strip():
        message = "The intent is empty."
        raise errors.EmptyIntent(message)
    kind = await find_brief_type(session, new.kind) if new.kind is not None else None
    new = await with_files_as_media(session, new)
    embedding = await embed_question(embedder, new.intent)

    async def found(types: tuple[BlockType, ...], limit: int) -> list[SearchRow]:
        asked = Question(
            words=checked_question(new.intent),
            wanted=BlockFilter(types=types, tags=new.tags, scope=new.scope),
            settings=SearchSettings(),
            model=embedder.name,
            embedding=embedding,
            usable_only=True,
        )
        return await find_blocks(session, asked, limit=limit, with_embedding=True)

    rows = await found((), candidates_for(new.budget_tokens, new.mode))
    for wanted in kind.required_context_types if kind else ():
        if all(row.block.type is not wanted for row in rows):
            rows += await found((wanted,), _OF_A_WANTED_TYPE)
    asked = await asked_blocks(session, embedder, new.blocks)
    tools = Toolchain(
        count_tokens=tokens.count,
        count_many=tokens.count_many,
        tokenizer=tokens.name,
        package_version=__version__,
        embedding_model=embedder.name if embedding is not None else None,
    )
    request, sources = _request(new), await source_blocks(session, rows, asked)
    if kind is not None:
        wanted_types = kind.required_context_types
        sources = await asyncio.to_thread(with_wanted_types, request, sources, tools, wanted_types)
    return PreparedComposition(
        new=new,
        request=request,
        sources=tuple(sources),
        tools=tools,
        by_meaning=embedding is not None,
        explain=explain,
        kind=kind,
    )


def _request(new: NewBrief) -> BriefRequest:
    return BriefRequest(
        intent=new.intent,
        budget_tokens=new.budget_tokens,
        nonce=secrets.token_hex(16),
        sub_instructions=new.sub_instructions,
        media=tuple(MediaItem(item.image_url, item.description) for item in new.media),
        mode=new.mode,
    )


def compile_prepared(prepared: PreparedComposition) -> CompiledBrief:
    """The brief with an outline by extraction.

    Raises:
        UnknownMode: No such compilation mode.
        OverBudget: The frame, or the asked-for blocks, need more.
    """
    return compile_brief(
        prepared.request, prepared.sources, prepared.tools, explain=prepared.explain
    )


async def compile_aside(prepared: PreparedComposition) -> CompiledBrief:
    """As `compile_prepared`, in a thread: a server answers others meanwhile."""
    return await asyncio.to_thread(compile_prepared, prepared)


async def store_brief(
    session: Session,
    prepared: PreparedComposition,
    compiled: CompiledBrief,
    composition: Composition | None = None,
) -> ComposedBrief:
    """Stores a draft with all that belongs to it, or nothing.

    Args:
        prepared: What it was made from.
        compiled: What it became.
        composition: How its outline came about; None where no model was asked.

    Raises:
        NotFound: A block of it was purged meanwhile.

    Emits:
        brief.draft_created
    """
    await _keep_blocks(session, compiled)
    brief = await _store(session, prepared, compiled)
    if composition is not None:
        await store_composition(session, brief.id, composition)
    return ComposedBrief(
        brief=brief,
        compiled=compiled,
        labels=prepared.labels,
        by_meaning=prepared.by_meaning,
        composition=composition,
        lacking=_lacking(prepared, compiled),
    )


def _lacking(prepared: PreparedComposition, compiled: CompiledBrief) -> tuple[BlockType, ...]:
    if prepared.kind is None:
        return ()
    types = {source.block_id: source.type for source in prepared.sources}
    there = {types[part.block_id] for part in compiled.snapshot.blocks}
    return tuple(one for one in prepared.kind.required_context_types if one not in there)


def candidates_for(budget_tokens: int, mode: str | None = None) -> int:
    """How many blocks to fetch for a brief: in steps, twice as many for twice the budget.

    An outline holds twice as many blocks as a brief that quotes them.

    What is said of greater budgets ("enters at") is about the blocks that were fetched, which within a
    step are the same.
    """
    quoted = 2 * budget_tokens if mode == "outline" else budget_tokens
    doublings = (max(quoted - 1, 0) // _FIRST_STEP_TOKENS).bit_length()
    return min(CANDIDATES << doublings, _MOST_CANDIDATES)


async def _keep_blocks(session: Session, compiled: CompiledBrief) -> None:
    wanted = [part.block_id for part in compiled.snapshot.blocks]
    there = await task_briefs.lock_used_blocks(session, wanted) if wanted else set[UUID]()
    gone = [str(block_id) for block_id in wanted if block_id not in there]
    if gone:
        message = "A block of the brief was purged while the brief was made."
        raise errors.NotFound(message, hint="Compose it again.", details={"blocks": gone})


async def _store(
    session: Session, prepared: PreparedComposition, compiled: CompiledBrief
) -> TaskBrief:
    new, kind = prepared.new, prepared.kind
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
        "task_brief_type_id": kind.id if kind else None,
    }
    brief = await task_briefs.insert_brief(session, columns)
    uses = [(part.block_id, part.transformation) for part in compiled.snapshot.blocks]
    await task_briefs.insert_parts(session, brief.id, compiled.markdown, uses)
    return brief
