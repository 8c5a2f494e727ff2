"""What a client has to know to get a token for this server (RFC 9728), as agents' programs ask for it."""

from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

MCP_PATH = "/mcp"
_METADATA = "/.well-known/oauth-protected-resource"
METADATA_PATHS = (_METADATA, f"{_METADATA}{MCP_PATH}")


def public_base(scope: Scope, public_url: str | None) -> str:
    """Where the server is reached: as the settings say, else as the request does."""
    if public_url is not None:
        return public_url.rstrip("/")
    host = Headers(scope=scope).get("host", "localhost")
    # It stands between quotation marks in a header.
    safe = "".join(char for char in host if char.isalnum() or char in ".-:[]")
    return f"{scope['scheme']}://{safe}"


def challenge(base: str) -> str:
    """What a client without a token is told (RFC 9728, 5.1): where it reads who gives one."""
    return f'Bearer realm="briefsmith", resource_metadata="{base}{METADATA_PATHS[1]}"'


def metadata(base: str, issuer: str | None) -> dict[str, Any]:
    """The document, for `MCP_PATH`."""
    return {
        "resource": f"{base}{MCP_PATH}",
        "authorization_servers": [issuer] if issuer else [],
        "bearer_methods_supported": ["header"],
        "resource_name": "Briefsmith",
    }
