"""PgBouncer out of Debian's packages, in transaction mode: fetched by apt as PostgreSQL 17 is, and run where it lies."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.integration.debian import (
    NotToBeHad,
    _environment,  # pyright: ignore[reportPrivateUsage]
    _run,  # pyright: ignore[reportPrivateUsage]
)

_CACHE = Path(__file__).parents[2] / ".venv" / "cache" / "pgbouncer"
# Told to apt as installed: nothing of it is run.
_DONE_WITHOUT = ("postgresql-common", "sysvinit-utils", "init-system-helpers", "lsb-base")
_INSTALLED = """\
Package: {name}
Status: install ok installed
Architecture: all
Multi-Arch: foreign
Version: 999:0
Maintainer: nobody
Description: told to be here

"""
_SETTINGS = """\
[databases]
* = host={socket} user=postgres
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = 6543
auth_type = any
pool_mode = transaction
default_pool_size = {servers}
max_client_conn = 200
server_round_robin = 1
ignore_startup_parameters = extra_float_digits
logfile = {folder}/log
"""


def _packages() -> Path:
    """The archive of packages in the cache, made first where it is missing.

    Raises:
        NotToBeHad: It is missing, and cannot be made here.
    """
    _CACHE.mkdir(parents=True, exist_ok=True)
    place = _CACHE / "pgbouncer.tar"
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _fetch(place)
    return place


def _fetch(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="bs") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = _environment(folder)
        with (folder / "status").open("a", encoding="utf-8") as status:
            status.writelines(_INSTALLED.format(name=one) for one in _DONE_WITHOUT)
        _run(environment, "apt-get", "--quiet", "update")
        _run(environment, "apt-get", "--quiet", "--yes", "--download-only", "install", "pgbouncer")
        root = folder / "root"
        root.mkdir()
        for package in sorted((folder / "cache" / "archives").glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        arriving = _CACHE / "arriving"
        subprocess.run(["tar", "-c", "-f", arriving, "-C", root, "usr"], check=True)
        arriving.rename(place)


@contextmanager
def pooled(url: str, *, servers: int) -> Generator[str]:
    """The address of a database behind a transaction pooler with so many connections; skips where there is none."""
    account: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="bs") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            subprocess.run(["tar", "-x", "-f", _packages(), "-C", folder], check=True)
        except NotToBeHad as reason:
            pytest.skip(str(reason))
        given = conninfo_to_dict(url)
        run = folder / "run"
        run.mkdir()
        if account:
            shutil.chown(run, **account)
        settings = run / "settings.ini"
        text = _SETTINGS.format(socket=given["host"], folder=run, servers=servers)
        settings.write_text(text, encoding="utf-8")
        [loader] = folder.glob("usr/lib/*-linux-*/ld-linux*.so.*")
        program = next(folder.glob("usr/*bin/pgbouncer"))
        command = [loader, "--library-path", loader.parent, program, settings]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **account
        ) as process:
            try:
                address = (
                    f"postgresql://postgres@/{given['dbname']}?host={quote(str(run))}&port=6543"
                )
                _wait(address)
                yield address
            finally:
                process.kill()


def _wait(address: str) -> None:
    for _ in range(100):
        try:
            psycopg.connect(address, prepare_threshold=None).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    message = "PgBouncer does not answer"
    raise TimeoutError(message)
