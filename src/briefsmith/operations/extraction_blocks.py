"""What was taken out of a file, to blocks that await review; all in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from briefsmith.documents.labels import one_line
from briefsmith.models.block_files import BlockFile
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockSource, BlockStatus
from briefsmith.operations.block_parts import embed_parts
from briefsmith.operations.blocks import label_taken
from briefsmith.operations.extraction_pieces import ExtractedText, text_sha256
from briefsmith.operations.import_labels import Labels
from briefsmith.operations.import_rows import piece_row
from briefsmith.operations.intake import Intake
from briefsmith.postgres.session import Session
from briefsmith.schemas.extraction import ExtractedBlock, ExtractionOutcome, GoneBlock
from briefsmith.store import (
    block_change_queue,
    block_surroundings,
    context_blocks,
    events,
    import_entries,
    task_briefs,
)
from briefsmith.store.import_entries import EntryRow, NewEntry

# The place of all pieces of a file in its collection, which is nothing but that file.
_PATH = "text"


@dataclass(slots=True)
class _Draft:
    """A piece on its way to its block.

    Attributes:
        block: The block that stands for it already.
    """

    text: ExtractedText
    outcome: ExtractionOutcome
    label: str
    block: ContextBlock | None = None
    block_id: UUID | None = None
    kept_because: str | None = None


class Drafts:
    """One extraction in one transaction."""

    def __init__(self, intake: Intake, session: Session, file: BlockFile) -> None:
        self._intake = intake
        self._session = session
        self._file = file
        self._collection = f"file:{file.id}"

    async def settle(
        self, texts: Sequence[ExtractedText], *, dry_run: bool
    ) -> tuple[tuple[ExtractedBlock, ...], tuple[GoneBlock, ...]]:
        """Stores the blocks, and where they are from.

        Args:
            texts: All that was taken out.
            dry_run: Store nothing.

        Raises:
            LabelTaken: Somebody took one of the labels in this moment; nothing is stored.
        """
        session = self._session
        if not dry_run:
            await import_entries.lock_collection(session, self._collection)
        known = await import_entries.select_entries(session, self._collection, [_PATH])
        entries = {entry.anchor: entry for entry in known}
        blocks = await self._blocks([entry.block_id for entry in known], dry_run=dry_run)
        drafts = [self._judged(text, entries, blocks) for text in texts]
        await self._adopt(drafts, held=set(blocks))
        await self._name(drafts)
        if not dry_run:
            await self._store(drafts)
        anchors = {text.piece.anchor for text in texts}
        gone = tuple(
            GoneBlock(entry.block_id, entry.label)
            for entry in known
            if entry.anchor not in anchors and not entry.is_archived
        )
        return tuple(_reported(draft) for draft in drafts), gone

    async def _blocks(self, ids: Sequence[UUID], *, dry_run: bool) -> dict[UUID, ContextBlock]:
        # An edit that is under way is waited for, and then seen.
        select = context_blocks.select_blocks_by_id if dry_run else block_change_queue.lock_blocks
        found = await select(self._session, sorted(set(ids))) if ids else []
        return {block.id: block for block in found}

    def _judged(
        self,
        text: ExtractedText,
        entries: dict[str, EntryRow],
        blocks: dict[UUID, ContextBlock],
    ) -> _Draft:
        entry = entries.get(text.piece.anchor)
        block = blocks.get(entry.block_id) if entry else None
        if entry is None or block is None:
            return _Draft(text, ExtractionOutcome.ADDED, text.piece.label)
        draft = _Draft(text, ExtractionOutcome.UNCHANGED, block.label, block, block.id)
        if entry.content_sha256 != text.sha256:
            draft.kept_because = _kept_because(block, entry)
            is_kept = draft.kept_because is not None
            draft.outcome = ExtractionOutcome.KEPT if is_kept else ExtractionOutcome.CHANGED
        return draft

    async def _adopt(self, drafts: Sequence[_Draft], *, held: set[UUID]) -> None:
        """Texts that another file brought already, in use or archived: one block for both."""
        fresh = [draft for draft in drafts if draft.outcome is ExtractionOutcome.ADDED]
        if not fresh:
            return
        hashes = sorted({draft.text.sha256 for draft in fresh})
        rows = await import_entries.select_by_hash(self._session, hashes)
        for draft in fresh:
            offered = (row.block for row in rows if row.content_sha256 == draft.text.sha256)
            block = next((one for one in offered if one.id not in held), None)
            if block is not None:
                held.add(block.id)
                draft.block, draft.block_id, draft.label = block, block.id, block.label
                draft.outcome = ExtractionOutcome.KNOWN

    async def _name(self, drafts: Sequence[_Draft]) -> None:
        fresh = [draft for draft in drafts if draft.outcome is ExtractionOutcome.ADDED]
        labels = Labels(self._session)
        place = one_line(self._file.file_name)
        wanted = [(draft.label, place, draft.text.piece.anchor) for draft in fresh]
        await labels.look_up(wanted)
        for draft, one in zip(fresh, wanted, strict=True):
            draft.label = await labels.give(one)

    async def _store(self, drafts: Sequence[_Draft]) -> None:
        added = [draft for draft in drafts if draft.outcome is ExtractionOutcome.ADDED]
        changed = [draft for draft in drafts if draft.outcome is ExtractionOutcome.CHANGED]
        await self._insert(added)
        await self._update(changed)
        # A block that another file brought has its place there.
        texts = {d.block_id: d.text.piece.content for d in (*added, *changed) if d.block_id}
        await embed_parts(self._session, self._intake.embedder, texts)
        own = [
            d.block_id for d in drafts if d.block_id and d.outcome is not ExtractionOutcome.KNOWN
        ]
        await block_surroundings.upsert_surroundings(
            self._session, dict(zip(own[1:], own, strict=False))
        )
        known = [draft for draft in drafts if draft.outcome is ExtractionOutcome.KNOWN]
        entries = [
            NewEntry(_PATH, draft.text.piece.anchor, draft.block_id, draft.text.sha256)
            for draft in (*added, *changed, *known)
            if draft.block_id is not None
        ]
        if entries:
            await import_entries.upsert_entries(self._session, self._collection, entries)
        if added or changed:
            told = {"file_id": str(self._file.id), "added": len(added), "changed": len(changed)}
            await events.insert_event(self._session, "file.extracted", told)

    async def _insert(self, drafts: Sequence[_Draft]) -> None:
        if not drafts:
            return
        now = await task_briefs.select_now(self._session)
        # Listed by their times, they stand in the order of the file.
        rows = [
            {**self._row(draft), "created_at": str(now + timedelta(microseconds=place))}
            for place, draft in enumerate(drafts)
        ]
        vectors = await self._intake.embed(rows)
        model = self._intake.embedder.name
        made = await context_blocks.insert_blocks(self._session, rows, model, vectors)
        for place, draft in enumerate(drafts):
            if place not in made:
                raise await label_taken(self._session, draft.label)
            draft.block_id = made[place].id

    async def _update(self, drafts: Sequence[_Draft]) -> None:
        """All columns of the blocks as they are, but for those that tell of the file."""
        if not drafts:
            return
        rows: list[dict[str, Any]] = []
        for draft in drafts:
            present = draft.block.model_dump(mode="json") if draft.block else {}
            told = {"content", "meta_agent_notes", "requires_user_review"}
            row = {name: value for name, value in self._row(draft).items() if name in told}
            rows.append({**present, **row, "is_whole": True})
        vectors = await self._intake.embed(rows)
        await context_blocks.update_imported(
            self._session, rows, self._intake.embedder.name, vectors
        )

    def _row(self, draft: _Draft) -> dict[str, Any]:
        return {
            **piece_row(draft.text.piece),
            "label": draft.label,
            "source": BlockSource.PARSER,
            "meta_agent_notes": origin(self._file, draft.text),
            "requires_user_review": True,
        }


def origin(file: BlockFile, text: ExtractedText) -> str:
    """Where a block's text is from, for whoever reads its notes."""
    places = [text.place, " \u203a ".join(one_line(part) for part in text.piece.heading_path)]
    lines = [
        f"Extracted from the file “{one_line(file.label)}” ({one_line(file.file_name)}).",
        f"File: {file.id}",
        f"SHA-256: {file.content_sha256 or 'unknown'}",
        *(f"Place: {place}" for place in [", ".join(filter(None, places))] if place),
    ]
    return "\n".join(lines)


def _kept_because(block: ContextBlock, entry: EntryRow) -> str | None:
    """Why an extraction may not touch a block; None where it may."""
    if block.status is not BlockStatus.ACTIVE:
        return f"it is {block.status}"
    if text_sha256(block.content) != entry.content_sha256:
        return "it was edited since"
    return None


def _reported(draft: _Draft) -> ExtractedBlock:
    awaits = draft.block.requires_user_review if draft.block else True
    return ExtractedBlock(
        outcome=draft.outcome,
        block_id=draft.block_id,
        label=draft.label,
        place=draft.text.place,
        content=draft.text.piece.content,
        awaits_review=awaits or draft.outcome is ExtractionOutcome.CHANGED,
        kept_because=draft.kept_because,
    )
