"""Two catalogs: what is missing, extra, changed, and what only has another name."""

from dataclasses import replace

from briefsmith.schema_sync.catalog import Catalog, Item
from briefsmith.schema_sync.compare import differences
from tests.unit.catalogs import catalog, part, table


def said(expected: Catalog, found: Catalog) -> list[tuple[str, str, str]]:
    return [(one.change, one.item.kind, one.item.name) for one in differences(expected, found)]


def test_the_same_catalog_has_no_differences() -> None:
    one = catalog(table("public.a", "x", "y"))

    assert said(one, one) == []


def test_a_missing_table_is_told_without_its_parts() -> None:
    whole = catalog(table("public.a", "x"), table("public.b", "y", "z"))
    half = catalog(table("public.a", "x"))

    assert said(whole, half) == [("missing", "table", "public.b")]
    assert said(half, whole) == [("extra", "table", "public.b")]


def test_each_fact_that_changed_is_told_with_both_sides() -> None:
    column = Item(
        "column", "public.a.x", ("table", "public.a"), {"type": "uuid", "nullable": False}
    )
    found = catalog(table("public.a"), replace(column, facts={"type": "text", "default": "'b'"}))

    changed = differences(catalog(table("public.a"), column), found)

    assert [(one.fact, one.expected, one.found) for one in changed] == [
        ("type", "uuid", "text"),
        ("nullable", False, None),
        ("default", None, "'b'"),
    ]


def test_another_spelling_of_the_same_server_is_no_change() -> None:
    view = Item("view", "public.v", None, {"definition": "select x"})
    other = replace(view, facts={"definition": "select a.x"})
    spellings = {view.key: {"definition": ("select a.x",)}}

    assert differences(catalog(view), catalog(other), spellings) == []
    assert len(differences(catalog(view), catalog(other))) == 1


def test_a_renamed_column_is_told_as_renamed() -> None:
    before, after = catalog(table("public.a", "x", "y")), catalog(table("public.a", "x", "z"))

    assert said(before, after) == [("renamed", "column", "public.a.y")]


def test_of_two_columns_renamed_each_finds_its_own_by_its_place() -> None:
    before = catalog(table("public.a", "w", "x", "y", "z"))
    after = catalog(table("public.a", "w", "p", "q", "z"))

    renamed = [(one.expected, one.found) for one in differences(before, after)]

    assert renamed == [("x", "p"), ("y", "q")]


def test_a_column_of_another_type_is_no_rename() -> None:
    before = catalog(table("public.a", "x", y="uuid"))
    after = catalog(table("public.a", "x", z="integer"))

    assert said(before, after) == [
        ("missing", "column", "public.a.y"),
        ("extra", "column", "public.a.z"),
    ]


def test_a_renamed_column_does_not_make_its_index_differ() -> None:
    def with_index(column: str) -> Catalog:
        text = f"CREATE INDEX i ON public.a USING btree ({column})"
        return catalog(
            table("public.a", "x", column), part("index", "i", "public.a", definition=text)
        )

    assert said(with_index("old"), with_index("new")) == [("renamed", "column", "public.a.old")]


def test_a_renamed_table_takes_its_parts_along() -> None:
    def named(name: str) -> Catalog:
        check = part("constraint", "a_check", name, definition="CHECK (x <> '')")
        grant = Item("grant", f"table {name} to anon", ("table", name), {"privileges": ["SELECT"]})
        return catalog(table(name, "x", "y", "z"), check, grant)

    assert said(named("public.a"), named("public.b")) == [("renamed", "table", "public.a")]


def test_a_renamed_and_changed_table_is_still_the_same_one() -> None:
    before = catalog(table("public.a", "w", "x", "y", "z"))
    after = catalog(table("public.b", "w", "x", "y", "z", "more"))

    assert said(before, after) == [
        ("renamed", "table", "public.a"),
        ("extra", "column", "public.b.more"),
    ]


def test_where_two_could_be_meant_nothing_is_a_rename() -> None:
    before = catalog(table("public.a", "x", "y"))
    after = catalog(table("public.b", "x", "y"), table("public.c", "x", "y"))

    assert said(before, after) == [
        ("missing", "table", "public.a"),
        ("extra", "table", "public.b"),
        ("extra", "table", "public.c"),
    ]


def test_a_name_within_a_longer_one_is_not_taken_for_it() -> None:
    def with_check(column: str, text: str) -> Catalog:
        return catalog(
            table("public.a", "x", column), part("constraint", "c", "public.a", definition=text)
        )

    before = with_check("old", "CHECK (older <> '')")
    after = with_check("new", "CHECK (newer <> '')")

    assert said(before, after) == [
        ("renamed", "column", "public.a.old"),
        ("changed", "constraint", "c on public.a"),
    ]
