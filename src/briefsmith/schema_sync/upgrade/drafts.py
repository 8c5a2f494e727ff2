"""Legacy rows on their way into final ones."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from briefsmith.schema_sync.upgrade.columns import (
    ABSENT,
    COLUMNS,
    MOVED,
    OWNED,
    Absent,
    Column,
    Reference,
)
from briefsmith.schema_sync.upgrade.exact_json import loads
from briefsmith.schema_sync.upgrade.fitting import Fitted, is_readable
from briefsmith.schema_sync.upgrade.identities import row_id
from briefsmith.schema_sync.upgrade.places import Leaf, below
from briefsmith.schema_sync.upgrade.reasons import Code
from briefsmith.schema_sync.upgrade.rows import Json, NewRow, Reason, Source, SourceRow


@dataclass(slots=True)
class Draft:
    """A legacy row, and what is decided about it.

    Attributes:
        id: Of the row that it becomes.
        data: The legacy row; a column that is SQL NULL is not there.
        values: Of the row that it becomes.
        held: Its columns that these values hold exactly.
        kept: Places and values that no column holds.
    """

    table: str
    key: str
    id: UUID
    data: dict[str, Json]
    values: dict[str, Json] = field(default_factory=dict[str, Json])
    held: list[str] = field(default_factory=list[str])
    kept: list[Leaf] = field(default_factory=list[Leaf])
    reasons: list[Reason] = field(default_factory=list[Reason])

    def say(self, code: Code, sentence: str) -> None:
        """Notes a decision."""
        self.reasons.append(Reason(self.table, self.key, code, sentence))

    def hold(self, column: str, value: Json) -> None:
        """The values hold a legacy column as it is."""
        self.values[column] = value
        self.held.append(column)

    def keep(self, column: str) -> None:
        """The legacy value of a column goes into the block of what is kept."""
        if column in self.held:
            self.held.remove(column)
        self.kept.append((place_of(column), self.data[column]))

    def row(self) -> NewRow:
        """What it becomes."""
        sources = tuple(Source(self.table, self.key, place_of(column)) for column in self.held)
        return NewRow(self.table, self.id, self.values, sources)


class Known:
    """The rows that may be referred to: legacy ids with the ids that their rows have now."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], UUID] = {}

    def add(self, draft: Draft) -> None:
        """A row is there; of several with one id, the first counts."""
        legacy = draft.data.get("id")
        if isinstance(legacy, str):
            self._ids.setdefault((draft.table, legacy), draft.id)

    def find(self, table: str, legacy: Json) -> str | None:
        """The id that a row has now; None where there is no such row of this person."""
        found = self._ids.get((table, legacy)) if isinstance(legacy, str) else None
        return None if found is None else str(found)


@lru_cache(maxsize=1_000)
def place_of(column: str) -> str:
    """The place of a column's value in its row."""
    return below("$", column)


def begin(row: SourceRow) -> Draft:
    """A draft in which nothing is decided yet."""
    data = loads(row.text)
    assert isinstance(data, dict), row.table  # noqa: S101  to_jsonb of a row is an object
    return Draft(row.table, row.key, row_id(row.table, row.key), data)


def fill(draft: Draft, known: Known) -> bool:
    """Decides on every column.

    Returns:
        Whether it becomes a row; otherwise what it belongs to is not there, and all of it is kept.
    """
    columns = COLUMNS[draft.table]
    lost = [
        name
        for name, column in columns.items()
        if isinstance(column, Reference)
        and column.is_required
        and known.find(column.table, draft.data.get(name)) is None
    ]
    if lost:
        keep_whole(draft)
        draft.say(
            Code.ROW_KEPT_AS_TEXT,
            f"What {' and '.join(lost)} name is not there; all of it is text.",
        )
        return False
    _hold_identity(draft)
    nulls: list[str] = []
    for name, column in columns.items():
        if isinstance(column, Reference):
            _refer(draft, name, column, known)
            if column.is_list and name not in draft.data:
                nulls.append(name)
        elif name in draft.data:
            _take(draft, name, column)
        else:
            _put(draft, name, column.default)
            if not (column.is_new or column.is_nullable):
                nulls.append(name)
    _move(draft)
    _keep_rest(draft)
    if nulls:
        sentence = f"Null in {_listed(nulls)} became the default."
        draft.say(Code.DEFAULT_FOR_NULL, sentence)
    return True


