"""Personal keys: a request for one, and how it is listed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from briefsmith.schemas.numbers import WHOLE

MAX_DAYS = 3_650

KeyScope = Literal["read", "write"]


class NewApiKey(BaseModel):
    """A key to make.

    Attributes:
        name: Visible ASCII; revisions remember it as who changed a block.
        scope: `read` may only look.
        days: How long it is taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(max_length=100, pattern=r"^[!-~]([ -~]*[!-~])?$")]
    scope: KeyScope = "write"
    days: Annotated[int, Field(ge=1, le=MAX_DAYS), WHOLE] = 90


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is listed; what it is itself is not known any more.

    Attributes:
        revoked_at: None while it is taken.
        last_used_at: To the minute; None before its first use.
    """

    id: UUID
    name: str
    scope: KeyScope
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
