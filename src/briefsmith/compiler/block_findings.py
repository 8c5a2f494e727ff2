"""What is wrong with the blocks that a brief's text rests on: gone, changed, missing, alike, at odds."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from briefsmith.compiler.candidates import Candidate
from briefsmith.compiler.contrary import contrary_pairs
from briefsmith.compiler.document import sha256_of
from briefsmith.compiler.duplicates import compare
from briefsmith.compiler.fence import one_line
from briefsmith.compiler.findings import BlockNow, Material, error, warning
from briefsmith.compiler.worth import SelectionSettings
from briefsmith.models.enums import BlockImportance, BlockStatus, BlockType
from briefsmith.schemas.brief_life import Finding
from briefsmith.schemas.files import id_in_address
from briefsmith.schemas.snapshot import SnapshotBlock

_RENDERED = ("label", "type", "source", "content")
_SAID_CHARS = 300
_NAMES_NO_FILE = "Compose the brief again, so that it names no file that is not there."


def blocks_since(material: Material) -> Iterator[Finding]:
    """Blocks in the text that were purged, archived or changed since the brief was made."""
    if material.snapshot is None:
        yield warning(
            "not-compiled-here",
            "The brief was not compiled here, so nothing tells which blocks are in it.",
            "Compose it again to have its blocks checked.",
        )
    for entry in material.in_text:
        now = material.now.get(entry.block_id)
        if now is None:
            yield error(
                "block-purged",
                f"The block {material.named(entry)} was purged.",
                f"Take it out of the text with {material.edit}, or compose the brief again.",
                **_details(entry),
            )
            continue
        if now.status is BlockStatus.ARCHIVED:
            yield error(
                "block-archived",
                f"The block {material.named(entry)} was archived.",
                f"`briefsmith block restore {entry.block_id}` brings it back; or take it out of the text "
                f"with {material.edit}.",
                **_details(entry),
                version_now=now.version,
            )
        yield from _changed(material, entry, now)


def _changed(material: Material, entry: SnapshotBlock, now: BlockNow) -> Iterator[Finding]:
    then = material.then.get(entry.block_id)
    if then is None:
        yield warning(
            "version-missing",
            f"Version {entry.version} of the block {material.named(entry)}, which went in, is gone.",
            "Compose the brief again, so that it can be compiled again later.",
            **_details(entry),
            version_now=now.version,
        )
        is_same = sha256_of(now.content) == entry.content_sha256
        changed = [] if is_same else ["content"]
    else:
        changed = [name for name in _RENDERED if getattr(then, name) != getattr(now, name)]
    if changed:
        yield warning(
            "block-changed",
            f"The block {material.named(entry)} has changed since ({', '.join(changed)}): version "
            f"{entry.version} is in the brief, and it is at {now.version}.",
            f"`briefsmith block history {entry.block_id}` shows what changed; compose the brief again to "
            "have it in.",
            **_details(entry),
            version_now=now.version,
            changed=changed,
        )


def files_since(material: Material) -> Iterator[Finding]:
    """Files of blocks in the text, and media, that were removed from the library since the brief was made."""
    for entry in material.in_text:
        for file in entry.files:
            if file.file_id not in material.files_there:
                yield warning(
                    "file-gone",
                    f"The file “{file.label}” of the block {material.named(entry)} was removed from the library.",
                    _NAMES_NO_FILE,
                    **_details(entry),
                    file_id=str(file.file_id),
                )
    for item in material.media:
        file_id = id_in_address(item.image_url)
        if file_id is not None and file_id not in material.files_there:
            yield warning(
                "file-gone",
                f"The file {file_id} among the media was removed from the library.",
                _NAMES_NO_FILE,
                file_id=str(file_id),
            )


def _details(entry: SnapshotBlock) -> dict[str, Any]:
    return {"cite": entry.cite, "block_id": str(entry.block_id), "version": entry.version}


def required_types(material: Material) -> Iterator[Finding]:
    """Kinds of context that the brief's type asks for and that no block of the text is."""
    demand = material.demand
    if demand is None or material.snapshot is None:
        return
    wanted, unread = _read_types(demand.types)
    title = one_line(demand.title, 80)
    if unread:
        yield warning(
            "types-unreadable",
            f"The type “{title}” asks for context that nobody knows: {one_line(', '.join(unread), 200)}.",
            "Its required_context_types in task_brief_types should be a list of block types.",
        )
    held = [material.then.get(entry.block_id) for entry in material.in_text]
    present = {block.type for block in held if block is not None}
    for kind in wanted:
        if kind not in present:
            yield error(
                "type-missing",
                f"A brief of the type “{title}” needs a block of the type {kind}, and has none.",
                f"Add one (`briefsmith block add --type {kind}`) and compose the brief again with it.",
                type=kind.value,
            )


