"""Personal keys, looked up under row level security and remembered for a moment."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from uuid import UUID

from briefsmith.errors import DatabaseBusy
from briefsmith.operations.api_keys import owner_of, use_key
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.schemas.api_keys import ApiKey

REMEMBERED_SECONDS = 3.0
"""A revoked key is taken for as long at most."""

_MOST_REMEMBERED = 1_000
_LOOKUPS_AT_ONCE = 2
_MOST_WAITING = 100


@dataclass(slots=True)
class KeyLookup:
    """Finds keys. Who sends wrong ones does not take the connections of the others."""

    database: Database
    _known: OrderedDict[bytes, tuple[float, ApiKey | None]] = field(
        default_factory=OrderedDict[bytes, tuple[float, ApiKey | None]]
    )
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LOOKUPS_AT_ONCE))
    _waiting: int = 0

    async def find(self, key: str) -> tuple[UUID, ApiKey] | None:
        """The owner and the row of a key that is taken; None for any other.

        Raises:
            DatabaseBusy: Too many keys are looked for at once.
        """
        owner = owner_of(key)
        if owner is None:
            return None
        digest = hashlib.sha256(key.encode()).digest()
        found = self._known.get(digest)
        if found is None or found[0] < time.monotonic():
            row = await self._look(owner, key)
            self._remember(digest, row)
        else:
            row = found[1]
        if row is None or (row.expires_at is not None and row.expires_at.timestamp() < time.time()):
            return None
        return owner, row

    async def _look(self, owner: UUID, key: str) -> ApiKey | None:
        if self._waiting >= _MOST_WAITING:
            message = "Too many keys are looked for at once."
            raise DatabaseBusy(message)
        self._waiting += 1
        try:
            # The key says whose it is; the transaction sees that user's rows, and only a key of theirs is in them.
            async with self._turns, self.database.session(Actor(owner)) as session:
                return await use_key(session, key)
        finally:
            self._waiting -= 1

    def _remember(self, digest: bytes, row: ApiKey | None) -> None:
        self._known[digest] = (time.monotonic() + REMEMBERED_SECONDS, row)
        self._known.move_to_end(digest)
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
