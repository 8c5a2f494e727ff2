"""Tools, resources and prompts for agents, by the Model Context Protocol."""

import os
from collections.abc import MutableMapping


def keep_fastmcp_apart(environ: MutableMapping[str, str]) -> None:
    """Lets fastmcp read no variable, and no `.env` of the folder that a client starts us in, which may be anybody's."""
    for name in [name for name in environ if name.upper().startswith("FASTMCP_")]:
        del environ[name]
    environ["FASTMCP_ENV_FILE"] = ""
    environ["FASTMCP_LOG_ENABLED"] = "false"
    environ["FASTMCP_CHECK_FOR_UPDATES"] = "off"


# Before fastmcp is imported, which reads them at once.
keep_fastmcp_apart(os.environ)  # noqa: TID251  nothing is read here
