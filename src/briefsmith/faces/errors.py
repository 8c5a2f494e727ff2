"""Error to exit code: the only such table. HTTP statuses and MCP results join it when those faces come."""

from briefsmith import errors

EXIT_OK = 0
EXIT_FINDING = 1
EXIT_UNCHECKED = 2  # of `schema verify`: neither in sync nor drift, because nobody could look
EXIT_INTERRUPTED = 130

_EXIT_CODES: tuple[tuple[type[errors.BriefsmithError], int], ...] = (
    (errors.InvalidInput, 2),
    (errors.NotPermitted, 3),
    (errors.NotFound, 4),
    (errors.Conflict, 5),
    (errors.OverBudget, 6),
    (errors.SchemaMismatch, 7),
    (errors.Unavailable, 75),
    (errors.ModelMisbehaved, 76),
    (errors.BriefsmithError, 70),
)


def exit_code(error: errors.BriefsmithError) -> int:
    """What a command that met this error exits with."""
    return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))
