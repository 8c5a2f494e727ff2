"""A row of each user in every table, made from the catalog, so that no table can be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from tests.contract import catalog as read

# Rows of nobody: read by all who are signed in.
SHARED = {"public.task_brief_types"}

# Columns that refer to a table without a foreign key, because a trigger or the code keeps them.
REFERENCES_WITHOUT_KEY = {
    ("briefsmith.search_postings", "user_id"): "auth.users",
    ("briefsmith.search_vectors", "user_id"): "auth.users",
    ("briefsmith.search_documents", "block_id"): "public.context_blocks",
}

# Values of which a check lets only some through, or which name what need not be there.
CHECKED_VALUES: dict[tuple[str, str], Any] = {
    ("api_keys", "scope"): "read",
    ("block_surroundings", "block_id"): UUID(int=1),
    ("block_surroundings", "previous_id"): UUID(int=2),
}

_NUMBERS = count(1)

_SAMPLES: dict[str, Any] = {
    "integer": 1,
    "bigint": 1,
    "boolean": True,
    "double precision": 0.5,
    "timestamp with time zone": datetime(2026, 1, 1, tzinfo=UTC),
    "jsonb": "{}",
    "integer[]": [1],
    "bytea": bytes(72),  # whole entries of each width
    "tsvector": "'oak':1",
    "vector(256)": str([1] * 256),
    "text[]": [],
    "uuid[]": [],
}


@dataclass(frozen=True)
class Catalog:
    """Tables of our schemas with what a row in them needs."""

    connection: Connection[Any]
    schemas: list[str] = field(default_factory=lambda: list(read.OUR_SCHEMAS))

    @cached_property
    def columns(self) -> dict[str, list[read.Column]]:
        found: dict[str, list[read.Column]] = {}
        for column in read.columns(self.connection, self.schemas):
            found.setdefault(f"{column.schema}.{column.table}", []).append(column)
        return found

    @cached_property
    def references(self) -> dict[str, dict[str, str]]:
        """By table: column to the table that it refers to."""
        found: dict[str, dict[str, str]] = {table: {} for table in self.columns}
        for key in read.foreign_keys(self.connection, self.schemas):
            assert len(key.columns) == 1, f"{key.name}: no row can be made for a key of several"
            found[f"{key.schema}.{key.table}"][key.columns[0]] = f"{key.target_schema}.{key.target}"
        for (table, column), target in REFERENCES_WITHOUT_KEY.items():
            found[table].setdefault(column, target)
        return found

    @cached_property
    def primary_keys(self) -> dict[str, list[str]]:
        rows = self.connection.execute(
            """
            select format('%s.%s', namespace.nspname, class.relname), array_agg(attname::text)
            from pg_constraint as key
            join pg_class as class on class.oid = key.conrelid
            join pg_namespace as namespace on namespace.oid = class.relnamespace
            join pg_attribute as attribute
              on attribute.attrelid = key.conrelid and attribute.attnum = any (key.conkey)
            where key.contype = 'p'
            group by 1
            """
        ).fetchall()
        return dict(rows)

    def owning_columns(self, table: str) -> dict[str, str]:
        """Columns that tie a row to somebody: to an account, or to a row that is somebody's."""
        return {
            column: target
            for column, target in self.references[table].items()
            if target not in SHARED
        }

    def ordered(self) -> list[str]:
        """Tables behind those that they refer to."""
        done: list[str] = []
        while len(done) < len(self.columns):
            ready = [
                table
                for table in sorted(self.columns)
                if table not in done
                and all(
                    target in {*done, table, "auth.users"}
                    for target in self.references[table].values()
                )
            ]
            assert ready, "tables refer to each other in a ring"
            done.extend(ready)
        return done

    def condition(self, table: str, user: UUID) -> sql.Composed:
        """Whether a row is a user's: by itself, or through the first parent that says so."""
        owners = self.owning_columns(table)
        column = "user_id" if "user_id" in owners else next(iter(sorted(owners)))
        target = owners[column]
        if target == "auth.users":
            return sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(user))
        return sql.SQL("{} in (select id from {} where {})").format(
            sql.Identifier(column), identifier(target), self.condition(target, user)
        )


def identifier(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def fill(catalog: Catalog, user: UUID) -> None:
    """Gives a user a row in every table that has none of the user's yet, with every reference set.

    Raises:
        LookupError: A type for which no value is known: the table needs a thought.
    """
    for table in catalog.ordered():
        if table in SHARED:
            if not _rows(catalog, table, sql.SQL("true")):
                _insert(catalog, table, dict(_values(catalog, table, user)))
        elif not _rows(catalog, table, catalog.condition(table, user)):
            _insert(catalog, table, dict(_values(catalog, table, user)))


def _rows(catalog: Catalog, table: str, condition: sql.Composable) -> int:
    statement = sql.SQL("select from {} where {}").format(identifier(table), condition)
    return catalog.connection.execute(statement).rowcount


def _values(catalog: Catalog, table: str, user: UUID) -> Iterator[tuple[str, Any]]:
    for column in catalog.columns[table]:
        target = catalog.references[table].get(column.name)
        if target == table:
            continue
        if target is not None:
            yield column.name, _parent(catalog, target, user)
        elif not column.is_nullable and column.default is None and not column.is_identity:
            yield column.name, _sample(catalog, column)


def _parent(catalog: Catalog, target: str, user: UUID) -> Any:
    if target == "auth.users":
        return user
    condition = sql.SQL("true") if target in SHARED else catalog.condition(target, user)
    statement = sql.SQL("select id from {} where {} order by id limit 1")
    found = catalog.connection.execute(statement.format(identifier(target), condition)).fetchone()
    assert found is not None, f"{target} has no row of this user"
    return found[0]


def _sample(catalog: Catalog, column: read.Column) -> Any:
    if (column.table, column.name) in CHECKED_VALUES:
        return CHECKED_VALUES[column.table, column.name]
    if column.plain_type == "text":
        return f"{column.name} {next(_NUMBERS)}"
    labels = read.enums(catalog.connection).get(column.plain_type)
    if labels is not None:
        return labels[0]
    if column.plain_type not in _SAMPLES:
        message = f"no value is known for {column.table}.{column.name} ({column.type})"
        raise LookupError(message)
    return _SAMPLES[column.plain_type]


def _insert(catalog: Catalog, table: str, values: dict[str, Any]) -> None:
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    catalog.connection.execute(statement, list(values.values()))
