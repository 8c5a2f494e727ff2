"""Files as `block export` writes them, for loading by the public import."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

from briefsmith.documents.json_lines import HEADER_LINE, ExportedBlock, to_line
from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)

_THEN = datetime(2026, 1, 1, tzinfo=UTC)


def block_id(label: str) -> UUID:
    """The same id for the same label, always."""
    return uuid5(NAMESPACE_OID, label)


def write_export(path: Path, blocks: Iterable[tuple[str, str]]) -> None:
    """Writes blocks (label, content) one by one, so that memory does not depend on their number."""
    with path.open("w", encoding="ascii") as file:
        file.write(HEADER_LINE + "\n")
        for label, content in blocks:
            file.write(to_line(_block(label, content)) + "\n")


def _block(label: str, content: str) -> ExportedBlock:
    return ExportedBlock(
        id=block_id(label),
        type=BlockType.TEXT,
        label=label,
        content=content,
        source=BlockSource.IMPORTED,
        version=1,
        status=BlockStatus.ACTIVE,
        importance=BlockImportance.MEDIUM,
        file_ids=(),
        update_policy=BlockUpdatePolicy.AUTO,
        feedback_score=None,
        last_used_successfully_at=None,
        meta_tags=(),
        meta_context_scope=None,
        meta_agent_notes=None,
        meta_derived_from=None,
        meta_refreshable=False,
        meta_embedding_model=None,
        meta_locale=None,
        meta_visibility="visible",
        meta_emotional_tone=(),
        is_auto_generated=False,
        requires_user_review=False,
        last_refreshed_at=None,
        created_at=_THEN,
        updated_at=_THEN,
    )
