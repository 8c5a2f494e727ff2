"""Statements that make something, put in an order that works."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from briefsmith.schema_sync.names import Finder


class Turn(IntEnum):
    """When a statement comes, as far as nothing that it mentions says otherwise."""

    MAKE_WAY = 0
    RENAME = 1
    RENAME_PART = 2
    DROP_PART = 3
    SCHEMA = 4
    EXTENSION = 5
    COLLATION = 6
    TYPE = 7
    SEQUENCE = 8
    TABLE = 9
    COLUMN = 10
    FUNCTION = 11
    LATER = 12
    INDEX = 13
    BEFORE_ATTACH = 14
    ATTACH = 15
    FOREIGN_KEY = 16
    VIEW = 17
    STATISTICS = 18
    RULE = 19
    TRIGGER = 20
    POLICY = 21
    DROP = 22
    OWNER = 23
    GRANT = 24


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement.

    Attributes:
        makes: Name of what other statements need it for; None where none does.
        needs: Text in which the names stand that have to be there before; None where it is `sql`.
        rank: Order within the turn.
    """

    turn: Turn
    sql: str
    makes: str | None = None
    needs: str | None = None
    rank: tuple[int, ...] = ()


def in_order(pieces: Sequence[Piece]) -> list[int]:
    """Positions of the pieces, each behind those that make what it mentions.

    Where some need each other in a ring, the one with the earliest turn goes first.
    """
    makers: dict[str, list[int]] = defaultdict(list)
    for number, piece in enumerate(pieces):
        if piece.makes is not None:
            makers[piece.makes].append(number)
    finder = Finder(makers)
    # What is made by one and the same SQL does not wait for itself.
    waits = [
        {maker for maker in _makers(piece, makers, finder) if pieces[maker].sql != piece.sql}
        for piece in pieces
    ]
    return _sorted(pieces, waits)


def _makers(piece: Piece, makers: dict[str, list[int]], finder: Finder) -> set[int]:
    text = piece.sql if piece.needs is None else piece.needs
    return {maker for name in finder.names_in(text) - {piece.makes} for maker in makers[name]}


def _sorted(pieces: Sequence[Piece], waits: list[set[int]]) -> list[int]:
    followers: dict[int, list[int]] = defaultdict(list)
    for number, needed in enumerate(waits):
        for maker in needed:
            followers[maker].append(number)

    def place(number: int) -> tuple[Turn, tuple[int, ...], int]:
        return pieces[number].turn, pieces[number].rank, number

    left = {number: len(needed) for number, needed in enumerate(waits)}
    ready = [place(number) for number, count in left.items() if count == 0]
    heapq.heapify(ready)
    done: list[int] = []
    while left:
        number = heapq.heappop(ready)[-1] if ready else min(left, key=place)
        if left.pop(number, None) is None:
            continue
        done.append(number)
        for follower in followers[number]:
            if follower in left:
                left[follower] -= 1
                if left[follower] == 0:
                    heapq.heappush(ready, place(follower))
    return done


def statements(pieces: Iterable[Piece]) -> list[str]:
    """The SQL of pieces, in an order that works."""
    known = list(pieces)
    return list(dict.fromkeys(known[number].sql for number in in_order(known)))
