"""The columns of the final tables, and what each takes from a legacy one."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final

from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
    OutputType,
    StorageDomain,
)
from briefsmith.schema_sync.upgrade import fitting
from briefsmith.schema_sync.upgrade.fitting import Fit
from briefsmith.schema_sync.upgrade.rows import Json
from briefsmith.schemas.snapshot import LEGACY_PROFILE, LEGACY_SNAPSHOT


class Absent(Enum):
    """No value: the database gives the column its default."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is filled from the legacy one of its name.

    Attributes:
        fit: What it takes.
        default: What it holds where the legacy value is null, or cannot live in it.
        is_new: The legacy table has no such column, as a rule.
        is_nullable: It may be null.
    """

    fit: Fit
    default: "Json | Absent" = None
    is_new: bool = False
    is_nullable: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """A column with the id of another row of the same person.

    Attributes:
        table: Whose id.
        is_required: A row cannot be without.
        is_list: It holds several.
    """

    table: str
    is_required: bool = False
    is_list: bool = False


class Visibility(StrEnum):
    """What a block's `meta_visibility` may be."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    SYSTEM = "system"
    SHARED = "shared"


_ALSO_VISIBILITY = {"public": "visible", "private": "hidden"}


def _needed(fit: Fit, default: "Json | Absent", *, is_new: bool = False) -> Column:
    return Column(fit, default, is_new=is_new, is_nullable=False)


_TEXT = Column(fitting.text)
_JSON = Column(fitting.json)
_NOW = _needed(fitting.time, ABSENT)
_NO_TEXTS = _needed(fitting.texts, [])
_OFF = _needed(fitting.boolean, default=False)
_OUTPUT_TYPE = _needed(fitting.label_of(OutputType), "markdown")

COLUMNS: Mapping[str, Mapping[str, Column | Reference]] = {
    "context_blocks": {
        "type": _needed(fitting.label_of(BlockType), "text"),
        "label": _needed(fitting.text, ""),
        "content": _needed(fitting.text, ""),
        "source": _needed(fitting.label_of(BlockSource), "user"),
        "version": _needed(fitting.integer(1), Decimal(1)),
        "status": _needed(fitting.label_of(BlockStatus), "active"),
        "importance": _needed(fitting.label_of(BlockImportance), "medium"),
        "file_ids": Reference("block_files", is_list=True),
        "update_policy": _needed(fitting.label_of(BlockUpdatePolicy), "auto", is_new=True),
        "feedback_score": Column(fitting.double(0, 1), is_new=True),
        "last_used_successfully_at": Column(fitting.time, is_new=True),
        "meta_tags": _NO_TEXTS,
        "meta_context_scope": _TEXT,
        "meta_agent_notes": _TEXT,
        "meta_derived_from": Reference("context_blocks"),
        "meta_refreshable": _OFF,
        "meta_embedding": Column(fitting.vector),
        "meta_embedding_model": Column(fitting.text, is_new=True),
        "meta_locale": Column(fitting.locale),
        "meta_visibility": _needed(fitting.label_of(Visibility, _ALSO_VISIBILITY), "visible"),
        "meta_emotional_tone": _NO_TEXTS,
        "is_auto_generated": _OFF,
        "requires_user_review": _OFF,
        "last_refreshed_at": Column(fitting.time),
        "created_at": _NOW,
        "updated_at": _needed(fitting.time, ABSENT, is_new=True),
    },
    "block_files": {
        "file_url": _needed(fitting.text, ""),
        "file_name": _needed(fitting.text, "file"),
        "label": _needed(fitting.text, "File"),
        "note": _TEXT,
        "size_bytes": _needed(fitting.integer(0), Decimal(0)),
        "storage_domain": _needed(fitting.label_of(StorageDomain), "block-files", is_new=True),
        "is_primary": _OFF,
        "associated_block_id": Reference("context_blocks"),
        "content_type": Column(fitting.text, is_new=True),
        "content_sha256": Column(fitting.text, is_new=True),
        "created_at": _NOW,
    },
    "task_briefs": {
        "intent": _needed(fitting.text, ""),
        "sub_instructions": _TEXT,
        "media": _JSON,
        "compilation_mode": Column(fitting.text, is_new=True),
        "is_draft": _needed(fitting.boolean, default=True),
        "is_published": _OFF,
        "is_locked": _OFF,
        "meta_emotional_tone": _NO_TEXTS,
        "meta_scope": _TEXT,
        "meta_audience": _TEXT,
        "created_at": _NOW,
        "updated_at": _NOW,
    },
    "deployment_configs": {
        "task_brief_id": Reference("task_briefs", is_required=True),
        "model": _TEXT,
        "temperature": Column(fitting.double(0, 2)),
        "max_tokens": Column(fitting.integer(1)),
        "receiver": _TEXT,
        "format": _TEXT,
        "custom_notes": _TEXT,
        "created_at": _NOW,
    },
    "task_brief_outputs": {
        "task_brief_id": Reference("task_briefs", is_required=True),
        "config_id": Reference("deployment_configs"),
        "content": _needed(fitting.text, ""),
        "output_type": _OUTPUT_TYPE,
        "agent_type": _TEXT,
        "created_at": _NOW,
    },
    "block_usage_history": {
        "block_id": Reference("context_blocks", is_required=True),
        "used_in_task_id": Reference("task_briefs", is_required=True),
        "used_at": _NOW,
        "agent_type": _TEXT,
        "usage_type": _TEXT,
    },
    "agent_sessions": {
        "agent_type": _needed(fitting.text, "unknown"),
        "status": _needed(fitting.text, "running"),
        "task_type_id": _TEXT,
        "inputs": _JSON,
        "metadata": _JSON,
        "created_at": _NOW,
    },
    "agent_messages": {
        "task_id": _TEXT,
        "agent_type": _TEXT,
        "message_type": _TEXT,
        "message_content": _JSON,
        "created_at": _NOW,
    },
    "task_brief_types": {
        "title": _needed(fitting.text, "Untitled"),
        "description": _TEXT,
        "required_context_types": _needed(fitting.json, []),
        "agent_flow": _needed(fitting.json, []),
        "output_type": _OUTPUT_TYPE,
        "version": _needed(fitting.integer(-(2**31)), Decimal(1)),
    },
}

# Legacy columns that are members of one JSON column now.
MOVED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "task_briefs": {
        "core_profile_data": ("core_context_snapshot", LEGACY_PROFILE),
        "core_context_snapshot": ("core_context_snapshot", LEGACY_SNAPSHOT),
    }
}

# Tables whose rows say themselves whose they are.
OWNED = (
    "context_blocks",
    "block_files",
    "task_briefs",
    "agent_sessions",
    "agent_messages",
)
