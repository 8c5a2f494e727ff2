"""Statements on `briefsmith.idempotent_answers`."""

import json
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _Owner(TypedDict):
    user_id: UUID


class _Key(_Owner):
    key: str


class _Answer(_Key):
    status: int
    headers: str
    body: bytes


class _NewAnswer(_Answer):
    request_sha256: str
    days: int


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What a request was answered with; no body once a block was purged."""

    request_sha256: str
    status: int
    headers: Any
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Locked:
    is_locked: bool


_LOCK_KEY = statement("idempotent_answers.lock_key", _Key, _Locked)
_SELECT_ANSWER = statement("idempotent_answers.select_answer", _Key, AnswerRow)
_INSERT_ANSWER = statement("idempotent_answers.insert_answer", _NewAnswer, None)
_UPDATE_ANSWER = statement("idempotent_answers.update_answer", _Answer, None)
_REDACT_ANSWERS = statement("idempotent_answers.redact_answers", _Owner, None)


async def lock_key(session: Session, key: str) -> bool:
    """Whether no other transaction has the key; it is held to the end of this one."""
    return (await session.one(_LOCK_KEY, _key(session, key))).is_locked


async def select_answer(session: Session, key: str) -> AnswerRow | None:
    """What the first request with this key was answered with."""
    return await session.maybe(_SELECT_ANSWER, _key(session, key))


async def insert_answer(
    session: Session,
    key: str,
    *,
    request_sha256: str,
    status: int,
    headers: dict[str, str],
    body: bytes,
    days: int,
) -> None:
    """Keeps an answer; those that are older than so many days go."""
    params: _NewAnswer = {
        **_key(session, key),
        "request_sha256": request_sha256,
        "status": status,
        "headers": json.dumps(headers),
        "body": body,
        "days": days,
    }
    await session.execute(_INSERT_ANSWER, params)


async def update_answer(
    session: Session, key: str, *, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Puts another answer in the place of a kept one, unless that was redacted."""
    params: _Answer = {
        **_key(session, key),
        "status": status,
        "headers": json.dumps(headers),
        "body": body,
    }
    await session.execute(_UPDATE_ANSWER, params)


async def redact_answers(session: Session) -> None:
    """Takes the bodies of all kept answers away."""
    await session.execute(_REDACT_ANSWERS, {"user_id": session.actor.user_id})


def _key(session: Session, key: str) -> _Key:
    return {"user_id": session.actor.user_id, "key": key}
