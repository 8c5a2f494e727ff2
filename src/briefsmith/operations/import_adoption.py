"""Sections that are new where they stand but known from elsewhere: a renamed file, a moved folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from briefsmith.documents.pieces import Piece
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockSource
from briefsmith.operations.import_labels import Labels
from briefsmith.operations.import_rows import FilePiece, piece_row, piece_sha256
from briefsmith.postgres.session import Session
from briefsmith.store import import_entries
from briefsmith.store.import_entries import HashRow

IsGone = Callable[[str, str], bool]
"""Whether a collection has a path and an anchor no more."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """A section and its block.

    Attributes:
        is_current: Whether the block has all that the file says, as far as nobody edited it since.
    """

    file_piece: FilePiece
    block: ContextBlock
    is_current: bool


async def adoptions(
    session: Session,
    collection: str,
    pieces: Sequence[FilePiece],
    labels: Labels,
    is_gone: IsGone,
) -> dict[FilePiece, Adoption]:
    """Which sections are known blocks; each block at most once.

    A block of another collection may stand for a section of this one as well. Within a collection it does
    so only when its own section is gone: files that say the same today may differ tomorrow.

    Args:
        session: The transaction.
        collection: Where the sections are.
        pieces: Sections without a block.
        labels: With the labels of the sections looked up.
        is_gone: Of this collection.
    """
    if not pieces:
        return {}
    by_hash: dict[str, list[HashRow]] = {}
    hashes = sorted({piece_sha256(one.piece) for one in pieces})
    for row in await import_entries.select_by_hash(session, hashes):
        by_hash.setdefault(row.content_sha256, []).append(row)
    offers = [(one, list(_offers(one, by_hash, labels))) for one in pieces]
    ids = sorted({offer.block.id for _, found in offers for offer in found})
    held = {
        row.block_id
        for row in await _holders(session, collection, ids)
        if not is_gone(row.path, row.anchor)
    }
    adopted: dict[FilePiece, Adoption] = {}
    for one, found in offers:
        chosen = next((offer for offer in found if offer.block.id not in held), None)
        if chosen is not None:
            held.add(chosen.block.id)
            adopted[one] = chosen
    return adopted


async def _holders(
    session: Session, collection: str, ids: Sequence[UUID]
) -> Sequence[import_entries.HolderRow]:
    return await import_entries.select_holders(session, collection, ids) if ids else ()


def _offers(
    one: FilePiece, by_hash: dict[str, list[HashRow]], labels: Labels
) -> Iterator[Adoption]:
    """Blocks that may be it, the likeliest first."""
    same = by_hash.get(piece_sha256(one.piece), ())
    for row in sorted(same, key=lambda row: row.path != one.path):
        yield Adoption(one, row.block, is_current=True)
    named = labels.holder(one.piece.label).block
    if named is not None and _is_import_of(one.piece, named):
        yield Adoption(one, named, is_current=not _says_else(one.piece, named))


def _is_import_of(piece: Piece, block: ContextBlock) -> bool:
    return block.source is BlockSource.IMPORTED and block.content == piece.content


def _says_else(piece: Piece, block: ContextBlock) -> bool:
    row = piece_row(piece)
    return any(row[name] != getattr(block, name) for name in row.keys() - {"label", "source"})
