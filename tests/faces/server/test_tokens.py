"""Tokens: what is believed, and the many that are not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from briefsmith.errors import NotAuthenticated, NotPermitted, Unavailable
from briefsmith.faces.server.key_sets import COOL_DOWN_SECONDS, FRESH_SECONDS, KeySet, read_keys
from briefsmith.faces.server.tokens import (
    CheckedTokens,
    Secret,
    SigningKey,
    TokenRules,
    checked_claims,
    key_id_of,
)
from tests.faces.server.asked import ISSUER, SECRET, token

SOMEBODY = "6f0cbe4f-7c07-4a43-94f4-5a11e4a8d7d5"
RULES = TokenRules("authenticated", ISSUER)
CHECKED = CheckedTokens(Secret(SECRET), RULES)
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
NOW = int(time.time())


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims(**changes: Any) -> dict[str, Any]:
    held = {
        "sub": SOMEBODY,
        "role": "authenticated",
        "aud": "authenticated",
        "iss": ISSUER,
        "iat": NOW,
        "exp": NOW + 3600,
        **changes,
    }
    return {name: value for name, value in held.items() if value is not None}


def signed(body: object, header: dict[str, Any] | None = None, secret: str = SECRET) -> str:
    """Signed with HS256, whatever it says: also what no library would sign."""
    text = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(body)}"
    return f"{text}.{part(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


PUBLIC = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
NONE = {"alg": "none", "typ": "JWT"}

HOSTILE: dict[str, str] = {
    "unsigned": f"{part(NONE)}.{part(claims())}.",
    "unsigned with a signature": f"{part(NONE)}.{part(claims())}.{part(b'x')}",
    "alg in capitals": signed(claims(), {"alg": "hs256", "typ": "JWT"}),
    "another alg of the same secret": jwt.encode(claims(), SECRET, "HS512"),
    "signed with a private key": jwt.encode(claims(), RSA, "RS256"),
    "hmac with a public key": signed(claims(), secret=PUBLIC.decode()),
    "wrong secret": signed(claims(), secret="x" * 40),
    "empty secret": signed(claims(), secret=""),
    "signature cut": signed(claims())[:-4],
    "signature of another": f"{signed(claims()).rpartition('.')[0]}.{part(b'0' * 32)}",
    "claims exchanged": "{}.{}.{}".format(
        signed(claims()).split(".")[0],
        part(claims(sub="00000000-0000-0000-0000-000000000001")),
        signed(claims()).split(".")[2],
    ),
    "no exp": signed(claims(exp=None)),
    "exp as text": signed(claims(exp=str(NOW + 3600))),
    "exp true": signed(claims(exp=True)),
    "exp null": signed({**claims(), "exp": None}),
    "exp infinite": signed(json.dumps(claims(exp=0)).replace('"exp": 0', '"exp": 1e999').encode()),
    "exp in the year 9999": signed(claims(exp=253402300799)),
    "expired": signed(claims(iat=NOW - 7200, exp=NOW - 3600)),
    "no iat": signed(claims(iat=None)),
    "iat in the future": signed(claims(iat=NOW + 3000, exp=NOW + 3300)),
    "iat as text": signed(claims(iat="now")),
    "exp before iat": signed(claims(iat=NOW + 5, exp=NOW + 5)),
    "lives for a month": signed(claims(exp=NOW + 31 * 86_400)),
    "not yet": signed(claims(nbf=NOW + 3000)),
    "nbf as text": signed(claims(nbf="0")),
    "no iss": signed(claims(iss=None)),
    "wrong iss": signed(claims(iss="https://evil.example/auth/v1")),
    "iss as a list": signed(claims(iss=[ISSUER])),
    "no aud": signed(claims(aud=None)),
    "wrong aud": signed(claims(aud="anon")),
    "aud a number": signed(claims(aud=7)),
    "no sub": signed(claims(sub=None)),
    "sub no uuid": signed(claims(sub="alice")),
    "sub a number": signed(claims(sub=7)),
    "sub in braces": signed(claims(sub="{" + SOMEBODY + "}")),
    "sub a urn": signed(claims(sub=f"urn:uuid:{SOMEBODY}")),
    "sub with a line end": signed(claims(sub=f"{SOMEBODY}\n")),
    "no role": signed(claims(role=None)),
    "a NUL in a claim": signed(claims(note="\x00")),
    "half a surrogate": signed(claims(note="\ud800")),
    "no number": signed(json.dumps(claims(note=float("nan"))).encode()),
    "nested too deep": signed(
        json.dumps(claims(note=0)).replace("0}", "[" * 900 + "]" * 900 + "}").encode()
    ),
    "claims a list": signed([1]),
    "claims no JSON": signed(b"{"),
    "critical header": signed(claims(), {"alg": "HS256", "crit": ["b64"], "b64": False}),
    "key in the header": signed(
        claims(), {"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}, "kid": 7}
    ),
    "another kind": signed(claims(), {"alg": "HS256", "typ": "dpop+jwt"}),
    "header no JSON": f"{part(b'{')}.{part(claims())}.{part(b'x')}",
    "header a list": f"{part([])}.{part(claims())}.{part(b'x')}",
    "two parts": ".".join(signed(claims()).split(".")[:2]),
    "five parts": "a.b.c.d.e",
    "with line ends": f"{signed(claims())[:30]}\n{signed(claims())[30:]}",
    "padded": f"{signed(claims())}==",
    "empty": "",
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_hostile_token_is_believed(kind: str) -> None:
    with pytest.raises(NotAuthenticated):
        await CHECKED.identify(HOSTILE[kind])


async def test_a_good_token_is_believed_and_all_its_claims_go_to_the_database() -> None:
    held = claims(email="somebody@example.org", app_metadata={"plan": "free"}, sub=SOMEBODY.upper())

    identity = await CheckedTokens(Secret(SECRET), RULES).identify(signed(held))

    assert identity.actor.user_id == UUID(SOMEBODY)
    assert json.loads(identity.actor.claims) == {**held, "sub": SOMEBODY}
    assert identity.expires_at == held["exp"]


@pytest.mark.parametrize("role", ["anon", "service_role", "postgres", "", 7, ["authenticated"]])
async def test_no_other_role_may_ask(role: object) -> None:
    with pytest.raises(NotPermitted):
        await CHECKED.identify(signed(claims(role=role)))


async def test_the_service_role_acts_for_a_user_and_as_that_user_where_it_is_switched_on() -> None:
    rules = TokenRules("authenticated", ISSUER, allow_service_role=True)

    identity = await CheckedTokens(Secret(SECRET), rules).identify(
        signed(claims(role="service_role"))
    )

    assert json.loads(identity.actor.claims)["role"] == "authenticated"
    assert (identity.actor.user_id, identity.actor.name) == (UUID(SOMEBODY), "service")
    with pytest.raises(NotAuthenticated):
        await CheckedTokens(Secret(SECRET), rules).identify(
            signed(claims(role="service_role", sub=None))
        )


async def test_a_token_that_is_remembered_ends_when_it_says() -> None:
    checked = CheckedTokens(Secret(SECRET), RULES)
    text = token(SOMEBODY, exp=int(time.time()) + 1, iat=int(time.time()) - 5)
    await checked.identify(text)
    [(until, identity)] = checked._known.values()  # pyright: ignore[reportPrivateUsage]

    assert identity.expires_at is not None
    assert identity.expires_at <= time.time() + 1
    assert until > identity.expires_at


def jwk(key: Any, name: str, **more: Any) -> dict[str, Any]:
    kind: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig", **more}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


class Address:
    """What stands at the address of a key set, and how often it was asked for."""

    def __init__(self, text: bytes | Exception) -> None:
        self.text = text
        self.asked = 0
        self.now = 1000.0

    async def fetch(self) -> bytes:
        self.asked += 1
        if isinstance(self.text, Exception):
            raise self.text
        return self.text

    def key_set(self) -> KeySet:
        return KeySet(self.fetch, clock=lambda: self.now)


@pytest.mark.parametrize(("private", "algorithm"), [(RSA, "RS256"), (EC, "ES256")])
async def test_a_token_of_a_published_key_is_believed(private: Any, algorithm: str) -> None:
    address = Address(key_set(jwk(private, "one")))
    text = jwt.encode(claims(), private, algorithm, headers={"kid": "one"})

    identity = await CheckedTokens(address.key_set(), RULES).identify(text)

    assert identity.actor.user_id == UUID(SOMEBODY)


HMAC_WITH_KEYS: dict[str, Callable[[], str]] = {
    "hmac with the published key": lambda: signed(
        claims(), {"alg": "HS256", "kid": "one"}, secret=PUBLIC.decode()
    ),
    "unsigned under the name of a key": lambda: f"{part({**NONE, 'kid': 'one'})}.{part(claims())}.",
    "no key named": lambda: jwt.encode(claims(), RSA, "RS256"),
    "another key of the same kind": lambda: jwt.encode(
        claims(),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "RS256",
        headers={"kid": "one"},
    ),
    "the same key, another algorithm": lambda: jwt.encode(
        claims(), RSA, "PS256", headers={"kid": "one"}
    ),
    "a key in the header": lambda: jwt.encode(
        claims(), EC, "ES256", headers={"kid": "two", "jwk": jwk(EC, "two")}
    ),
    "a path for a name": lambda: jwt.encode(claims(), RSA, "RS256", headers={"kid": "../" * 100}),
}


@pytest.mark.parametrize("kind", HMAC_WITH_KEYS)
async def test_the_algorithm_is_the_key_s_and_never_the_token_s(kind: str) -> None:
    address = Address(key_set(jwk(RSA, "one")))

    with pytest.raises(NotAuthenticated):
        await CheckedTokens(address.key_set(), RULES).identify(HMAC_WITH_KEYS[kind]())


async def test_a_new_key_is_fetched_once_and_an_unknown_one_not_in_haste() -> None:
    address = Address(key_set(jwk(RSA, "one")))
    keys = address.key_set()
    assert await keys.find("one") is not None
    address.text = key_set(jwk(RSA, "one"), jwk(EC, "two"))

    early = await keys.find("two")
    address.now += COOL_DOWN_SECONDS
    found = await keys.find("two")
    for name in ("three", "four", "five"):
        assert await keys.find(name) is None

    assert early is None
    assert found is not None
    assert address.asked == 2


async def test_a_key_that_was_taken_back_is_forgotten_when_the_set_is_fetched_anew() -> None:
    address = Address(key_set(jwk(RSA, "one")))
    keys = address.key_set()
    assert await keys.find("one") is not None
    address.text = key_set(jwk(EC, "two"))
    address.now += FRESH_SECONDS

    assert await keys.find("one") is None


async def test_a_signer_that_is_down_locks_nobody_out_and_lets_nobody_in() -> None:
    address = Address(key_set(jwk(RSA, "one")))
    keys = address.key_set()
    assert await keys.find("one") is not None
    address.text, address.now = ValueError("down"), address.now + FRESH_SECONDS + 1

    assert await keys.find("one") is not None
    assert await keys.find("two") is None

    with pytest.raises(Unavailable):
        await Address(ValueError("down")).key_set().find("one")


UNUSABLE: dict[str, dict[str, Any]] = {
    "a secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "bad"},
    "for encryption": jwk(RSA, "bad", use="enc"),
    "another algorithm": jwk(RSA, "bad", alg="RS512"),
    "another curve": jwk(ec.generate_private_key(ec.SECP384R1()), "bad"),
    "too short": jwk(rsa.generate_private_key(public_exponent=65537, key_size=1024), "bad"),  # noqa: S505  that is the point
    "private": {**jwk(RSA, "bad"), "d": "AQ"},
    "no name": {**jwk(RSA, "bad"), "kid": 7},
    "broken": {"kty": "RSA", "kid": "bad", "n": "!", "e": "AQAB"},
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_key_that_cannot_be_used_is_passed_over(kind: str) -> None:
    found = read_keys(key_set(UNUSABLE[kind], jwk(EC, "good")))

    assert list(found) == ["good"]


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"keys": 7}', b"[" * 5000, b"\xff"])
def test_what_is_no_set_of_keys_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  of json, of unicode, and ours
        read_keys(text)


def test_claims_are_checked_against_the_rules_that_are_set() -> None:
    key = SigningKey(SECRET, "HS256")
    text = signed(claims(aud=["other", "mine"], iss="me"))

    assert key_id_of(text) is None
    assert checked_claims(text, key, TokenRules("mine", "me"))["sub"] == SOMEBODY
    with pytest.raises(NotAuthenticated):
        checked_claims(text, key, RULES)
