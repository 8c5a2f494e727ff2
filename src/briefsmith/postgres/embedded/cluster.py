"""The data folder: made so that a half-made one is never taken for a whole one."""

import os
import secrets
import shutil
from pathlib import Path

from briefsmith.errors import ServerNotStarted
from briefsmith.postgres.embedded.accounts import account_of, can_enter, service_account
from briefsmith.postgres.embedded.configuration import INCLUDE_LINE
from briefsmith.postgres.embedded.failures import from_output
from briefsmith.postgres.embedded.layout import Layout
from briefsmith.postgres.embedded.probe import major_text
from briefsmith.postgres.embedded.processes import Account, run_as
from briefsmith.postgres.embedded.programs import Programs, find_programs, make_system_folder

# Bytes sort as bytes everywhere; only the classes of letters are the system's on PostgreSQL 16.
_LETTER_LOCALES = ("C.UTF-8", "en_US.UTF-8", "C")
_SHELL_CHARACTERS = set('"$`')  # initdb calls its neighbours through a shell
_OPTIONS = [
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C",
    "--auth-local=trust",  # the folder's mode is the lock
    "--auth-host=reject",
    "--data-checksums",
    "--no-instructions",
]


def ensure_cluster(layout: Layout, version: int, lock: int) -> tuple[Programs, Account | None]:
    """The programs and the account for this home's data folder, which is made if missing.

    Args:
        layout: Whose data folder.
        version: PostgreSQL to make a new one with; an existing one keeps its own.
        lock: Descriptor of the start lock. `initdb` inherits it, so that nobody takes away the
            folder of one that outlives its caller.

    Raises:
        DiskFull: No room.
        ServerNotStarted: The folder cannot be made, or cannot be used.
    """
    _remove_leftovers(layout)
    if not os.path.lexists(layout.data):
        account = service_account()
        programs = find_programs(version, account)
        _create(layout, programs, account, lock)
        return programs, account
    if not layout.data.is_dir():
        message = f"The store's data folder {str(layout.data.resolve())!r} is gone."
        hint = f"Bring it back, or remove {str(layout.data)!r} to begin with an empty store."
        raise ServerNotStarted(message, hint=hint, details={"data_folder": str(layout.data)})
    account = account_of(layout.data)
    return find_programs(_major_of(layout), account), account


def _major_of(layout: Layout) -> int:
    text = major_text(layout.data)
    if text is not None and text.isdecimal():
        return int(text)
    message = f"The folder {str(layout.data)!r} is no PostgreSQL data folder."
    hint = "Move it away, or set BRIEFSMITH_HOME to another folder."
    raise ServerNotStarted(message, hint=hint, details={"data_folder": str(layout.data)})


def _remove_leftovers(layout: Layout) -> None:
    staging = layout.staging
    if staging.is_symlink():
        store = staging.readlink().parent
        if store.parent == make_system_folder():
            shutil.rmtree(store, ignore_errors=True)
        staging.unlink()
    elif staging.exists():
        shutil.rmtree(staging)


def _create(layout: Layout, programs: Programs, account: Account | None, lock: int) -> None:
    real = _staged(layout, account)
    try:
        _initialise(layout, real, programs, account, lock)
        _include_settings(real)
        layout.staging.rename(layout.data)
        _sync_folder(layout.home)
    except BaseException:
        _remove_leftovers(layout)
        raise


def _staged(layout: Layout, account: Account | None) -> Path:
    """An empty folder for `initdb`; in root's own place if the account cannot enter the home."""
    real = layout.staging
    if account is not None and not can_enter(account, layout.home):
        store = make_system_folder() / secrets.token_hex(8)
        real = store / "postgres"
        # The link comes first: whatever is made after it is found again.
        layout.staging.symlink_to(real)
        store.mkdir()
        store.chmod(0o711)
        (store / "home").symlink_to(layout.home)  # so that root can tell whose a store is
    real.mkdir(mode=0o700)
    if account is not None:
        os.chown(real, account.uid, account.gid)
    return real


def _initialise(
    layout: Layout, real: Path, programs: Programs, account: Account | None, lock: int
) -> None:
    if _SHELL_CHARACTERS & set(str(programs.folder)):
        message = "The embedded server cannot make a store from where its programs are installed."
        hint = 'Install Briefsmith in a folder whose path has none of " $ ` in it.'
        raise ServerNotStarted(message, hint=hint, details={"programs": str(programs.folder)})
    command = [programs.path("initdb"), f"--pgdata={real}", *_OPTIONS]
    if programs.major >= 17:  # noqa: PLR2004  the first version with this provider
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    output = ""
    for locale in _LETTER_LOCALES:
        result = run_as(account, [*command, f"--lc-ctype={locale}"], keep=[lock])
        if result.returncode == 0:
            return
        output = result.stdout
        if "invalid locale name" not in output:
            break
    raise from_output(layout, "The data folder could not be made.", output)


def _include_settings(data: Path) -> None:
    fd = os.open(data / "postgresql.conf", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(fd, "ab") as file:
        file.write(INCLUDE_LINE)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
