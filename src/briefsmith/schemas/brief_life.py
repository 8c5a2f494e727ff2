"""A brief's life: its states and steps, and what a validation finds."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from briefsmith.schemas.snapshot import Sha256

MAX_TEXT_BYTES = 8_000_000
"""Of a brief's text after an edit; twice what the largest budget holds."""


class BriefState(StrEnum):
    """How far a brief is; made of what is stored, and stored nowhere itself."""

    DRAFT = "draft"
    EDITED = "edited"
    VALIDATED = "validated"
    PUBLISHED = "published"
    LOCKED = "locked"


class BriefStep(StrEnum):
    """What can be done to a brief."""

    EDIT = "edit"
    VALIDATE = "validate"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    LOCK = "lock"


class Severity(StrEnum):
    """An error keeps a brief from being published, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(_Stored):
    """One thing that is wrong with a brief.

    Attributes:
        name: Short and stable, for programs.
        mend: What to do about it, one sentence.
        details: JSON-compatible: the cite, the block, the address.
    """

    name: str
    severity: Severity
    sentence: str
    mend: str
    details: dict[str, Any] = Field(default_factory=dict)


class Validation(_Stored):
    """What a validation found, as `task_brief_outputs.content` holds it.

    Attributes:
        ok: There is no error among the findings.
        text_sha256: Of the text that was looked at.
        block_versions: The versions that the brief's blocks had by then; None for one that was purged.
    """

    format: Literal[1] = 1
    ok: bool
    text_sha256: Sha256
    text_tokens: NonNegativeInt
    findings: tuple[Finding, ...]
    block_versions: dict[UUID, Annotated[int, Field(ge=1)] | None]

    @model_validator(mode="after")
    def _ok_is_true(self) -> Self:
        if self.ok != (self.errors == 0):
            message = "ok does not go with the findings"
            raise ValueError(message)
        return self

    @property
    def errors(self) -> int:
        """How many of the findings are errors."""
        return sum(one.severity is Severity.ERROR for one in self.findings)

    @property
    def warnings(self) -> int:
        """How many of the findings are warnings."""
        return len(self.findings) - self.errors
