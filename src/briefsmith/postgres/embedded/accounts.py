"""Who the server runs as: PostgreSQL refuses root, so root needs somebody else for it."""

import os
import shutil
from pathlib import Path

from briefsmith.errors import ServerNotStarted
from briefsmith.postgres.embedded.processes import Account, run_as

SERVICE_USER = "briefsmith"
_FALLBACK_USER = "nobody"
_ADMIN_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def account_of(data: Path) -> Account | None:
    """Who a data folder's server runs as; None stands for the present user.

    Raises:
        ServerNotStarted: The folder belongs to somebody whom the present user cannot act for.
    """
    owner = data.stat()
    me = os.geteuid()
    if me == 0 and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    if me != 0 and owner.st_uid == me:
        return None
    if me == 0:
        message = "The data folder belongs to root, as whom PostgreSQL refuses to run."
        hint = f"Run `chown -R {SERVICE_USER} {data.resolve()}`."
    else:
        message = "The data folder belongs to another user of this machine."
        hint = "Set BRIEFSMITH_HOME to a folder of your own."
    raise ServerNotStarted(message, hint=hint, details={"data_folder": str(data)})


def service_account() -> Account | None:
    """Who a new data folder is for; root makes the system user when it is missing.

    Returns:
        None for an ordinary user. Where no user can be made, it is `nobody`.

    Raises:
        ServerNotStarted: Root finds nobody to run the server as.
    """
    if os.geteuid() != 0:
        return None
    found = _lookup(SERVICE_USER) or _made_user() or _lookup(_FALLBACK_USER)
    if found is None:
        message = "PostgreSQL refuses to run as root, and no system user could be made for it."
        hint = f"Make a system user called {SERVICE_USER}, or run as an ordinary user."
        raise ServerNotStarted(message, hint=hint)
    return found


def can_enter(account: Account, folder: Path) -> bool:
    """Whether the account reaches the folder, asked of the kernel: modes, groups, ACLs and all."""
    return run_as(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]).returncode == 0


def own_home(home: Path) -> None:
    """Lets the service user pass through a home that root has just made, if it gets that far.

    The folder is this package's own; its parents, and homes that were there before, stay as
    they are.
    """
    account = service_account()
    if account is not None and can_enter(account, home.parent):
        os.chown(home, 0, account.gid)
        home.chmod(0o710)


def _lookup(name: str) -> Account | None:
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _made_user() -> Account | None:
    useradd = shutil.which("useradd", path=_ADMIN_PATH)
    if useradd is None:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    run_as(None, [useradd, *options, "--shell", "/usr/sbin/nologin", SERVICE_USER])
    # Looked up whatever useradd says: another process may have been quicker.
    return _lookup(SERVICE_USER)
