"""How fast a database is held against its contract, and what of a few changes is seen; beside other differs.

python benchmarks/schema.py [--rounds 20] [--database-url URL] [--json]
"""

import argparse
import asyncio
import json
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table
from scratch import database, server

from briefsmith.postgres.inspection import inspect_database
from briefsmith.schema_sync.catalog import catalog_of
from briefsmith.schema_sync.compare import differences
from briefsmith.schema_sync.contract import packaged
from briefsmith.schema_sync.statements import all_statements, check_statements, tables_of

# Of the group `bench`, which the checks do without.
sqlalchemy: Any = import_module("sqlalchemy")
autogenerate: Any = import_module("alembic.autogenerate")
migration: Any = import_module("alembic.migration")
dbdiff: Any = import_module("results.dbdiff")
schemainspect: Any = import_module("results.schemainspect")

Look = Callable[[], int]

SCHEMAS = ("briefsmith", "public")

# One of each kind that people lose a day to.
CHANGES = {
    "column dropped": "alter table public.block_files drop column note",
    "column renamed": "alter table public.block_files rename column note to remark",
    "type changed": "alter table public.agent_sessions alter status type varchar(40)",
    "default changed": "alter table public.context_blocks alter importance set default 'high'",
    "null allowed": "alter table public.events alter topic drop not null",
    "enum labels": "alter type public.storage_domain add value 'elsewhere'",
    "check dropped": "alter table public.context_blocks drop constraint context_blocks_version_check",
    "key's action": "alter table public.block_files drop constraint block_files_user_id_fkey, "
    "add constraint block_files_user_id_fkey foreign key (user_id) references auth.users (id)",
    "index dropped": "drop index public.events_user_id_idx",
    "view's body": "create or replace view public.block_usage_summary with (security_invoker = true) "
    "as select block_id, max(used_at) as last_used_at, count(*) as total_usages, "
    "count(*) as distinct_tasks from public.block_usage_history group by block_id",
    "security_invoker": "alter view public.block_usage_summary reset (security_invoker)",
    "function's body": "create or replace function briefsmith.notify_event() returns trigger "
    "language plpgsql set search_path = '' as $$ begin return null; end $$",
    "trigger disabled": "alter table public.events disable trigger events_notify",
    "row security off": "alter table public.events disable row level security",
    "policy loosened": "alter policy events_select on public.events using (true)",
    "right granted": "grant truncate on public.context_blocks to anon",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds of a look at a database in sync, and which of the changes it saw.

    Attributes:
        said_of_none: How many differences it told where there are none.
        seen: None where it was not asked.
    """

    name: str
    median_ms: float
    said_of_none: int
    seen: list[str] | None


class Ours:
    """The catalog against the packaged contract, on one connection."""

    name = "Briefsmith: catalog against contract"

    def __init__(self) -> None:
        self._contract = packaged()

    def times(self, url: str, rounds: int) -> tuple[float, int]:
        """Milliseconds of a look, and how many differences it told."""
        return asyncio.run(self._times(url, rounds))

    async def _times(self, url: str, rounds: int) -> tuple[float, int]:
        times: list[float] = []
        said = 0
        async with inspect_database(url) as inspection:
            for _ in range(rounds + 1):
                begun = time.perf_counter()
                found = catalog_of(await inspection.catalog(SCHEMAS), SCHEMAS)
                said = len(differences(self._contract.catalog, found, self._contract.spellings))
                times.append((time.perf_counter() - begun) * 1000)
        return statistics.median(times[1:] or times), said


class OurStatements:
    """Every statement prepared, its types held against Python's."""

    name = "Briefsmith: every statement prepared and checked"

    def times(self, url: str, rounds: int) -> tuple[float, int]:
        """Milliseconds of a look, and how many differences it told."""
        return asyncio.run(self._times(url, rounds))

    async def _times(self, url: str, rounds: int) -> tuple[float, int]:
        statements = all_statements()
        times: list[float] = []
        said = 0
        async with inspect_database(url) as inspection:
            for _ in range(rounds + 1):
                begun = time.perf_counter()
                live = await inspection.describe(statements, tables_of(statements))
                said = len(check_statements(statements, live))
                times.append((time.perf_counter() - begun) * 1000)
        return statistics.median(times[1:] or times), said


class Alembic:
    """`compare_metadata` against a reflection of a fresh database, types and defaults compared."""

    name = "Alembic compare_metadata"

    def __init__(self, fresh_url: str) -> None:
        self._metadata = sqlalchemy.MetaData()
        with _engine(fresh_url).connect() as connection:
            # The default schema goes without its name, or Alembic takes each of its tables for two.
            self._metadata.reflect(connection)
            self._metadata.reflect(connection, schema="briefsmith")

    def times(self, url: str, rounds: int) -> tuple[float, int]:
        """Milliseconds of a look, and how many differences it told."""
        options: dict[str, Any] = {
            "compare_type": True,
            "compare_server_default": True,
            "include_schemas": True,
            "include_name": _is_ours,
        }
        with _engine(url).connect() as connection:

            def look() -> int:
                context = migration.MigrationContext.configure(connection, opts=options)
                return len(autogenerate.compare_metadata(context, self._metadata))

            return _median(look, rounds)


class Results:
    """`results`, the successor of migra, against an inspection of a fresh database, with rights."""

    name = "results (migra)"

    def __init__(self, fresh_url: str) -> None:
        with psycopg.connect(fresh_url) as connection:
            self._target = schemainspect.get_inspector(connection.cursor())

    def times(self, url: str, rounds: int) -> tuple[float, int]:
        """Milliseconds of a look, and how many differences it told."""
        with psycopg.connect(url) as connection:

            def look() -> int:
                found = dbdiff.Migration(
                    schemainspect.get_inspector(connection.cursor()), self._target
                )
                found.set_safety(False)
                found.add_all_changes(privileges=True)
                return len(found.statements)

            return _median(look, rounds)


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in {None, "briefsmith"}


def _engine(url: str) -> Any:
    return sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url),
        poolclass=sqlalchemy.pool.NullPool,
    )


