"""Who asks: the one local user, or whom a token or a personal key names."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

from briefsmith import errors
from briefsmith.faces.server.key_lookup import KeyLookup
from briefsmith.operations.api_keys import PREFIX
from briefsmith.postgres.session import Actor

_MOST_BEARER_BYTES = 8_192


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose request it is, and how far it goes.

    Attributes:
        actor: For the transaction; the database decides what is in reach.
        credential: What it was known by.
        may_write: False for a key that may only look.
        expires_at: When the credential ends, in seconds since 1970; None where it does not.
    """

    actor: Actor
    credential: Literal["local", "token", "key"]
    may_write: bool = True
    expires_at: float | None = None


class Identifier(Protocol):
    """Tells whose request it is."""

    async def identify(self, headers: Mapping[str, str]) -> Identity:
        """Whose request it is.

        Args:
            headers: By names in small letters.

        Raises:
            NotAuthenticated: Nobody's that is known.
            NotPermitted: Somebody's that may not ask in this way.
        """
        ...


def bearer(headers: Mapping[str, str]) -> str | None:
    """What stands in `Authorization`; None without that header.

    Raises:
        NotAuthenticated: It is no bearer token, or too long for one.
    """
    header = headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip(" ")
    is_token = scheme.lower() == "bearer" and 0 < len(token) <= _MOST_BEARER_BYTES
    if not is_token or not token.isascii() or not token.isprintable() or " " in token:
        message = "The header Authorization holds no bearer token."
        raise errors.NotAuthenticated(message, hint="Send `Authorization: Bearer …`.")
    return token


@dataclass(frozen=True, slots=True)
class LocalIdentifier:
    """The one user of the store, for who asks from this machine: no page of another origin, under no other name.

    Attributes:
        origins: Of pages that may ask all the same.
    """

    actor: Actor
    origins: frozenset[str]
    keys: KeyLookup

    async def identify(self, headers: Mapping[str, str]) -> Identity:  # noqa: D102  as the protocol
        self._check_host(headers.get("host", ""))
        self._check_origin(headers)
        token = bearer(headers)
        if token is None:
            return Identity(self.actor, "local")
        if not token.startswith(PREFIX):
            message = "This server takes no tokens; it has one user, and that is you."
            hint = "Leave Authorization out, or send a personal key."
            raise errors.NotAuthenticated(message, hint=hint)
        return await _of_key(self.keys, token)

    def _check_host(self, host: str) -> None:
        # A page may have its own name lead to this machine, and would then be of the same origin as the server.
        if not is_loopback_name(_name_of(host)):
            message = "The header Host names another machine."
            raise errors.NotPermitted(message, hint="Ask for localhost or 127.0.0.1.")

    def _check_origin(self, headers: Mapping[str, str]) -> None:
        origin = headers.get("origin")
        if origin is None or origin in self.origins:
            return
        if origin.lower() != f"http://{headers.get('host', '').lower()}":
            message = "Pages of this origin may not ask this server."
            hint = "BRIEFSMITH_CORS_ORIGINS lists the origins that may."
            raise errors.NotPermitted(message, hint=hint)


class Tokens(Protocol):
    """Checks tokens."""

    async def identify(self, token: str) -> Identity:
        """Whose token it is.

        Raises:
            NotAuthenticated: It is not to be believed.
            NotPermitted: It is, but its role may not ask here.
            Unavailable: The keys that it is checked with cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class TokenIdentifier:
    """Whom a token or a personal key names."""

    tokens: Tokens
    keys: KeyLookup

    async def identify(self, headers: Mapping[str, str]) -> Identity:  # noqa: D102  as the protocol
        token = bearer(headers)
        if token is None:
            message = "This server has to know who asks."
            hint = "Send `Authorization: Bearer …` with a token or a personal key."
            raise errors.NotAuthenticated(message, hint=hint)
        if token.startswith(PREFIX):
            return await _of_key(self.keys, token)
        return await self.tokens.identify(token)


async def _of_key(keys: KeyLookup, key: str) -> Identity:
    found = await keys.find(key)
    if found is None:
        message = "This key is not taken: there is none, or it was revoked or has expired."
        raise errors.NotAuthenticated(message, hint="`briefsmith key add` makes another.")
    owner, row = found
    ends = None if row.expires_at is None else row.expires_at.timestamp()
    actor = Actor(owner, f"key:{row.name}")
    return Identity(actor, "key", may_write=row.scope == "write", expires_at=ends)


def is_loopback_name(host: str) -> bool:
    """Whether this can only be the machine itself."""
    if host.lower() in {"localhost", "localhost."}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
