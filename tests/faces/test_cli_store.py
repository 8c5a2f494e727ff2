"""Init, doctor, import and reembed: what they say, and what doctor advises for each wrong thing."""

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from briefsmith import diagnosis
from briefsmith.postgres import database
from briefsmith.postgres.embedded import ServerState, server_state, stop_server
from briefsmith.providers import openai_compatible
from briefsmith.sql import migrations
from tests.conftest import Server
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import add

NO_STORE = {"place": True, "disk": True, "store": False, "embedding": True, "files": True}
ALL = len(migrations())
ALL_WELL = ["place", "server", "extension", "schema", "embedding", "files"]


def notes(folder: Path) -> Path:
    """A folder with two notes."""
    (folder / "notes").mkdir()
    (folder / "notes" / "tone.md").write_text(
        "---\ntype: style_guide\ntags: [voice]\n---\n# Tone\n\nPlain words.\n", encoding="utf-8"
    )
    (folder / "notes" / "facts.txt").write_text("Beech and boar bristle.\n", encoding="utf-8")
    return folder / "notes"


def findings(checks: list[dict[str, Any]]) -> dict[str, bool]:
    return {check["name"]: check["ok"] for check in checks}


def test_init_makes_the_schema_once(
    cli_without_store: Cli, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.empty_database()
    monkeypatch.setenv("DATABASE_URL", url)

    first, second = cli_without_store("init"), cli_without_store("init")
    value = cli_without_store("init", "--json")
    server.drop(url)

    assert first.out == f"The store in your database is ready; {ALL} migrations applied.\n"
    assert second.out == "The store in your database is up to date.\n"
    assert value.value == {"place": "your database", "applied": [], "already": ALL}


def test_the_embedded_store_is_made_used_and_left_at_rest_by_doctor(
    cli_without_store: Cli, bare: Path
) -> None:
    cli = cli_without_store
    try:
        made = f"The store in {bare / 'store'} is ready; {ALL} migrations applied.\n"
        assert cli("init").out == made
        add(cli, "Kept")
        running = cli("doctor", "--json")
        stop_server(bare / "store")
        resting = cli("doctor")

        assert not server_state(bare / "store").running
        started = cli("doctor", "--start", "--json")
        assert server_state(bare / "store").running
    finally:
        stop_server(bare / "store")

    assert running.value["ok"] is True
    assert list(findings(running.value["checks"])) == ["place", "disk", *ALL_WELL[1:]]
    assert resting.code == 0
    assert "PostgreSQL 18, at rest: the next command starts it" in resting.out
    assert "--start starts it and looks inside." in resting.out
    assert started.value["ok"] is True
    assert "1 blocks" in started.value["checks"][-2]["found"]


def test_doctor_without_a_store_says_what_to_do_and_makes_none(
    cli_without_store: Cli, bare: Path
) -> None:
    text, value = cli_without_store("doctor"), cli_without_store("doctor", "--json")

    assert (text.code, value.code) == (1, 1)
    assert "store: Run `briefsmith init`." in text.out
    assert findings(value.value["checks"]) == NO_STORE
    assert value.value["ok"] is False
    assert not (bare / "store").exists()


@pytest.mark.parametrize("words", [["block", "list"], ["compose", "x"], ["import", "."]])
def test_other_commands_without_a_store_say_the_same_and_make_none(
    cli_without_store: Cli, bare: Path, words: list[str]
) -> None:
    done = cli_without_store(*words)

    assert done.code == 7
    assert done.out == ""
    assert done.err == (
        f"B803 There is no store in {bare / 'store'} yet.\n  Run `briefsmith init`.\n"
    )
    assert not (bare / "store").exists()


@pytest.mark.parametrize("words", [["block", "list"], ["init"], ["doctor"]])
def test_a_home_that_cannot_be_is_no_fault_of_ours(
    cli_without_store: Cli, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("BRIEFSMITH_HOME", "/tmp/" + "long" * 100)  # noqa: S108  never made

    done = cli_without_store(*words)

    assert done.code in {1, 2, 7}
    assert "B900" not in done.out + done.err


def test_doctor_finds_nothing_wrong_with_a_good_store(cli: Cli) -> None:
    text, value = cli("doctor"), cli("doctor", "--json")

    assert (text.code, value.code) == (0, 0)
    assert [line.split()[:2] for line in text.out.splitlines()[1:]] == [
        ["ok", name] for name in ALL_WELL
    ]
    assert list(findings(value.value["checks"])) == ALL_WELL
    assert value.value["ok"] is True


def test_doctor_reports_a_database_that_is_not_there(
    cli_without_store: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:9/mine")

    done = cli_without_store("doctor")

    assert done.code == 1
    assert "database 'mine' at 127.0.0.1:9" in done.out
    assert "B601" in done.out
    assert "database: Check the address" in done.out
    assert "hunter2" not in done.out + done.err


def test_doctor_reports_an_address_that_is_none(
    cli_without_store: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", "hunter2 is no address")

    done = cli_without_store("doctor")

    assert done.code == 1
    assert "!!  place" in done.out
    assert "postgresql://user:password@host:5432/database" in done.out
    assert "hunter2" not in done.out + done.err


def test_doctor_reports_a_database_without_schema(
    cli_without_store: Cli, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.empty_database()
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", url)

    done = cli_without_store("doctor")
    server.drop(url)

    assert done.code == 1
    assert "!!  extension" in done.out
    assert "!!  schema" in done.out
    assert "ok  embedding" in done.out
    assert "schema: Run `briefsmith init`." in done.out


def test_doctor_reports_a_server_that_is_too_old(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST_SERVER", 990000)

    done = cli("doctor")

    assert done.code == 1
    assert "!!  server" in done.out
    assert "server: Use PostgreSQL 15 to 18." in done.out


def test_doctor_reports_a_server_whose_row_security_is_unsafe(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_SAFE_FROM", {18: 189999})

    done = cli("doctor")

    assert done.code == 1
    assert "CVE-2024-10976" in done.out


def test_doctor_reports_that_it_is_not_clear_who_is_asking(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_USER", "nobody@example.com")

    done = cli("doctor")

    assert done.code == 1
    assert "ok  schema" in done.out
    assert "!!  user" in done.out
    assert "user: Set BRIEFSMITH_USER" in done.out


def test_doctor_reports_blocks_without_vectors_and_reembed_mends_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("BRIEFSMITH_EMBEDDING_URL", "http://127.0.0.1:9/v1")
        elsewhere.setattr(openai_compatible, "_BACKOFF_SECONDS", ())
        add(cli, "One")
        add(cli, "Two")
        unreachable = cli("doctor")

    before = cli("doctor")
    mended = cli("reembed")
    again, value = cli("reembed"), cli("reembed", "--json")

    assert unreachable.code == 1
    assert "B603" in unreachable.out
    assert "embedding: Check BRIEFSMITH_EMBEDDING_URL" in unreachable.out
    assert before.code == 1
    assert "2 without a vector of this model" in before.out
    assert "embedding: Run `briefsmith reembed`." in before.out
    assert mended.out == "2 vectors made.\n"
    assert again.out == "Every block has its vector already.\n"
    assert value.value == {"seen": 0, "written": 0, "total": 0}
    assert cli("doctor").code == 0


def _state(folder: Path, *, lines: tuple[str, ...]) -> ServerState:
    return ServerState(
        data_folder=folder / "postgres",
        socket_folder=None,
        running=False,
        pid=None,
        version="18",
        service_user=None,
        log_file=folder / "server.log",
        log_lines=lines,
    )


def test_doctor_shows_the_log_of_a_server_that_did_not_start(
    cli_without_store: Cli, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("LOG:  starting PostgreSQL 18.4", "FATAL:  data directory is \x1b[31mbroken")
    found = _state(bare, lines=lines)

    def look(_: Path) -> ServerState:
        return found

    monkeypatch.setattr(diagnosis, "server_state", look)

    done = cli_without_store("doctor")

    assert done.code == 1
    assert f"server: Mend what {bare / 'server.log'} says" in done.out
    assert "  FATAL: data directory is \\x1b[31mbroken\n" in done.out


def test_doctor_forgives_what_an_earlier_start_complained_about(
    cli_without_store: Cli, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("FATAL:  no", "LOG:  starting PostgreSQL 18.4", "LOG:  database system is shut down")
    found = _state(bare, lines=lines)

    def look(_: Path) -> ServerState:
        return found

    monkeypatch.setattr(diagnosis, "server_state", look)

    assert cli_without_store("doctor").code == 0


def test_doctor_reports_a_disk_that_is_nearly_full(
    cli_without_store: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "_LEAST_FREE_BYTES", 10**18)

    done = cli_without_store("doctor")

    assert "!!  disk" in done.out
    assert "disk: Free some space on " in done.out


def test_an_import_says_what_went_in_and_again_only_what_changed(cli: Cli, bare: Path) -> None:
    folder = notes(bare)

    first = cli("import", "notes")
    (folder / "tone.md").write_text("# Tone\n\nShort words.\n", encoding="utf-8")
    second = cli("import", "notes", "--json")

    assert first.code == 0
    assert first.out == "2 files: 2 blocks added, 0 changed, 0 unchanged.\n"
    assert second.value["changed"] == 1
    assert second.value["unchanged"] == 1
    assert second.value["problems"] == []
    labels = [block["label"] for block in cli("block", "list", "--json").values]
    assert sorted(labels) == ["Facts", "Tone"]


def test_bad_files_are_named_the_others_go_in_and_the_code_says_so(cli: Cli, bare: Path) -> None:
    folder = notes(bare)
    (folder / "latin.md").write_bytes(b"caf\xe9")
    (folder / "front.md").write_text("---\ntags: [\n---\nText\n", encoding="utf-8")
    (folder / "empty.md").write_text("", encoding="utf-8")
    (folder / "lost.md").symlink_to("nowhere.md")
    with (folder / "huge.md").open("wb") as file:
        file.truncate(200_000_000)

    text = cli("import", "notes")
    value = cli("import", "notes", "--json")

    assert (text.code, value.code) == (1, 1)
    assert text.out == "7 files: 2 blocks added, 0 changed, 0 unchanged, 5 problems.\n"
    assert all(line.startswith("B104 ") for line in text.err.splitlines())
    problems = {problem["path"]: problem["message"] for problem in value.value["problems"]}
    assert problems.keys() == {"latin.md", "front.md", "empty.md", "lost.md", "huge.md"}
    assert all(name in message for name, message in problems.items())
    assert "UTF-8" in problems["latin.md"]
    assert "larger" in problems["huge.md"]
    assert value.value["unchanged"] == 2


def test_sections_that_are_gone_are_listed_and_archived_when_asked(cli: Cli, bare: Path) -> None:
    folder = notes(bare)
    cli("import", "notes")
    (folder / "tone.md").unlink()

    listed = cli("import", "notes")
    pruned = cli("import", "notes", "--prune", "--json")

    assert "Gone from their files\n" in listed.out
    assert listed.out.splitlines()[-1].split()[1:] == ["kept", "Tone", "tone.md"]
    assert listed.err == "--prune archives them.\n"
    [removed] = pruned.value["removed"]
    assert (removed["path"], removed["archived"]) == ("tone.md", True)
    assert [block["label"] for block in cli("block", "list", "--json").values] == ["Facts"]


def test_a_taken_label_is_told(cli: Cli, bare: Path) -> None:
    add(cli, "Tone", "Another text.")
    notes(bare)

    done = cli("import", "notes")

    assert done.code == 0
    assert done.err == "The label 'Tone' was taken; the block is called 'Tone (tone.md)'.\n"


def test_a_collection_is_known_again_in_another_place(cli: Cli, bare: Path) -> None:
    notes(bare)
    cli("import", "notes", "--collection", "mine")
    os.rename(bare / "notes", bare / "moved")  # noqa: PTH104  shorter than the path's own

    done = cli("import", "moved", "--collection", "mine", "--json")

    assert (done.value["added"], done.value["unchanged"]) == (0, 2)


def test_an_export_is_imported_without_loss(
    cli: Cli, bare: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(cli, "One", "Text\r\nwith \x1b and \u2028.", "--tag", "a", "--locale", "de")
    add(cli, "Two", "Derived", "--derived-from", first["id"])
    cli("block", "edit", first["id"], "--notes", "Changed once.")
    cli("block", "export", "--output", "all.jsonl")
    exported = (bare / "all.jsonl").read_bytes()
    other = server.migrated_database()
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", other)

    done = cli("import", "all.jsonl")
    cli("block", "export", "--output", "again.jsonl")
    server.drop(other)

    assert done.out == "1 file: 2 blocks added, 0 changed, 0 unchanged.\n"
    assert (bare / "again.jsonl").read_bytes() == exported


@pytest.mark.parametrize("words", [["import", "nowhere"], ["import", "notes/picture.png"]])
def test_a_path_that_cannot_be_imported_is_refused_before_anything(
    cli: Cli, bare: Path, words: list[str]
) -> None:
    (notes(bare) / "picture.png").write_bytes(b"PNG")

    done = cli(*words, "notes")

    assert done.code == 2
    assert done.err.startswith("B104 ")
    assert cli("block", "list", "--json").values == []


def test_a_folder_without_documents_is_refused(cli: Cli, bare: Path) -> None:
    (bare / "empty").mkdir()

    done = cli("import", "empty")

    assert done.code == 2
    assert done.err.startswith("B106 There is nothing to import in empty.\n")


def test_a_database_of_several_people_asks_who_you_are(
    cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("insert into auth.users (email) values ('ann@example.com')")
    unclear = cli("block", "list")
    monkeypatch.setenv("BRIEFSMITH_USER", "ann@example.com")

    assert (unclear.code, unclear.err[:5]) == (3, "B202 ")
    assert cli("block", "list").code == 0


def test_init_leaves_the_database_of_a_later_package_alone(cli: Cli, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for version, name in (("29990101000000", "briefsmith_later"), ("29990102000000", "own")):
            connection.execute(
                "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
                (version, name),
            )

    refused = cli("init", "--json")

    assert (refused.code, refused.error["code"]) == (7, "B804")
    assert refused.error["details"] == {"unknown": ["29990101000000"]}


def test_a_column_of_ones_own_is_told_and_no_fault_of_ours(cli: Cli, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("alter table public.task_briefs add column own integer")

    refused = cli("compose", "A task", "--json")

    assert (refused.code, refused.error["code"]) == (7, "B806")
    assert "own" in refused.error["message"]
