"""Composes a brief whose outline a model writes; by extraction where there is no model, or none that answers."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from briefsmith.agents.sessions import Sessions
from briefsmith.compiler.brief import CompiledBrief
from briefsmith.compiler.composed import OutlineDraft, draft_outline, finish_outline
from briefsmith.compiler.fence import check_nonce
from briefsmith.errors import (
    BlockNotFound,
    BriefsmithError,
    BriefTypeNotFound,
    LibraryFileNotFound,
    ModelMisbehaved,
    ModelUnavailable,
    NotFound,
)
from briefsmith.operations.agent_messages import record_calls
from briefsmith.operations.compose import (
    ComposedBrief,
    PreparedComposition,
    compile_aside,
    prepare_composition,
    store_brief,
)
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.language_models.port import LanguageModel, Request
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.briefs import NewBrief
from briefsmith.schemas.composition import (
    Composition,
    CompositionFailure,
    CompositionUsage,
    OutlineAnswer,
)

AGENT = "composer"
UNSTORED = "unstored"
"""Task of calls whose brief could not be stored."""

_NO_ROOM = "The model's outline does not fit into the token budget."
_MOST_TRIES = 2

Stored = Callable[[Session, ComposedBrief], Awaitable[None]]
"""What is done in the transaction that stores a brief, and undone with it."""

_Calls = list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Composed:
    """What is to be stored; no composition where no model was asked."""

    compiled: CompiledBrief
    composition: Composition | None = None


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes for one person.

    Attributes:
        sessions: Transactions of the person; none is open while the model is asked.
        embedder: Makes the vector that blocks are searched by.
        tokens: Counts what the budget is in.
        model: None makes every outline by extraction.
    """

    sessions: Sessions
    embedder: Embedder
    tokens: TokenCounter
    model: LanguageModel | None

    async def compose(
        self, new: NewBrief, *, explain: bool = False, stored: Stored | None = None
    ) -> ComposedBrief:
        """Composes and stores a brief: all of it or nothing. A model that fails costs its outline, never the brief.

        Where a block is purged while the model is asked, all begins anew, once.

        Args:
            explain: Find the budget at which each block left out would have come in.
            stored: Done with the brief, or neither is.

        Raises:
            InvalidInput: As `prepare_composition` says.
            InvalidSetting: The model cannot be asked at all: a package or a key is missing.
            NotFound: An asked-for block does not exist, or blocks were purged again and again.
            OverBudget: The frame, or the asked-for blocks, need more.
            WrongState: An asked-for block is archived or hidden, or awaits review.

        Emits:
            brief.draft_created
        """
        calls: _Calls = []
        try:
            for _ in range(_MOST_TRIES):
                try:
                    return await self._tried(new, calls, stored, explain=explain)
                except (BlockNotFound, BriefTypeNotFound, LibraryFileNotFound):
                    raise
                except NotFound:
                    continue
        except BriefsmithError as error:
            await self._record_unstored(calls, error)
            raise
        message = "Blocks were purged while the brief was made of them, twice; nothing was stored."
        purged = NotFound(message, hint="Compose it again.")
        await self._record_unstored(calls, purged)
        raise purged

    async def _tried(
        self, new: NewBrief, calls: _Calls, stored: Stored | None, *, explain: bool
    ) -> ComposedBrief:
        async with self.sessions(read_only=True) as session:
            prepared = await prepare_composition(
                session, self.embedder, self.tokens, new, explain=explain
            )
        made = await self._made(prepared, calls)
        composition = made.composition
        async with self.sessions() as session:
            brief = await store_brief(session, prepared, made.compiled, composition)
            failure = composition.failure if composition else None
            await record_calls(
                session,
                task_id=str(brief.brief.id),
                agent_type=AGENT,
                calls=calls,
                outcome=(failure.code or "no-room") if failure else "stored",
            )
            if stored is not None:
                await stored(session, brief)
        return brief

    async def _made(self, prepared: PreparedComposition, calls: _Calls) -> _Composed:
        if self.model is None:
            return _Composed(await compile_aside(prepared))
        draft = await asyncio.to_thread(
            draft_outline,
            prepared.request,
            prepared.sources,
            prepared.tools,
            explain=prepared.explain,
        )
        if not draft.cites:
            # There is nothing to outline.
            return _Composed(await compile_aside(prepared))
        try:
            return await self._outlined(self.model, draft, prepared, calls)
        except (ModelUnavailable, ModelMisbehaved) as error:
            calls += error.details.get("calls", ())
            failure = CompositionFailure(code=error.code, sentence=error.message)
            return await _extracted(prepared, self.model.name, calls, failure)

    async def _outlined(
        self,
        model: LanguageModel,
        draft: OutlineDraft,
        prepared: PreparedComposition,
        calls: _Calls,
    ) -> _Composed:
        request = Request(system=_rules(), user=_user_text(draft), output=OutlineAnswer)
        answer = await model.answer(request, check=draft.problem)
        calls += [call.as_dict() for call in answer.calls]
        finished = await asyncio.to_thread(finish_outline, draft, answer.value, self.tokens.count)
        if finished is None:
            failure = CompositionFailure(code=None, sentence=_NO_ROOM)
            return await _extracted(prepared, answer.model, calls, failure)
        composition = Composition(
            made_by="model",
            model=answer.model,
            usage=_usage(calls),
            answer=finished.answer,
            dropped=finished.dropped,
        )
        return _Composed(finished.compiled, composition)

    async def _record_unstored(self, calls: _Calls, error: BriefsmithError) -> None:
        if not calls:
            return
        # What went wrong is what the person has to hear of, whatever the database does.
        with suppress(BriefsmithError):
            async with self.sessions() as session:
                await record_calls(
                    session,
                    task_id=UNSTORED,
                    agent_type=AGENT,
                    calls=calls,
                    outcome=error.code,
                )


async def _extracted(
    prepared: PreparedComposition, model: str, calls: _Calls, failure: CompositionFailure
) -> _Composed:
    composition = Composition(
        made_by="extraction", model=model, usage=_usage(calls), failure=failure
    )
    return _Composed(await compile_aside(prepared), composition)


def _usage(calls: Sequence[Mapping[str, Any]]) -> CompositionUsage:
    return CompositionUsage(
        input_tokens=sum(call["input_tokens"] for call in calls),
        output_tokens=sum(call["output_tokens"] for call in calls),
        requests=len(calls),
        seconds=round(sum(call["seconds"] for call in calls), 3),
    )


def _user_text(draft: OutlineDraft) -> str:
    texts = draft.shown_texts
    while not check_nonce(key := secrets.token_hex(16), texts):
        continue
    return f"KEY is {key} below.\n\n{draft.material(key)}"


@cache
def _rules() -> str:
    path = files("briefsmith.agents") / "prompts" / "composer.md"
    return path.read_text(encoding="utf-8").strip()
