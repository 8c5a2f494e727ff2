"""Servers for tests: nothing of them stays behind, and none is made of files that are not what they were."""

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.integration.debian import Forged, archive
from tests.integration.servers import ROOT, kept_folder

# Killed while its "server" runs, which would sleep on for a minute.
_KILLED = """
import os, signal, subprocess
from tests.integration.servers import kept_folder

with kept_folder({}) as folder:
    server = subprocess.Popen(["sleep", "60"], start_new_session=True, stdout=subprocess.DEVNULL)
    (folder / "data").mkdir()
    (folder / "data" / "postmaster.pid").write_text(f"{server.pid}\\n")
    print(server.pid, folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_is_gone_afterwards() -> None:
    with kept_folder({}) as folder:
        (folder / "file").write_text("something")

    assert not folder.exists()


def test_a_run_that_is_killed_leaves_no_server_and_no_folder() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED], check=False, cwd=ROOT, capture_output=True, text=True
    )
    server, folder = killed.stdout.split()

    assert killed.returncode == -9
    deadline = monotonic() + 30
    while (_runs(int(server)) or Path(folder).exists()) and monotonic() < deadline:
        sleep(0.05)
    assert not _runs(int(server))
    assert not Path(folder).exists()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_archive_that_is_not_what_was_fetched_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgresql-17.tar").write_bytes(b"something else")
    (tmp_path / "postgresql-17.sha256").write_text("0" * 64)

    with pytest.raises(Forged, match="is not what was fetched"):
        archive(tmp_path)
