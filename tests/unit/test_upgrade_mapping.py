"""The mapping of a legacy database, held to its laws on random rows."""

from collections.abc import Iterable
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from briefsmith.schema_sync.upgrade.exact_json import dumps, loads
from briefsmith.schema_sync.upgrade.identities import row_id
from briefsmith.schema_sync.upgrade.mapping import map_shared, map_user
from briefsmith.schema_sync.upgrade.places import leaves
from briefsmith.schema_sync.upgrade.rebuild import rebuild
from briefsmith.schema_sync.upgrade.rows import Json, NewRow, Outcome, SourceRow
from tests.unit.upgrade_final import CHECKS, check, stored, tables
from tests.unit.upgrade_rows import USER, people_rows, shared_rows

_settings = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


def _rebuilds(rows: list[SourceRow], outcome: Outcome) -> None:
    found = rebuild([stored(row) for row in outcome.rows])
    assert {name: dumps(value) for name, value in found.items()} == {
        (row.table, row.key): dumps(loads(row.text)) for row in rows
    }


def _accounts(rows: list[SourceRow], outcome: Outcome) -> None:
    """Each leaf of each row is below a place that a new row names."""
    places: dict[tuple[str, str], set[str]] = {}
    for new in outcome.rows:
        for source in new.sources:
            places.setdefault((source.table, source.key), set()).add(source.path)
    for row in rows:
        named = places[row.table, row.key]
        for place, _ in leaves(loads(row.text)):
            assert any(_is_below(place, one) for one in named), (place, named)


def _is_below(place: str, other: str) -> bool:
    return place == other or place.startswith((f"{other}.", f"{other}["))


@_settings
@given(people_rows(), st.randoms())
def test_rows_of_a_person_fit_the_final_schema_and_can_be_made_again_out_of_it(
    rows: list[SourceRow], order: Random
) -> None:
    outcome = map_user(USER, rows)

    check(stored(row) for row in outcome.rows)
    _rebuilds(rows, outcome)
    _accounts(rows, outcome)
    _can_be_read(rows, outcome)
    _ignores_order(rows, outcome, order)


@_settings
@given(shared_rows())
def test_every_row_of_everybody_can_be_made_again_and_fits_the_final_schema(
    rows: list[SourceRow],
) -> None:
    outcome = map_shared(rows)

    check(stored(row) for row in outcome.rows)
    _rebuilds(rows, outcome)
    _accounts(rows, outcome)


def _ignores_order(rows: list[SourceRow], outcome: Outcome, order: Random) -> None:
    other = rows.copy()
    order.shuffle(other)
    assert map_user(USER, other) == outcome


def _can_be_read(rows: list[SourceRow], outcome: Outcome) -> None:
    """A stranger finds every value in the column of its name, or in texts."""
    own = {(row.table, row.id): row.values for row in outcome.rows}
    texts = list(_readable(outcome.rows))
    for row in rows:
        data = loads(row.text)
        assert isinstance(data, dict)
        values = own.get((row.table, row_id(row.table, row.key)), {})
        for name, value in data.items():
            if name != "id" and not _has(values, name, value):
                for _, leaf in leaves(value):
                    wanted = dumps(leaf)
                    assert any(wanted in text or leaf == text for text in texts), (name, leaf)


def _has(values: dict[str, Json], name: str, value: Json) -> bool:
    if name in values and dumps(values[name]) == dumps(value):
        return True
    snapshot = values.get("core_context_snapshot")
    member = f"legacy_{name}"
    if not isinstance(snapshot, dict) or member not in snapshot:
        return False
    return dumps(snapshot[member]) == dumps(value)


def _readable(rows: Iterable[NewRow]) -> Iterable[str]:
    """What a person reads of what was made: texts of blocks, addresses of files, their own columns."""
    for row in rows:
        values = row.values
        if values.get("meta_tags") in (["kept"], ["profile"]):
            yield str(values["content"])
            yield from (
                str(values[name])
                for name in ("meta_locale", "updated_at", "user_id")
                if name in values
            )
        elif row.table == "block_files":
            yield str(values["file_url"])


def test_each_check_of_the_final_schema_is_held_against_the_rows() -> None:
    ours = {
        "block_files",
        "context_blocks",
        "deployment_configs",
        "task_brief_outputs",
        "task_briefs",
    }

    assert {name for table in ours for name in tables()[table].checks} == set(CHECKS)
