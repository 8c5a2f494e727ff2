"""Compiles a brief: variants, selection, snapshot, text; and the same bytes again later.

The text is always made from the snapshot, the first time too, so that compiling again cannot
come out differently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from briefsmith.compiler.counting import BatchCounter, Counts, TokenCounter
from briefsmith.compiler.document import (
    BlockText,
    BriefDocument,
    MediaItem,
    SourceBlock,
    build_document,
    fill_snapshot,
    sha256_of,
)
from briefsmith.compiler.fence import check_nonce
from briefsmith.compiler.render import OUTLINE_HEADING, TABLE_HEAD, render_markdown
from briefsmith.compiler.select import Selection, SelectionSettings, select
from briefsmith.compiler.variants import MODES, Mode, Room, make_candidates, prepare
from briefsmith.errors import Bug, EmptyIntent, FrameOverBudget, StaleVersion, UnknownMode
from briefsmith.schemas.snapshot import (
    Snapshot,
    SnapshotBlock,
    SnapshotSelector,
)

SELECTOR = "knapsack-1"


@dataclass(frozen=True, slots=True)
class BriefRequest:
    """The task.

    Attributes:
        mode: One of `MODES`; None is the default mode.
        budget_tokens: The most that the Markdown may have, all of it.
        nonce: 128 random bits as 32 lower-case hex digits, made for this brief alone.
    """

    intent: str
    budget_tokens: int
    nonce: str
    sub_instructions: str | None = None
    media: tuple[MediaItem, ...] = ()
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What a brief is made with; its names go into the snapshot.

    Attributes:
        count_tokens: A pure function.
        count_many: The same of many texts at once, where that is faster; None counts one by one.
        tokenizer: Its name, never a path.
        embedding_model: What found the blocks; None without embeddings.
        package_version: Of Briefsmith.
    """

    count_tokens: TokenCounter
    tokenizer: str
    package_version: str
    embedding_model: str | None = None
    count_many: BatchCounter | None = None
    selection: SelectionSettings = field(default_factory=SelectionSettings)


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
    mode = _checked_mode(request, blocks)
    counts = Counts(tools.count_tokens, tools.count_many)
    frame = _frame(request, mode, tools)
    prepared = prepare(request.intent, blocks, tools.selection)
    once = counts(f"{OUTLINE_HEADING}\n\n{TABLE_HEAD}\n\n")
    room = max(request.budget_tokens - frame.rendered_tokens - once, 0)
    candidates = make_candidates(prepared, Room(room, mode, request.nonce), counts)
    sources = {entry.block.block_id: entry.block for entry in prepared}
    steps = {entry.block.block_id: entry.step for entry in prepared if entry.step}
    texts = {block_id: block.as_text() for block_id, block in sources.items()}
    while True:
        selection = select(candidates, room, tools.selection, explain=explain)
        snapshot = fill_snapshot(frame, selection, sources, steps, request.budget_tokens - room)
        compiled = _compiled(snapshot, request, texts, selection, tools)
        excess = compiled.snapshot.rendered_tokens - request.budget_tokens
        if excess <= 0:
            return compiled
        # Tokens may form across the joints of parts that were counted one by one.
        room = max(min(room, selection.tokens) - excess, 0)


def recompile(
    snapshot: Snapshot,
    intent: str,
    sub_instructions: str | None,
    media: Sequence[MediaItem],
    blocks: Mapping[UUID, BlockText],
) -> CompiledBrief:
    """The brief of a snapshot, byte for byte; blocks that are missing show as purged.

    Args:
        snapshot: As it was stored.
        intent: The brief's, as are instructions and media.
        sub_instructions: None when there were none.
        media: In their order.
        blocks: Texts by block id, each of the version that the snapshot names.

    Raises:
        StaleVersion: A text is not the one that went in.
    """
    for entry in snapshot.blocks:
        if block := blocks.get(entry.block_id):
            _refuse_other_text(entry, block)
    document = build_document(snapshot, intent, sub_instructions, media, blocks)
    return CompiledBrief(render_markdown(document, snapshot.nonce), document, snapshot, None)


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


def _checked_mode(request: BriefRequest, blocks: Sequence[SourceBlock]) -> Mode | None:
    if not request.intent.strip():
        message = "The intent is empty."
        raise EmptyIntent(message)
    if request.mode is not None and request.mode not in MODES:
        message = f"There is no compilation mode {request.mode!r}."
        hint = f"Modes are {', '.join(MODES)}; none is the default."
        raise UnknownMode(message, hint=hint, details={"mode": request.mode, "known": list(MODES)})
    texts = [request.intent, request.sub_instructions or ""]
    texts += [text for item in request.media for text in (item.image_url, item.description)]
    texts += [text for block in blocks for text in (block.label, block.content)]
    if not check_nonce(request.nonce, texts):
        message = "The key of the brief is malformed or occurs in a text that goes in."
        raise Bug(message)
    return request.mode


def _frame(request: BriefRequest, mode: Mode | None, tools: Toolchain) -> Snapshot:
    """The snapshot of the brief without any block.

    Raises:
        FrameOverBudget: It does not fit.
    """
    settings = tools.selection.as_dict()
    frame = Snapshot(
        nonce=request.nonce,
        mode=mode,
        budget_tokens=request.budget_tokens,
        tokenizer=tools.tokenizer,
        embedding_model=tools.embedding_model,
        selector=SnapshotSelector(name=SELECTOR, settings={**settings}),
        package_version=tools.package_version,
        blocks=(),
        left_out=(),
        outline=(),
        objective=0.0,
    )
    frame = _compiled(frame, request, {}, None, tools).snapshot
    needed = frame.rendered_tokens
    if needed > request.budget_tokens:
        message = f"The brief needs {needed} tokens before any block; {request.budget_tokens} are "
        message += "allowed."
        details = {"needed_tokens": needed, "budget_tokens": request.budget_tokens}
        raise FrameOverBudget(message, hint=f"Allow at least {needed} tokens.", details=details)
    return frame


def _compiled(
    snapshot: Snapshot,
    request: BriefRequest,
    texts: Mapping[UUID, BlockText],
    selection: Selection | None,
    tools: Toolchain,
) -> CompiledBrief:
    """Renders a snapshot and enters into it what came out."""
    document = build_document(
        snapshot, request.intent, request.sub_instructions, request.media, texts
    )
    markdown = render_markdown(document, snapshot.nonce)
    rendered = {
        "rendered_sha256": sha256_of(markdown),
        "rendered_tokens": tools.count_tokens(markdown),
    }
    return CompiledBrief(markdown, document, snapshot.model_copy(update=rendered), selection)
