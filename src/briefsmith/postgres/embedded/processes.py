"""Starting programs as somebody else, and as nobody's child."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# No variable of the person's: PGOPTIONS, PGDATA, LC_ALL and the like would change the server.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}

# The shell ends at once and leaves the program to init: no zombie, no warning, no parent to die.
_DETACHED = ["/bin/sh", "-c", '"$@" &', "sh"]

_PACKAGE_ROOT = Path(__file__).parents[3]
_WATCHER = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    "from briefsmith.postgres.embedded.watcher import main; main(sys.argv[1:])"
)


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged system user that root hands the server to."""

    uid: int
    gid: int


def run_as(
    account: Account | None, command: Sequence[str], *, keep: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs a program as the account, from the root folder, with a bare environment.

    Args:
        account: None for the present user.
        command: Program and arguments; no shell reads them.
        keep: Descriptors that the program inherits.
    """
    return subprocess.run(  # noqa: S603  programs of the wheel and of the system
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        env=_ENVIRONMENT,
        cwd="/",
        umask=0o077,
        pass_fds=keep,
        user=account and account.uid,
        group=account and account.gid,
        extra_groups=account and (),
    )


def spawn_server(account: Account | None, command: Sequence[str], *, lock: int, log: int) -> None:
    """Starts the server in a session of its own.

    Args:
        account: None for the present user.
        command: Program and arguments.
        lock: Descriptor of the held lock, which lives as long as one of the server's processes.
        log: Descriptor that output goes to.
    """
    subprocess.run(  # noqa: S603  the wheel's program
        [*_DETACHED, *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        check=True,
        env=_ENVIRONMENT,
        cwd="/",
        umask=0o077,
        start_new_session=True,
        pass_fds=[lock],
        user=account and account.uid,
        group=account and account.gid,
        extra_groups=account and (),
    )


def spawn_watcher(arguments: Sequence[object], *, locks: Sequence[int]) -> None:
    """Starts the watcher, as the present user.

    It is run by a path, without site packages: it starts in a fraction of the time, and from
    wherever this package was imported.

    Args:
        arguments: For the watcher's `main`.
        locks: Descriptors that it inherits; a lock held through one lives as long as the watcher.
    """
    python = [sys.executable, "-I", "-S", "-c", _WATCHER, str(_PACKAGE_ROOT)]
    subprocess.run(  # noqa: S603  this very interpreter
        [*_DETACHED, *python, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        cwd="/",
        start_new_session=True,
        pass_fds=locks,
    )


def signal_server(account: Account | None, pid: int, name: str) -> None:
    """Sends a signal with no more rights than the server has.

    The number comes from a file that the service user may write; root must not signal
    whatever stands there.

    Args:
        account: Who the server runs as; None for the present user.
        pid: Its process.
        name: INT for a fast, QUIT for an immediate shutdown.
    """
    if pid > 1 and pid != os.getpid():
        run_as(account, ["/bin/sh", "-c", 'kill -s "$1" "$2"', "sh", name, str(pid)])
