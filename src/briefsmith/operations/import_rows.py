"""What a section says of its block."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from briefsmith.documents.pieces import Piece
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A section and the path of its file in its collection."""

    path: str
    piece: Piece

    @property
    def place(self) -> tuple[str, str]:
        """Where it is in its collection."""
        return self.path, self.piece.anchor

    @property
    def wanted(self) -> tuple[str, str, str]:
        """What it wants to be called, and where it is."""
        return self.piece.label, self.path, self.piece.anchor


def piece_sha256(piece: Piece) -> str:
    """Of all that a file says of a piece: a changed tag is a change."""
    said = [
        piece.label,
        piece.content,
        piece.type,
        list(piece.tags),
        piece.importance,
        piece.scope,
        piece.locale,
        list(piece.tone),
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def piece_row(piece: Piece) -> dict[str, Any]:
    """Columns of the block, with what is not said filled in."""
    return {
        "type": piece.type or BlockType.TEXT,
        "label": piece.label,
        "content": piece.content,
        "source": BlockSource.IMPORTED,
        "importance": piece.importance or BlockImportance.MEDIUM,
        "meta_tags": list(piece.tags),
        "meta_context_scope": piece.scope,
        "meta_locale": piece.locale,
        "meta_emotional_tone": list(piece.tone),
    }
