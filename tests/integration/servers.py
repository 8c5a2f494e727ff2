"""PostgreSQL servers of other makes, run by an account without privileges, in a folder of their own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.debian import NotToBeHad, unpack_programs

ROOT = Path(__file__).parents[2]
OF_THE_SYSTEM = Path("/usr/lib/postgresql/15/bin")

_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of one's own is made there
# Two workers with four servers each take about two.
_PLENTY_BYTES = 8 * 1024**3

# The last of this wheel that brings PostgreSQL 15 (15.5, with pgvector 0.5.1); made for Python 3.11 alone.
_WHEEL = "pgserver==0.0.9"
_CACHE = ROOT / ".venv" / "cache" / "postgresql-15"


def _account() -> dict[str, Any]:
    """PostgreSQL does not run as root; anybody may be nobody."""
    return {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        command,
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        **_account(),
    )
    assert done.returncode == 0, done.stdout


# Its input ends when the tests do, be they killed: then it stops the server, and removes the folder. Where nobody
# collects the dead, `kill -0` still finds the server; its note is gone.
_KEEPER = """
cat > /dev/null
if read -r server < "$0/$1/postmaster.pid"; then
  kill -QUIT "$server"
  turns=100
  while [ -e "$0/$1/postmaster.pid" ] && kill -0 "$server" && [ $turns -gt 0 ]; do
    sleep 0.1
    turns=$((turns - 1))
  done
fi
rm -rf "$0"
"""


def memory_place() -> Path | None:
    """Where files are in memory; None where there is no such place, or no memory in plenty.

    Hundreds of tests have a database of their own, of some three hundred files: on a disk, making and removing these
    takes ten times as long.
    """
    try:
        room = os.statvfs(_MEMORY)
        told = Path("/proc/meminfo").read_text(encoding="utf-8")
    except OSError:
        return None
    limit = Path("/sys/fs/cgroup/memory.max")
    limited = limit.read_text(encoding="utf-8").strip() if limit.exists() else "max"
    free = [room.f_bavail * room.f_frsize]
    free += [int(kilobytes) * 1024 for kilobytes in re.findall(r"MemAvailable: +(\d+) kB", told)]
    free += [int(limited)] if limited.isdecimal() else []
    return _MEMORY if os.access(_MEMORY, os.W_OK) and min(free) >= _PLENTY_BYTES else None


@contextmanager
def kept_folder(
    account: Mapping[str, Any], data: str = "data", place: Path | None = None
) -> Generator[Path]:
    """A folder of this account that is removed afterwards, however this process ends; so is the server on its data."""
    # A short path: sockets have room for about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="bs", dir=place))
    if account:
        shutil.chown(folder, **account)
    with subprocess.Popen(
        ["sh", "-c", _KEEPER, folder, data],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        **account,
    ):
        yield folder


@contextmanager
def running(programs: Path) -> Generator[str]:
    """A server of these programs; its address, as its superuser."""
    with kept_folder(_account(), place=memory_place()) as folder:
        data, log = folder / "data", folder / "log"
        _run(
            *(programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        )
        options = f"-h '' -k {folder} -c fsync=off -c autovacuum=off -c max_wal_size=128MB"
        # Its output goes to a file: a pipe would stay open as long as the server runs.
        start = (programs / "pg_ctl", "-w", "-D", data, "-l", log, "-o", options, "start")
        subprocess.run(
            start,
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **_account(),
        )
        yield f"postgresql://postgres@/postgres?host={quote(str(folder))}"


def system_programs() -> Path:
    """PostgreSQL 15 of the operating system's packages; skips where it is not installed."""
    if not (OF_THE_SYSTEM / "initdb").exists():
        pytest.skip(f"no PostgreSQL 15 of the operating system in {OF_THE_SYSTEM}")
    return OF_THE_SYSTEM


@contextmanager
def wheel_programs() -> Generator[Path]:
    """PostgreSQL 15 with pgvector out of a wheel; skips where it cannot be had."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip(f"{_WHEEL} has wheels for Python 3.11 alone")
    wheel = next(_CACHE.glob("pgserver-*.whl"), None) or _download()
    # Not in .venv: the account that runs the server may have no way into it.
    with kept_folder({}) as folder:
        folder.chmod(0o755)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        programs = folder / "pgserver" / "pginstall" / "bin"
        for program in programs.iterdir():
            program.chmod(0o755)
        yield programs


@contextmanager
def debian_programs() -> Generator[Path]:
    """PostgreSQL 17 with pgvector out of Debian's packages; skips where they cannot be had."""
    with kept_folder({}) as folder:
        folder.chmod(0o755)
        try:
            programs = unpack_programs(folder)
        except NotToBeHad as reason:
            pytest.skip(str(reason))
        yield programs


def _download() -> Path:
    with tempfile.TemporaryDirectory(prefix="bs") as name:
        done = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--disable-pip-version-check",
                ),
                *("--no-deps", "--only-binary=:all:", "--retries=1", "--timeout=10"),
                *("--dest", name, _WHEEL),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:]
            pytest.skip(f"{_WHEEL} cannot be had from the package index: {''.join(last)}")
        [wheel] = Path(name).glob("*.whl")
        _CACHE.mkdir(parents=True, exist_ok=True)
        # Two workers may do this at once; a rename is whole, a copy is not.
        arriving = _CACHE / f"{os.getpid()}.part"
        shutil.copy(wheel, arriving)
        return arriving.rename(_CACHE / wheel.name)