def _read_types(found: Any) -> tuple[list[BlockType], list[str]]:
    """The block types, each once, and what else the value holds."""
    held = cast("list[Any]", found) if isinstance(found, list) else [] if found is None else [found]
    known = {kind.value: kind for kind in BlockType}
    words = list(dict.fromkeys(one if isinstance(one, str) else repr(one) for one in held))
    return [known[word] for word in words if word in known], [w for w in words if w not in known]


def pairs(material: Material) -> Iterator[Finding]:
    """Blocks in the text that say the same, or nearly the same with another number or a no."""
    entries = [entry for entry in material.in_text if entry.block_id in material.then]
    settings = SelectionSettings()
    likeness = compare(
        [_candidate(material, entry) for entry in entries],
        cosine=settings.duplicate_cosine,
        cover=settings.duplicate_cover,
        size_ratio=settings.duplicate_size_ratio,
    )
    for i, j in np.argwhere(np.triu(likeness.same, k=1)).tolist():
        yield _duplicate(material, (entries[i], entries[j]))
    texts = [material.then[entry.block_id].content for entry in entries]
    by_words = np.maximum(likeness.covered, likeness.covered.T) >= settings.duplicate_cover
    at_odds = {(i, j) for i, j in np.argwhere(np.triu(by_words & ~likeness.same, k=1)).tolist()}
    lengths = [len(text.split()) for text in texts]
    at_odds = {
        (i, j)
        for i, j in at_odds
        if min(lengths[i], lengths[j])
        >= settings.duplicate_size_ratio * max(lengths[i], lengths[j])
    }
    for i, j in sorted(at_odds.union(contrary_pairs(texts))):
        yield _contradiction(material, (entries[i], entries[j]))


def _candidate(material: Material, entry: SnapshotBlock) -> Candidate:
    content = material.then[entry.block_id].content
    now = material.now.get(entry.block_id)
    is_same = now is not None and now.content == content
    return Candidate(
        block_id=entry.block_id,
        content=content,
        relevance=0.0,
        importance=BlockImportance.MEDIUM,
        feedback_score=None,
        age_days=0.0,
        content_tokens=0,
        embedding=now.embedding if now is not None and is_same else None,
        asked=False,
        variants=(),
    )


def _duplicate(material: Material, both: Sequence[SnapshotBlock]) -> Finding:
    one, other = both
    return warning(
        "blocks-duplicate",
        f"The blocks {material.named(one)} and {material.named(other)} say the same.",
        f"Take one of them out of the text with {material.edit}, or archive one and compose again.",
        **_pair(both),
    )


def _contradiction(material: Material, both: Sequence[SnapshotBlock]) -> Finding:
    one, other = both
    return warning(
        "blocks-contradict",
        f"The blocks {material.named(one)} and {material.named(other)} say nearly the same, but differ in "
        "a number or a negation.",
        f"Find out which is right, and correct or archive the other: `briefsmith block edit "
        f"{other.block_id}`.",
        **_pair(both),
    )


def noted_contradictions(material: Material) -> Iterator[Finding]:
    """What the composer agent said of blocks that are in the text."""
    entries = {entry.block_id: entry for entry in material.in_text}
    for noted in material.noted:
        both = [entries[one] for one in noted.block_ids if one in entries]
        if len(both) > 1:
            names = " and ".join(material.named(one) for one in both)
            yield warning(
                "contradiction-noted",
                f"The composer found a contradiction between {names}: {one_line(noted.says, _SAID_CHARS)}",
                "Find out which is right, and correct or archive the other.",
                **_pair(both),
            )


def _pair(both: Sequence[SnapshotBlock]) -> dict[str, Any]:
    return {
        "cites": [entry.cite for entry in both],
        "block_ids": [str(entry.block_id) for entry in both],
    }
