"""What a process does to itself before it reads a file that may be hostile.

On Linux the kernel cuts it off from every network where it may (as root, or where user namespaces are
allowed). Everywhere, an audit hook refuses sockets, processes, and the opening of files that are no code:
that binds Python code, and not a flaw in native code, which could still read what the person may read.
"""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

_NEW_NETWORK = 0x40000000
_NEW_USER = 0x10000000
_DIE_WITH_PARENT = 1
_NO_NEW_PRIVILEGES = 38
_REFUSED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "pty.",
    "urllib.",
    "http.",
    "ftplib.",
    "smtplib.",
    "sqlite3.",
    "shutil.",
    "os.kill",
    "os.remove",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.chmod",
    "os.chown",
)
_DESCRIPTORS = 64


def confine(*, seconds: int, memory_bytes: int) -> bool:
    """Takes away what a conversion does not need, for good.

    Args:
        seconds: Of processor time.
        memory_bytes: Of address space; not enforced by macOS.

    Returns:
        Whether the system keeps it from the network.
    """
    is_cut_off = sys.platform == "linux" and _cut_off()
    _limit(seconds, memory_bytes)
    sys.addaudithook(_Hook())
    return is_cut_off


def _cut_off() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_DIE_WITH_PARENT, 9, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) == 0


def _limit(seconds: int, memory_bytes: int) -> None:
    import resource

    limits = [
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS, _DESCRIPTORS),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
    ]
    for which, soft, hard in limits:
        most = resource.getrlimit(which)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)  # noqa: PLW2901  an inherited limit stays
        with suppress(ValueError, OSError):  # systems that do not know a limit
            resource.setrlimit(which, (soft, hard))


class _Hook:
    """Refuses what no converter has to do."""

    def __init__(self) -> None:
        folders = {sys.prefix, sys.base_prefix, *(entry for entry in sys.path if entry)}
        folders |= {os.path.realpath(folder) for folder in folders}
        self._code = tuple(f"{folder}{os.sep}" for folder in folders if Path(folder).is_absolute())

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Is asked by the interpreter before it does anything of note."""
        if event.startswith(_REFUSED):
            raise PermissionError(event)
        if event == "open" and isinstance(arguments[0], str | bytes):
            path = os.fsdecode(arguments[0])
            if not os.path.normpath(path).startswith(self._code):
                raise PermissionError(event)
