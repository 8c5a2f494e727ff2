"""From what was found, and the blocks as they are, to the change that is proposed; None where none makes sense."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from pydantic import ValidationError

from briefsmith.agents.block_rules import (
    ManagerSettings,
    is_fixed,
    least_trusted_source,
)
from briefsmith.compiler.merging import lost_sentences, merge_texts, said_in
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import (
    BlockImportance,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
    ProposalAction,
)
from briefsmith.operations.proposals import touched
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS, MAX_LABEL_CHARS, BlockEdit, NewBlock
from briefsmith.schemas.proposals import NewProposal, ProposedData, Rule, finding_key, text_sha256
from briefsmith.schemas.reports import AuditKind

_MOST_TAGS = 100


@dataclass(frozen=True, slots=True)
class Found:
    """What a report says, with the blocks as they are.

    Attributes:
        blocks: The most trusted first; none archived, all as reported.
        score: How sure it is; None without a number.
        source: The event.
    """

    kind: AuditKind
    blocks: Sequence[ContextBlock]
    score: float | None
    source: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the finding, one a pair of blocks: a pair that was turned down stays so in other company."""
        return tuple(pair_key(self.kind, *pair) for pair in combinations(self.blocks, 2))


def pair_key(kind: AuditKind, one: ContextBlock, other: ContextBlock) -> str:
    """Names what was found in two blocks."""
    with_label = kind == "same_label"
    texts = [
        (block.id, text_sha256(f"{block.label}\n{block.content}" if with_label else block.content))
        for block in (one, other)
    ]
    return finding_key(kind, texts)


def merge(found: Found, settings: ManagerSettings) -> NewProposal | None:
    """One block with what all of them say, in place of them; nothing where text would be lost, or grow too long."""
    blocks = found.blocks
    if len({block.meta_visibility for block in blocks}) > 1 or _any_awaits_review(blocks):
        return None
    if any(map(is_fixed, blocks)):
        return _archive_repeated(found)
    content = merge_texts([block.content for block in blocks])
    longest = max(settings.merged_most_chars, *(len(block.content) for block in blocks))
    if len(content) > min(longest, MAX_CONTENT_CHARS):
        return None
    if lost_sentences(content, [block.content for block in blocks]):
        return None
    try:
        new = _merged_block(blocks, content)
    except ValidationError:  # a label or tag out of a legacy database
        return None
    data = ProposedData(
        rule="merge",
        blocks=tuple(touched(block, "merge") for block in blocks),
        new=new,
        score=found.score,
    )
    reason = f"{len(blocks)} blocks say the same, or nearly so; one with all that they say takes their place."
    if any(_differ(one, other) for one, other in combinations(blocks, 2)):
        reason += " Each says something that another one does not: look whether both can hold."
    return NewProposal(
        ProposalAction.MERGE, blocks[0].id, data, found.keys, reason, source_event=found.source
    )


def _differ(one: ContextBlock, other: ContextBlock) -> bool:
    said, also = said_in(one.content), said_in(other.content)
    return bool(said - also and also - said)


def _any_awaits_review(blocks: Iterable[ContextBlock]) -> bool:
    return any(block.requires_user_review for block in blocks)


def _merged_block(blocks: Sequence[ContextBlock], content: str) -> NewBlock:
    """The first block in all but what several can have together."""
    first = blocks[0]
    notes = dict.fromkeys(block.meta_agent_notes for block in blocks if block.meta_agent_notes)
    is_manual = any(block.update_policy is BlockUpdatePolicy.MANUAL for block in blocks)
    return NewBlock(
        label=first.label,
        content=content,
        type=first.type,
        source=least_trusted_source(blocks),
        importance=min((block.importance for block in blocks), key=list(BlockImportance).index),
        update_policy=BlockUpdatePolicy.MANUAL if is_manual else BlockUpdatePolicy.AUTO,
        meta_tags=_together(block.meta_tags for block in blocks),
        meta_context_scope=first.meta_context_scope,
        meta_agent_notes="\n".join(notes) or None,
        meta_derived_from=first.id,
        meta_locale=first.meta_locale,
        meta_visibility=first.meta_visibility,
        meta_emotional_tone=_together(block.meta_emotional_tone for block in blocks),
    )


def _together(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(word for words in lists for word in words))[:_MOST_TAGS]


def _archive_repeated(found: Found) -> NewProposal | None:
    """The blocks that say nothing which one whose text is fixed does not say."""
    kept = next(block for block in found.blocks if is_fixed(block))
    repeated = [
        block
        for block in found.blocks
        if not is_fixed(block) and not lost_sentences(kept.content, [block.content])
    ]
    if not repeated:
        return None
    reason = "All that it says stands in a block that is locked, or that comes from a file."
    return _archiving(found, repeated, kept, "archive_repeated", reason)


