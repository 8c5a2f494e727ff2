"""Every change of a policy, a trigger and a right."""

import re
from collections.abc import Iterator
from itertools import cycle

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.names import list_of, text_of
from tests.integration.drift_base import Change, Drifting

ROLES = ("anon", "authenticated", "service_role", "public")
TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


class OfParts(Drifting):
    """Changes of policies, triggers and rights."""

    def policies(self) -> Iterator[Change]:
        for item in self._all("policy"):
            if item.parent is not None:
                yield from self._policy(item, item.parent[1])

    def _policy(self, item: Item, table: str) -> Iterator[Change]:
        policy = f"policy {item.local_name} on {table}"
        clauses = "".join(
            f" {word} ({item.facts[fact]})"
            for fact, word in (("using", "using"), ("check", "with check"))
            if fact in item.facts
        )
        roles = ", ".join(list_of(item, "roles"))
        command = text_of(item, "command")

        def change(sort: str, *ways: str) -> Change:
            return Change(f"policy: {sort}", (item.key,), ways, table, ("policy",))

        yield change("dropped", f"drop {policy}")
        yield change("renamed", f"alter {policy} rename to drifted")
        yield change("to public", f"alter {policy} to public")
        yield change("to anon too", f"alter {policy} to {roles}, anon")
        yield change("to somebody else", f"alter {policy} to {self.stranger}")
        if "using" in item.facts:
            for value in ("true", "false", "auth.uid() is not null"):
                if value != item.facts["using"]:
                    yield change(f"using {value}", f"alter {policy} using ({value})")
        if "check" in item.facts:
            for value in ("true", "false", "auth.uid() is not null"):
                if value != item.facts["check"]:
                    yield change(f"check {value}", f"alter {policy} with check ({value})")
        elif command in {"update", "all"}:
            yield change("check added", f"alter {policy} with check (true)")
        yield change(
            "restrictive",
            f"drop {policy}; create {policy} as restrictive for {command} to {roles}{clauses}",
        )
        for other in {"all", "select", "insert", "update", "delete"} - {command}:
            said = (
                " with check (true)"
                if other == "insert"
                else f" using ({item.facts.get('using', 'true')})"
            )
            yield change(
                f"for {other}", f"drop {policy}; create {policy} for {other} to {roles}{said}"
            )

    def triggers(self) -> Iterator[Change]:
        for item in self._all("trigger"):
            if item.parent is not None:
                yield from self._trigger(item, item.parent[1])

    def _trigger(self, item: Item, table: str) -> Iterator[Change]:
        name, definition = item.local_name, text_of(item, "definition") or ""
        drop = f"drop trigger {name} on {table};"
        hook = "create function public.hook() returns trigger language plpgsql as 'begin return new; end';"

        def change(sort: str, *ways: str) -> Change:
            return Change(f"trigger: {sort}", (item.key,), ways, table)

        yield change("dropped", drop)
        yield change("renamed", f"alter trigger {name} on {table} rename to drifted")
        for state in ("disable", "enable replica", "enable always"):
            yield change(state, f"alter table {table} {state} trigger {name}")
        yield change("all disabled", f"alter table {table} disable trigger user")
        timing = (
            definition.replace(" BEFORE ", " AFTER ")
            if " BEFORE " in definition
            else definition.replace(" AFTER ", " BEFORE ")
        )
        without_rows = re.sub(r" REFERENCING .* FOR EACH", " FOR EACH", timing)
        yield change("timing", drop + timing, drop + without_rows)
        events = (
            re.sub(r"(INSERT|UPDATE|DELETE) ON", r"TRUNCATE ON", definition)
            if "TRUNCATE" not in definition
            else definition.replace("TRUNCATE ON", "INSERT ON")
        )
        yield change(
            "events",
            drop
            + re.sub(r" REFERENCING .* FOR EACH", " FOR EACH", events).replace(
                "EACH ROW", "EACH STATEMENT"
            ),
        )
        level = (
            definition.replace("EACH ROW", "EACH STATEMENT")
            if "EACH ROW" in definition
            else re.sub(r" REFERENCING .* FOR EACH STATEMENT", " FOR EACH ROW", definition).replace(
                "EACH STATEMENT", "EACH ROW"
            )
        )
        yield change("level", drop + level, drop + level.replace("TRUNCATE", "INSERT"))
        yield change(
            "function",
            hook
            + drop
            + re.sub(r"EXECUTE FUNCTION .*", "EXECUTE FUNCTION public.hook()", definition),
        )
        yield change("condition", drop + re.sub(r" EXECUTE", " WHEN (1 = 0) EXECUTE", definition))
        yield change("argument", drop + definition.replace("()", "('x')"))

    def grants(self) -> Iterator[Change]:
        kinds: dict[str, tuple[str, tuple[str, ...]]] = {
            "table": ("table", TABLE_RIGHTS if self.server < 17 else (*TABLE_RIGHTS, "MAINTAIN")),
            "view": ("table", TABLE_RIGHTS if self.server < 17 else (*TABLE_RIGHTS, "MAINTAIN")),
            "sequence": ("sequence", ("USAGE", "SELECT", "UPDATE")),
            "function": ("function", ("EXECUTE",)),
            "enum": ("type", ("USAGE",)),
            "schema": ("schema", ("USAGE", "CREATE")),
        }
        for kind, (word, rights) in kinds.items():
            for item in self._all(kind):
                if item.name != "public":
                    yield from self._grants(item, word, rights)

    def _grants(self, item: Item, word: str, rights: tuple[str, ...]) -> Iterator[Change]:
        for role in ROLES:
            key = ("grant", f"{item.kind} {item.name} to {role}")
            given = self.catalog.items.get(key)
            held = [] if given is None else list_of(given, "privileges")

            def change(sort: str, *ways: str) -> Change:
                return Change(f"grant: {sort}", (key,), ways, item.name, ("grant",))  # noqa: B023  used at once

            for right in rights:
                if right in held:
                    yield change("taken", f"revoke {right} on {word} {item.name} from {role}")
                    if role != "public":
                        yield change(
                            "may be given on",
                            f"grant {right} on {word} {item.name} to {role} with grant option",
                        )
                else:
                    yield change("given", f"grant {right} on {word} {item.name} to {role}")
            yield (
                change("everything", f"grant all on {word} {item.name} to {role}")
                if set(held) != set(rights)
                else change("nothing", f"revoke all on {word} {item.name} from {role}")
            )
        yield Change(
            "grant: to a stranger and on",
            (("grant", f"{item.kind} {item.name} to anon"),),
            (
                f"grant {rights[0]} on {word} {item.name} to authenticated with grant option; set local role authenticated; grant {rights[0]} on {word} {item.name} to anon; reset role",
                f"grant {rights[0]} on {word} {item.name} to anon with grant option",
            ),
            item.name,
            ("grant",),
        )

    def column_grants(self) -> Iterator[Change]:
        """Of each column one right to one role, in turns; of the first of each table every one."""
        turns = cycle(
            [
                (right, role)
                for role in ROLES
                for right in ("SELECT", "INSERT", "UPDATE", "REFERENCES")
            ]
        )
        for item in self._all("column"):
            if item.parent is None or item.parent[0] not in {"table", "view"}:
                continue
            siblings = self._columns_of(self.catalog.items[item.parent])
            rounds = 16 if item is siblings[0] else 1
            for _ in range(rounds):
                right, role = next(turns)
                yield Change(
                    "grant: of a column",
                    (("grant", f"column {item.name} to {role}"),),
                    (f"grant {right} ({item.local_name}) on table {item.parent[1]} to {role}",),
                    item.parent[1],
                    ("grant",),
                )
