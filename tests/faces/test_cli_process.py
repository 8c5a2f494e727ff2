"""The command as a process: its start, its streams, its signals."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from typer import Context
from typer.core import TyperGroup
from typer.main import get_command

import briefsmith
from briefsmith.faces.cli.app import app
from tests.faces.calls import COMMAND, PATIENCE_SECONDS, TRACEBACK, Shell
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import NOWHERE, add

# Whatever takes long to import; --help has to answer in 150 ms.
HEAVY = ["asyncio", "httpx", "numpy", "psycopg", "pydantic", "rich", "tokenizers", "yaml"]


def tree(*words: str) -> Any:
    """The command, or the group of commands, of some words."""
    found: Any = get_command(app)
    for word in words:
        found = found.get_command(None, word)
    return found


def commands(*words: str) -> list[tuple[str, ...]]:
    """Every command and every group below some words, as words."""
    group, context = tree(*words), cast("Context", None)
    names = group.list_commands(context) if isinstance(group, TyperGroup) else []
    return [words, *(found for name in names for found in commands(*words, name))]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_that_fits_a_terminal(
    cli_without_store: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    long, short = cli_without_store(*words, "--help"), cli_without_store(*words, "-h")

    assert (long.code, long.err) == (0, "")
    assert short.out == long.out
    assert long.out.startswith(" ".join(["Usage: briefsmith", *words]))
    assert "..." not in long.out.partition("\n")[2]
    assert max(len(line) for line in long.out.splitlines()) <= 80


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_option_says_what_it_is(words: tuple[str, ...]) -> None:
    silent = [option.name for option in tree(*words).params if not option.help]

    assert silent == []


def test_a_command_without_its_words_shows_what_there_is(cli_without_store: Cli) -> None:
    for words in ([], ["block"], ["brief"]):
        done = cli_without_store(*words)

        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(" ".join(["Usage: briefsmith", *words]))


def test_the_version_is_the_package_s(shell_without_store: Shell) -> None:
    done = shell_without_store.run("--version")

    assert (done.code, done.out, done.err) == (0, f"briefsmith {briefsmith.__version__}\n", "")


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]], ids=" ".join)
def test_help_imports_nothing_heavy(shell_without_store: Shell, words: list[str]) -> None:
    code = "import json, sys; from briefsmith.faces.cli.main import run; code = run(sys.argv[1:]); "
    code += "sys.stderr.write(json.dumps([code, *sys.modules]))"

    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=dict(shell_without_store.environment),
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )

    exit_code, *modules = json.loads(done.stderr)
    assert exit_code == 0
    assert done.stdout
    assert [name for name in HEAVY if name in modules] == []


def test_the_installed_command_is_the_module(shell_without_store: Shell) -> None:
    script = Path(sys.executable).with_name("briefsmith")

    done = subprocess.run(
        [str(script), "--version"],
        env=dict(shell_without_store.environment),
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )

    assert done.stdout.decode() == shell_without_store.run("--version").out


def test_results_go_to_standard_output_and_errors_to_the_other(shell: Shell) -> None:
    good = shell.run("block", "add", "--label", "Größe", "--json", stdin="Straße".encode())
    bad = shell.run("block", "show", NOWHERE, "--json")

    assert (good.code, good.err) == (0, "")
    assert (good.value["label"], good.value["content"]) == ("Größe", "Straße")
    assert (bad.code, bad.out) == (4, "")
    assert bad.error["code"] == "B301"


def test_text_that_is_not_utf_8_is_refused(shell: Shell) -> None:
    done = shell.run("block", "add", "--label", "x", stdin=b"caf\xe9")

    assert done.code == 2
    assert "is not UTF-8 (byte 3)" in done.err


def test_the_password_of_the_database_is_never_told(shell: Shell) -> None:
    url = "postgresql://me:hunter2@127.0.0.1:9/mine"
    elsewhere = shell.having(BRIEFSMITH_DATABASE_URL=url, BRIEFSMITH_TRACEBACK="1")

    done = elsewhere.run("block", "list")

    assert done.code == 75
    assert done.err.startswith("B601 ")
    assert "hunter2" not in done.err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_enough_is_no_failure(
    shell: Shell, cli: Cli, bare: Path, options: list[str]
) -> None:
    # More than a pipe holds, so that writing goes on when the reader has gone.
    (bare / "notes").mkdir()
    for number in range(600):
        name = f"{number} of a name that says nothing in particular, and says it again"
        text = f"Note {number}. " * 20
        (bare / "notes" / f"{name}.txt").write_text(text, encoding="utf-8")
    assert cli("import", "notes").code == 0

    listing = shell.start("block", "list", *options)
    assert listing.stdout is not None
    assert listing.stderr is not None
    assert listing.stdout.readline()
    listing.stdout.close()
    said = listing.stderr.read().decode()
    listing.stderr.close()

    assert listing.wait(PATIENCE_SECONDS) in {0, 141, -signal.SIGPIPE}
    assert TRACEBACK not in said
    assert "BrokenPipe" not in said


def test_a_brief_whose_reader_has_gone_is_stored(shell: Shell, cli: Cli) -> None:
    read, written = os.pipe()
    os.close(read)

    done = shell.run("compose", "x", stdout=written)
    os.close(written)

    assert (done.code, done.err) == (0, "")
    assert len(cli("brief", "list", "--json").values) == 1


def test_no_room_for_the_output_is_told(shell: Shell) -> None:
    with Path("/dev/full").open("wb") as full:
        done = shell.run("--help", stdout=full.fileno())

    assert done.code == 75
    assert done.err.splitlines() == [
        "B602 There is no room to write the output.",
        "  Free some disk space; what the command did in the store is done.",
    ]


def test_closed_streams_are_no_failure(shell_without_store: Shell) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&- 2>&-', "sh", *COMMAND, "--help"],
        env=dict(shell_without_store.environment),
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["ascii", "posix"],
)
def test_what_goes_into_a_pipe_is_utf_8_whatever_the_locale(
    shell: Shell, cli: Cli, variables: dict[str, str]
) -> None:
    block = add(cli, "Größe → 😀", "Straße 😀 \u202e.")
    poor = shell.having(**variables)

    listed = poor.run("block", "list")
    lines = poor.run("block", "list", "--json")
    content = poor.run("block", "show", block["id"], "--content")
    failed = poor.run("block", "show", "Größe", "--json")

    assert "Größe → 😀" in listed.out
    assert lines.values == [block]
    assert content.out == block["content"]
    assert failed.error["code"] == "B103"


@contextmanager
def held_back(url: str) -> Generator[psycopg.Connection[tuple[object, ...]]]:
    """A database in which a block whose text says so is not written before the end of this."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            create function public.hold_back() returns trigger language plpgsql as $$
            begin
              perform pg_advisory_xact_lock(4711);
              return new;
            end $$
            """
        )
        connection.execute(
            """
            create trigger held_back before insert on public.context_blocks
            for each row when (new.content like '%hold me back%')
            execute function public.hold_back()
            """
        )
        connection.execute("select pg_advisory_lock(4711)")
        yield connection
        connection.execute("select pg_advisory_unlock(4711)")


def wait_until_held_back(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Returns when somebody waits."""
    with connection.cursor() as cursor:
        for _ in range(PATIENCE_SECONDS * 20):
            cursor.execute(
                """
                select from pg_locks where locktype = 'advisory' and not granted
                  and database = (select oid from pg_database where datname = current_database())
                """
            )
            if cursor.rowcount:
                return
            cursor.execute("select pg_sleep(0.05)")
    message = "nobody waits"
    raise TimeoutError(message)


