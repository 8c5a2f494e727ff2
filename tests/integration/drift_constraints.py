"""Every change of a constraint and of an index."""

import re
from collections.abc import Iterator

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.names import schema_of, text_of
from tests.integration.drift_base import Change, Drifting


class OfConstraints(Drifting):
    """Changes of constraints and indexes."""

    def constraints(self) -> Iterator[Change]:
        for item in self._all("constraint"):
            if item.parent is not None:
                yield from self._constraint(item, item.parent[1])

    def _constraint(self, item: Item, table: str) -> Iterator[Change]:  # noqa: C901  a list of cases
        alter, name = f"alter table {table}", item.local_name
        definition = text_of(item, "definition") or ""
        drop = f"{alter} drop constraint {name} cascade"

        def change(
            sort: str,
            *ways: str,
            kinds: tuple[str, ...] = ("constraint", "index", "view", "column"),
        ) -> Change:
            return Change(f"constraint: {sort}", (item.key,), ways, table, kinds)

        def instead(sort: str, new: str) -> Change:
            return change(sort, f"{drop}; {alter} add constraint {name} {new}", kinds=())

        yield change("dropped", drop, kinds=())
        yield change("renamed", f"{alter} rename constraint {name} to drifted")
        if definition.startswith("FOREIGN KEY"):
            bare_key = re.sub(r" ON (DELETE|UPDATE) .*$", "", definition)
            for action in ("CASCADE", "SET NULL", "RESTRICT", "NO ACTION", "SET DEFAULT"):
                for event in ("DELETE", "UPDATE"):
                    if f"ON {event} {action}" not in definition and not (
                        action == "NO ACTION" and f"ON {event}" not in definition
                    ):
                        yield instead(
                            f"on {event.lower()} {action.lower()}",
                            f"{bare_key} ON {event} {action}",
                        )
            yield instead("match full", bare_key.replace(" (", " (", 1) + " MATCH FULL")
            yield change(
                "deferrable", f"{alter} alter constraint {name} deferrable initially deferred"
            )
            yield instead("not valid", f"{definition} NOT VALID")
            if self.server >= 18:
                yield change("not enforced", f"{alter} alter constraint {name} not enforced")
            yield instead(
                "another table",
                re.sub(
                    r"REFERENCES [^(]+\([^)]*\)",
                    f"REFERENCES {self._any_uuid_key(definition)}",
                    definition,
                ),
            )
        elif definition.startswith("CHECK"):
            yield instead("true", "check (true)")
            yield instead("not valid", f"{definition} not valid")
            yield instead("no inherit", f"{definition} no inherit")
            if self.server >= 18:
                yield instead("not enforced", f"{definition} not enforced")
        else:
            columns = definition.partition("(")[2].partition(")")[0]
            others = [
                one.local_name
                for one in self._columns_of(self.catalog.items["table", table])
                if one.local_name not in columns.split(", ")
            ]
            sort = definition.partition(" (")[0]
            yield instead(
                "other columns",
                f"{sort} ({columns}, {others[0]})"
                if others
                else f"{sort} ({columns.split(', ')[0]})",
            )
            yield instead("deferrable", f"{definition} deferrable")
            yield instead("other options", f"{definition} with (fillfactor = 60)")
            if others:
                yield instead("includes", f"{definition} include ({others[-1]})")
            if "," in columns:
                yield instead("order", f"{sort} ({', '.join(reversed(columns.split(', ')))})")
            if sort == "UNIQUE":
                yield instead("nulls not distinct", f"UNIQUE NULLS NOT DISTINCT ({columns})")
                yield instead(
                    "an index for it",
                    f"UNIQUE ({columns}); alter table {table} drop constraint {name} cascade; create unique index {name} on {table} ({columns})",
                )
            index = f"'{schema_of(table)}.{name}'::regclass"
            yield change(
                "invalid index",
                f"update pg_index set indisvalid = false where indexrelid = {index}",
            )
            yield change(
                "index not ready",
                f"update pg_index set indisready = false where indexrelid = {index}",
            )

    def _any_uuid_key(self, definition: str) -> str:
        return "auth.users(id)" if "auth.users" not in definition else "public.context_blocks(id)"

    def indexes(self) -> Iterator[Change]:
        for item in self._all("index"):
            if item.parent is not None:
                yield from self._index(item, item.parent[1])

    def _index(self, item: Item, table: str) -> Iterator[Change]:
        name = f"{schema_of(table)}.{item.local_name}"
        definition = text_of(item, "definition") or ""
        head, _, rest = definition.partition(" USING ")
        method, _, rest = rest.partition(" (")
        columns = _inside(rest)
        tail = rest[len(columns) + 1 :]
        first = self._columns_of(self.catalog.items["table", table])[0].local_name

        def change(
            sort: str, *ways: str, kinds: tuple[str, ...] = ("index", "constraint")
        ) -> Change:
            return Change(f"index: {sort}", (item.key,), ways, table, kinds)

        def instead(sort: str, new: str) -> Change:
            return change(sort, f"drop index {name} cascade; {new}")

        def made(
            head: str = head, method: str = method, columns: str = columns, tail: str = tail
        ) -> str:
            return f"{head} USING {method} ({columns}){tail}"

        yield change("dropped", f"drop index {name} cascade")
        yield change("renamed", f"alter index {name} rename to drifted")
        yield instead("predicate", made(tail=f" WHERE ({first} is not null)"))
        if " WHERE " in tail:
            yield instead("no predicate", made(tail=""))
        plain = head.replace("UNIQUE ", "")
        others = [("brin", columns), ("hash", first)] if method == "btree" else [("btree", first)]
        yield change(
            "method", *(f"drop index {name} cascade; {made(plain, *other)}" for other in others)
        )
        yield instead(
            "unique or not",
            made(
                head=head.replace("UNIQUE ", "")
                if "UNIQUE" in head
                else head.replace("INDEX", "UNIQUE INDEX"),
                method="btree",
                columns=columns if method == "btree" else first,
            ),
        )
        yield instead(
            "other column",
            made(columns=first if columns != first else f"{first}, {first}", method="btree"),
        )
        yield instead(
            "options",
            made(
                tail=f" WITH (fillfactor = 60){tail}"
                if method != "gin"
                else f" WITH (fastupdate = off){tail}"
            ),
        )
        if method == "btree":
            yield instead(
                "descending",
                made(
                    columns=f"{columns} DESC"
                    if "DESC" not in columns
                    else columns.replace(" DESC", "")
                ),
            )
            yield instead(
                "nulls first",
                made(
                    columns=f"{columns} NULLS FIRST"
                    if "DESC" not in columns
                    else f"{columns} NULLS LAST"
                ),
            )
            yield instead("includes", made(tail=f" INCLUDE ({first}){tail}"))
            if ", " in columns:
                yield instead("order", made(columns=", ".join(reversed(columns.split(", ")))))
        yield change(
            "invalid",
            f"update pg_index set indisvalid = false where indexrelid = '{name}'::regclass",
        )
        yield change(
            "not ready",
            f"update pg_index set indisready = false where indexrelid = '{name}'::regclass",
        )


def _inside(text: str) -> str:
    """What stands before the parenthesis that closes."""
    depth = 1
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[:position]
    return text
