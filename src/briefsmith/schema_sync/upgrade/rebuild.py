"""The legacy rows again, out of the new ones alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from briefsmith.schema_sync.upgrade.columns import MOVED
from briefsmith.schema_sync.upgrade.identities import row_id
from briefsmith.schema_sync.upgrade.kept import TAG, body_of, read_lines
from briefsmith.schema_sync.upgrade.places import Step, assemble, read_place
from briefsmith.schema_sync.upgrade.profile import read_profile
from briefsmith.schema_sync.upgrade.rows import Json, NewRow
from briefsmith.schema_sync.upgrade.shared import TABLE as SHARED
from briefsmith.schema_sync.upgrade.shared import undescribe

Legacy = tuple[str, str]
Placed = tuple[Sequence[Step], Json]

# They repeat what the history of uses says.
_REPEATED = "block_brief_link"


def rebuild(rows: Iterable[NewRow]) -> dict[Legacy, Json]:
    """The legacy rows, by table and key, as they were.

    Args:
        rows: All that became of one person's rows, or of those that are everybody's, with their columns as the
            database prints them.
    """
    found: dict[Legacy, list[Placed]] = defaultdict(list)
    lines: list[str] = []
    for row in rows:
        if row.table == _REPEATED:
            continue
        legacy = _legacy_of(row)
        if legacy is not None:
            found[legacy] += _read_columns(row)
            lines += _lines_at_the_end(row)
        elif row.table == "context_blocks" and row.values["meta_tags"] == [TAG]:
            lines += body_of(str(row.values["content"]))
        else:
            for source in row.sources:
                place = source.path
                value = read_profile(row, source.key, place)
                found[source.table, source.key].append((_steps(place), value))
    # A line has the last word: a column may hold something that is only like its value.
    for name, steps, value in read_lines(lines):
        found[name].append((steps, value))
    return {name: assemble(placed) for name, placed in found.items()}


def _legacy_of(row: NewRow) -> Legacy | None:
    """The legacy row that this row was, column for column; None for one that was made."""
    for source in row.sources:
        if source.table == row.table:
            return (source.table, source.key) if row_id(row.table, source.key) == row.id else None
    return None


def _read_columns(row: NewRow) -> Iterator[Placed]:
    moved = MOVED.get(row.table, {})
    for source in row.sources:
        steps = _steps(source.path)
        if len(steps) != 1:
            continue  # a line says it
        name = str(steps[0])
        if name == "id":
            yield steps, str(row.id)
        elif name in moved:
            holder, member = moved[name]
            members = row.values[holder]
            assert isinstance(members, dict), holder  # noqa: S101  made as an object
            yield steps, members[member]
        elif row.table == SHARED and name == "description":
            yield steps, undescribe(str(row.values[name]))[0]
        elif name in row.values:
            yield steps, row.values[name]


def _lines_at_the_end(row: NewRow) -> list[str]:
    description = row.values.get("description")
    if row.table != SHARED or not isinstance(description, str):
        return []
    return undescribe(description)[1]


@lru_cache(maxsize=1_000)
def _steps(place: str) -> tuple[Step, ...]:
    return tuple(read_place(place, 1)[0])
