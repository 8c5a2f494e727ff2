"""Public keys from the address of who signs (JWKS): kept, fetched anew when they rotate, never fetched in haste."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import jwt

from briefsmith.errors import Unavailable
from briefsmith.faces.server.tokens import SigningKey

FRESH_SECONDS = 600.0
COOL_DOWN_SECONDS = 30.0
FIRST_COOL_DOWN_SECONDS = 5.0
_MOST_BYTES = 65_536
_MOST_KEYS = 50
_MOST_KEY_ID_CHARS = 200
_TIMEOUT_SECONDS = 5.0
_LEAST_RSA_BITS = 2048
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}

Fetch = Callable[[], Awaitable[bytes]]


@dataclass(slots=True)
class KeySet:
    """The keys at one address.

    Attributes:
        fetch: Gives what stands there, bounded in size and time.
        clock: Seconds that only grow.
    """

    fetch: Fetch
    clock: Callable[[], float] = time.monotonic
    _keys: dict[str, SigningKey] = field(default_factory=dict[str, SigningKey])
    _fetched_at: float | None = None
    _tried_at: float | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, key_id: str | None) -> SigningKey | None:
        """The key of this name; one that is not known is looked for once, and then not for a while.

        Raises:
            Unavailable: There are no keys yet, and they cannot be had.
        """
        if key_id is None or len(key_id) > _MOST_KEY_ID_CHARS:
            return None
        if key_id not in self._keys or not self._is_fresh():
            async with self._turn:
                # Whoever waited finds what the one before has fetched.
                if (key_id not in self._keys or not self._is_fresh()) and self._may_try():
                    await self._refresh()
        if self._fetched_at is None:
            message = "The keys that tokens are checked with cannot be had at the moment."
            hint = "Check BRIEFSMITH_JWKS_URL, and that its server runs."
            raise Unavailable(message, hint=hint, details={"retry_after_seconds": 5})
        return self._keys.get(key_id)

    def _is_fresh(self) -> bool:
        return self._fetched_at is not None and self.clock() - self._fetched_at < FRESH_SECONDS

    def _may_try(self) -> bool:
        pause = FIRST_COOL_DOWN_SECONDS if self._fetched_at is None else COOL_DOWN_SECONDS
        return self._tried_at is None or self.clock() - self._tried_at >= pause

    async def _refresh(self) -> None:
        """Where it fails, the keys that are known stay good: a signer that is down locks nobody out."""
        self._tried_at = self.clock()
        try:
            self._keys = read_keys(await self.fetch())
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return
        self._fetched_at = self.clock()


def read_keys(text: bytes) -> dict[str, SigningKey]:
    """The keys of a set that can be used, by name; each has one algorithm, which its own kind decides.

    Raises:
        ValueError: It is no set of keys.
    """
    try:
        found: Any = json.loads(text)
    except RecursionError as error:
        message = "nested too deep"
        raise ValueError(message) from error
    listed = cast("dict[str, Any]", found).get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        message = "no set of keys"
        raise ValueError(message)  # noqa: TRY004  what stands there, not what we passed
    keys: dict[str, SigningKey] = {}
    for one in cast("list[Any]", listed)[:_MOST_KEYS]:
        if isinstance(one, dict):
            _add(keys, cast("dict[str, Any]", one))
    return keys


def _add(keys: dict[str, SigningKey], one: dict[str, Any]) -> None:
    name, algorithm = one.get("kid"), _ALGORITHMS.get(str(one.get("kty")))
    is_usable = (
        isinstance(name, str)
        and algorithm is not None
        and one.get("alg", algorithm) == algorithm
        and one.get("use", "sig") == "sig"
        and (algorithm != "ES256" or one.get("crv") == "P-256")
        and "d" not in one  # a private key that is published is nobody's signature
    )
    if not is_usable or not isinstance(name, str) or algorithm is None:
        return
    try:
        key = jwt.PyJWK(one, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return
    if algorithm == "RS256" and key.key_size < _LEAST_RSA_BITS:
        return
    keys[name] = SigningKey(key, algorithm)


def fetching(url: str) -> Fetch:
    """What fetches a set: no redirects, and not more or longer than a set of keys needs."""

    async def fetch() -> bytes:
        async with (
            asyncio.timeout(_TIMEOUT_SECONDS),
            httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            if not answer.is_success:
                message = f"status {answer.status_code}"
                raise ValueError(message)
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _MOST_BYTES:
                    message = "too large for a set of keys"
                    raise ValueError(message)
            return body

    return fetch
