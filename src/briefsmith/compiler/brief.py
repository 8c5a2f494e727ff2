"""Compiles a brief: variants, selection, snapshot, text; and the same bytes again later.

The text is always made from the snapshot, the first time too, so that compiling again cannot
come out differently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from briefsmith.compiler.answers import answer_problem, answer_sha256
from briefsmith.compiler.counting import Counts
from briefsmith.compiler.document import (
    BlockText,
    BriefDocument,
    MediaItem,
    SourceBlock,
    sha256_of,
)
from briefsmith.compiler.entries import confirm
from briefsmith.compiler.frame import empty_snapshot, frame_tokens, rendered
from briefsmith.compiler.needs import asked_over_budget, refuse_small_frame
from briefsmith.compiler.prepared import prepare
from briefsmith.compiler.render import render_markdown
from briefsmith.compiler.request import BriefRequest, Toolchain, checked_mode
from briefsmith.compiler.select import Selection, select_weighed
from briefsmith.compiler.snapshots import build_document, fill_snapshot, left_out_entries
from briefsmith.compiler.variants import Variants
from briefsmith.compiler.ways import MODES
from briefsmith.compiler.weighing import weigh
from briefsmith.errors import AskedBlocksOverBudget, StaleVersion
from briefsmith.schemas.composition import OutlineAnswer
from briefsmith.schemas.snapshot import Snapshot, SnapshotBlock

__all__ = [
    "MODES",
    "BriefRequest",
    "CompiledBrief",
    "Toolchain",
    "compile_brief",
    "recompile",
]


@dataclass(frozen=True, slots=True)
class CompiledBrief:
    """A brief and why it is as it is.

    Attributes:
        snapshot: `blocks` says of each block why (score, parts), how changed (transformation,
            spans) and how long (tokens); `left_out` says of the others why not.
        selection: None when the brief was compiled again from its snapshot.
    """

    markdown: str
    document: BriefDocument
    snapshot: Snapshot
    selection: Selection | None

    @property
    def is_exact(self) -> bool:
        """These are the bytes of the first time; False after a purge."""
        return sha256_of(self.markdown) == self.snapshot.rendered_sha256


def compile_brief(
    request: BriefRequest,
    blocks: Sequence[SourceBlock],
    tools: Toolchain,
    *,
    explain: bool = False,
) -> CompiledBrief:
    """The most useful brief whose Markdown is within the budget.

    Args:
        request: The task.
        blocks: What search found and the person named, each block once, in any order.
        tools: What to make it with.
        explain: Also find the budget at which each block left out would enter.

    Raises:
        EmptyIntent: The intent is blank.
        UnknownMode: No such mode.
        FrameOverBudget: Intent, instructions and media alone exceed the budget.
        AskedBlocksOverBudget: The blocks that were named do not fit together.
    """
    compilation = _Compilation(request, blocks, tools)
    compiled, room = compilation.fitted()
    return compilation.explained(compiled, room) if explain else compiled


class _Compilation:
    """What stays the same while a brief is fitted to its budget."""

    def __init__(
        self, request: BriefRequest, blocks: Sequence[SourceBlock], tools: Toolchain
    ) -> None:
        mode = checked_mode(request, blocks)
        counts = Counts(tools.count_tokens, tools.count_many)
        material = prepare(request.intent, blocks, tools.selection)
        self._request = request
        self._settings = tools.selection
        self._counts = counts
        self._sources = {block.block_id: block for block in blocks}
        self._steps = {entry.block.block_id: entry.step for entry in material.rivals if entry.step}
        self._variants = Variants(material, mode, counts)
        self._empty = empty_snapshot(request, mode, tools)
        self._frame = frame_tokens(self._empty, request, counts)
        refuse_small_frame(request.budget_tokens, self._frame, self._variants)
        self._room = max(request.budget_tokens - self._frame.around_blocks, 0)
        self._weighed = weigh(self._variants.candidates(self._room), tools.selection)

    def fitted(self) -> tuple[CompiledBrief, int]:
        """The brief, and the room for blocks that it was chosen for.

        Raises:
            AskedBlocksOverBudget: The blocks that were named do not fit together.
        """
        room = self._room
        while True:
            selection = self._selected(room)
            compiled = self._written(selection)
            excess = compiled.snapshot.rendered_tokens - self._request.budget_tokens
            if excess <= 0:
                return compiled, room
            # Not with the built-in tokenizer: tokens formed across the joints of what was counted.
            room = max(min(room, selection.tokens) - excess, 0)

    def _selected(self, room: int) -> Selection:
        try:
            return select_weighed(self._weighed, room, self._settings)
        except AskedBlocksOverBudget as refused:
            tried = self._room + (self._room - room)
            budget = self._request.budget_tokens
            raise asked_over_budget(refused, budget, tried, self._frame, self._variants) from None

    def _written(self, selection: Selection) -> CompiledBrief:
        """Renders the selection's snapshot and enters into it what came out."""
        snapshot = fill_snapshot(self._empty, selection, self._sources, self._steps)
        texts = {part.block_id: self._sources[part.block_id].as_text() for part in snapshot.blocks}
        document, markdown = rendered(snapshot, self._request, texts)
        result = {
            "rendered_sha256": sha256_of(markdown),
            "rendered_tokens": self._counts.many([markdown])[0],
        }
        return CompiledBrief(markdown, document, snapshot.model_copy(update=result), selection)

    def explained(self, compiled: CompiledBrief, room: int) -> CompiledBrief:
        """The brief with the budgets at which what was left out would come in."""
        selection = select_weighed(self._weighed, room, self._settings, explain=True)
        guesses = {
            out.candidate.block_id: out.enters_at_tokens
            for out in selection.left_out
            if out.enters_at_tokens is not None
        }
        enters = confirm(guesses, self._chosen_at, self._is_as_here, self._variants.room_for_all)
        left_out = tuple(
            replace(out, enters_at_tokens=enters.get(out.candidate.block_id))
            for out in selection.left_out
        )
        selection = replace(selection, left_out=left_out)
        outside = self._frame.around_blocks + self._room - room
        entries = left_out_entries(selection, self._sources, outside)
        snapshot = compiled.snapshot.model_copy(update={"left_out": entries})
        return replace(compiled, snapshot=snapshot, selection=selection)

    def _is_as_here(self, room: int) -> bool:
        return self._variants.are_same(self._room, room)

    def _chosen_at(self, room: int) -> set[UUID]:
        """The blocks that are chosen where there is another room for them."""
        candidates = {each.block_id: each for each in self._variants.candidates(room)}
        weighed = [replace(w, candidate=candidates[w.candidate.block_id]) for w in self._weighed]
        selection = select_weighed(weighed, room, self._settings)
        return {one.candidate.block_id for one in selection.chosen}


