"""How much one person may ask, whichever servers are asked."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from briefsmith.config import ServerSettings
from briefsmith.operations.request_limits import Rate, grant
from briefsmith.postgres.database import Database, open_database
from tests.faces.server.asked import WITH_TOKENS, asking, new_person, signed_in

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RATES = st.builds(Rate, per_minute=st.integers(1, 10_000), burst=st.integers(1, 500))
ASKED = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 32)), min_size=1, max_size=60)


@given(rate=RATES, asked=ASKED)
def test_in_no_span_of_time_is_more_given_than_the_burst_and_the_rate(
    rate: Rate, asked: list[tuple[float, int]]
) -> None:
    now, used_until = BEGIN, BEGIN
    given_: list[tuple[datetime, int]] = []
    for seconds, wanted in asked:
        now += timedelta(seconds=seconds)
        granted = grant(rate, used_until, now, wanted)
        used_until = granted.used_until
        given_.append((now, granted.count))

    for first, (begin, _) in enumerate(given_):
        total = 0
        for end, count in given_[first:]:
            total += count
            # A microsecond is the smallest part of time there is here, and a period may be off by half of one.
            most = rate.burst + (end - begin) / rate.period
            assert total <= most * 1.001 + 1


@given(rate=RATES, wanted=st.integers(1, 1000), ahead=st.floats(0, 100))
def test_who_waits_as_long_as_was_said_gets_one(rate: Rate, wanted: int, ahead: float) -> None:
    used_until = BEGIN + timedelta(seconds=ahead)
    granted = grant(rate, used_until, BEGIN, wanted)
    if granted.count:
        assert granted.wait_seconds == 0
        assert granted.count <= wanted
        return

    later = BEGIN + timedelta(seconds=granted.wait_seconds, microseconds=2)

    assert grant(rate, granted.used_until, later, 1).count == 1


async def test_a_person_who_asks_too_often_is_told_when_to_come_again_by_all_servers(
    shared: Database,
) -> None:
    few = ServerSettings(
        jwt_secret=WITH_TOKENS.jwt_secret,
        jwt_issuer=WITH_TOKENS.jwt_issuer,
        requests_per_minute=30,  # five at once
    )
    busy, quiet = (
        signed_in(new_person(shared.url, f"{name}@limits")) for name in ("busy", "quiet")
    )
    async with (
        open_database(shared.url, of_nobody=True) as opened,
        asking(shared, few) as one,
        asking(opened, few) as other,
    ):
        answers = [
            await server.client.get("/v1/blocks", headers=busy) for server in (one, other) * 8
        ]
        calm = await other.client.get("/v1/blocks", headers=quiet)

    statuses = [answer.status_code for answer in answers]
    assert 1 <= statuses.count(200) <= 6
    assert statuses[-1] == 429
    refused = answers[-1]
    assert refused.json()["code"] == "B610"
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert calm.status_code == 200


async def test_health_is_not_counted(shared: Database) -> None:
    async with asking(shared, ServerSettings(requests_per_minute=1)) as asked:
        answers = [await asked.client.get("/healthz") for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
