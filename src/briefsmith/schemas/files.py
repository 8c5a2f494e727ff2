"""Requests about files, and what the library takes."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from briefsmith.models.enums import StorageDomain
from briefsmith.schemas.blocks import Text

MAX_FILE_LABEL_CHARS = 500

FILE_ADDRESS = "briefsmith://file/"
"""What the address of a file in a brief begins with; its id follows."""


def file_address(file_id: UUID, file_url: str) -> str:
    """Where a brief says that a file is: on the web, or in the library by its id, wherever that keeps the bytes."""
    is_web = file_url.lower().startswith(("https://", "http://"))
    return file_url if is_web else f"{FILE_ADDRESS}{file_id}"


def id_in_address(address: str) -> UUID | None:
    """The file of the library that an address in a brief names; None for any other address."""
    if not address.startswith(FILE_ADDRESS):
        return None
    try:
        return UUID(address.removeprefix(FILE_ADDRESS))
    except ValueError:
        return None


class NewFile(BaseModel):
    """A file to add to the library.

    Attributes:
        block_id: The block that it is attached to; None leaves it in the library.
        is_primary: The block's first file.
        domain: None is `block-files` with a block, else `user-library`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Annotated[Text, Field(min_length=1, max_length=MAX_FILE_LABEL_CHARS)]
    note: Annotated[Text, Field(max_length=20_000)] | None = None
    block_id: UUID | None = None
    is_primary: bool = False
    domain: StorageDomain | None = None

    @field_validator("label")
    @classmethod
    def _says_something(cls, label: str) -> str:
        if not label.strip():
            message = "it is blank"
            raise ValueError(message)
        return label

    @model_validator(mode="after")
    def _leads_a_block(self) -> Self:
        if self.is_primary and self.block_id is None:
            message = "a primary file is one of a block"
            raise ValueError(message)
        return self

    @property
    def storage_domain(self) -> StorageDomain:
        """Where it belongs."""
        if self.domain is not None:
            return self.domain
        return StorageDomain.BLOCK_FILES if self.block_id else StorageDomain.USER_LIBRARY


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What the library takes.

    Attributes:
        file_bytes: Of one file.
        library_bytes: Of all files of a person together; the same bytes count once.
        types: Media types, as `type/subtype` or `type/*`.
    """

    file_bytes: int
    library_bytes: int
    types: Collection[str]

    def takes(self, content_type: str) -> bool:
        """Whether files of this type are taken."""
        return content_type in self.types or f"{content_type.partition('/')[0]}/*" in self.types
