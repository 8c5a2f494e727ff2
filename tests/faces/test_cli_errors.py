"""What bad input gets: a sentence, a stable code, an exit code, and nothing stored."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from briefsmith.operations import blocks as operations
from briefsmith.postgres import database
from tests.conftest import Server
from tests.faces.calls import TRACEBACK, Outcome
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import NOWHERE, add

CLOSED = "postgresql://me:hunter2@127.0.0.1:9/mine"


def assert_refused(
    call: Callable[..., Outcome], words: list[str], code: str, exit_code: int
) -> Outcome:
    """The call fails in words and as JSON, the same; gives the one in words."""
    text, value = call(*words), call(*words, "--json")
    assert (text.code, value.code) == (exit_code, exit_code), text.err
    assert (text.out, value.out) == ("", "")
    assert text.err.startswith(f"{code} ")
    assert TRACEBACK not in text.err + value.err
    first, *rest = text.err.splitlines()
    assert value.err.count("\n") == 1
    assert value.error.keys() == {"code", "message", "hint", "details"}
    assert numberless(first) == numberless(f"{value.error['code']} {value.error['message']}")
    assert first.endswith(".")
    if value.error["hint"]:
        assert numberless(rest[-1]) == numberless(f"  {value.error['hint']}")
    return text


def numberless(text: str) -> str:
    """The key of each brief is another one, so that counts of tokens differ by a few."""
    return re.sub(r"[0-9]+", "0", text)


def counts(url: str) -> dict[str, int]:
    """Rows of every table that a command writes to."""
    tables = ("context_blocks", "block_revisions", "task_briefs", "task_brief_outputs", "events")
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                sql.SQL("select from {}").format(sql.Identifier("public", table))
            ).rowcount
            for table in tables
        }


BAD_INPUT: list[tuple[list[str], str, int]] = [
    (["compose", ""], "B101", 2),
    (["compose", " \n "], "B101", 2),
    (["compose", "x", "--mode", "poem"], "B102", 2),
    (["compose", "x", "--budget", "20"], "B501", 6),
    (["compose", "x", "--budget", "0"], "B501", 6),
    (["compose", "x", "--budget", "-1"], "B100", 2),
    (["compose", "x", "--budget", "many"], "B100", 2),
    (["compose", "x", "--block", "7"], "B103", 2),
    (["compose", "x", "--block", NOWHERE], "B301", 4),
    (["compose", "x", "--media", "no description"], "B100", 2),
    (["compose"], "B100", 2),
    (["brief", "show", "7"], "B103", 2),
    (["brief", "show", NOWHERE], "B302", 4),
    (["brief", "list", "--limit", "0"], "B100", 2),
    (["block", "show", "not-an-id"], "B103", 2),
    (["block", "show", NOWHERE], "B301", 4),
    (["block", "show", NOWHERE, "--version", "3"], "B301", 4),
    (["block", "history", NOWHERE], "B301", 4),
    (["block", "edit", NOWHERE, "--content", "x"], "B301", 4),
    (["block", "edit", NOWHERE], "B100", 2),
    (["block", "edit", NOWHERE, "--status", "archived"], "B100", 2),
    (["block", "archive", NOWHERE], "B301", 4),
    (["block", "archive", "7"], "B103", 2),
    (["block", "restore", NOWHERE], "B301", 4),
    (["block", "purge", NOWHERE, "--yes"], "B301", 4),
    (["block", "purge", NOWHERE], "B100", 2),
    (["block", "add", "--label", " ", "--content", "x"], "B100", 2),
    (["block", "add", "--label", "x", "--content", ""], "B100", 2),
    (["block", "add", "--label", "x"], "B100", 2),
    (["block", "add", "--label", "x", "--content", "a", "--file", "b"], "B100", 2),
    (["block", "add", "--label", "x", "--file", "nowhere.md"], "B100", 2),
    (["block", "add", "--label", "x", "--content", "\udcff"], "B100", 2),
    (["block", "add", "--label", "x", "--content", "y", "--type", "poem"], "B100", 2),
    (["block", "add", "--label", "x", "--content", "y", "--derived-from", NOWHERE], "B301", 4),
    (["block", "add", "--content", "y"], "B100", 2),
    (["block", "list", "--status", "lost"], "B100", 2),
    (["block", "list", "--no-such-option"], "B100", 2),
    (["block", "search", " "], "B100", 2),
    (["block", "search", "x", "--limit", "5000"], "B100", 2),
    (["block", "export", "--output", "/nowhere/at/all.jsonl"], "B100", 2),
    (["import", "nowhere.md"], "B104", 2),
    (["no-such-command"], "B100", 2),
]


@pytest.fixture(scope="module")
def untouched_url(server: Server) -> Iterator[str]:
    """A database that stays as it is."""
    url = server.migrated_database()
    yield url
    server.drop(url)


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    BAD_INPUT,
    ids=[ascii(" ".join(words)) for words, *_ in BAD_INPUT],
)
def test_bad_input_is_refused_and_nothing_is_stored(
    cli_without_store: Cli,
    untouched_url: str,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: str,
    exit_code: int,
) -> None:
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", untouched_url)
    before = counts(untouched_url)

    assert_refused(cli_without_store, words, code, exit_code)

    assert counts(untouched_url) == before


def test_an_option_is_called_what_the_person_wrote(cli: Cli) -> None:
    label = cli("block", "add", "--label", " ", "--content", "x")
    budget = cli("compose", "x", "--budget", "-1")

    assert label.err.startswith("B100 --label: a label has at least one character")
    assert budget.err.startswith("B100 --budget: input should be greater than or equal to 0.")


def test_an_unknown_mode_lists_the_known_ones(cli: Cli) -> None:
    done = cli("compose", "x", "--mode", "poem")

    assert "verbatim, excerpt, outline" in done.err


def test_a_budget_below_the_frame_says_what_would_do(cli: Cli) -> None:
    refused = cli("compose", "x", "--budget", "20", "--json")

    needed = refused.error["details"]["needed_tokens"]
    assert f"Allow at least {needed} tokens." in refused.error["hint"]
    # The key of each brief is another one, and takes more tokens or fewer.
    assert cli("compose", "x", "--budget", str(needed + 50)).code == 0


def test_asked_for_blocks_that_do_not_fit_are_told(cli: Cli) -> None:
    block = add(cli, "Long", "A word and another one. " * 400)

    words = ["compose", "x", "--budget", "400", "--mode", "verbatim", "--block", block["id"]]

    assert_refused(cli, words, "B502", 6)
    assert cli("brief", "list", "--json").values == []


def test_what_is_somebody_else_s_is_answered_like_what_does_not_exist(
    cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = add(cli, "Theirs", "Delivery on Tuesday.")["id"]
    brief = cli("compose", "delivery", "--json").value["id"]
    with psycopg.connect(database_url) as connection:
        connection.execute("insert into auth.users (email) values ('ann@example.com')")
    monkeypatch.setenv("BRIEFSMITH_USER", "ann@example.com")

    for words in (
        ["block", "show", theirs],
        ["block", "show", theirs, "--version", "1"],
        ["block", "edit", theirs, "--content", "Mine."],
        ["block", "archive", theirs],
        ["block", "restore", theirs],
        ["block", "purge", theirs, "--yes"],
        ["block", "history", theirs],
        ["block", "add", "--label", "x", "--content", "x", "--derived-from", theirs],
        ["compose", "x", "--block", theirs],
        ["brief", "show", brief],
    ):
        there = cli(*words)
        nowhere = cli(*[NOWHERE if word in {theirs, brief} else word for word in words])
        assert there.code == 4, words
        assert there.err.replace(theirs, NOWHERE).replace(brief, NOWHERE) == nowhere.err
    assert cli("block", "list", "--status", "all", "--json").values == []
    assert cli("block", "search", "delivery", "--json").values == []


def test_an_archived_block_is_neither_edited_nor_put_into_a_brief(cli: Cli) -> None:
    block = add(cli, "Old")["id"]
    cli("block", "archive", block)

    edited = assert_refused(cli, ["block", "edit", block, "--content", "x"], "B403", 5)
    composed = assert_refused(cli, ["compose", "x", "--block", block], "B403", 5)

    for refused in (edited, composed):
        assert "is archived" in refused.err
        assert f"`briefsmith block restore {block}`" in refused.err


def test_a_taken_label_shows_who_has_it(cli: Cli) -> None:
    block = add(cli, "Tone")
    other = add(cli, "Another")

    added = assert_refused(cli, ["block", "add", "--label", "TONE", "--content", "x"], "B401", 5)
    edited = assert_refused(cli, ["block", "edit", other["id"], "--label", "tone"], "B401", 5)

    for refused in (added, edited):
        shown = next(line for line in refused.err.splitlines() if line.startswith("  other: "))
        assert json.loads(shown.removeprefix("  other: "))["block_id"] == block["id"]


def test_a_label_that_was_taken_meanwhile_stops_a_restore(cli: Cli) -> None:
    old = add(cli, "Tone")["id"]
    cli("block", "archive", old)
    add(cli, "Tone")

    assert_refused(cli, ["block", "restore", old], "B401", 5)


def test_a_stale_edit_shows_both_sides(cli: Cli) -> None:
    block = add(cli, "Tone", "First.")["id"]
    cli("block", "edit", block, "--content", "Theirs.")

    words = ["block", "edit", block, "--content", "Mine.", "--expect", "1"]
    refused = assert_refused(cli, words, "B402", 5)

    assert '  yours: {"content": "Mine."}\n' in refused.err
    assert '  theirs: {"content": "Theirs."}\n' in refused.err
    assert cli("block", "show", block, "--json").value["content"] == "Theirs."


def test_a_database_that_is_not_there_tells_no_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", CLOSED)

    refused = assert_refused(cli, ["block", "list"], "B601", 75)
    initialised = assert_refused(cli, ["init"], "B601", 75)

    assert "127.0.0.1:9" in refused.err
    assert "hunter2" not in refused.err + initialised.err


def test_an_address_that_is_none_is_not_repeated(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "hunter2")
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", "")

    refused = assert_refused(cli, ["block", "list"], "B105", 2)

    assert "hunter2" not in refused.err


def test_a_setting_that_makes_no_sense_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIEFSMITH_IDLE_SECONDS", "soon")

    refused = assert_refused(cli, ["block", "list"], "B105", 2)

    assert "BRIEFSMITH_IDLE_SECONDS" in refused.err


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    url = server.empty_database()
    yield url
    server.drop(url)


def test_a_database_that_is_not_migrated_says_what_to_run(
    cli: Cli, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", empty_url)

    refused = assert_refused(cli, ["block", "list"], "B803", 7)

    assert "`briefsmith init`" in refused.err
    assert cli("init").code == 0
    assert cli("block", "list").code == 0


@pytest.mark.parametrize("words", [["block", "list"], ["compose", "x"]])
def test_a_database_that_lacks_a_migration_is_not_used(
    cli: Cli, database_url: str, words: list[str]
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "delete from supabase_migrations.schema_migrations where name like 'briefsmith%'"
        )

    assert_refused(cli, words, "B803", 7)


def test_a_database_that_is_newer_than_the_package_is_left_alone(
    cli: Cli, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, name) "
            "values ('29990101000000', 'briefsmith_of_the_future')"
        )

    refused = assert_refused(cli, ["block", "list"], "B804", 7)

    assert "29990101000000" in refused.err
    assert "pip install --upgrade" in refused.err


def test_a_server_that_is_too_old_is_told(
    cli: Cli, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "OLDEST_SERVER", 990000)

    migrated = assert_refused(cli, ["block", "list"], "B801", 7)
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", empty_url)
    empty = assert_refused(cli, ["init"], "B801", 7)

    for refused in (migrated, empty):
        assert "15 is the oldest that works" in refused.err


def test_a_database_whose_vector_has_gone_is_told(cli: Cli, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("drop extension vector cascade")

    assert_refused(cli, ["block", "list"], "B802", 7)


def test_a_login_that_may_not_act_for_others_is_told(
    cli: Cli, server: Server, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("create role outsider login")
    try:
        monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", f"{database_url} user=outsider")

        refused = assert_refused(cli, ["block", "list"], "B200", 3)

        assert "Grant" in refused.err
    finally:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("drop role outsider")


@pytest.fixture
def full_disk(database_url: str) -> None:
    """Every block from the second on meets a full disk."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            create function public.fill_the_disk() returns trigger language plpgsql as $$
            begin
              raise exception 'could not extend file: No space left' using errcode = '53100';
            end $$
            """
        )
        connection.execute(
            """
            create trigger full_disk before insert on public.context_blocks
            for each row when (new.content like '%too much%')
            execute function public.fill_the_disk()
            """
        )


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_of_the_database_stores_nothing(cli: Cli, database_url: str) -> None:
    before = counts(database_url)

    refused = assert_refused(
        cli, ["block", "add", "--label", "x", "--content", "too much"], "B602", 75
    )

    assert "nothing was stored" in refused.err
    assert counts(database_url) == before


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_stops_an_import_between_batches(
    cli: Cli, database_url: str, bare: Path
) -> None:
    (bare / "a.md").write_text("Some text.\n", encoding="utf-8")
    (bare / "b.md").write_text("This is too much.\n", encoding="utf-8")
    before = counts(database_url)

    assert_refused(cli, ["import", "a.md", "b.md"], "B602", 75)

    assert counts(database_url) == before


def test_a_device_without_room_is_told(cli: Cli) -> None:
    add(cli, "One")

    refused = assert_refused(cli, ["block", "export", "--output", "/dev/full"], "B602", 75)

    assert "no room to write /dev/full" in refused.err
    assert Path("/dev/full").is_char_device()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> str:
    """A fault of ours, with a secret in its words."""

    async def fail(_session: object, block_id: UUID) -> None:
        message = f"hunter2 {block_id}"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(operations, "get_block", fail)
    return "hunter2"


def test_a_fault_of_ours_gives_an_incident_and_no_inside(cli: Cli, broken: str) -> None:
    done = cli("block", "show", NOWHERE, "--json")

    assert done.code == 70
    assert done.error["code"] == "B900"
    assert done.error["details"]["incident"] in done.error["message"]
    assert broken not in done.err
    assert TRACEBACK not in done.err


def test_the_traceback_is_shown_to_who_asks_for_it(
    cli: Cli, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_TRACEBACK", "1")

    done = cli("block", "show", NOWHERE)

    assert done.code == 70
    assert TRACEBACK in done.err
    assert broken in done.err


def test_hostile_words_in_an_error_steer_no_terminal(cli: Cli) -> None:
    done = cli("block", "show", "\x1b]0;owned\x07\u202e")
    value = cli("block", "show", "\x9b31m\u202e", "--json")

    assert done.err.splitlines()[0].isprintable()
    assert value.err.rstrip("\n").isprintable()
    assert value.error["message"] == "'\\x9b31m\\u202e' is not an id."
