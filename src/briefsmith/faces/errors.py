"""Error to exit code, to HTTP status and to the protocol error of MCP: the only such tables."""

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

# The first that fits: kinds stand before those that they are kinds of.
_STATUSES: tuple[tuple[type[errors.BriefsmithError], int], ...] = (
    (errors.InvalidSetting, 503),  # of whoever runs the server, and not of who asks
    (errors.FileTypeRefused, 415),
    (errors.InvalidInput, 422),
    (errors.NotAuthenticated, 401),
    (errors.NotPermitted, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.RequestTooLarge, 413),
    (errors.FileTooLarge, 413),
    (errors.LibraryFull, 413),
    (errors.OverBudget, 422),
    (errors.TooManyRequests, 429),
    (errors.Unavailable, 503),
    (errors.ModelMisbehaved, 502),
    (errors.SchemaMismatch, 503),
    (errors.BriefsmithError, 500),
)


# Of JSON-RPC 2.0, which MCP speaks; tools answer with a result instead that says what went wrong.
_PROTOCOL_CODES: tuple[tuple[type[errors.BriefsmithError], int], ...] = (
    (errors.InvalidSetting, -32603),
    (errors.InvalidInput, -32602),
    (errors.NotFound, -32602),
    (errors.BriefsmithError, -32603),
)


def protocol_code(kind: type[errors.BriefsmithError]) -> int:
    """What the reading of a resource or a prompt that met such an error is answered with."""
    return next(code for known, code in _PROTOCOL_CODES if issubclass(kind, known))


def http_status(kind: type[errors.BriefsmithError]) -> int:
    """What a request that met such an error is answered with."""
    return next(status for known, status in _STATUSES if issubclass(kind, known))


def exit_code(error: errors.BriefsmithError) -> int:
    """What a command that met this error exits with."""
    return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))
