"""The brief without its blocks, and how many tokens it takes at most.

What is said of tokens holds whatever key a brief gets and whatever its budget is: both are counted
at their longest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from briefsmith.compiler.counting import Counts
from briefsmith.compiler.document import BlockText, BriefDocument
from briefsmith.compiler.fence import LONGEST_NONCE
from briefsmith.compiler.render import OUTLINE_HEADING, TABLE_HEAD, render_markdown
from briefsmith.compiler.request import BriefRequest, Toolchain
from briefsmith.compiler.snapshots import build_document
from briefsmith.compiler.ways import Mode
from briefsmith.schemas.composition import OutlineAnswer
from briefsmith.schemas.snapshot import Snapshot, SnapshotSelector

SELECTOR = "knapsack-3"
"""How blocks are chosen: 2 counts every key at its longest, and cuts none to what tells nothing; 3 weighs feedback by how
much of it there is."""

_LONGEST_BUDGET = 9_999_999


@dataclass(frozen=True, slots=True)
class FrameTokens:
    """What the frame takes at most.

    Attributes:
        alone: Without any block: intent, instructions, media and the brief's own words.
        around_blocks: Where there are blocks.
    """

    alone: int
    around_blocks: int


def empty_snapshot(request: BriefRequest, mode: Mode | None, tools: Toolchain) -> Snapshot:
    """The snapshot of the brief without any block."""
    settings = tools.selection.as_dict()
    return Snapshot(
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


def frame_tokens(frame: Snapshot, request: BriefRequest, counts: Counts) -> FrameTokens:
    """Of the snapshot without blocks."""
    longest = {
        "nonce": LONGEST_NONCE,
        "budget_tokens": max(_LONGEST_BUDGET, request.budget_tokens),
    }
    _, markdown = rendered(frame.model_copy(update=longest), request, {})
    alone, heads = counts.many([markdown, f"{OUTLINE_HEADING}\n\n{TABLE_HEAD}\n\n"])
    return FrameTokens(alone, alone + heads)


def rendered(
    snapshot: Snapshot,
    request: BriefRequest,
    texts: Mapping[UUID, BlockText],
    answer: OutlineAnswer | None = None,
) -> tuple[BriefDocument, str]:
    """The brief of a snapshot, as a value and as Markdown."""
    document = build_document(
        snapshot, request.intent, request.sub_instructions, request.media, texts, answer=answer
    )
    return document, render_markdown(document, snapshot.nonce)
