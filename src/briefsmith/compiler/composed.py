"""A brief whose outline a model writes: room is kept for it, and its answer is fitted to the budget."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from briefsmith.compiler.answers import (
    answer_problem,
    answer_sha256,
    clean_answer,
    sentences_of,
    shorter_answers,
)
from briefsmith.compiler.brief import BriefRequest, CompiledBrief, Toolchain, compile_brief
from briefsmith.compiler.counting import TokenCounter
from briefsmith.compiler.document import BlockSection, BlockText, SourceBlock, sha256_of
from briefsmith.compiler.file_lines import file_lines
from briefsmith.compiler.frame import rendered
from briefsmith.compiler.render import render_material
from briefsmith.compiler.spans import ELLIPSIS
from briefsmith.errors import OverBudget
from briefsmith.schemas.composition import OutlineAnswer
from briefsmith.schemas.snapshot import Snapshot

_KEPT_SHARE = 10  # of the budget one in so many; the extracted steps that go leave room too
_MOST_KEPT_TOKENS = 400
_CHARS_A_TOKEN = 12  # of outlined blocks, shown to the model: three times the budget in usual prose
_LEAST_SHOWN_CHARS = 400


@dataclass(frozen=True, slots=True)
class OutlineDraft:
    """The brief that a model is asked to outline.

    Attributes:
        request: With the whole budget.
        compiled: With room in it for the outline; its text is not the brief's yet.
        texts: Of its blocks.
    """

    request: BriefRequest
    compiled: CompiledBrief
    texts: Mapping[UUID, BlockText]

    @property
    def cites(self) -> list[str]:
        """Of the blocks, in their order."""
        return [entry.cite for entry in self.compiled.snapshot.blocks]

    @property
    def shown_texts(self) -> list[str]:
        """All that goes into the material, for finding a key that none of it holds."""
        request = self.request
        found = [request.intent, request.sub_instructions or ""]
        found += [text for item in request.media for text in (item.image_url, item.description)]
        for section in self.compiled.document.sections:
            found += file_lines(section.files, 0)
        return found + [text for one in self.texts.values() for text in (one.label, one.content)]

    def problem(self, answer: OutlineAnswer) -> str | None:
        """Why an answer cannot be used, in a sentence for the model; None where it can."""
        return answer_problem(answer, self.cites, self.request.nonce)

    def material(self, key: str) -> str:
        """The task and the blocks as the brief has them; of blocks that it only outlines, the text.

        Args:
            key: As a nonce, and none of `shown_texts` holds it.
        """
        document = self.compiled.document
        outlined = sum(section.text is None for section in document.sections) or 1
        room = self.request.budget_tokens * _CHARS_A_TOKEN // outlined
        groups = tuple(
            replace(
                group,
                sections=tuple(
                    self._shown(section, max(room, _LEAST_SHOWN_CHARS))
                    for section in group.sections
                ),
            )
            for group in document.groups
        )
        return render_material(replace(document, groups=groups), key)

    def _shown(self, section: BlockSection, most_chars: int) -> BlockSection:
        if section.text is not None:
            return section
        text = self.texts[section.block_id].content
        cut = text if len(text) <= most_chars else f"{text[:most_chars]} {ELLIPSIS}"
        return replace(section, text=cut)


@dataclass(frozen=True, slots=True)
class FinishedOutline:
    """A brief with the outline of a model.

    Attributes:
        answer: As it stands in the brief; the snapshot has its hash.
        dropped: How many of its sentences the budget did not hold.
    """

    compiled: CompiledBrief
    answer: OutlineAnswer
    dropped: int


def draft_outline(
    request: BriefRequest,
    blocks: Sequence[SourceBlock],
    tools: Toolchain,
    *,
    explain: bool = False,
) -> OutlineDraft:
    """Compiles with room for an outline, and without where the budget is too small for that.

    Raises:
        InvalidInput: As `compile_brief` says.
        OverBudget: As `compile_brief` says, for the whole budget.
    """
    kept = min(request.budget_tokens // _KEPT_SHARE, _MOST_KEPT_TOKENS)
    smaller = replace(request, budget_tokens=request.budget_tokens - kept)
    compiled = None
    with suppress(OverBudget):
        compiled = compile_brief(smaller, blocks, tools, explain=explain)
    if compiled is None or not compiled.snapshot.blocks:
        kept = 0
        compiled = compile_brief(request, blocks, tools, explain=explain)
    snapshot = _with_budget(compiled.snapshot, request.budget_tokens, kept)
    used = {entry.block_id for entry in snapshot.blocks}
    texts = {block.block_id: block.as_text() for block in blocks if block.block_id in used}
    return OutlineDraft(request, replace(compiled, snapshot=snapshot), texts)


def _with_budget(snapshot: Snapshot, budget_tokens: int, kept: int) -> Snapshot:
    left_out = tuple(
        out
        if out.enters_at_tokens is None
        else out.model_copy(update={"enters_at_tokens": out.enters_at_tokens + kept})
        for out in snapshot.left_out
    )
    return snapshot.model_copy(update={"budget_tokens": budget_tokens, "left_out": left_out})


def finish_outline(
    draft: OutlineDraft, answer: OutlineAnswer, count_tokens: TokenCounter
) -> FinishedOutline | None:
    """The brief with the answer, or as much of it as the budget holds; None where that is not a single step.

    Args:
        draft: What the model was asked about.
        answer: One without a `problem`.
        count_tokens: As the brief's tokenizer does.
    """
    answers = [clean_answer(answer), *shorter_answers(clean_answer(answer))]

    def is_within(at: int) -> bool:
        tokens = _with_answer(draft, answers[at], count_tokens).snapshot.rendered_tokens
        return tokens <= draft.request.budget_tokens

    fits = 0 if is_within(0) else len(answers) - 1
    if not is_within(fits):
        return None
    too_long = 0
    while fits - too_long > 1:
        middle = (too_long + fits) // 2
        too_long, fits = (too_long, middle) if is_within(middle) else (middle, fits)
    kept = answers[fits]
    dropped = sentences_of(answers[0]) - sentences_of(kept)
    return FinishedOutline(_with_answer(draft, kept, count_tokens), kept, dropped)


def _with_answer(
    draft: OutlineDraft, answer: OutlineAnswer, count_tokens: TokenCounter
) -> CompiledBrief:
    known = {"answer_sha256": answer_sha256(answer)}
    snapshot = draft.compiled.snapshot.model_copy(update=known)
    document, markdown = rendered(snapshot, draft.request, draft.texts, answer)
    result = {"rendered_sha256": sha256_of(markdown), "rendered_tokens": count_tokens(markdown)}
    return replace(
        draft.compiled,
        markdown=markdown,
        document=document,
        snapshot=snapshot.model_copy(update=result),
    )
