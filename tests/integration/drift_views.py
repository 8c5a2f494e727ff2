"""Every change of a view and of an enum."""

from collections.abc import Iterator
from dataclasses import replace

from briefsmith.schema_sync.catalog import Item, Key
from briefsmith.schema_sync.definitions import create_view
from briefsmith.schema_sync.names import bare, list_of, literal, text_of
from tests.integration.drift_base import Change, Drifting


class OfViews(Drifting):
    """Changes of views, their columns and enums."""

    def views(self) -> Iterator[Change]:
        for item in self._all("view"):
            yield from self._view(item)

    def _view(self, item: Item) -> Iterator[Change]:
        name = item.name
        body = (text_of(item, "definition") or "").rstrip(" ;")
        columns = self._columns_of(item)
        listed = ", ".join(one.local_name for one in columns)

        def change(sort: str, *ways: str, names: tuple[Key, ...] = (item.key,)) -> Change:
            return Change(f"view: {sort}", names, ways, name)

        def body_of(text: str, *, replaced: bool = True) -> str:
            changed = replace(item, facts={**item.facts, "definition": text})
            return f"{'' if replaced else f'drop view {name};'}{create_view(changed, replace=replaced)}"

        yield change("dropped", f"drop view {name} cascade")
        yield change("renamed", f"alter view {name} rename to drifted")
        yield change("owner", f"alter view {name} owner to {self.stranger}")
        yield change("body", body_of(f"select {listed} from ({body}) as old where false"))
        yield change("body twice", body_of(f"{body.replace('count(', 'count(', 1)} limit 7"))
        yield change("security_invoker reset", f"alter view {name} reset (security_invoker)")
        yield change("security_invoker false", f"alter view {name} set (security_invoker = false)")
        yield change("security_barrier", f"alter view {name} set (security_barrier)")
        yield change("options by replacing", f"create or replace view {name} as {body}")
        yield change(
            "extra column",
            body_of(f"select old.*, 1 as extra from ({body}) as old"),
            names=(item.key, ("column", f"{name}.extra")),
        )
        yield change(
            "columns in another order",
            body_of(
                f"select {', '.join(one.local_name for one in reversed(columns))} from ({body}) as old",
                replaced=False,
            ),
        )
        yield change(
            "a table in its place",
            f"create table public.kept as {body}; drop view {name}; alter table public.kept rename to {bare(name)}",
        )
        yield change(
            "a materialized view in its place",
            f"drop view {name}; create materialized view {name} as {body}",
        )
        yield change(
            "rule added",
            f"create rule extra as on delete to {name} do instead nothing",
            names=(("rule", f"extra on {name}"),),
        )
        yield change(
            "trigger added",
            "create function public.hook() returns trigger language plpgsql as 'begin return new; end';"
            f"create trigger extra instead of insert on {name} for each row execute function public.hook()",
            names=(("trigger", f"extra on {name}"),),
        )
        for column in columns:
            local = column.local_name
            others = ", ".join(one.local_name for one in columns if one is not column)
            either = (item.key, column.key)
            yield change(
                "column renamed",
                f"alter view {name} rename column {local} to drifted",
                names=either,
            )
            yield change(
                "column default",
                f"alter view {name} alter column {local} set default coalesce(null::{self._type(column)}, null)",
                names=(column.key,),
            )
            yield change(
                "column missing",
                body_of(f"select {others} from ({body}) as old", replaced=False),
                names=either,
            )
            retyped = ", ".join(
                f"{one.local_name}::text as {one.local_name}"
                if one is column and one.facts["type"] != "text"
                else f"{one.local_name}::varchar as {one.local_name}"
                if one is column
                else one.local_name
                for one in columns
            )
            yield change(
                "column retyped",
                body_of(f"select {retyped} from ({body}) as old", replaced=False),
                names=either,
            )

    def enums(self) -> Iterator[Change]:
        for item in self._all("enum"):
            name, labels = item.name, list_of(item, "labels")
            alter = f"alter type {name}"

            def change(sort: str, *ways: str) -> Change:
                return Change(f"enum: {sort}", (item.key,), ways)  # noqa: B023  used at once

            yield change("dropped", f"drop type {name} cascade")
            yield change("renamed", f"{alter} rename to drifted")
            yield change("owner", f"{alter} owner to {self.stranger}")
            yield change("label at the end", f"{alter} add value 'new'")
            for label in labels:
                yield change("label renamed", f"{alter} rename value {literal(label)} to 'new'")
                yield change("label before", f"{alter} add value 'new' before {literal(label)}")
                yield change("label after", f"{alter} add value 'new' after {literal(label)}")
                kept = ", ".join(literal(one) for one in labels if one != label)
                users = [
                    column
                    for column in self._all("column")
                    if column.parent is not None
                    and column.parent[0] == "table"
                    and (text_of(column, "type") or "").removesuffix("[]") == name
                ]
                columns = "".join(
                    f"alter table {one.parent[1]} add column {one.local_name} {text_of(one, 'type')};"
                    for one in users
                    if one.parent
                )
                yield change(
                    "label removed",
                    f"drop type {name} cascade; create type {name} as enum ({kept}); {columns}",
                )
            for left in range(len(labels)):
                for right in range(left + 1, len(labels)):
                    one, other = literal(labels[left]), literal(labels[right])
                    yield change(
                        "labels swapped",
                        f"{alter} rename value {one} to 'new'; {alter} rename value {other} to {one}; {alter} rename value 'new' to {other}",
                    )
