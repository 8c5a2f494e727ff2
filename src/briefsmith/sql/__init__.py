"""Every line of SQL; the only Python is the loader.

A query file holds statements, each under a line `-- name: insert_block :one`. The word behind the colon is
the statement's shape: `one` row, `maybe` one, `many`, or `exec` (no rows). Comment lines that follow say
what it does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, LiteralString, cast

Shape = Literal["one", "maybe", "many", "exec"]

_HEAD = re.compile(r"^-- name: (?P<name>[a-z_]+) :(?P<shape>one|maybe|many|exec)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Query:
    """A named statement of this package, with the shape of its answer."""

    name: str
    shape: Shape
    text: LiteralString


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `migrations/`: `<version>_<name>.sql`."""

    version: str
    name: str
    text: LiteralString

    @property
    def is_data(self) -> bool:
        """Whether it makes rows and no object, so that the files of `schema/` do not have it."""
        return self.text.startswith("-- briefsmith:data\n")

    @property
    def file_name(self) -> str:
        """As the file is called."""
        return f"{self.version}_{self.name}.sql"


@cache
def load(table: str) -> dict[str, Query]:
    """The statements of `queries/<table>.sql` by name."""
    text = (files(__name__) / "queries" / f"{table}.sql").read_text(encoding="utf-8")
    return _named(table, text)


@cache
def load_legacy(noun: str) -> dict[str, Query]:
    """The statements of `legacy/<noun>.sql` by name: about tables that a final database does not have."""
    text = (files(__name__) / "legacy" / f"{noun}.sql").read_text(encoding="utf-8")
    return _named(f"legacy_{noun}", text)


def _named(noun: str, text: str) -> dict[str, Query]:
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    queries: dict[str, Query] = {}
    for head, end in zip(heads, ends, strict=True):
        # The files are part of the package, as literal as if they stood here.
        body = cast("LiteralString", text[head.end() : end].strip().removesuffix(";"))
        shape = cast("Shape", head["shape"])
        queries[head["name"]] = Query(f"{noun}.{head['name']}", shape, body)
    return queries


def query_files() -> Iterator[str]:
    """Names of the files of `queries/`, without their ending, sorted."""
    for entry in sorted((files(__name__) / "queries").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".sql"):
            yield entry.name.removesuffix(".sql")


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations of this package, the oldest first."""
    found: list[Migration] = []
    for entry in (files(__name__) / "migrations").iterdir():
        if entry.name.endswith(".sql"):
            version, _, name = entry.name.removesuffix(".sql").partition("_")
            text = cast("LiteralString", entry.read_text(encoding="utf-8"))
            found.append(Migration(version, name, text))
    return tuple(sorted(found, key=lambda migration: migration.version))


def schema_statements() -> LiteralString:
    """The schema as it is now, from the files of `schema/` in the order of `schema/ORDER`."""
    folder = files(__name__) / "schema"
    names = (folder / "ORDER").read_text(encoding="utf-8").split()
    parts = [(folder / f"{name}.sql").read_text(encoding="utf-8") for name in names]
    return cast("LiteralString", "\n".join(parts))


@cache
def columns() -> tuple[str, ...]:
    """Every column that the schema has, as `schema.table.column`, from the file `COLUMNS`; views have some too."""
    return tuple((files(__name__) / "COLUMNS").read_text(encoding="utf-8").split())


def surroundings() -> LiteralString:
    """What Supabase supplies and a plain PostgreSQL lacks: roles, the schema auth, the extension."""
    text = (files(__name__) / "schema" / "auth.sql").read_text(encoding="utf-8")
    return cast("LiteralString", text)
