import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typing_extensions import override

from briefsmith.faces.cli.main import run
from tests.faces.calls import Outcome, Shell

Cli = Callable[..., Outcome]

_OURS = ("BRIEFSMITH_", "DATABASE_URL", "VISUAL", "EDITOR", "NO_COLOR")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No setting in the environment, and a home that is not the person's; the folder to work in."""
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BRIEFSMITH_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli_without_store(
    bare: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Cli:
    """Runs commands in this process where there is no store."""
    assert bare.is_dir()

    def call(*words: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = run(words)
        caught = capsys.readouterr()
        return Outcome(code, caught.out, caught.err)

    return call


@pytest.fixture
def cli(cli_without_store: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs commands in this process on a database of the test's own."""
    monkeypatch.setenv("BRIEFSMITH_DATABASE_URL", database_url)
    return cli_without_store


class _Screen(io.TextIOWrapper):
    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs commands in this process, whose standard output says that it is a terminal."""
    assert cli("brief", "list").code == 0

    def call(*words: str, columns: int = 80) -> Outcome:
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = _Screen(buffer := io.BytesIO(), encoding="utf-8")
        with monkeypatch.context() as there:
            there.setattr(sys, "stdout", shown)
            code = run(words)
        shown.flush()
        return Outcome(code, buffer.getvalue().decode(), "")

    return call


@pytest.fixture
def shell_without_store(tmp_path: Path) -> Shell:
    """Runs commands in processes of their own where there is no store."""
    home = str(tmp_path / "store")
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "BRIEFSMITH_HOME": home}
    return Shell(environment, tmp_path)


@pytest.fixture
def shell(shell_without_store: Shell, database_url: str) -> Shell:
    """Runs commands in processes of their own on a database of the test's own."""
    environment = {**shell_without_store.environment, "BRIEFSMITH_DATABASE_URL": database_url}
    return Shell(environment, shell_without_store.folder)
