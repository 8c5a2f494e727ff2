"""The command `schema upgrade`: what it prints, what it asks, and how it ends."""

import io
import json
import sys
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
import typer

from briefsmith import errors
from briefsmith.faces.cli.schema_upgrade import upgrade
from tests.conftest import Server
from tests.integration.legacy import rows_as_text
from tests.integration.stored import tell
from tests.integration.upgraded import legacy_database, new_user


@pytest.fixture
def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A legacy database, named by the environment."""
    made = legacy_database(server)
    owner = new_user(made)
    statement = (
        "insert into public.context_blocks (user_id, label, content) values (%s, 'Voice', 'x')"
    )
    with psycopg.connect(made) as connection:
        connection.execute(statement.encode(), [owner])
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", made)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    yield made
    server.drop(made)


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(upgrade)
    capsys.readouterr()
    code = app(list(words), standalone_mode=False)
    caught = capsys.readouterr()
    return code or 0, caught.out, caught.err


def test_from_the_plan_to_the_end(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = str(tmp_path / "old.jsonl")
    before = rows_as_text(url)

    code, out, _ = call(capsys, "--plan")
    assert code == 0
    assert "context_blocks.label" in out
    assert "Nothing was changed" in out
    assert rows_as_text(url) == before

    code, out, err = call(capsys, "--archive", archive)
    assert code == 0
    assert archive in out
    assert "--finish" in err

    code, out, _ = call(capsys, "--undo", "--yes", "--json")
    assert json.loads(out) == {"undone": True}
    assert rows_as_text(url) == before

    _, out, _ = call(capsys, "--archive", str(tmp_path / "second.jsonl"), "--json")
    assert json.loads(out)["made"]["context_blocks"] == 1
    _, out, _ = call(capsys, "--finish", "--yes")
    assert "dropped" in out


def test_a_plan_with_something_in_the_way_ends_with_1(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(url, "create view public.mine as select label from public.context_blocks")

    code, out, _ = call(capsys, "--plan")
    assert code == 1
    assert "In the way" in out
    code, out, _ = call(capsys, "--plan", "--json")
    assert code == 1
    assert json.loads(out)["obstacles"]


@pytest.mark.parametrize(
    "words",
    [
        ["--plan", "--undo"],
        ["--finish", "--undo", "--yes"],
        ["--discard-changes"],
        ["--plan", "--archive", "x"],
        [],
    ],
)
def test_a_call_that_makes_no_sense_changes_nothing(
    words: list[str], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows_as_text(url)

    with pytest.raises(errors.InvalidInput):
        call(capsys, *words)

    assert rows_as_text(url) == before


@pytest.mark.parametrize("words", [["--undo"], ["--finish"]])
def test_what_cannot_be_is_told_before_it_has_to_be_confirmed(
    words: list[str], url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(errors.UpgradeRefused, match="There is no upgrade"):
        call(capsys, *words)
    call(capsys, "--archive", str(tmp_path / "old.jsonl"))

    with pytest.raises(errors.InvalidInput, match="has to be confirmed"):
        call(capsys, *words)
