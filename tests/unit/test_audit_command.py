import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from briefsmith.faces.cli.schema_audit import audit


def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(audit)
    return app


def test_the_exit_code_and_the_lines_tell_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\nx = 'profile_core_data'\n")

    result = CliRunner().invoke(command(), [str(tmp_path)])

    assert result.exit_code == 1
    first, last = result.stdout.splitlines()
    assert first.startswith(f"{tmp_path}/a.py:2:6: removed table profile_core_data; use ")
    assert last == "1 reference to what the schema has not, in 1 file."


def test_nothing_found_is_success_and_warnings_go_beside(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("select 1;\nselec;")
    (tmp_path / "b.py").write_bytes(b"\x00")

    result = CliRunner().invoke(command(), [str(tmp_path)])

    assert result.exit_code == 0
    assert f"{tmp_path}/a.sql:2: not judged, syntax error" in result.stderr
    assert result.stdout == (
        "0 references to what the schema has not, in 1 file (1 binary ignored).\n"
    )


@pytest.mark.parametrize("text", ["x = 1\n", "x = 'profile_core_data'\n"])
def test_json_is_one_document(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(text)

    result = CliRunner().invoke(command(), ["--json", str(tmp_path)])

    told = json.loads(result.stdout)
    assert told["clean"] is (result.exit_code == 0) is ("profile" not in text)
    assert told["files"] == 1


def test_the_name_of_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m\n.py").write_text("x = 'profile_core_data'\n")

    result = CliRunner().invoke(command(), [str(tmp_path)])

    assert "\x1b" not in result.stdout
    assert result.stdout.splitlines()[0].startswith(f"{tmp_path}/a\\x1b[31m\\n.py:1:6: ")
