"""The enum types of the database, label for label and in their order."""

from enum import StrEnum


class BlockType(StrEnum):
    """What kind of context a block is (`context_block_type_enum`)."""

    TOPIC = "topic"
    INTENT = "intent"
    REFERENCE = "reference"
    STYLE_GUIDE = "style_guide"
    INSIGHT = "insight"
    GUIDE = "guide"
    QUESTION = "question"
    TEXT = "text"
    OTHER = "other"


class BlockSource(StrEnum):
    """Who wrote a block (`context_block_source_enum`)."""

    USER = "user"
    AGENT = "agent"
    IMPORTED = "imported"
    PARSER = "parser"


class BlockStatus(StrEnum):
    """Whether a block is in use (`context_block_status_enum`)."""

    ACTIVE = "active"
    LOCKED = "locked"
    ARCHIVED = "archived"


class BlockImportance(StrEnum):
    """How much a block matters, the most first (`context_block_importance_enum`)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class BlockUpdatePolicy(StrEnum):
    """Whether agents may apply changes (`context_block_update_policy_enum`)."""

    MANUAL = "manual"
    AUTO = "auto"


class StorageDomain(StrEnum):
    """Where a file belongs (`storage_domain`)."""

    BLOCK_FILES = "block-files"
    USER_LIBRARY = "user-library"
    BRIEF_MEDIA = "brief-media"


class OutputType(StrEnum):
    """What an output is (`output_type_enum`)."""

    PROMPT_BLOCK = "prompt_block"
    MARKDOWN = "markdown"
    STRUCTURED_JSON = "structured_json"
    TEXT_RESPONSE = "text_response"
    EVOLVED_BLOCK = "evolved_block"


class ProposalAction(StrEnum):
    """What a proposal would do (`proposal_action_enum`)."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"


class ProposalStatus(StrEnum):
    """How far a proposal is (`proposal_status_enum`)."""

    PENDING = "pending"
    APPROVED = "approved"
    APPLIED = "applied"
    REJECTED = "rejected"
