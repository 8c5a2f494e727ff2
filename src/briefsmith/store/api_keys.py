"""Statements on `briefsmith.api_keys`."""

from typing import TypedDict
from uuid import UUID

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.schemas.api_keys import ApiKey, NewApiKey


class _Owner(TypedDict):
    user_id: UUID


class _NewKey(_Owner):
    name: str
    key_sha256: str
    scope: str
    days: int


class _Id(_Owner):
    id: UUID


class _Hash(_Owner):
    key_sha256: str


_INSERT_KEY = statement("api_keys.insert_key", _NewKey, ApiKey)
_SELECT_KEYS = statement("api_keys.select_keys", _Owner, ApiKey)
_REVOKE_KEY = statement("api_keys.revoke_key", _Id, ApiKey)
_SELECT_LIVE_KEY = statement("api_keys.select_live_key", _Hash, ApiKey)
_TOUCH_KEY = statement("api_keys.touch_key", _Id, None)


async def insert_key(session: Session, new: NewApiKey, key_sha256: str) -> ApiKey:
    """The row of a new key."""
    params: _NewKey = {
        "user_id": session.actor.user_id,
        "name": new.name,
        "key_sha256": key_sha256,
        "scope": new.scope,
        "days": new.days,
    }
    return await session.one(_INSERT_KEY, params)


async def select_keys(session: Session) -> list[ApiKey]:
    """All keys of the actor, the newest first; at most a thousand."""
    return await session.many(_SELECT_KEYS, {"user_id": session.actor.user_id})


async def revoke_key(session: Session, key_id: UUID) -> ApiKey | None:
    """The key, which is not taken any more; None where the actor has none with this id."""
    params: _Id = {"id": key_id, "user_id": session.actor.user_id}
    return await session.maybe(_REVOKE_KEY, params)


async def select_live_key(session: Session, key_sha256: str) -> ApiKey | None:
    """The key with this hash, if it is neither revoked nor expired."""
    params: _Hash = {"key_sha256": key_sha256, "user_id": session.actor.user_id}
    return await session.maybe(_SELECT_LIVE_KEY, params)


async def touch_key(session: Session, key_id: UUID) -> None:
    """Says that it was used, once a minute."""
    await session.execute(_TOUCH_KEY, {"id": key_id, "user_id": session.actor.user_id})
