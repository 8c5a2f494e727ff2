"""Verbs on personal keys, with which a script or an agent asks the server."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from briefsmith import errors
from briefsmith.postgres.session import Session
from briefsmith.schemas.api_keys import ApiKey, NewApiKey
from briefsmith.store import api_keys

PREFIX = "bsk_"
_SECRET_BYTES = 32
_FORM = re.compile(r"bsk_[A-Za-z0-9_-]{64}")
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key.

    Attributes:
        key: What is sent as a bearer token; nobody can read it again.
    """

    key: str
    row: ApiKey


async def add_key(session: Session, new: NewApiKey) -> MadeKey:
    """A new key of the actor, of which the database keeps a hash."""
    secret = session.actor.user_id.bytes + secrets.token_bytes(_SECRET_BYTES)
    key = PREFIX + base64.urlsafe_b64encode(secret).decode("ascii")
    return MadeKey(key, await api_keys.insert_key(session, new, key_sha256(key)))


async def list_keys(session: Session) -> list[ApiKey]:
    """The actor's keys, the newest first, with those that are not taken any more."""
    return await api_keys.select_keys(session)


async def revoke_key(session: Session, key_id: UUID) -> ApiKey:
    """The key, which is not taken any more; a second time changes nothing.

    Raises:
        NotFound: There is none, or it is somebody else's.
    """
    row = await api_keys.revoke_key(session, key_id)
    if row is None:
        message = f"There is no key {key_id}."
        hint = "`briefsmith key list` shows the keys that there are."
        raise errors.NotFound(message, hint=hint, details={"id": str(key_id)})
    return row


async def use_key(session: Session, key: str) -> ApiKey | None:
    """The row of a key that is taken by now; None for any other.

    Args:
        session: Of the user that the key itself names; row level security shows nobody else's.
    """
    row = await api_keys.select_live_key(session, key_sha256(key))
    if row is not None:
        await api_keys.touch_key(session, row.id)
    return row


def owner_of(key: str) -> UUID | None:
    """The user that a key names, who is not known to have sent it; None for what has not the form of a key."""
    if not _FORM.fullmatch(key):
        return None
    return UUID(bytes=base64.urlsafe_b64decode(key.removeprefix(PREFIX))[:_ID_BYTES])


def key_sha256(key: str) -> str:
    """As the database keeps it: 32 random bytes need no salt and no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()
