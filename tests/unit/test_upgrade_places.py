"""Places inside of JSON: written, read, and put together again."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.schema_sync.upgrade.exact_json import dumps
from briefsmith.schema_sync.upgrade.places import assemble, below, leaves, read_place

_key = st.sampled_from(
    ["a", "a.b", "", "[0]", '"', '"]', "\\", " = ", "ü", "0", "k" * 12_000]
) | st.text(max_size=5)
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers().map(Decimal),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_key, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_json, st.randoms())
def test_a_value_is_put_together_from_its_leaves_in_any_order(value: Any, order: Random) -> None:
    found = [(read_place(place, 1)[0], leaf) for place, leaf in leaves(value)]
    order.shuffle(found)

    assert dumps(assemble(found)) == dumps(value)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(_key | st.integers(0, 99), max_size=4),
    st.sampled_from(["", " = 1", ": x", " (part 1 of 2) = "]),
)
def test_a_place_is_read_to_where_it_ends(steps: list[str | int], behind: str) -> None:
    place = "$"
    for step in steps:
        place = below(place, step)

    assert read_place(place + behind, 1) == (steps, len(place))


_PLACES: list[tuple[Any, list[str]]] = [
    ({}, ["$"]),
    ({"a": [{"b c": None}, []], "": 1}, ['$[""]', '$.a[0]["b c"]', "$.a[1]"]),
    ({"k" * 10_001: {"x": 1}, "y": 2}, ["$"]),
]


@pytest.mark.parametrize(("value", "places"), _PLACES)
def test_leaves_have_readable_places(value: Any, places: list[str]) -> None:
    assert [place for place, _ in leaves(value)] == places


def test_depth_is_no_matter() -> None:
    value: Any = Decimal(1)
    for _ in range(3_000):
        value = [value]

    [(place, leaf)] = leaves(value)

    assert (place, leaf) == ("$" + "[0]" * 3_000, Decimal(1))
