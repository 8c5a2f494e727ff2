"""How fast a database is held against its contract, and what of a few changes is seen; beside other differs.

python benchmarks/schema.py [--rounds 20] [--database-url URL] [--json]
"""

import argparse
import asyncio
import json
import warnings
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import psycopg
from looks import Times, Watch, times_of
from rich.console import Console
from rich.table import Table
from scratch import database, server
from typing_extensions import override

from briefsmith.postgres.inspection import Inspection, inspect_database
from briefsmith.schema_sync.catalog import catalog_of
from briefsmith.schema_sync.compare import differences
from briefsmith.schema_sync.contract import packaged
from briefsmith.schema_sync.statements import all_statements, check_statements, tables_of
from briefsmith.schema_sync.verify import verify

# Of the group `bench`, which the checks do without.
sqlalchemy: Any = import_module("sqlalchemy")
autogenerate: Any = import_module("alembic.autogenerate")
migration: Any = import_module("alembic.migration")
dbdiff: Any = import_module("results.dbdiff")
schemainspect: Any = import_module("results.schemainspect")

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
    """How long a look at a database in sync takes, and which of the changes it saw.

    Attributes:
        seen: None where it was not asked.
    """

    name: str
    times: Times
    seen: list[str] | None


class Ours:
    """The catalog against the packaged contract, on one connection."""

    name = "Briefsmith: catalog against contract"

    def times(self, url: str, rounds: int) -> Times:
        """Of this many looks and one before them."""
        return asyncio.run(self._times(url, rounds))

    async def _times(self, url: str, rounds: int) -> Times:
        watch = Watch()
        async with inspect_database(url) as inspection:
            for _ in range(rounds + 1):
                with watch.look():
                    watch.said = await self._look(inspection)
        return watch.times()

    async def _look(self, inspection: Inspection) -> int:
        contract = packaged()
        found = catalog_of(await inspection.catalog(SCHEMAS), SCHEMAS)
        return len(differences(contract.catalog, found, contract.spellings))


class OurStatements(Ours):
    """Every statement prepared, its types held against Python's."""

    name = "Briefsmith: every statement prepared and checked"

    @override
    async def _look(self, inspection: Inspection) -> int:
        statements = all_statements()
        live = await inspection.describe(statements, tables_of(statements))
        return len(check_statements(statements, live))


class OurWhole(Ours):
    """All that `schema verify` does: both, the migrations and the models."""

    name = "Briefsmith: the whole of verify"

    @override
    async def _look(self, inspection: Inspection) -> int:
        return len((await verify(inspection)).findings)


class Alembic:
    """`compare_metadata` against a reflection of a fresh database, types and defaults compared."""

    name = "Alembic compare_metadata"

    def __init__(self, fresh_url: str) -> None:
        self._metadata = sqlalchemy.MetaData()
        with _engine(fresh_url).connect() as connection:
            # The default schema goes without its name, or Alembic takes each of its tables for two.
            self._metadata.reflect(connection)
            self._metadata.reflect(connection, schema="briefsmith")

    def times(self, url: str, rounds: int) -> Times:
        """Of this many looks and one before them."""
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

            return times_of(look, rounds)


class Results:
    """`results`, the successor of migra, against an inspection of a fresh database, with rights."""

    name = "results (migra)"

    def __init__(self, fresh_url: str) -> None:
        with psycopg.connect(fresh_url) as connection:
            self._target = schemainspect.get_inspector(connection.cursor())

    def times(self, url: str, rounds: int) -> Times:
        """Of this many looks and one before them."""
        with psycopg.connect(url) as connection:

            def look() -> int:
                found = dbdiff.Migration(
                    schemainspect.get_inspector(connection.cursor()), self._target
                )
                found.set_safety(False)
                found.add_all_changes(privileges=True)
                return len(found.statements)

            return times_of(look, rounds)


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in {None, "briefsmith"}


def _engine(url: str) -> Any:
    return sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url),
        poolclass=sqlalchemy.pool.NullPool,
    )


def measure(server_url: str, rounds: int) -> list[Figure]:
    """Each tool on the same databases."""
    with database(server_url) as fresh:
        differs: list[Any] = [Ours(), Alembic(fresh), Results(fresh)]
        calm = [one.times(fresh, rounds) for one in differs]
        more = [
            Figure(one.name, one.times(fresh, rounds), None)
            for one in (OurStatements(), OurWhole())
        ]
    seen: dict[str, list[str]] = {one.name: [] for one in differs}
    for name, statement in CHANGES.items():
        with database(server_url) as url:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(statement.encode())
            for one, times in zip(differs, calm, strict=True):
                if one.times(url, 0).said > times.said:
                    seen[one.name].append(name)
    figures = [
        Figure(one.name, times, seen[one.name]) for one, times in zip(differs, calm, strict=True)
    ]
    return [figures[0], *more, *figures[1:]]


def show(figures: list[Figure]) -> None:
    """A table, and what each did not see."""
    console = Console(soft_wrap=True, highlight=False)
    table = Table(title="A warm look (not the first, connection open) at a database in sync, ms")
    for name in ("differ", "minimum", "median", "ratio", "own CPU", "said", "changes seen"):
        table.add_column(name, justify="left" if name == "differ" else "right")
    for one in figures:
        seen = "" if one.seen is None else f"{len(one.seen)} of {len(CHANGES)}"
        times, first = one.times, figures[0].times
        spans = (times.minimum_ms, times.median_ms)
        ratio = f"{times.minimum_ms / first.minimum_ms:.1f}"
        cpu = f"{times.client_cpu_ms:.1f}"
        table.add_row(
            one.name, *(f"{span:.1f}" for span in spans), ratio, cpu, str(times.said), seen
        )
    console.print(table)
    console.print(
        f"Statements: {len(all_statements())}. The ratio is of minima. Said: where nothing differs."
    )
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
