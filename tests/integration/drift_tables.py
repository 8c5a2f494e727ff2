"""Every change of a table and of a column."""

from collections.abc import Iterator

from briefsmith.schema_sync.catalog import Item, Key
from briefsmith.schema_sync.names import schema_of, text_of
from tests.integration.drift_base import Change, Drifting


class OfTables(Drifting):
    """Changes of tables and their columns."""

    def tables(self) -> Iterator[Change]:
        for item in self._all("table"):
            name, new = item.name, "drifted"
            alter = f"alter table {name}"
            first = self._columns_of(item)[0].local_name
            last = self._columns_of(item)[-1].local_name

            def change(sort: str, *ways: str, names: tuple[Key, ...] = (item.key,)) -> Change:
                return Change(f"table: {sort}", names, ways, name)  # noqa: B023  used at once

            def extra(kind: str, part: str, *ways: str) -> Change:
                return change(f"{kind} added", *ways, names=((kind, part),))

            body = ", ".join(f"{one.local_name}" for one in self._columns_of(item))
            yield change("dropped", f"drop table {name} cascade")
            yield change("renamed", f"{alter} rename to {new}")
            yield change("moved away", f"create schema elsewhere; {alter} set schema elsewhere")
            other = "public" if schema_of(name) == "briefsmith" else "briefsmith"
            yield change("moved to the other schema", f"{alter} set schema {other}")
            yield change(
                "a view in its place",
                f"create temporary table kept as select {body} from {name};"
                f"drop table {name} cascade; create view {name} as select 1 as {first}",
            )
            yield change("row security off", f"{alter} disable row level security")
            yield change("not forced", f"{alter} no force row level security")
            yield change("owner", f"{alter} owner to {self.stranger}")
            yield change("owned by whom it serves", f"{alter} owner to authenticated")
            yield change("options", f"{alter} set (fillfactor = 50)")
            yield change("replica identity", f"{alter} replica identity full")
            yield change("replica identity nothing", f"{alter} replica identity nothing")
            yield change(
                "unlogged",
                f"{alter} set unlogged",
                f"{self._without_keys(item)} {alter} set unlogged",
            )
            yield change("heir", f"create table public.parent (); {alter} inherit public.parent")
            yield extra("column", f"{name}.extra", f"{alter} add column extra integer")
            yield extra(
                "column", f"{name}.extra", f"{alter} add column extra text not null default 'x'"
            )
            yield extra(
                "column",
                f"{name}.extra",
                f"{alter} add column extra bigint generated always as identity",
            )
            yield extra(
                "constraint",
                f"extra on {name}",
                f"{alter} add constraint extra check ({first} is not null)",
            )
            yield extra(
                "constraint",
                f"extra on {name}",
                f"{alter} add constraint extra unique ({first}, {last})",
                f"{alter} add constraint extra unique ({first})",
            )
            yield extra("index", f"extra on {name}", f"create index extra on {name} ({first})")
            yield extra(
                "index", f"extra on {name}", f"create unique index extra on {name} ({first})"
            )
            yield extra("policy", f"extra on {name}", f"create policy extra on {name} using (true)")
            yield extra(
                "policy",
                f"extra on {name}",
                f"create policy extra on {name} as restrictive for select to anon using (false)",
            )
            yield extra(
                "trigger",
                f"extra on {name}",
                f"create function public.hook() returns trigger language plpgsql as 'begin return new; end';"
                f"create trigger extra before insert on {name} for each row execute function public.hook()",
            )
            yield extra(
                "rule",
                f"extra on {name}",
                f"create rule extra as on delete to {name} do instead nothing",
            )
            yield extra(
                "statistics",
                f"{schema_of(name)}.extra",
                f"create statistics {schema_of(name)}.extra on {first}, {last} from {name}",
            )

    def _without_keys(self, item: Item) -> str:
        """Drops every foreign key to and from a table."""
        return "".join(
            f"alter table {part.parent[1]} drop constraint {part.local_name};"
            for part in self._all("constraint")
            if part.parent is not None
            and (text_of(part, "definition") or "").startswith("FOREIGN KEY")
            and (
                part.parent == item.key
                or f"REFERENCES {item.name}(" in (text_of(part, "definition") or "")
            )
        )

    def columns(self) -> Iterator[Change]:
        for item in self._all("column"):
            if item.parent is not None and item.parent[0] == "table":
                yield from self._column(item, item.parent[1])

    def _column(self, item: Item, table: str) -> Iterator[Change]:  # noqa: C901  a list of cases
        alter, name = f"alter table {table}", item.local_name
        column = f"{alter} alter column {name}"
        kind, default = text_of(item, "type") or "", text_of(item, "default")

        def change(sort: str, *ways: str, kinds: tuple[str, ...] = ()) -> Change:
            return Change(f"column: {sort}", (item.key,), ways, table, kinds)

        few = ("column", "sequence", "grant")
        yield change("dropped", f"{alter} drop column {name} cascade")
        yield change("renamed", f"{alter} rename column {name} to drifted")
        for target in self._other_types(kind):
            no_default = f"{column} drop default;" if default else ""
            again = f"{alter} drop column {name} cascade; {alter} add column {name} {target}"
            yield change(
                "retyped", f"{no_default}{column} type {target} using {name}::text::{target}", again
            )
        if item.facts.get("nullable"):
            yield change("not null", f"{column} set not null", kinds=few)
            if self.server >= 18:
                yield change(
                    "not null, unproven", f"{alter} add not null {name} not valid", kinds=few
                )
        else:
            yield change(
                "nullable",
                f"{column} drop not null",
                f"{self._without_key_of(item, table)}{column} drop not null",
                f"{column} drop identity; {self._without_key_of(item, table)}{column} drop not null",
            )
        if "identity" in item.facts:
            yield change("identity dropped", f"{column} drop identity", kinds=few)
            yield change("identity by default", f"{column} set generated by default", kinds=few)
            yield change(
                "serial for identity",
                f"{column} drop identity; create sequence {table}_{name}_seq owned by {table}.{name};"
                f"{column} set default nextval('{table}_{name}_seq')",
                kinds=few,
            )
        elif default is not None:
            yield change("default dropped", f"{column} drop default", kinds=few)
            yield change(
                "default changed",
                f"{column} set default coalesce(null::{self._type(item)}, null)",
                kinds=few,
            )
        else:
            yield change(
                "default added",
                f"{column} set default coalesce(null::{self._type(item)}, null)",
                kinds=few,
            )
        if kind in {"integer", "bigint"} and "identity" not in item.facts:
            no_default = f"{column} drop default;" if default else ""
            yield change(
                "identity added",
                f"{no_default}{column} set not null; {column} add generated always as identity",
                kinds=few,
            )
        if kind in {"text", "text[]"}:
            yield change(
                "collation",
                f'{column} type {kind} collate "C"',
                f'{alter} drop column {name} cascade; {alter} add column {name} {kind} collate "C"',
            )
        if kind.endswith("]") or kind in {"text", "jsonb"} or "extension" in item.facts:
            for storage in ("plain", "main", "external", "extended"):
                if storage != (
                    text_of(item, "storage")
                    or ("external" if "extension" in item.facts else "extended")
                ):
                    yield change("storage", f"{column} set storage {storage}", kinds=few)
            yield change("compression", f"{column} set compression pglz", kinds=few)
        expression = "null" if "extension" not in item.facts else f"null::{self._type(item)}"
        yield change(
            "generated",
            f"{alter} drop column {name} cascade; {alter} add column {name} {self._type(item)} generated always as ({expression}) stored",
        )

    def _without_key_of(self, item: Item, table: str) -> str:
        return "".join(
            f"alter table {table} drop constraint {part.local_name} cascade;"
            for part in self.catalog.children(("table", table))
            if (text_of(part, "definition") or "").startswith("PRIMARY KEY")
        )

    def _other_types(self, kind: str) -> list[str]:
        others = {
            "uuid": ["text"],
            "text": ["character varying", "character varying(80)", "bytea"],
            "text[]": ["character varying[]"],
            "integer": ["bigint", "smallint"],
            "bigint": ["numeric", "integer"],
            "boolean": ["text"],
            "jsonb": ["json", "text"],
            "timestamp with time zone": [
                "timestamp without time zone",
                "timestamp(3) with time zone",
            ],
            "double precision": ["real", "numeric(8,2)"],
            "real": ["double precision"],
            "numeric": ["numeric(8,2)"],
        }
        if kind.startswith("vector"):
            return ["extensions.vector(128)", "extensions.vector", "extensions.halfvec(256)"]
        return others.get(kind, ["text"])
