"""One text of SQL while it is read: places, tables and columns."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from briefsmith.audit.findings import Act
from briefsmith.audit.gathering import Gathered
from briefsmith.audit.source import Places
from briefsmith.audit.sql.scope import Relation, Scope
from briefsmith.audit.sql.tree import Fields, as_fields, items, location, node, word
from briefsmith.audit.text import HOLE, Text

_QUALIFIER = re.compile(r'\s*(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)\s*\.\s*')


@dataclass
class Reader:
    """Reads statements of a text into what was gathered.

    Attributes:
        names: Variables and parameters that an unqualified name may mean.
        shadowed: Names of temporary tables.
        statement_bytes: Where the statement begins that is being read.
    """

    text: Text
    gathered: Gathered
    names: frozenset[str] = frozenset()
    shadowed: set[str] = field(default_factory=set[str])
    statement_bytes: int = 0

    @cached_property
    def places(self) -> Places:
        """Of the text's value."""
        return Places(self.text.value)

    def at(self, location_bytes: int, qualifiers: int = 0) -> int:
        """The character of a node, behind so many qualifiers."""
        at = self.places.character(max(location_bytes, 0))
        for _ in range(qualifiers):
            found = _QUALIFIER.match(self.text.value, at)
            if found is None:
                break
            at = found.end()
        return at

    def find(self, name: str, location_bytes: int) -> int:
        """The character where a name stands next, for what the tree gives no place of."""
        start = self.at(location_bytes)
        pattern = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])", re.IGNORECASE)
        found = pattern.search(self.text.value, start)
        return found.start() if found else start

    def ours(self, fields: Fields) -> str | None:
        """The name under which we know a table, removed or not; None for somebody else's."""
        name, schema = word(fields, "relname"), word(fields, "schemaname")
        known = self.gathered.schema
        key = name if schema in {"", "public"} else f"{schema}.{name}"
        if key in known.removed_tables:
            return key
        if key not in known.tables or (not schema and name in self.shadowed):
            return None
        telling = known.telling.get(key)
        if telling is not None and not schema and not self._tells(telling):
            return None
        return key

    def _tells(self, columns: AbstractSet[str]) -> bool:
        return any(re.search(rf"\b{re.escape(name)}\b", self.text.value) for name in columns)

    def table(self, fields: Fields, act: Act = "uses") -> str | None:
        """The table of ours that is named here; a removed one is reported, and None."""
        key = self.ours(fields)
        if key is None or key not in self.gathered.schema.removed_tables:
            return key
        qualifiers = 1 if word(fields, "schemaname") else 0
        at = self.at(location(fields), qualifiers)
        self.gathered.add_table(self.text.offset(at), key, act)
        return None

    def drop(self, name: str) -> None:
        """The statement takes away a table or `table.column`."""
        self.gathered.drop(name, self.text.offset(self.at(self.statement_bytes)))

    def relation(self, fields: Fields, scope: Scope) -> Relation:
        """What a name in FROM stands for."""
        name = word(fields, "relname")
        alias, renamed = alias_of(fields)
        shown = alias or name
        if HOLE in shown or HOLE in name:
            return Relation(name if HOLE in shown else shown, None)
        cte = None if word(fields, "schemaname") else scope.cte(name)
        if cte is not None:
            columns = None if cte.columns is None else cte.columns | renamed
            return Relation(shown, columns, cte.tables)
        table = self.table(fields)
        if table is None:
            removed = self.ours(fields) is not None
            return Relation(shown, None, is_foreign=not removed)
        return Relation(shown, self.gathered.schema.tables[table] | renamed, (table,))

    def column(self, fields: Fields, scope: Scope) -> None:
        """A name in an expression."""
        parts = [word(inner, "sval") for _, inner in map(node, items(fields.get("fields")))]
        name = parts[-1]
        if not name or any(HOLE in part for part in parts):
            return
        offset = self.text.offset(self.at(location(fields), len(parts) - 1))
        if len(parts) == 1:
            self._unqualified(name, offset, scope)
        else:
            self._qualified(parts, offset, scope)

    def _unqualified(self, name: str, offset: int, scope: Scope) -> None:
        held = True if name in self.names else scope.holds(name)
        if held:
            return
        home = self.gathered.schema.removed_columns.get(name)
        if home is not None and home in scope.all_tables():
            self.gathered.add_column(offset, (home,), name)
        elif home is not None and held is None and not scope.has_foreign():
            self.gathered.add_column(offset, (), name)
        elif held is False and (tables := scope.tables()):
            self.gathered.add_column(offset, tables, name)

    def _qualified(self, parts: list[str], offset: int, scope: Scope) -> None:
        *_, owner, name = parts
        relation = scope.named(owner)
        schema = self.gathered.schema
        if relation is None:
            if owner in schema.removed_tables:
                self.gathered.add_table(offset - len(owner) - 1, owner)
            elif name in schema.removed_columns:
                self.gathered.add_column(offset, (), name)
        elif relation.columns is None:
            if name in schema.removed_columns and relation.tables:
                self.gathered.add_column(offset, (), name)
        elif name not in relation.columns and relation.tables and Scope().holds(name) is False:
            self.gathered.add_column(offset, relation.tables, name)


def alias_of(fields: Fields) -> tuple[str, frozenset[str]]:
    """Alias and the names that it gives to columns."""
    alias = as_fields(fields.get("alias"))
    named = (word(inner, "sval") for _, inner in map(node, items(alias.get("colnames"))))
    return word(alias, "aliasname"), frozenset(named)
