"""A session carries its actor for one transaction, and the connection carries nothing to the next."""

from contextlib import suppress
from uuid import UUID

import pytest

from briefsmith.errors import BriefsmithError
from briefsmith.postgres.database import Database, open_database
from briefsmith.postgres.session import Actor, Session
from briefsmith.postgres.statements import NoParameters, Statement
from briefsmith.sql import Query

_WHO_TEXT = Query(
    "test.who",
    "one",
    """
    select
      current_user::text as role,
      auth.uid() as user_id,
      current_setting('request.jwt.claims', true) as claims,
      current_setting('briefsmith.changed_by', true) as name
    """,
)
_BROKEN: Statement[NoParameters, None] = Statement(
    Query("test.broken", "exec", "select 1 / 0"), NoParameters, None
)
# No row where one has to be: the session itself raises.
_NOBODY_TEXT = Query("test.nobody", "one", f"{_WHO_TEXT.text} limit 0")
_ANN = UUID("00000000-0000-0000-0000-00000000000a")
_BOB = UUID("00000000-0000-0000-0000-00000000000b")


class Who:
    """What a connection says of its present user."""

    def __init__(
        self, role: str, user_id: UUID | None, claims: str | None, name: str | None
    ) -> None:
        self.role = role
        self.user_id = user_id
        self.claims = claims or ""
        self.name = name or ""


_WHO = Statement(_WHO_TEXT, NoParameters, Who)
_NOBODY = Statement(_NOBODY_TEXT, NoParameters, Who)


async def _within(session: Session) -> Who:
    return await session.one(_WHO, {})


async def _on_the_connection(database: Database) -> Who:
    """As the next one would find the only connection of the pool."""
    pool = database._pool  # pyright: ignore[reportPrivateUsage]
    async with pool.connection() as connection, connection.cursor() as cursor:
        await cursor.execute(_WHO.text)
        row: tuple[str, UUID | None, str | None, str | None] | None = await cursor.fetchone()
        assert row is not None
        return Who(*row)


async def test_within_a_session_the_role_is_authenticated_and_the_claims_are_the_actor_s(
    database: Database,
) -> None:
    async with database.session(Actor(_ANN, "an agent")) as session:
        found = await _within(session)

    assert (found.role, found.user_id, found.name) == ("authenticated", _ANN, "an agent")


@pytest.mark.parametrize("ending", ["commit", "our error", "their error"])
async def test_after_a_session_the_connection_carries_nothing(
    database_url: str, ending: str
) -> None:
    async with open_database(database_url, connections=1) as database:
        before = await _on_the_connection(database)

        with suppress(LookupError, BriefsmithError):
            async with database.session(Actor(_ANN)) as session:
                if ending == "our error":
                    await session.one(_NOBODY, {})
                if ending == "their error":
                    await session.execute(_BROKEN, {})

        after = await _on_the_connection(database)
        assert (after.role, after.user_id, after.claims, after.name) == (
            before.role,
            None,
            "",
            "",
        )
        assert before.role != "authenticated"


async def test_two_actors_one_after_the_other_on_one_connection_are_told_apart(
    database_url: str,
) -> None:
    async with open_database(database_url, connections=1) as database:
        async with database.session(Actor(_ANN)) as session:
            first = await _within(session)
        async with database.session(Actor(_BOB)) as session:
            second = await _within(session)

    assert (first.user_id, second.user_id) == (_ANN, _BOB)


async def test_a_session_that_only_reads_refuses_to_write(database: Database) -> None:
    text = "insert into public.events (topic) values ('t')"
    write: Statement[NoParameters, None] = Statement(
        Query("test.write", "exec", text), NoParameters, None
    )

    with pytest.raises(BriefsmithError) as caught:
        async with database.session(read_only=True) as session:
            await session.execute(write, {})

    assert caught.value.code == "B200"
