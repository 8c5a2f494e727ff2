"""Statements on `briefsmith.block_surroundings`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


@dataclass(frozen=True, slots=True)
class NewIds:
    """Ids that nothing has."""

    ids: list[UUID]


class _Count(TypedDict):
    count: int


class _Following(TypedDict):
    user_id: UUID
    ids: list[UUID]
    previous: list[UUID]


class _First(TypedDict):
    user_id: UUID
    ids: list[UUID]


_SELECT_NEW_IDS = statement("block_surroundings.select_new_ids", _Count, NewIds)
_UPSERT_SURROUNDINGS = statement("block_surroundings.upsert_surroundings", _Following, None)
_DELETE_SURROUNDINGS = statement("block_surroundings.delete_surroundings", _First, None)


async def select_new_ids(session: Session, count: int) -> list[UUID]:
    """Ids for blocks that are about to be written."""
    return (await session.one(_SELECT_NEW_IDS, {"count": count})).ids


async def upsert_surroundings(session: Session, previous: Mapping[UUID, UUID]) -> None:
    """Says of blocks which one comes before; of one that is not there yet before it is written."""
    if not previous:
        return
    params: _Following = {
        "user_id": session.actor.user_id,
        "ids": list(previous.keys()),
        "previous": list(previous.values()),
    }
    await session.execute(_UPSERT_SURROUNDINGS, params)


async def delete_surroundings(session: Session, ids: Sequence[UUID]) -> None:
    """Nothing comes before these blocks."""
    if not ids:
        return
    params: _First = {"user_id": session.actor.user_id, "ids": list(ids)}
    await session.execute(_DELETE_SURROUNDINGS, params)
