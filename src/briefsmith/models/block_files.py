"""Rows of `block_files`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from briefsmith.models.enums import StorageDomain


class BlockFile(BaseModel):
    """A file in the user's library or attached to a block."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    user_id: UUID
    file_url: str
    file_name: str
    label: str
    note: str | None
    size_bytes: int
    storage_domain: StorageDomain
    is_primary: bool
    associated_block_id: UUID | None
    content_type: str | None
    content_sha256: str | None
    created_at: datetime
