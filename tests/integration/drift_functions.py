"""Every change of a function, a sequence, a schema and an extension."""

from collections.abc import Iterator
from dataclasses import replace

from briefsmith.schema_sync.catalog import Item, Key
from briefsmith.schema_sync.names import called, schema_of, text_of
from briefsmith.schema_sync.routines import create_routine
from tests.integration.drift_base import Change, Drifting


class OfFunctions(Drifting):
    """Changes of functions, sequences, schemas and extensions."""

    def functions(self) -> Iterator[Change]:
        for item in self._all("function"):
            yield from self._function(item)

    def _function(self, item: Item) -> Iterator[Change]:
        alter = f"alter function {item.name}"
        body = text_of(item, "body")
        schema, name = schema_of(item.name), called(item.name)
        returns = text_of(item, "result") or ""

        def change(sort: str, *ways: str, names: tuple[Key, ...] = (item.key,)) -> Change:
            return Change(f"function: {sort}", names, ways, item.name)

        def made(sort: str, **facts: str | None) -> Change:
            new = {
                fact: value for fact, value in {**item.facts, **facts}.items() if value is not None
            }
            return change(sort, create_routine(replace(item, facts=new), replace=True))

        yield change("dropped", f"drop function {item.name} cascade")
        yield change("renamed", f"{alter} rename to drifted")
        yield change("moved away", f"create schema elsewhere; {alter} set schema elsewhere")
        yield change("owner", f"{alter} owner to {self.stranger}")
        for word in {"immutable", "stable", "volatile"} - {
            text_of(item, "volatility") or "volatile"
        }:
            yield change(word, f"{alter} {word}")
        yield change(
            "security",
            f"{alter} security {'invoker' if item.facts.get('security_definer') else 'definer'}",
        )
        yield change(
            "strict", f"{alter} {'called on null input' if item.facts.get('strict') else 'strict'}"
        )
        yield change("leakproof", f"{alter} leakproof")
        yield change("cost", f"{alter} cost 7")
        for word in {"safe", "restricted", "unsafe"} - {text_of(item, "parallel") or "unsafe"}:
            yield change(f"parallel {word}", f"{alter} parallel {word}")
        yield change("search_path reset", f"{alter} reset search_path")
        yield change("search_path set", f"{alter} set search_path = public, extensions")
        yield change("setting added", f"{alter} set work_mem = '1MB'")
        if "TABLE" in returns or "SETOF" in returns:
            yield change("rows", f"{alter} rows 5")
        if body is not None:
            yield made("body", body=f"{body}-- more")
            nothing = "" if returns == "void" else " null"
            yield made("body emptied", body=f"begin return{nothing}; end")
        else:
            nothing = (
                "begin atomic; select null::text, 1; end"
                if "TABLE" in returns
                else f"return null::{returns}"
            )
            yield made("body", sql_body=nothing)
            text = "select null::text, 1" if "TABLE" in returns else f"select null::{returns}"
            yield made("body as text", sql_body=None, body=text)
        extra = f"{name}(integer, integer, integer)"
        yield change(
            "overload",
            f"create function {extra} returns integer language sql as 'select 1'",
            names=(("function", extra),),
        )
        arguments = text_of(item, "arguments") or ""
        drop = f"drop function {item.name} cascade;"
        if arguments:
            new = replace(item, facts={**item.facts, "arguments": f"{arguments}, more integer"})
            yield change(
                "argument added",
                f"set local check_function_bodies = off; {drop}{create_routine(new)}",
            )
            new = replace(
                item,
                facts={
                    **item.facts,
                    "arguments": f"{arguments} default null",
                    "body": "select null",
                },
            )
            plain = {fact: value for fact, value in new.facts.items() if fact != "sql_body"}
            yield change(
                "default of an argument",
                f"set local check_function_bodies = off; {create_routine(replace(new, facts=plain), replace=True)}",
            )
        if returns != "trigger" and "TABLE" not in returns:
            plain = {
                **{fact: value for fact, value in item.facts.items() if fact != "sql_body"},
                "result": "text",
                "body": "select null" if body is None else "begin return null; end",
            }
            yield change("result", f"{drop}{create_routine(replace(item, facts=plain))}")
        yield change(
            "another function in its schema",
            f"create function {schema}.other() returns integer language sql as 'select 1'",
            names=(("function", f"{schema}.other()"),),
        )

    def sequences(self) -> Iterator[Change]:
        for item in self._all("sequence"):
            alter = f"alter sequence {item.name}"
            kind = text_of(item, "type")
            owner = item.parent[1].rpartition(".")[0] if item.parent else item.name

            def change(sort: str, *ways: str) -> Change:
                return Change(f"sequence: {sort}", (item.key,), ways, owner)  # noqa: B023  used at once

            yield change("renamed", f"{alter} rename to drifted")
            for words in (
                "increment by 2",
                "increment by -1",
                "minvalue 0",
                "maxvalue 100",
                "start with 5",
                "cache 10",
                "cycle",
            ):
                yield change(words, f"{alter} {words}")
            yield change("retyped", f"{alter} as {'smallint' if kind != 'smallint' else 'integer'}")
            yield change(
                "unlinked",
                f"alter table {item.parent[1].rpartition('.')[0]} alter column {item.parent[1].rpartition('.')[2]} drop identity"
                if item.parent
                else f"drop sequence {item.name} cascade",
            )

    def schemas(self) -> Iterator[Change]:
        for item in self._all("schema"):
            if item.name == "public":
                continue

            def change(sort: str, *ways: str) -> Change:
                return Change(f"schema: {sort}", (item.key,), ways)  # noqa: B023  used at once

            yield change("renamed", f"alter schema {item.name} rename to drifted")
            yield change("dropped", f"drop schema {item.name} cascade")
            yield change("owner", f"alter schema {item.name} owner to {self.stranger}")
            for kind, sql in (
                ("table", "create table {0}.extra (id integer)"),
                ("view", "create view {0}.extra as select 1 as one"),
                ("materialized_view", "create materialized view {0}.extra as select 1 as one"),
                ("sequence", "create sequence {0}.extra"),
                ("enum", "create type {0}.extra as enum ('a')"),
                ("composite_type", "create type {0}.extra as (a integer)"),
                ("domain", "create domain {0}.extra as integer check (value > 0)"),
                ("range", "create type {0}.extra as range (subtype = integer)"),
                ("collation", "create collation {0}.extra (provider = libc, locale = 'C')"),
            ):
                yield Change(
                    f"schema: {kind} added",
                    ((kind, f"{item.name}.extra"),),
                    (sql.format(item.name),),
                )
        for item in self._all("extension"):
            key = (item.key,)
            yield Change("extension: dropped", key, (f"drop extension {item.name} cascade",))
            yield Change(
                "extension: moved",
                key,
                (f"create schema elsewhere; alter extension {item.name} set schema elsewhere",),
            )
