"""Which names a part of a statement can see."""

from collections.abc import Iterator
from dataclasses import dataclass, field

_OF_EVERY_TABLE = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})


@dataclass(frozen=True, slots=True)
class Relation:
    """What stands in a FROM.

    Attributes:
        name: Its alias, or its own name; empty where it has none.
        columns: None means that nobody knows.
        tables: Ours whose columns it passes on.
        is_foreign: A table of somebody else, by name.
    """

    name: str
    columns: frozenset[str] | None
    tables: tuple[str, ...] = ()
    is_foreign: bool = False


@dataclass(slots=True)
class Scope:
    """The relations of one query, and those of the queries around it.

    Attributes:
        names: What else an unqualified name may mean: variables, parameters, output columns.
    """

    parent: "Scope | None" = None
    relations: list[Relation] = field(default_factory=list[Relation])
    ctes: dict[str, Relation] = field(default_factory=dict[str, Relation])
    names: frozenset[str] = frozenset()

    def outward(self) -> "Iterator[Scope]":
        """This one and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def cte(self, name: str) -> Relation | None:
        """The WITH query of that name."""
        for scope in self.outward():
            if name in scope.ctes:
                return scope.ctes[name]
        return None

    def named(self, name: str) -> Relation | None:
        """The relation with that alias."""
        for scope in self.outward():
            for relation in scope.relations:
                if relation.name == name:
                    return relation
        return None

    def holds(self, name: str) -> bool | None:
        """Whether an unqualified name means something; None if that cannot be known."""
        if name in _OF_EVERY_TABLE:
            return True
        doubtful = False
        for scope in self.outward():
            if name in scope.names:
                return True
            for relation in scope.relations:
                if relation.name == name or name in (relation.columns or ()):
                    return True
                doubtful = doubtful or relation.columns is None
        return None if doubtful else False

    def tables(self) -> tuple[str, ...]:
        """Ours, of the innermost query that has relations."""
        for scope in self.outward():
            if scope.relations:
                listed = (table for relation in scope.relations for table in relation.tables)
                return tuple(dict.fromkeys(listed))
        return ()

    def all_tables(self) -> frozenset[str]:
        """Ours, of this query and those around it."""
        return frozenset(
            table
            for scope in self.outward()
            for relation in scope.relations
            for table in relation.tables
        )

    def has_foreign(self) -> bool:
        """Whether a table of somebody else is among the relations."""
        return any(relation.is_foreign for scope in self.outward() for relation in scope.relations)


# What functions in FROM give, beside a column of their alias's name.
FUNCTION_COLUMNS: dict[str, frozenset[str]] = {
    "generate_series": frozenset(),
    "unnest": frozenset(),
    "regexp_split_to_table": frozenset(),
    "string_to_table": frozenset(),
    "jsonb_object_keys": frozenset(),
    "json_object_keys": frozenset(),
    "jsonb_array_elements": frozenset({"value"}),
    "jsonb_array_elements_text": frozenset({"value"}),
    "json_array_elements": frozenset({"value"}),
    "json_array_elements_text": frozenset({"value"}),
    "jsonb_each": frozenset({"key", "value"}),
    "jsonb_each_text": frozenset({"key", "value"}),
    "json_each": frozenset({"key", "value"}),
    "json_each_text": frozenset({"key", "value"}),
}
