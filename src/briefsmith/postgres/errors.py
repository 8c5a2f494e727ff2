"""The database's errors as ours: by SQLSTATE, and by the name of the constraint, which is a contract."""

from collections.abc import Callable

import psycopg

from briefsmith import errors

_Made = Callable[[psycopg.Error], errors.BriefsmithError]


def _says(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).strip().rstrip(".")


def _refused(error: psycopg.Error) -> errors.BriefsmithError:
    # The function that checks the rows of a statement against the policies; messages are in the server's language.
    if error.diag.source_function == "ExecWithCheckOptions":
        message = "What this refers to is not there any more."
        return errors.NotFound(message, hint="Look what there is, and repeat the call.")
    return errors.NotPermitted(
        "The database refuses this to its current user.",
        hint="Grant the role `authenticated` to the login, and run `briefsmith init`.",
    )


_BY_CONSTRAINT: dict[str, _Made] = {
    "context_blocks_pkey": lambda _: errors.AlreadyThere(
        "A block with this id exists already.", hint="Leave the id out, and a new one is given."
    ),
    "agent_jobs_pkey": lambda _: errors.AlreadyThere("This job has had its effect already."),
    "context_blocks_label_key": lambda _: errors.LabelTaken(
        "Another block that is not archived has this label already."
    ),
    "context_blocks_label_check": lambda _: errors.InvalidInput(
        "A label has 1 to 500 characters, not only white space.", hint="Give a shorter label."
    ),
    "context_blocks_locked": lambda _: errors.WrongState(
        "The block is locked.", hint="Unlock it first: `briefsmith block edit ID --status active`."
    ),
    "context_blocks_meta_visibility_check": lambda _: errors.InvalidInput(
        "Visibility is one of visible, hidden, system, shared."
    ),
    "context_blocks_user_id_fkey": lambda _: errors.UnknownUser("There is no such user."),
    "context_blocks_meta_derived_from_fkey": lambda _: errors.BlockNotFound(
        "The block that this one derives from does not exist."
    ),
}

_BY_STATE: dict[str, _Made] = {
    "22P02": lambda error: errors.InvalidInput(f"A value has the wrong form: {_says(error)}."),
    "22P05": lambda error: errors.InvalidInput(f"A character cannot be stored: {_says(error)}."),
    "22021": lambda error: errors.InvalidInput(f"A character cannot be stored: {_says(error)}."),
    "22003": lambda error: errors.InvalidInput(f"A number is out of range: {_says(error)}."),
    "54000": lambda error: errors.InvalidInput(f"A value is too large: {_says(error)}."),
    "42501": _refused,
    "42P01": lambda _: errors.NotMigrated("The database lacks a table of Briefsmith."),
    "42703": lambda _: errors.NotMigrated("The database lacks a column of Briefsmith."),
    "42883": lambda _: errors.NotMigrated("The database lacks a function of Briefsmith."),
    "3F000": lambda _: errors.NotMigrated("The database lacks a schema of Briefsmith."),
    "53100": lambda _: errors.DiskFull("The disk of the database is full."),
    "53300": lambda _: errors.DatabaseBusy("The database takes no more connections."),
    "55P03": lambda _: errors.DatabaseBusy("A lock was not to be had in time."),
    "57014": lambda _: errors.DatabaseBusy("The database took too long and the statement ended."),
    "40001": lambda _: errors.DatabaseBusy("Two changes met; this one did not happen."),
    "40P01": lambda _: errors.DatabaseBusy("Two changes waited for each other; this one ended."),
    "25006": lambda _: errors.NotPermitted(
        "The database is read-only.", hint="Connect to the primary server."
    ),
}


def translate(error: psycopg.Error) -> errors.BriefsmithError:
    """Ours for theirs; what is not known is a Bug, whose details hold the SQLSTATE and no data."""
    constraint = error.diag.constraint_name or ""
    if constraint.endswith("_user_id_fkey"):
        # Every table that has a user names it so; who has no account any more can write into none.
        constraint = "context_blocks_user_id_fkey"
    made = _BY_CONSTRAINT.get(constraint) or _BY_STATE.get(error.sqlstate or "")
    if made is not None:
        return made(error)
    state = error.sqlstate or ""
    if state.startswith(("08", "57P")) or isinstance(error, psycopg.OperationalError):
        return errors.DatabaseUnreachable(f"The database cannot be reached: {_says(error)}.")
    return errors.Bug(
        "The database refused a statement that should have worked.",
        details={"sqlstate": state, "constraint": error.diag.constraint_name},
    )
