"""A contract as a file: what was written is read, and what is none is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.errors import InvalidContract
from briefsmith.schema_sync.catalog import Catalog, Fact, Item
from briefsmith.schema_sync.contract import Contract, merge, packaged, read, write
from tests.unit.catalogs import catalog, table

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_FACTS: st.SearchStrategy[dict[str, Fact]] = st.dictionaries(
    _TEXT.filter(lambda name: name not in {"kind", "name", "of", "also"}),
    st.one_of(_TEXT, st.booleans(), st.integers(), st.lists(_TEXT, max_size=3)),
    max_size=3,
)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    roots = draw(st.lists(st.tuples(_TEXT, _FACTS), max_size=4))
    items = [Item("table", name, None, facts) for name, facts in roots]
    for root in list(items):
        for name, facts in draw(st.lists(st.tuples(_TEXT, _FACTS), max_size=3)):
            items.append(Item("column", f"{root.name}.{name}", root.key, facts))
    return Catalog(("public",), None, {item.key: item for item in items})


@given(catalogs())
def test_a_written_contract_is_read_as_it_was(made: Catalog) -> None:
    contract = Contract(made, 18, migrations=("1",))

    assert read(write(contract)).catalog.items == contract.catalog.items


def test_columns_keep_their_order() -> None:
    contract = Contract(catalog(table("public.a", "z", "a", "m")), 18)

    names = [
        item.local_name for item in read(write(contract)).catalog.items.values() if item.parent
    ]

    assert names == ["z", "a", "m"]


def test_spellings_of_several_servers_are_kept_once_each() -> None:
    def printing(text: str, version: int) -> Contract:
        return Contract(catalog(Item("view", "public.v", None, {"definition": text})), version)

    merged = read(write(merge([printing("x", 18), printing("x", 16), printing("v.x", 15)])))

    assert merged.server_version == 18
    assert merged.spellings == {("view", "public.v"): {"definition": ("v.x",)}}


def test_servers_with_different_objects_make_no_contract() -> None:
    with pytest.raises(InvalidContract):
        merge([Contract(catalog(table("public.a")), 18), Contract(catalog(table("public.b")), 16)])


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "no json", '{"format": 2}', '{"format": 1}', "[" * 100_000),
        json.dumps(
            {"format": 1, "server_version": 18, "migrations": [], "schemas": [], "items": [3]}
        ),
        json.dumps(
            {"format": 1, "server_version": "x", "migrations": [], "schemas": [], "items": []}
        ),
    ],
)
def test_what_is_no_contract_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidContract) as caught:
        read(text)

    assert caught.value.code == "B107"


def test_the_packaged_contract_is_written_as_it_is_read() -> None:
    contract = packaged()

    assert read(write(contract)).catalog.items == contract.catalog.items
    assert ("table", "public.context_blocks") in contract.catalog.items
