"""When each mend comes in a script of several."""

from collections.abc import Sequence

from briefsmith.schema_sync.catalog import Catalog, Item
from briefsmith.schema_sync.compare import Difference
from briefsmith.schema_sync.definitions import part_pieces, pieces_of
from briefsmith.schema_sync.detours import Sides
from briefsmith.schema_sync.names import called, text_of
from briefsmith.schema_sync.pieces import Piece, Turn

_VIEWS = frozenset({"view", "materialized_view"})


class Order:
    """Gives each mend its turn."""

    def __init__(self, expected: Catalog, found: Catalog, sides: Sides) -> None:
        self._expected, self._found, self._sides = expected, found, sides
        self._places = {key: place for place, key in enumerate(found.items)}

    def piece(self, difference: Difference, sql: str) -> Piece:
        """The mend with its turn in a script."""
        item = difference.item
        match difference.change:
            case "renamed":
                turn = Turn.RENAME if item.parent is None else Turn.RENAME_PART
                return Piece(turn, sql, needs="")
            case "extra":
                return Piece(self._turn_of_drop(item), sql, None, "", self._rank_of_drop(item))
            case _:
                return self._piece_of_making(difference, sql)

    def _turn_of_drop(self, item: Item) -> Turn:
        if item.parent is None:
            name = called(item.name)
            taken = any(
                called(other.name) == name and other.key not in self._found.items
                for other in self._expected.items.values()
                if other.parent is None
            )
            return Turn.MAKE_WAY if taken else Turn.DROP
        if item.kind == "grant":
            return Turn.GRANT
        return Turn.DROP if item.kind in {"column", "sequence"} else Turn.DROP_PART

    def _rank_of_drop(self, item: Item) -> tuple[int, ...]:
        """What was made last goes first."""
        definition = text_of(item, "definition") or ""
        late = (
            -int(next(iter(pieces_of(item, self._sides.found)), Piece(Turn.TABLE, "")).turn)
            if item.kind != "grant"
            else 0
        )
        return late, 0 if definition.startswith("FOREIGN KEY") else 1, -self._places[item.key]

    def _piece_of_making(self, difference: Difference, sql: str) -> Piece:
        item, fact = difference.item, difference.fact
        if fact == "owner":
            return Piece(Turn.OWNER, sql, needs="")
        if item.kind == "grant":
            of_column = item.parent is not None and item.parent[0] == "column"
            return Piece(Turn.GRANT, sql, needs="", rank=(2 if of_column else 1,))
        first = next(iter(self._first_pieces(item)), Piece(Turn.TABLE, ""))
        turn, rank = first.turn, first.rank
        if item.kind == "column" or (item.kind == "sequence" and item.facts.get("identity")):
            turn, rank = Turn.COLUMN, (_rank_in_column(difference),)
            if fact == "nullable" and item.facts.get("nullable"):
                # A primary key that is in the way has gone by then.
                turn = Turn.INDEX
        elif item.kind == "constraint" and "FOREIGN KEY" not in sql[:200]:
            rank = (
                0 if str(item.facts.get("definition")).startswith(("PRIMARY", "UNIQUE")) else 1,
            )
        elif fact in {"row_security", "forced"}:
            turn = Turn.POLICY
        elif fact in {"inherits", "partition_bound", "replica_identity"}:
            turn = Turn.ATTACH
        is_new = difference.change == "missing"
        return Piece(turn, sql, _made(item, is_new=is_new), first.needs if is_new else None, rank)

    def _first_pieces(self, item: Item) -> Sequence[Piece]:
        parent = None if item.parent is None else self._expected.items.get(item.parent)
        if item.kind == "column" and parent is not None and parent.kind in _VIEWS:
            return [Piece(Turn.VIEW, "")]
        if item.parent is None:
            return (
                list(pieces_of(item, self._sides.expected))[:1]
                if item.kind != "schema"
                else ([Piece(Turn.SCHEMA, "")])
            )
        return list(part_pieces(item, self._sides.expected, whole=False))[:1]


def _made(item: Item, *, is_new: bool) -> str | None:
    """Name of what others have to wait for."""
    if item.kind == "column":
        return item.name if is_new else None
    if item.parent is not None or (item.kind in {"table", "foreign_table"} and not is_new):
        return None
    return called(item.name)


# Of one column: what is in the way goes first, and its number comes when it is not null.
_IN_COLUMN = {
    "generated": 1,
    "type": 2,
    "collation": 2,
    "extension": 2,
    "default": 3,
    "nullable": 4,
    "identity": 5,
}


def _rank_in_column(difference: Difference) -> int:
    item = difference.item
    if difference.change == "missing":
        if item.kind == "sequence":
            return 5
        # What is computed from others comes behind them.
        return 1 if "generated" in item.facts else 0
    if difference.fact == "identity" and "identity" not in item.facts:
        return 1
    return _IN_COLUMN.get(difference.fact or "", 6)
