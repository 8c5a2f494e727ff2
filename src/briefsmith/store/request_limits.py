"""Statements on `briefsmith.request_rates` and `briefsmith.running_requests`."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _Owner(TypedDict):
    user_id: UUID


class _Used(_Owner):
    used_until: datetime


class _Id(_Owner):
    id: UUID


class _Starting(_Owner):
    kind: str
    idempotency_key: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class RateRow:
    """What was used, and the time."""

    used_until: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class RunningRow:
    """A request that is under way."""

    id: UUID
    kind: str
    idempotency_key: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Locked:
    is_locked: bool


@dataclass(frozen=True, slots=True)
class _Started:
    id: UUID


_LOCK_RATE = statement("request_limits.lock_rate", _Owner, RateRow)
_UPDATE_RATE = statement("request_limits.update_rate", _Used, None)
_LOCK_RUNNING = statement("request_limits.lock_running", _Owner, _Locked)
_DELETE_EXPIRED = statement("request_limits.delete_expired", _Owner, None)
_SELECT_RUNNING = statement("request_limits.select_running", _Owner, RunningRow)
_INSERT_RUNNING = statement("request_limits.insert_running", _Starting, _Started)
_DELETE_RUNNING = statement("request_limits.delete_running", _Id, None)


async def lock_rate(session: Session) -> RateRow:
    """What the actor has used, which nobody else changes to the end of the transaction."""
    return await session.one(_LOCK_RATE, _owner(session))


async def update_rate(session: Session, used_until: datetime) -> None:
    """Says what the actor has used by now."""
    await session.execute(_UPDATE_RATE, {**_owner(session), "used_until": used_until})


async def lock_running(session: Session) -> list[RunningRow]:
    """Requests of the actor that are under way, to which nobody else adds to the end of the transaction."""
    await session.one(_LOCK_RUNNING, _owner(session))
    await session.execute(_DELETE_EXPIRED, _owner(session))
    return await session.many(_SELECT_RUNNING, _owner(session))


async def insert_running(
    session: Session, kind: str, idempotency_key: str | None, *, seconds: float
) -> UUID:
    """The id of one more, which is forgotten after so many seconds."""
    params: _Starting = {
        **_owner(session),
        "kind": kind,
        "idempotency_key": idempotency_key,
        "seconds": seconds,
    }
    return (await session.one(_INSERT_RUNNING, params)).id


async def delete_running(session: Session, running_id: UUID) -> None:
    """It has ended."""
    await session.execute(_DELETE_RUNNING, {**_owner(session), "id": running_id})


def _owner(session: Session) -> _Owner:
    return {"user_id": session.actor.user_id}
