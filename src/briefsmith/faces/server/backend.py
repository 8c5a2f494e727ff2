"""What all routes work with: the open store, who asks, the limits, the counts."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from briefsmith.config import ServerSettings
from briefsmith.errors import InvalidSetting
from briefsmith.faces.server.identity import (
    Identifier,
    LocalIdentifier,
    TokenIdentifier,
)
from briefsmith.faces.server.key_lookup import KeyLookup
from briefsmith.faces.server.key_sets import KeySet, fetching
from briefsmith.faces.server.limits import Rates
from briefsmith.faces.server.metrics import Metrics
from briefsmith.faces.server.tokens import CheckedTokens, Secret, SigningKeys, TokenRules
from briefsmith.faces.server.wakes import Wakes
from briefsmith.operations.request_limits import Rate
from briefsmith.postgres.session import Actor
from briefsmith.runtime import Store

_LEAST_SECRET_BYTES = 32
_LOCAL_PREFIXES = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")


@dataclass(slots=True)
class Backend:
    """One server's.

    Attributes:
        knows_tokens: Whether requests have to say who asks; else all are the local user's.
        rates: None where there is no limit.
        closing: Set when the server stops, so that streams end.
        streams: How many streams of events each person has open here.
    """

    store: Store
    identifier: Identifier
    knows_tokens: bool
    rates: Rates | None
    metrics: Metrics
    wakes: Wakes
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    streams: Counter[UUID] = field(default_factory=Counter[UUID])
    _finishing: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _ends: list[Callable[[], Awaitable[None]]] = field(
        default_factory=list[Callable[[], Awaitable[None]]]
    )

    async def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Does what has to be done behind a request, also where who asked has gone and the request is cancelled."""
        task = asyncio.create_task(work)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)
        await asyncio.shield(task)

    def on_close(self, end: Callable[[], Awaitable[None]]) -> None:
        """Has something end with the server."""
        self._ends.append(end)

    async def close(self) -> None:
        """Waits for what is still being finished."""
        for end in self._ends:
            await end()
        await self.wakes.close()
        await asyncio.gather(*self._finishing, return_exceptions=True)

    @property
    def settings(self) -> ServerSettings:
        """What the environment decides of the server."""
        return self.store.settings.server

    @property
    def long_seconds(self) -> int:
        """Most time for a request that waits for a model."""
        return self.settings.timeout_seconds + 2 * self.store.settings.model_timeout_seconds


def wants_tokens(settings: ServerSettings) -> bool:
    """Whether requests have to say who asks.

    Raises:
        InvalidSetting: The settings of tokens do not go together.
    """
    secret, url = settings.jwt_secret, settings.jwks_url
    if secret is None and url is None:
        return False
    if secret is not None and url is not None:
        message = "BRIEFSMITH_JWT_SECRET and BRIEFSMITH_JWKS_URL are both set."
        raise InvalidSetting(message, hint="Set the one that your tokens are signed with.")
    if settings.jwt_issuer is None:
        message = "BRIEFSMITH_JWT_ISSUER is not set, and tokens of anybody's would do."
        hint = "On Supabase it is https://PROJECT.supabase.co/auth/v1."
        raise InvalidSetting(message, hint=hint)
    if secret is not None and len(secret.encode()) < _LEAST_SECRET_BYTES:
        message = f"BRIEFSMITH_JWT_SECRET has fewer than {_LEAST_SECRET_BYTES} bytes."
        raise InvalidSetting(message, hint="Such a secret can be guessed; take a longer one.")
    if url is not None and not url.startswith(("https://", *_LOCAL_PREFIXES)):
        message = "BRIEFSMITH_JWKS_URL is no https address."
        raise InvalidSetting(message, hint="Keys that come unencrypted are anybody's.")
    return True


def make_backend(store: Store) -> Backend:
    """What the settings of an open store ask for.

    Raises:
        InvalidSetting: The settings of tokens do not go together.
    """
    settings, database = store.settings.server, store.database
    keys = KeyLookup(database)
    knows_tokens = wants_tokens(settings)
    identifier: Identifier
    if knows_tokens:
        identifier = TokenIdentifier(_tokens(settings), keys)
    else:
        origins = frozenset(settings.cors_origins)
        identifier = LocalIdentifier(Actor(database.user_id), origins, keys)
    per_minute = settings.requests_per_minute
    rate = Rate(per_minute, burst=max(1, per_minute // 6)) if per_minute else None
    return Backend(
        store=store,
        identifier=identifier,
        knows_tokens=knows_tokens,
        rates=Rates(database, rate) if rate else None,
        metrics=Metrics(),
        wakes=Wakes(database.url),
    )


def _tokens(settings: ServerSettings) -> CheckedTokens:
    keys: SigningKeys
    if settings.jwt_secret is not None:
        keys = Secret(settings.jwt_secret)
    else:
        keys = KeySet(fetching(settings.jwks_url or ""))
    rules = TokenRules(
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer or "",
        allow_service_role=settings.allow_service_role,
    )
    return CheckedTokens(keys, rules)
