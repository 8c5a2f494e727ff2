"""Requests about blocks."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)

MAX_CONTENT_CHARS = 1_000_000
MAX_LABEL_CHARS = 500
MAX_NOTES_CHARS = 100_000
MAX_SCOPE_CHARS = 500

IN_USE = (BlockStatus.ACTIVE, BlockStatus.LOCKED)


def _storable(text: str) -> str:
    if "\x00" in text:
        message = "a NUL character cannot be stored"
        raise ValueError(message)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "a lone surrogate is not a character"
        raise ValueError(message) from error
    return text


def _label(text: str) -> str:
    one_line = " ".join(_storable(text).split())
    if not one_line:
        message = "a label has at least one character that is not white space"
        raise ValueError(message)
    return one_line


VISIBLE = r"^[^\u0000]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000]*$"
"""For JSON Schema: storable, and more than white space."""

Text = Annotated[str, AfterValidator(_storable)]
Label = Annotated[
    str,
    AfterValidator(_label),
    Field(max_length=MAX_LABEL_CHARS, json_schema_extra={"pattern": VISIBLE}),
]
Content = Annotated[str, AfterValidator(_storable), Field(max_length=MAX_CONTENT_CHARS)]
Notes = Annotated[Text, Field(max_length=MAX_NOTES_CHARS)]
Scope = Annotated[Text, Field(max_length=MAX_SCOPE_CHARS)]
Locale = Annotated[Text, Field(max_length=100)]
Tags = Annotated[list[Annotated[Text, Field(max_length=100)]], Field(max_length=100)]
Visibility = Annotated[str, Field(pattern="^(visible|hidden|system|shared)$")]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewBlock(_Request):
    """A block to add."""

    label: Label
    content: Annotated[Content, Field(min_length=1)]
    type: BlockType = BlockType.TEXT
    source: BlockSource = BlockSource.USER
    importance: BlockImportance = BlockImportance.MEDIUM
    update_policy: BlockUpdatePolicy = BlockUpdatePolicy.AUTO
    meta_tags: Tags = Field(default_factory=list)
    meta_context_scope: Scope | None = None
    meta_agent_notes: Notes | None = None
    meta_derived_from: UUID | None = None
    meta_refreshable: bool = False
    meta_locale: Locale | None = None
    meta_visibility: Visibility = "visible"
    meta_emotional_tone: Tags = Field(default_factory=list)
    requires_user_review: bool = False


_CLEARABLE = frozenset({"meta_context_scope", "meta_agent_notes", "meta_locale"})


def _says_what_null_clears(schema: dict[str, Any]) -> None:
    """Null is a default here, which stands for "as it is", and a value of few fields."""
    for name, field in schema["properties"].items():
        if name not in _CLEARABLE:
            field["anyOf"] = [one for one in field["anyOf"] if one != {"type": "null"}]
            field.pop("default", None)


class BlockEdit(_Request):
    """Changes of a block: what is not set stays as it is; null clears what may be null."""

    model_config = ConfigDict(json_schema_extra=_says_what_null_clears)

    label: Label | None = None
    content: Annotated[Content, Field(min_length=1)] | None = None
    type: BlockType | None = None
    importance: BlockImportance | None = None
    update_policy: BlockUpdatePolicy | None = None
    status: BlockStatus | None = None
    meta_tags: Tags | None = None
    meta_context_scope: Scope | None = None
    meta_agent_notes: Notes | None = None
    meta_refreshable: bool | None = None
    meta_locale: Locale | None = None
    meta_visibility: Visibility | None = None
    meta_emotional_tone: Tags | None = None
    requires_user_review: bool | None = None

    @model_validator(mode="after")
    def _keeps_what_a_block_needs(self) -> Self:
        empty = sorted(name for name in self.model_fields_set if getattr(self, name) is None)
        if needed := [name for name in empty if name not in _CLEARABLE]:
            message = f"{needed[0]} cannot be empty"
            raise ValueError(message)
        return self


class BlockFilter(_Request):
    """Which blocks: every condition that is set has to hold.

    Attributes:
        tags: A block has to have all of them.
        statuses: A block has one of them; by default those in use.
    """

    types: tuple[BlockType, ...] = ()
    tags: tuple[Text, ...] = ()
    scope: Text | None = None
    statuses: tuple[BlockStatus, ...] = IN_USE
    importances: tuple[BlockImportance, ...] = ()
    sources: tuple[BlockSource, ...] = ()
    locale: Text | None = None
