"""PostgreSQL 17 out of Debian's packages: fetched by apt, unpacked, and run where they lie; nothing is installed.

No wheel has 17. Apt resolves what the server needs, holds every file against Debian's signature, and works in a
folder of its own, so that no setting, list or cache of the system's changes. What a server needs of it all becomes
one archive in the cache, and a later run fetches nothing.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".venv" / "cache" / "postgresql-17"

_SOURCE = "http://deb.debian.org/debian trixie main"
_WANTED = ("postgresql-17", "postgresql-17-pgvector")
# Told to apt as installed: a server that is run by hand does without, and the download is a third.
_DONE_WITHOUT = (
    *("adduser", "debconf", "libllvm19", "locales", "postgresql-client-common"),
    *("postgresql-common", "ssl-cert", "tzdata", "ucf"),
)
_PROGRAMS = ("initdb", "pg_ctl", "postgres")
_BIN = Path("usr", "lib", "postgresql", "17", "bin")
# LLVM is not there: a server that finds its half of it would stop at the first costly plan.
_LEFT_OUT = ("bitcode", "llvmjit*", "gconv")

# The server's own loader finds the server's own libraries, whatever the system has of either.
_STARTER = """\
#!/bin/sh
libraries=${{0%/*}}/../../../{libraries}
exec "$libraries/{loader}" --library-path "$libraries" --argv0 "$0" "$0.program" "$@"
"""

_SETTINGS = """\
Dir::Etc::main "{folder}/none";
Dir::Etc::parts "{folder}/empty";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "{folder}/empty";
Dir::Etc::preferences "{folder}/none";
Dir::Etc::preferencesparts "{folder}/empty";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
{of_the_system}
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "10";
"""
_INSTALLED = """\
Package: {name}
Status: install ok installed
Architecture: all
Multi-Arch: foreign
Version: 999:0
Maintainer: nobody
Description: told to be here

"""

# What apt says of a file that is not the one that was signed for.
_FORGED = ("hash sum mismatch", "unexpected size", "badsig", "signatures were invalid")


class NotToBeHad(Exception):
    """This machine cannot get the packages, for a reason that is no fault of theirs."""


class Forged(Exception):
    """A file is not what its checksum or signature says."""


def unpack_programs(folder: Path) -> Path:
    """Unpacks PostgreSQL 17 with pgvector into an empty folder; gives that of `initdb` and `pg_ctl`.

    Raises:
        NotToBeHad: It is not in the cache, and there is no apt, no key of Debian's, or no network; or the system
            has no time zones.
        Forged: A package or the archive in the cache is not what it was.
    """
    if not Path("/usr/share/zoneinfo/UTC").exists():
        message = "Debian's PostgreSQL needs the time zones of the system (tzdata)"
        raise NotToBeHad(message)
    subprocess.run(["tar", "-x", "-f", archive(CACHE), "-C", folder], check=True)
    return folder / _BIN


def archive(cache: Path) -> Path:
    """The archive in this folder, made first where it is missing.

    Raises:
        NotToBeHad: It is missing, and cannot be made here.
        Forged: A package or the archive is not what it was.
    """
    cache.mkdir(parents=True, exist_ok=True)
    place, checksum = cache / "postgresql-17.tar", cache / "postgresql-17.sha256"
    # Two workers want it at once; one of them fetches.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            arriving = cache / "arriving"
            _make(arriving)
            checksum.write_text(_sha256(arriving), encoding="ascii")
            arriving.rename(place)
    if _sha256(place) != checksum.read_text(encoding="ascii"):
        message = f"{place} is not what was fetched; remove it, and it is fetched again"
        raise Forged(message)
    return place


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _make(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="bs") as name:
        folder = Path(name)
        # Run as root, apt fetches as an account of its own, which has to get through.
        folder.chmod(0o755)
        root = folder / "root"
        root.mkdir()
        for package in _fetched(folder):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        _make_movable(root)
        left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        subprocess.run(
            ["tar", "-c", "-f", place, "-C", root, *left_out, "usr/lib", "usr/share/postgresql"],
            check=True,
        )


def _make_movable(root: Path) -> None:
    """Puts before each program a script that starts it from wherever the folder is."""
    [loader] = root.glob("usr/lib/*-linux-*/ld-linux*.so.*")
    starter = _STARTER.format(libraries=loader.parent.name, loader=loader.name)
    for name in _PROGRAMS:
        program = root / _BIN / name
        program.rename(program.with_suffix(".program"))
        program.write_text(starter, encoding="utf-8")
        program.chmod(0o755)


def _fetched(folder: Path) -> list[Path]:
    """The packages of a server and of all that it needs, checked by apt."""
    environment = _environment(folder)
    _run(environment, "apt-get", "--quiet", "update")
    _run(environment, "apt-get", "--quiet", "--yes", "--download-only", "install", *_WANTED)
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def _environment(folder: Path) -> dict[str, str]:
    """That in which apt sees this folder alone, and of the system only how to reach the network."""
    key = next(Path("/usr/share/keyrings").glob("debian-archive-keyring.*"), None)
    if shutil.which("apt-get") is None or key is None:
        message = "PostgreSQL 17 is fetched by apt, which is not here or has no key of Debian's"
        raise NotToBeHad(message)
    for name in ("empty", "state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={key}] {_SOURCE}\n", encoding="utf-8")
    installed = "".join(_INSTALLED.format(name=name) for name in _DONE_WITHOUT)
    (folder / "status").write_text(installed, encoding="utf-8")
    plain = {**os.environ, "LC_ALL": "C"}
    ours = folder / "apt.conf"
    known = _run(plain, "apt-config", "dump").splitlines()
    reaching = [line for line in known if line.startswith("Acquire::") and "Targets" not in line]
    settings = _SETTINGS.format(folder=folder, of_the_system="\n".join(reaching))
    ours.write_text(settings, encoding="utf-8")
    return {**plain, "APT_CONFIG": str(ours)}


def _run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        command,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return done.stdout
    told = [line for line in done.stdout.splitlines() if line.startswith(("E: ", "W: "))]
    message = f"PostgreSQL 17 cannot be had from Debian: {''.join(told[:1])}"
    if any(word in done.stdout.lower() for word in _FORGED):
        raise Forged(message)
    raise NotToBeHad(message)
