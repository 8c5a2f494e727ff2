"""Tokens of Supabase, or of whoever else signs them: believed only as far as every rule holds."""

import hashlib
import json
import math
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol, cast
from uuid import UUID

import jwt

from briefsmith import errors
from briefsmith.faces.server.identity import Identity
from briefsmith.postgres.session import Actor

MAX_LIFETIME_SECONDS = 7 * 86_400
LEEWAY_SECONDS = 10
_REQUIRED = ("exp", "iat", "sub", "aud", "iss", "role")
_USER = "authenticated"
_SERVICE = "service_role"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KNOWN_TYPES = {None, "jwt", "at+jwt"}
_MOST_DEPTH = 20
_REMEMBERED_SECONDS = 30.0
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What a token is checked with, and the one algorithm that goes with it."""

    key: Any
    algorithm: str


class SigningKeys(Protocol):
    """The keys of who signs."""

    async def find(self, key_id: str | None) -> SigningKey | None:
        """The key that a token names; None where there is none.

        Raises:
            Unavailable: The keys cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret for all tokens (HS256), whatever key they name."""

    secret: str = field(repr=False)

    async def find(self, key_id: str | None) -> SigningKey | None:  # noqa: D102  as the protocol
        del key_id
        return SigningKey(self.secret, "HS256")


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token has to say.

    Attributes:
        allow_service_role: Whether a token of the service role acts for the user that its `sub` names.
    """

    audience: str
    issuer: str
    allow_service_role: bool = False


@dataclass(slots=True)
class CheckedTokens:
    """Checks tokens, and remembers for a moment those that were good."""

    keys: SigningKeys
    rules: TokenRules
    _known: OrderedDict[bytes, tuple[float, Identity]] = field(
        default_factory=OrderedDict[bytes, tuple[float, Identity]]
    )

    async def identify(self, token: str) -> Identity:
        """Whose token it is.

        Raises:
            NotAuthenticated: It is not to be believed.
            NotPermitted: It is, but its role may not ask here.
            Unavailable: The keys that it is checked with cannot be had.
        """
        digest = hashlib.sha256(token.encode()).digest()
        found = self._known.get(digest)
        now = time.time()
        if found is not None and now < found[0] and now < (found[1].expires_at or 0):
            return found[1]
        identity = await self._checked(token)
        self._known[digest] = (now + _REMEMBERED_SECONDS, identity)
        self._known.move_to_end(digest)
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return identity

    async def _checked(self, token: str) -> Identity:
        key = await self.keys.find(key_id_of(token))
        if key is None:
            _refuse("is signed by a key that is not known here")
        return identity_of(checked_claims(token, key, self.rules), self.rules)


def key_id_of(token: str) -> str | None:
    """The name of the key that a token says it is signed with; nothing else in the header is looked at.

    Raises:
        NotAuthenticated: It has not the form of a token, or wants something that is not done here.
    """
    if not _FORM.fullmatch(token):
        _refuse("has not the form of one")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        _refuse("has a header that cannot be read")
    kind, key_id = header.get("typ"), header.get("kid")
    if "crit" in header or not isinstance(kind, str | None):
        _refuse("wants what is not done here")
    if (kind.lower() if kind else None) not in _KNOWN_TYPES:
        _refuse("is a token of another kind")
    if not isinstance(key_id, str | None):
        _refuse("names no key")
    return key_id


def checked_claims(token: str, key: SigningKey, rules: TokenRules) -> dict[str, Any]:
    """What a token claims, once its signature and times, its audience and issuer are right.

    Raises:
        NotAuthenticated: Something is not.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=rules.audience,
            issuer=rules.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(_REQUIRED), "verify_signature": True},
        )
    except jwt.ExpiredSignatureError:
        _refuse("has expired")
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        # One sentence for all: which rule it was would help who forges.
        _refuse("is not signed by whom it should be, or does not say what it should")
    _check_times(claims)
    if claims["iss"] != rules.issuer or not _is_for(claims["aud"], rules.audience):
        _refuse("is not from here, or not for here")
    _check_storable(claims)
    return claims


def _check_times(claims: dict[str, Any]) -> None:
    times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
    if not all(_is_time(one) for one in times):
        _refuse("has a time that is none")
    lifetime = claims["exp"] - claims["iat"]
    if not 0 < lifetime <= MAX_LIFETIME_SECONDS:
        _refuse("lives too long, or not at all")
    now = time.time()
    if claims["exp"] + LEEWAY_SECONDS <= now or claims["iat"] - LEEWAY_SECONDS > now:
        _refuse("is not of this time")


def _is_time(value: object) -> bool:
    # True is an int to Python, and text may look like one.
    return type(value) in {int, float} and math.isfinite(cast("float", value))


def _is_for(audience: object, wanted: str) -> bool:
    if isinstance(audience, list):
        return wanted in cast("list[object]", audience)
    return audience == wanted


def _check_storable(claims: dict[str, Any]) -> None:
    """Refuses what the database cannot read as its own kind of JSON."""
    if _is_deeper(claims, _MOST_DEPTH):
        _refuse("is nested too deep")
    try:
        text = json.dumps(claims, allow_nan=False, ensure_ascii=False)
        text.encode()
    except ValueError:
        _refuse("holds what is no JSON")
    if "\\u0000" in text:
        _refuse("holds a NUL character")


def _is_deeper(value: object, most: int) -> bool:
    if isinstance(value, dict):
        inner = [*cast("dict[str, object]", value).values()]
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return False
    return most == 0 or any(_is_deeper(one, most - 1) for one in inner)


def identity_of(claims: dict[str, Any], rules: TokenRules) -> Identity:
    """Whom checked claims name, and how that person acts; the database gets all of them.

    Raises:
        NotAuthenticated: They name nobody.
        NotPermitted: Their role may not ask here.
    """
    subject, role = claims["sub"], claims["role"]
    if not isinstance(subject, str) or not _ID.fullmatch(subject):
        _refuse("names no user")
    is_service = role == _SERVICE
    if role != _USER and not (is_service and rules.allow_service_role):
        message = "Tokens of this role may not ask here."
        hint = "Sign in as a user; BRIEFSMITH_JWT_ALLOW_SERVICE_ROLE lets the service role act for one."
        raise errors.NotPermitted(message, hint=hint)
    user_id = UUID(subject)
    # Never more than the user may: a service acts for a user, under the user's own policies.
    held = {**claims, "sub": str(user_id), "role": _USER}
    name = "service" if is_service else "user"
    actor = Actor(user_id, name, json.dumps(held, ensure_ascii=False, allow_nan=False))
    return Identity(actor, "token", expires_at=float(claims["exp"]))


def _refuse(why: str) -> NoReturn:
    message = f"The token {why}."
    raise errors.NotAuthenticated(message, hint="Sign in again, or take a personal key.") from None
