"""`briefsmith schema …`: what it says, prints and exits with."""

import json
import re
from pathlib import Path

import psycopg
import pytest

from briefsmith.sql import migrations
from tests.conftest import Server
from tests.faces.conftest import Cli


@pytest.fixture
def database(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database that the commands look at."""
    url = server.migrated_database()
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", url)
    return url


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_fresh_database_is_in_sync(cli_without_store: Cli, database: str) -> None:
    said = cli_without_store("schema", "verify")
    value = cli_without_store("schema", "verify", "--json").value

    assert said.code == 0
    assert said.out.startswith("In sync: ")
    assert value["in_sync"] is True
    assert value["findings"] == []
    assert set(value["checked"]) == {"object", "statement", "model"}


def test_drift_is_told_and_the_script_mends_it(cli_without_store: Cli, database: str) -> None:
    change(
        database,
        "alter table public.block_files rename column note to remark",
        "alter table public.events disable row level security",
        "grant truncate on public.context_blocks to anon",
    )

    said = cli_without_store("schema", "verify")
    script = cli_without_store("schema", "verify", "--sql")
    change(database, script.out)
    again = cli_without_store("schema", "verify")

    assert said.code == script.code == 1
    for name in ("public.block_files.note", "public.events", "table public.context_blocks to anon"):
        assert name in said.out
    assert "statement" in said.out
    assert again.code == 0


def test_what_is_dangerous_is_a_comment_in_the_script(
    cli_without_store: Cli, database: str
) -> None:
    change(database, "alter table public.events add column secret text")

    script = cli_without_store("schema", "verify", "--sql").out

    assert "-- Commented out: " in script
    assert "\ndrop" not in script
    assert "\nalter" not in script


@pytest.mark.parametrize("flags", [(), ("--json",), ("--sql",)])
def test_a_database_that_cannot_be_reached_is_not_checked(
    cli_without_store: Cli, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", "postgresql://127.0.0.1:1/none")

    said = cli_without_store("schema", "verify", *flags)

    assert said.code == 2
    assert said.out == ""
    assert "B601" in said.err


def test_rows_that_disagree_are_found_and_mended(cli_without_store: Cli, database: str) -> None:
    change(
        database,
        """insert into public.context_blocks (user_id, label, content, file_ids)
        select id, 'Tone', 'Plain words.', array[gen_random_uuid()] from auth.users""",
    )

    found = cli_without_store("schema", "verify", "--data")
    script = cli_without_store("schema", "verify", "--data", "--sql")
    change(database, script.out)
    again = cli_without_store("schema", "verify", "--data", "--json").value

    assert found.code == 1
    assert "have file_ids of no file of theirs" in found.out
    assert [one["name"] for one in again["findings"]] == ["public.context_blocks"]
    assert "reembed" in again["findings"][0]["says"]


def test_the_contract_of_a_database_is_the_one_that_is_packaged(
    cli_without_store: Cli, database: str, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.json"
    theirs = tmp_path / "theirs.json"
    both = ("--schema", "public", "--schema", "briefsmith")
    ours.write_text(cli_without_store("schema", "contract", "--json").out, encoding="utf-8")
    held = cli_without_store("schema", "contract", database, "--json", *both)
    theirs.write_text(held.out, encoding="utf-8")

    same = cli_without_store("schema", "diff", str(ours), str(theirs))
    page = cli_without_store("schema", "contract")

    assert (same.code, same.out) == (0, "The schemas are the same.\n")
    assert "erDiagram" in page.out


def test_what_a_contract_holds_is_read_of_the_other_side(
    cli_without_store: Cli, database: str, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.json"
    ours.write_text(cli_without_store("schema", "contract", "--json").out, encoding="utf-8")
    change(database, "create table briefsmith.strays (id integer primary key)")

    said = [
        cli_without_store("schema", "diff", *sides, "--json").value
        for sides in ((str(ours), database), (database, str(ours)))
    ]
    of_public = cli_without_store("schema", "diff", database, str(ours), "--schema", "public")

    strays = [
        {(one["change"], one["name"]) for one in its["differences"] if one["kind"] == "table"}
        for its in said
    ]
    assert strays == [{("extra", "briefsmith.strays")}, {("missing", "briefsmith.strays")}]
    assert not any(one["kind"] == "schema" for its in said for one in its["differences"])
    assert (of_public.code, of_public.out) == (0, "The schemas are the same.\n")


def test_two_schemas_of_anybody_are_compared(
    cli_without_store: Cli, server: Server, tmp_path: Path
) -> None:
    url = server.empty_database()
    change(url, "create table public.orders (id integer primary key, title text default 'x')")
    contract = tmp_path / "orders.json"
    contract.write_text(cli_without_store("schema", "contract", url, "--json").out, "utf-8")
    change(url, "alter table public.orders rename title to name")

    said = cli_without_store("schema", "diff", str(contract), url)
    value = cli_without_store("schema", "diff", str(contract), url, "--json").value
    script = cli_without_store("schema", "diff", str(contract), url, "--sql")
    change(url, script.out)
    same = cli_without_store("schema", "diff", str(contract), url)
    server.drop(url)

    assert said.code == 1
    assert "renamed" in said.out
    assert [one["change"] for one in value["differences"]] == ["renamed"]
    assert same.code == 0


SHOP = (
    "create table public.orders (id integer primary key, total numeric default 1.50)",
    "create view public.paid as select o.id, o.total from public.orders o where o.total > 0",
    "create table public.parts (id integer primary key)",
    "alter table public.orders enable row level security",
)


def test_rights_of_roles_that_no_other_server_knows_are_compared_across_versions(
    cli_without_store: Cli, server: Server, server_16: Server
) -> None:
    old, new = server_16.empty_database(), server.empty_database()
    roles = ("create role shop_reader", 'create role "Shop writer"')
    more = (
        "grant select on public.orders to shop_reader",
        'create policy own on public.orders for select to "Shop writer" using (true)',
        'alter view public.paid owner to "Shop writer"',
    )
    change(old, *SHOP, *roles)
    change(new, *SHOP, *roles, *more)

    value = cli_without_store("schema", "diff", old, new, "--json").value
    change(new, 'drop owned by "Shop writer"', "drop owned by shop_reader")
    change(new, *SHOP[1:2])
    same = cli_without_store("schema", "diff", old, new)
    for one, url in ((server_16, old), (server, new)):
        change(url, "drop role shop_reader", 'drop role "Shop writer"')
        one.drop(url)

    assert sorted((one["kind"], one["change"]) for one in value["differences"]) == [
        ("grant", "extra"),
        ("policy", "extra"),
        ("view", "changed"),
    ]
    assert (same.code, same.out) == (0, "The schemas are the same.\n")


def test_migrations_are_compared_in_a_scratch_database(
    cli_without_store: Cli, tmp_path: Path
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        (folder / "1_begin.sql").write_text("create table orders (id integer primary key);")
    (second / "2_more.sql").write_text("alter table orders add column note text not null;")

    said = cli_without_store("schema", "diff", str(first), str(second))
    broken = second / "3_broken.sql"
    broken.write_text("select 1;\nalter table nowhere add column x text;")
    failed = cli_without_store("schema", "diff", str(first), str(second))

    assert said.code == 1
    assert "public.orders.note" in said.out
    assert failed.code == 2
    assert "3_broken.sql, statement 2, failed" in failed.err


@pytest.mark.parametrize("name", ["nowhere", "empty", "no.json"])
def test_what_is_no_schema_is_refused(cli_without_store: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.json").write_text("[]")

    said = cli_without_store("schema", "contract", str(tmp_path / name))

    assert said.code == 2
    assert said.err.startswith("B107 ")


def test_the_plan_of_a_migration_is_printed_and_nothing_changes(
    cli_without_store: Cli, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.empty_database()
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", url)

    plan = cli_without_store("schema", "migrate", "--plan")
    value = cli_without_store("schema", "migrate", "--plan", "--json").value
    verified = cli_without_store("schema", "verify")
    done = cli_without_store("schema", "migrate")
    nothing = cli_without_store("schema", "migrate", "--plan")
    server.drop(url)

    assert "create table public.context_blocks" in plan.out
    assert [one["file"] for one in value] == [one.file_name for one in migrations()]
    assert verified.code == 1
    assert "briefsmith schema migrate" in verified.out
    assert done.code == 0
    assert nothing.out == "Nothing to apply.\n"


def test_json_is_one_document_even_of_drift(cli_without_store: Cli, database: str) -> None:
    change(database, "drop table public.block_usage_history cascade")

    said = cli_without_store("schema", "verify", "--json")

    found = json.loads(said.out)["findings"]
    assert said.code == 1
    assert ("missing", "public.block_usage_history") in {
        (one["change"], one["name"]) for one in found
    }
    assert any(one["kind"] == "statement" and one["change"] == "refused" for one in found)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_name_cannot_leave_its_comment(cli_without_store: Cli, database: str, end: str) -> None:
    change(database, f'alter table public.events add column "x{end}drop table public.events;" text')

    script = cli_without_store("schema", "verify", "--sql").out

    code = [line for line in re.split(r"[\r\n]", script) if line and not line.startswith("--")]
    assert code == ["begin;", "commit;"]