def keep_one(found: Found) -> NewProposal | None:
    """The more trusted of two that contradict each other; a question where the other one is locked as well."""
    if _any_awaits_review(found.blocks):
        return None
    kept, other = found.blocks[0], found.blocks[-1]
    if other.status is BlockStatus.LOCKED:
        return _ask(found)
    reason = (
        "A model says that it contradicts another block, which is more trusted or newer and would stay. "
        "Rejecting keeps both."
    )
    return _archiving(found, [other], kept, "keep_one", reason)


def _archiving(
    found: Found, gone: Sequence[ContextBlock], kept: ContextBlock, rule: Rule, reason: str
) -> NewProposal:
    data = ProposedData(
        rule=rule,
        blocks=(*(touched(block, "archive") for block in gone), touched(kept, "keep")),
        score=found.score,
    )
    keys = tuple(pair_key(found.kind, kept, block) for block in gone)
    return NewProposal(
        ProposalAction.DELETE, gone[0].id, data, keys, reason, source_event=found.source
    )


def _ask(found: Found) -> NewProposal:
    labels = " or ".join(f"“{block.label}”" for block in found.blocks)
    text = f"These blocks contradict each other, and both are locked: {labels}. Which one holds?"
    new = NewBlock(
        label=f"Which holds: {labels}?"[:MAX_LABEL_CHARS],
        content=text,
        type=BlockType.QUESTION,
        source=least_trusted_source(found.blocks),
    )
    data = ProposedData(
        rule="ask", blocks=tuple(touched(block, "keep") for block in found.blocks), new=new
    )
    reason = "A model says that two locked blocks contradict each other; a question would be added."
    return NewProposal(ProposalAction.CREATE, None, data, found.keys, reason, found.source)


def renamed(found: Found) -> ContextBlock | None:
    """Which block gets another label: the least trusted that is not locked, but never the first."""
    others = [block for block in found.blocks[1:] if block.status is not BlockStatus.LOCKED]
    return others[-1] if others else None


def rename(found: Found, block: ContextBlock, label: str) -> NewProposal | None:
    """Another label for one of several that are called the same."""
    kept = found.blocks[0]
    try:
        changes = BlockEdit(label=label)
    except ValidationError:
        return None
    data = ProposedData(
        rule="rename",
        blocks=(touched(block, "change"), touched(kept, "keep")),
        changes=changes,
        score=found.score,
    )
    keys = (pair_key("same_label", kept, block),)
    reason = (
        "Its label differs from that of another block in case, white space or punctuation only."
    )
    return NewProposal(ProposalAction.UPDATE, block.id, data, keys, reason, found.source)


def confirm(block: ContextBlock, days: int, source: str) -> NewProposal | None:
    """The word that a text still holds; only of blocks that are to be refreshed, and not locked."""
    if not block.meta_refreshable or block.status is not BlockStatus.ACTIVE:
        return None
    keys = (finding_key("stale", [(block.id, text_sha256(block.content))]),)
    data = ProposedData(rule="confirm", blocks=(touched(block, "change"),), refreshed=True)
    reason = f"It was not refreshed for {days} days; approving says that its text still holds."
    return NewProposal(ProposalAction.UPDATE, block.id, data, keys, reason, source)


def archive(block: ContextBlock, days: int, source: str) -> NewProposal | None:
    """Out of use, because no brief used it; not what is locked or marked as important."""
    if block.status is not BlockStatus.ACTIVE or block.importance is BlockImportance.HIGH:
        return None
    keys = (finding_key("unused", [(block.id, text_sha256(block.content))]),)
    data = ProposedData(rule="archive", blocks=(touched(block, "archive"),))
    reason = f"No brief used it for {days} days; it would be archived and keep its history."
    return NewProposal(ProposalAction.DELETE, block.id, data, keys, reason, source)


def refresh(block: ContextBlock, content: str, source: str, *, is_page: bool) -> NewProposal:
    """The text of a block's file, or of its page on the web, in place of the one that it has."""
    # Both texts: what is in the file today was not turned down with what was in it before.
    texts = [(block.id, text_sha256(block.content))]
    keys = (finding_key("refresh", texts, text_sha256(content)),)
    data = ProposedData(
        rule="refresh",
        blocks=(touched(block, "change"),),
        changes=BlockEdit(content=content),
        refreshed=True,
    )
    what = "page on the web" if is_page else "file"
    reason = f"The {what} that it comes from says something else now."
    return NewProposal(ProposalAction.UPDATE, block.id, data, keys, reason, source)


def without_pairs(ids: Sequence[UUID], pairs: Iterable[frozenset[UUID]]) -> list[UUID]:
    """As many of the blocks as there are of which no two are such a pair; in their order."""
    apart = set(pairs)
    best: list[UUID] = []
    for start in range(len(ids)):
        left: list[UUID] = []
        for one in ids[start:]:
            if not any(frozenset((one, other)) in apart for other in left):
                left.append(one)
        best = left if len(left) > len(best) else best
    return best