def test_an_import_that_is_interrupted_says_so_and_goes_on_the_next_time(
    shell: Shell, cli: Cli, database_url: str, bare: Path
) -> None:
    (bare / "notes").mkdir()
    for number in range(1_005):
        text = "Please hold me back." if number == 1_002 else f"Note {number}."
        (bare / "notes" / f"{number:04}.txt").write_text(text, encoding="utf-8")

    with held_back(database_url) as connection:
        importing = shell.start("import", "notes")
        wait_until_held_back(connection)
        importing.send_signal(signal.SIGINT)
        out, err = importing.communicate(timeout=PATIENCE_SECONDS)
    again = cli("import", "notes", "--json")

    assert importing.returncode == 130
    assert out == b""
    assert err.decode().strip() == (
        "Interrupted; what was done before is stored, and nothing half done."
    )
    assert again.code == 0
    assert (again.value["unchanged"], again.value["added"]) == (1_000, 5)


def test_an_interrupted_add_stores_nothing(shell: Shell, cli: Cli, database_url: str) -> None:
    with held_back(database_url) as connection:
        adding = shell.start("block", "add", "--label", "x", "--content", "hold me back")
        wait_until_held_back(connection)
        adding.send_signal(signal.SIGINT)
        adding.communicate(timeout=PATIENCE_SECONDS)

    assert adding.returncode == 130
    assert cli("block", "list", "--json").values == []