def _median(look: Look, rounds: int) -> tuple[float, int]:
    times: list[float] = []
    said = 0
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        said = look()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times[1:] or times), said


def measure(server_url: str, rounds: int) -> list[Figure]:
    """Each tool on the same databases."""
    with database(server_url) as fresh:
        differs: list[Any] = [Ours(), Alembic(fresh), Results(fresh)]
        calm = [one.times(fresh, rounds) for one in differs]
        statements = OurStatements().times(fresh, rounds)
    seen: dict[str, list[str]] = {one.name: [] for one in differs}
    for name, statement in CHANGES.items():
        with database(server_url) as url:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(statement.encode())
            for one, (_, said_of_none) in zip(differs, calm, strict=True):
                if one.times(url, 0)[1] > said_of_none:
                    seen[one.name].append(name)
    figures = [
        Figure(one.name, median, said, seen[one.name])
        for one, (median, said) in zip(differs, calm, strict=True)
    ]
    return [figures[0], Figure(OurStatements.name, *statements, None), *figures[1:]]


def show(figures: list[Figure]) -> None:
    """A table, and what each did not see."""
    console = Console(soft_wrap=True, highlight=False)
    table = Table(title="A database in sync, one connection, warm")
    for name in ("differ", "median", "ratio", "said where nothing differs", "changes seen"):
        table.add_column(name, justify="left" if name == "differ" else "right")
    for one in figures:
        seen = "" if one.seen is None else f"{len(one.seen)} of {len(CHANGES)}"
        ratio = f"{one.median_ms / figures[0].median_ms:.1f}"
        table.add_row(one.name, f"{one.median_ms:.1f} ms", ratio, str(one.said_of_none), seen)
    console.print(table)
    for one in figures:
        missed = [name for name in CHANGES if one.seen is not None and name not in one.seen]
        if missed:
            console.print(f"{one.name} did not see: {', '.join(missed)}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--database-url")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # SQLAlchemy does not know the type vector, and says so for each column.
    warnings.filterwarnings("ignore", message="Did not recognize type")
    with server(options.database_url) as url:
        figures = measure(url, options.rounds)
    if options.json:
        print(json.dumps([asdict(one) for one in figures]))
    else:
        show(figures)


if __name__ == "__main__":
    main()
