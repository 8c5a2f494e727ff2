"""A place in a list: after which row a page begins, so that it stays right while rows come and go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Placed(Protocol):
    """A row that a list can go on behind, be it there still or not."""

    @property
    def id(self) -> UUID:
        """Of rows that were made at the same moment, the order is by id."""
        ...

    @property
    def created_at(self) -> datetime:
        """Lists are in this order, or in its reverse."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands, without the row."""

    id: UUID
    created_at: datetime
