"""Pages stay right while rows come and go."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from briefsmith.faces.server import pages
from briefsmith.schemas.pages import Place
from tests.faces.server.asked import Asked

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001  as above
    timezones=st.just(UTC),
)


@given(moment=MOMENTS, row=st.uuids())
def test_a_cursor_names_the_place_that_it_was_made_of(moment: datetime, row: UUID) -> None:
    place = Place(row, moment)

    cursor = pages.written("blk", place)

    assert pages.read(cursor) == place
    assert len(cursor) == 36


@given(text=st.text("abcXYZ019-_", min_size=32, max_size=32))
def test_whatever_has_the_form_of_a_cursor_is_a_place(text: str) -> None:
    assert pages.read(f"Ymxr{text}") is not None


async def add(asked: Asked, label: str) -> str:
    made = await asked.client.post("/v1/blocks", json={"label": label, "content": "Text."})
    assert made.status_code == 201
    return made.json()["id"]


async def test_blocks_that_stay_are_listed_once_while_others_come_and_go(asked: Asked) -> None:
    ids = [await add(asked, f"Page {number}") for number in range(9)]
    seen: list[str] = []
    path: str | None = "/v1/blocks?limit=2"

    while path is not None:
        page = await asked.client.get(path)
        seen += [block["id"] for block in page.json()["items"]]
        path = None
        if page.json()["next_cursor"] is not None:
            path = page.headers["link"].partition("<")[2].partition(">")[0]
        if len(seen) == 2:
            # The row that the cursor names, one before it and one behind it go; one comes.
            for gone in (ids[0], ids[1], ids[5]):
                await asked.client.delete(f"/v1/blocks/{gone}")
            ids.append(await add(asked, "Page of later"))

    mine = [one for one in seen if one in ids]
    assert mine == [ids[0], ids[1], *ids[2:5], *ids[6:]]


async def test_a_cursor_of_another_list_is_refused(asked: Asked) -> None:
    cursor = pages.written("blk", Place(UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC)))

    answer = await asked.client.get("/v1/briefs", params={"cursor": cursor})

    assert answer.status_code == 422


async def test_the_newest_brief_comes_first_on_every_page(asked: Asked) -> None:
    made = [
        (await asked.client.post("/v1/briefs", json={"intent": f"Task {number}"})).json()["id"]
        for number in range(3)
    ]

    first = (await asked.client.get("/v1/briefs?limit=2")).json()
    rest = (
        await asked.client.get("/v1/briefs", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()

    listed = [brief["id"] for brief in [*first["items"], *rest["items"]]]
    assert listed == made[::-1]
    assert rest["next_cursor"] is None
