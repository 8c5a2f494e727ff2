"""Compiling a brief again out of its snapshot and the revisions, and proving that the bytes are the same."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

from briefsmith.compiler.brief import recompile
from briefsmith.compiler.document import BlockText, MediaItem, sha256_of
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.operations.brief_life import read_life
from briefsmith.operations.brief_texts import texts_then
from briefsmith.operations.briefs import media_of, snapshot_of
from briefsmith.operations.compositions import composition_of
from briefsmith.postgres.session import Session
from briefsmith.schemas.snapshot import Snapshot, SnapshotBlock
from briefsmith.store import context_blocks, task_brief_outputs

Why = Literal["purged", "revision-missing", "revision-altered"]
Outcome = Literal[
    "same",
    "blocks-gone",
    "other-bytes",
    "stored-text-differs",
    "other-format",
    "snapshot-unreadable",
    "not-compiled-here",
]


@dataclass(frozen=True, slots=True)
class GoneBlock:
    """A block whose text of then is not to be had."""

    cite: str
    block_id: UUID
    version: int
    why: Why


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of compiling a brief again.

    Attributes:
        sentence: The outcome for people.
        expected_sha256: Of the text when it was compiled first; None where no snapshot tells.
        sha256: Of what was made now; None where nothing could be.
        body_bytes: Of what was made now.
        is_stored: The composer's stored text has the bytes that were made now; None where nothing was made.
        gone: In the order of their cites.
        markdown: What was made now.
    """

    brief_id: UUID
    outcome: Outcome
    sentence: str
    expected_sha256: str | None = None
    sha256: str | None = None
    body_bytes: int | None = None
    is_stored: bool | None = None
    gone: tuple[GoneBlock, ...] = ()
    markdown: str | None = None

    @property
    def is_same(self) -> bool:
        """The bytes are those of the first time, and those that are stored."""
        return self.outcome == "same"


async def replay_brief(session: Session, brief_id: UUID) -> Replay:
    """Compiles a brief again and compares the hash; edits are no part of it.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    brief = (await read_life(session, brief_id)).brief
    snapshot = snapshot_of(brief)
    if snapshot is None:
        return _unreadable(brief)
    texts = await texts_then(session, snapshot)
    there = await context_blocks.select_blocks_by_id(session, [b.block_id for b in snapshot.blocks])
    gone = _gone(snapshot, texts, {block.id for block in there})
    lost = {one.block_id for one in gone}
    intact = {one: text for one, text in texts.items() if one not in lost}
    media = [MediaItem(item.image_url, item.description) for item in media_of(brief)]
    if not {step.block_id for step in snapshot.outline} <= {b.block_id for b in snapshot.blocks}:
        return _unreadable(brief)
    composition = await composition_of(session, brief_id)
    answer = composition.answer if composition else None
    again = await asyncio.to_thread(
        recompile, snapshot, brief.intent, brief.sub_instructions, media, intact, answer=answer
    )
    stored = await task_brief_outputs.select_rendered(session, brief_id)
    return _judged(brief_id, snapshot, again.markdown, stored.content if stored else None, gone)


def _gone(
    snapshot: Snapshot, texts: Mapping[UUID, BlockText], there: set[UUID]
) -> tuple[GoneBlock, ...]:
    return tuple(
        GoneBlock(entry.cite, entry.block_id, entry.version, why)
        for entry in snapshot.blocks
        if (why := _why_gone(entry, texts, there)) is not None
    )


def _why_gone(
    entry: SnapshotBlock, texts: Mapping[UUID, BlockText], there: set[UUID]
) -> Why | None:
    text = texts.get(entry.block_id)
    if text is None:
        return "revision-missing" if entry.block_id in there else "purged"
    return None if sha256_of(text.content) == entry.content_sha256 else "revision-altered"


def _judged(
    brief_id: UUID,
    snapshot: Snapshot,
    markdown: str,
    stored: str | None,
    gone: Sequence[GoneBlock],
) -> Replay:
    sha256 = sha256_of(markdown)
    outcome, sentence = _outcome(
        snapshot,
        is_same=sha256 == snapshot.rendered_sha256,
        is_stored=markdown == stored,
        gone=gone,
        body_bytes=len(markdown.encode()),
    )
    return Replay(
        brief_id=brief_id,
        outcome=outcome,
        sentence=sentence,
        expected_sha256=snapshot.rendered_sha256,
        sha256=sha256,
        body_bytes=len(markdown.encode()),
        is_stored=markdown == stored,
        gone=tuple(gone),
        markdown=markdown,
    )


def _outcome(
    snapshot: Snapshot,
    *,
    is_same: bool,
    is_stored: bool,
    gone: Sequence[GoneBlock],
    body_bytes: int,
) -> tuple[Outcome, str]:
    if gone:
        count = "one block" if len(gone) == 1 else f"{len(gone)} blocks"
        rest = "is" if is_stored else "is not"
        return "blocks-gone", (
            f"The brief cannot be compiled as it was: the text of {count} is gone. "
            f"What is left, {body_bytes:,} bytes, {rest} what is stored of it."
        )
    if not is_same:
        return "other-bytes", (
            "Compiled again, it has other bytes, though no block is gone: its intent, instructions, media or "
            f"snapshot were changed in the database since Briefsmith {snapshot.package_version} made it."
        )
    if not is_stored:
        return "stored-text-differs", (
            f"Compiled again, it is the same {body_bytes:,} bytes as when it was made; the text that is stored as "
            "the composer's is another, so somebody changed it in the database."
        )
    return "same", f"Compiled again, it is the same {body_bytes:,} bytes."


def _unreadable(brief: TaskBrief) -> Replay:
    held = brief.core_context_snapshot
    document = cast("dict[str, Any]", held) if isinstance(held, dict) else {}
    made_in = document.get("format")
    if isinstance(made_in, int) and made_in != 1 and "nonce" in document:
        made_by = str(document.get("package_version", "another version"))[:40]
        sentence = (
            f"The brief is of format {made_in}, and this package compiles format 1. "
            f"Compile it with the package that made it (Briefsmith {made_by})."
        )
        return Replay(brief.id, "other-format", sentence)
    if "nonce" in document:
        sentence = "The brief's snapshot was changed in the database, and cannot be read any more."
        return Replay(brief.id, "snapshot-unreadable", sentence)
    sentence = "The brief has no snapshot of its blocks: it was not compiled here, or is of a database before its upgrade."
    return Replay(brief.id, "not-compiled-here", sentence)
