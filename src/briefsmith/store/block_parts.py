"""Statements on `briefsmith.block_parts`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

import numpy as np

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.store.block_parameters import Vector


@dataclass(frozen=True, slots=True)
class LongBlock:
    """A block whose parts are to be embedded."""

    id: UUID
    label: str
    content: str


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part of a block.

    Attributes:
        place: Of the part in its block, from 1.
    """

    block_id: UUID
    place: int
    vector: Vector


class _Long(TypedDict):
    ids: list[UUID]
    characters: int
    model: str


class _Parts(TypedDict):
    user_id: UUID
    model: str
    ids: list[UUID]
    places: list[int]
    vectors: Vector


_SELECT_LONG = statement("block_parts.select_long", _Long, LongBlock)
_INSERT_PARTS = statement("block_parts.insert_parts", _Parts, None)


async def select_long(
    session: Session, ids: Sequence[UUID], model: str, *, characters: int
) -> list[LongBlock]:
    """Of some blocks those that are longer, have a vector of the model and no parts of it."""
    params: _Long = {"ids": list(ids), "characters": characters, "model": model}
    return await session.many(_SELECT_LONG, params)


async def insert_parts(session: Session, model: str, parts: Sequence[NewPart]) -> None:
    """Stores parts of one or several blocks; at least one."""
    params: _Parts = {
        "user_id": session.actor.user_id,
        "model": model,
        "ids": [part.block_id for part in parts],
        "places": [part.place for part in parts],
        "vectors": np.concatenate([part.vector for part in parts]),
    }
    await session.execute(_INSERT_PARTS, params)
