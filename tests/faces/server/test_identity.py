"""Who asks: the local user, personal keys, and what each may."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from briefsmith.config import ServerSettings, Settings
from briefsmith.errors import InvalidSetting
from briefsmith.faces.server import key_lookup
from briefsmith.faces.server.serving import check_host
from briefsmith.operations.api_keys import add_key, owner_of, revoke_key
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.schemas.api_keys import NewApiKey
from tests.faces.server.asked import (
    ISSUER,
    SECRET,
    WITH_TOKENS,
    Asked,
    asking,
    new_person,
    signed_in,
)

BLOCK = {"label": "Made by a key", "content": "Some text."}


@pytest.fixture
async def guarded(shared: Database) -> AsyncGenerator[Asked]:
    async with asking(shared, WITH_TOKENS) as opened:
        yield opened


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1@evil.example", "[::1", "192.168.1.4"])  # fmt: skip
async def test_a_name_that_leads_here_is_no_way_in(asked: Asked, host: str) -> None:
    answer = await asked.client.get("/v1/blocks", headers={"Host": host})

    assert answer.status_code == 403
    assert answer.json()["code"] == "B200"


@pytest.mark.parametrize("host", ["localhost", "localhost:8400", "127.0.0.1:8400", "[::1]:8400"])
async def test_this_machine_may_ask_under_any_of_its_names(asked: Asked, host: str) -> None:
    answer = await asked.client.get("/v1/blocks", headers={"Host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000", "http://localhost.evil.example"])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_pages_of_other_origins_may_not_ask(asked: Asked, origin: str, method: str) -> None:
    answer = await asked.client.request(method, "/v1/blocks", headers={"Origin": origin})

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_an_origin_that_is_listed_may_ask_and_no_other(shared: Database) -> None:
    listed = ServerSettings(cors_origins=("http://localhost:3000",))
    asks = {"Access-Control-Request-Method": "POST"}

    async with asking(shared, listed) as asked:
        good = await asked.client.get("/v1/blocks", headers={"Origin": "http://localhost:3000"})
        before = await asked.client.options(
            "/v1/blocks", headers={"Origin": "http://localhost:3000", **asks}
        )
        other = await asked.client.options(
            "/v1/blocks", headers={"Origin": "https://evil.example", **asks}
        )

    assert good.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert before.status_code == 200
    assert "access-control-allow-origin" not in other.headers


async def test_a_server_with_tokens_answers_nobody_without_one(guarded: Asked) -> None:
    for path in ("/v1/blocks", "/v1/nothing", "/openapi.json", "/schema/verify"):
        answer = await guarded.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "B201")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await guarded.client.get("/healthz")).status_code == 200
    assert (await guarded.client.get("/readyz")).status_code == 200


@pytest.mark.parametrize("value", ["Basic dTpw", "Bearer", "Bearer  ", "Bearer a b", "Bearer x", "bearer " + "x" * 9000, "Bearer \u00e4"])  # fmt: skip
async def test_what_is_no_token_is_refused(guarded: Asked, value: str) -> None:
    answer = await guarded.client.get("/v1/blocks", headers={b"Authorization": value.encode()})

    assert answer.status_code == 401


async def test_people_see_their_own_and_nothing_else(guarded: Asked) -> None:
    url = guarded.backend.store.database.url
    one, other = new_person(url, "one@localhost"), new_person(url, "other@localhost")
    made = await guarded.client.post("/v1/blocks", json=BLOCK, headers=signed_in(one))
    path = f"/v1/blocks/{made.json()['id']}"

    for method in ("GET", "DELETE"):
        answer = await guarded.client.request(method, path, headers=signed_in(other))
        assert (answer.status_code, answer.json()["code"]) == (404, "B301")
    listed = await guarded.client.get("/v1/blocks", headers=signed_in(other))
    assert listed.json()["items"] == []
    assert (await guarded.client.get(path, headers=signed_in(one))).status_code == 200


async def test_a_token_of_an_account_that_is_gone_writes_nothing(guarded: Asked) -> None:
    nobody = UUID(int=7)

    answer = await guarded.client.post("/v1/blocks", json=BLOCK, headers=signed_in(nobody))

    assert (answer.status_code, answer.json()["code"]) == (403, "B202")


async def key_of(database: Database, user_id: UUID, **values: object) -> tuple[str, UUID]:
    async with database.session(Actor(user_id)) as session:
        made = await add_key(session, NewApiKey(name="nightly", **values))  # pyright: ignore[reportArgumentType]
    return made.key, made.row.id


async def test_a_key_acts_as_its_owner_under_its_name(guarded: Asked) -> None:
    database = guarded.backend.store.database
    owner = new_person(database.url, "key@localhost")
    key, _ = await key_of(database, owner)
    headers = {"Authorization": f"Bearer {key}"}

    made = await guarded.client.post("/v1/blocks", json=BLOCK, headers=headers)
    path = f"/v1/blocks/{made.json()['id']}"
    await guarded.client.patch(path, json={"content": "Another text."}, headers=headers)
    history = await guarded.client.get(f"{path}/history", headers=headers)

    assert made.json()["user_id"] == str(owner)
    assert history.json()["items"][0]["changed_by"] == "key:nightly"


async def test_a_key_that_may_look_changes_nothing(guarded: Asked) -> None:
    database = guarded.backend.store.database
    owner = new_person(database.url, "reader@localhost")
    key, _ = await key_of(database, owner, scope="read")
    headers = {"Authorization": f"Bearer {key}"}

    for method in ("POST", "PATCH", "DELETE", "PUT"):
        answer = await guarded.client.request(method, "/v1/blocks", json=BLOCK, headers=headers)
        assert answer.status_code == 403
    assert (await guarded.client.get("/v1/blocks", headers=headers)).json()["items"] == []


async def test_a_key_makes_and_revokes_no_keys(guarded: Asked) -> None:
    database = guarded.backend.store.database
    key, key_id = await key_of(database, new_person(database.url, "maker@localhost"))
    headers = {"Authorization": f"Bearer {key}"}

    made = await guarded.client.post("/v1/keys", json={"name": "more"}, headers=headers)
    revoked = await guarded.client.delete(f"/v1/keys/{key_id}", headers=headers)

    assert (made.status_code, revoked.status_code) == (403, 403)


async def test_a_key_is_shown_once_and_kept_as_a_hash(guarded: Asked) -> None:
    url = guarded.backend.store.database.url
    headers = signed_in(new_person(url, "shown@localhost"))

    made = (await guarded.client.post("/v1/keys", json={"name": "a"}, headers=headers)).json()
    listed = await guarded.client.get("/v1/keys", headers=headers)

    assert made["key"] not in listed.text
    with psycopg.connect(url) as connection:
        rows = connection.execute("select to_jsonb(k)::text from briefsmith.api_keys k").fetchall()
    assert not any(made["key"] in row[0] for row in rows)


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
async def test_a_key_that_was_revoked_or_has_expired_is_not_taken(
    guarded: Asked, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_lookup, "REMEMBERED_SECONDS", 0.0)
    database = guarded.backend.store.database
    owner = new_person(database.url, f"{column}@localhost")
    key, key_id = await key_of(database, owner)
    headers = {"Authorization": f"Bearer {key}"}
    assert (await guarded.client.get("/v1/blocks", headers=headers)).status_code == 200

    with psycopg.connect(database.url, autocommit=True) as connection:
        statement = sql.SQL("update briefsmith.api_keys set {} = now() where id = %s")
        connection.execute(statement.format(sql.Identifier(column)), [key_id])

    assert (await guarded.client.get("/v1/blocks", headers=headers)).status_code == 401


async def test_a_key_with_another_owner_s_id_in_it_opens_nothing(guarded: Asked) -> None:
    database = guarded.backend.store.database
    mine = new_person(database.url, "mine@localhost")
    theirs = new_person(database.url, "theirs@localhost")
    key, _ = await key_of(database, mine)
    forged, _ = await key_of(database, theirs)
    mixed = forged[:26] + key[26:]

    assert owner_of(mixed) == theirs
    answer = await guarded.client.get("/v1/blocks", headers={"Authorization": f"Bearer {mixed}"})
    assert answer.status_code == 401


async def test_nobody_revokes_another_s_key(guarded: Asked) -> None:
    database = guarded.backend.store.database
    owner = new_person(database.url, "owner@localhost")
    other = new_person(database.url, "thief@localhost")
    _, key_id = await key_of(database, owner)

    answer = await guarded.client.delete(f"/v1/keys/{key_id}", headers=signed_in(other))

    assert answer.status_code == 404
    async with database.session(Actor(owner)) as session:
        row = await revoke_key(session, key_id)
    assert row.revoked_at is not None
    assert row.revoked_at - row.created_at < timedelta(minutes=1)


async def test_counts_are_for_this_machine_alone(guarded: Asked) -> None:
    here = await guarded.client.get("/metrics")
    proxied = await guarded.client.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"})

    assert "briefsmith_requests_total" in here.text
    assert proxied.status_code == 403


GOOD = ServerSettings(jwt_secret=SECRET, jwt_issuer=ISSUER)


@pytest.mark.parametrize(
    ("server", "host"),
    [
        (ServerSettings(), "0.0.0.0"),  # noqa: S104  that is refused
        (ServerSettings(), "example.org"),
        (replace(GOOD, jwt_issuer=None), "127.0.0.1"),
        (replace(GOOD, jwt_secret=SECRET[:31]), "127.0.0.1"),
        (replace(GOOD, jwks_url="https://keys.example"), "127.0.0.1"),
        (ServerSettings(jwks_url="http://keys.example", jwt_issuer=ISSUER), "127.0.0.1"),
    ],
)
def test_a_server_that_would_let_anybody_in_does_not_start(
    server: ServerSettings, host: str
) -> None:
    with pytest.raises(InvalidSetting):
        check_host(Settings(home=Path("/nowhere"), server=server), host)


def test_a_server_with_tokens_may_listen_anywhere() -> None:
    check_host(Settings(home=Path("/nowhere"), server=GOOD), "0.0.0.0")  # noqa: S104  as said