def keep_whole(draft: Draft) -> None:
    """The row becomes text."""
    draft.values, draft.held, draft.kept = {}, [], [("$", draft.data)]


def _hold_identity(draft: Draft) -> None:
    if draft.data.get("id") == str(draft.id):
        draft.held.append("id")
    elif "id" in draft.data:
        draft.keep("id")
        draft.say(Code.ID_REPLACED, f"Another row has its id; it is {draft.id} now.")
    else:
        draft.say(Code.ID_REPLACED, f"It had no id; it is {draft.id} now.")
    if draft.table in OWNED and "user_id" in draft.data:
        draft.hold("user_id", draft.data["user_id"])


def _take(draft: Draft, name: str, column: Column) -> None:
    found = column.fit(draft.data[name])
    if found is None:
        _put(draft, name, column.default)
        draft.keep(name)
        draft.say(Code.VALUE_KEPT_AS_TEXT, f"{name} cannot hold what it held; that is text now.")
    elif found.is_exact:
        draft.hold(name, found.value)
    else:
        adapt(draft, name, found)


def adapt(draft: Draft, name: str, found: Fitted) -> None:
    """A column holds something like its legacy value, which is kept."""
    draft.values[name] = found.value
    draft.keep(name)
    draft.say(Code.VALUE_ADAPTED, f"{name} was adapted; what it held is kept as text.")


def _put(draft: Draft, name: str, value: "Json | Absent") -> None:
    if value is not ABSENT:
        draft.values[name] = value.copy() if isinstance(value, list) else value


def _refer(draft: Draft, name: str, column: Reference, known: Known) -> None:
    legacy = draft.data.get(name)
    wanted = legacy if column.is_list and isinstance(legacy, list) else [legacy]
    found = [known.find(column.table, one) for one in wanted]
    there: list[Json] = [one for one in found if one is not None]
    value = there if column.is_list else next(iter(there), None)
    if name not in draft.data:
        draft.values[name] = value
    elif value == legacy:
        draft.hold(name, value)
    else:
        draft.values[name] = value
        draft.keep(name)
        _say_lost(draft, name, missing=len(there) < len(found))


def _say_lost(draft: Draft, name: str, *, missing: bool) -> None:
    if missing:
        sentence = f"{name} named what is not there; what it held is kept as text."
        draft.say(Code.REFERENCE_DROPPED, sentence)
    else:
        draft.say(Code.REFERENCE_MOVED, f"{name} follows what it names to another id.")


def _move(draft: Draft) -> None:
    holders: dict[str, dict[str, Json]] = {}
    for name, (holder, member) in MOVED.get(draft.table, {}).items():
        holders.setdefault(holder, {})
        if name not in draft.data:
            continue
        if is_readable(draft.data[name]):
            holders[holder][member] = draft.data[name]
            draft.held.append(name)
        else:
            draft.keep(name)
            draft.say(Code.VALUE_KEPT_AS_TEXT, f"{name} is too deep, or has too long a number.")
    for holder, members in holders.items():
        draft.values[holder] = {**members} if members else None


def _keep_rest(draft: Draft) -> None:
    """Columns that the final table has not, under any name."""
    held, kept = {*draft.held}, {place for place, _ in draft.kept}
    rest = [name for name in sorted(draft.data) if name not in held and place_of(name) not in kept]
    for name in rest:
        draft.keep(name)
    if rest:
        sentence = f"There is no column for {_listed(rest)}; what they held is kept as text."
        draft.say(Code.VALUE_KEPT_AS_TEXT, sentence)


def _listed(names: list[str]) -> str:
    return ", ".join(re.sub(r"\W", "?", name) for name in names)