def recompile(
    snapshot: Snapshot,
    intent: str,
    sub_instructions: str | None,
    media: Sequence[MediaItem],
    blocks: Mapping[UUID, BlockText],
    *,
    answer: OutlineAnswer | None = None,
) -> CompiledBrief:
    """The brief of a snapshot, byte for byte; blocks that are missing show as purged.

    Args:
        snapshot: As it was stored.
        intent: The brief's, as are instructions and media.
        sub_instructions: None when there were none.
        media: In their order.
        blocks: Texts by block id, each of the version that the snapshot names.
        answer: The model's; one that is not the snapshot's goes unheeded, as does any where a block is missing: the
            outline is by extraction then.

    Raises:
        StaleVersion: A text is not the one that went in.
    """
    for entry in snapshot.blocks:
        if block := blocks.get(entry.block_id):
            _refuse_other_text(entry, block)
    answer = None if answer is None or not _is_of(answer, snapshot) else answer
    document = build_document(snapshot, intent, sub_instructions, media, blocks, answer=answer)
    return CompiledBrief(render_markdown(document, snapshot.nonce), document, snapshot, None)


def _is_of(answer: OutlineAnswer, snapshot: Snapshot) -> bool:
    cites = [entry.cite for entry in snapshot.blocks]
    if answer_sha256(answer) != snapshot.answer_sha256:
        return False
    return answer_problem(answer, cites, snapshot.nonce) is None


def _refuse_other_text(entry: SnapshotBlock, block: BlockText) -> None:
    found = {"version": block.version, "content_sha256": sha256_of(block.content)}
    wanted = {"version": entry.version, "content_sha256": entry.content_sha256}
    if found != wanted:
        message = f"Block {entry.block_id} is not the text that went into the brief."
        hint = f"Give its text of version {entry.version}, or none if it was purged."
        raise StaleVersion(
            message,
            hint=hint,
            details={"block_id": str(entry.block_id), "in_brief": wanted, "given": found},
        )
