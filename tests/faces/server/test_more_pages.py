"""Lists under a brief, and of agents, are paged as blocks are."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.operations.agent_sessions import record_run
from briefsmith.postgres.database import open_database
from tests.conftest import Server
from tests.faces.server.asked import Asked, asking


async def pages_of(asked: Asked, path: str) -> list[list[dict[str, Any]]]:
    """All pages of a list, by their links."""
    found: list[list[dict[str, Any]]] = []
    following: str | None = path
    while following is not None:
        page = await asked.client.get(following)
        assert page.status_code == 200, page.text
        found.append(page.json()["items"])
        link = page.headers.get("link")
        assert (link is None) == (page.json()["next_cursor"] is None)
        following = link.partition("<")[2].partition(">")[0] if link else None
    return found


async def new_brief(asked: Asked) -> str:
    made = await asked.client.post("/v1/briefs", json={"intent": "A task"})
    assert made.status_code == 201
    return made.json()["id"]


async def test_configurations_are_listed_page_by_page(asked: Asked) -> None:
    brief = await new_brief(asked)
    made: list[str] = []
    for number in range(5):
        new = {"task_brief_id": brief, "max_tokens": number + 1}
        made.append((await asked.client.post("/v1/deployment-configs", json=new)).json()["id"])

    found = await pages_of(asked, f"/v1/deployment-configs?task_brief_id={brief}&limit=2")

    assert [[config["id"] for config in page] for page in found] == [
        [made[4], made[3]],
        [made[2], made[1]],
        [made[0]],
    ]


async def test_outputs_are_listed_page_by_page(asked: Asked) -> None:
    brief = await new_brief(asked)
    for _ in range(3):
        assert (await asked.client.post(f"/v1/briefs/{brief}/validate")).status_code == 200
    [whole] = await pages_of(asked, f"/v1/briefs/{brief}/outputs")

    found = await pages_of(asked, f"/v1/briefs/{brief}/outputs?limit=1")

    assert len(whole) == len(found) > 1
    assert [output for page in found for output in page] == whole


async def test_runs_of_one_moment_are_listed_once(asked: Asked) -> None:
    async with asked.backend.store.database.session() as session:
        # One transaction has one moment, so that nothing but the id tells them apart.
        made = {str((await record_run(session, "observer", "succeeded")).id) for _ in range(5)}

    found = await pages_of(asked, "/v1/agents/runs?agent=observer&limit=2")

    listed = [run["id"] for page in found for run in page]
    assert len(listed) == len(set(listed))
    assert made <= set(listed)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 3)),
        st.tuples(st.just("remove"), st.integers(0, 20)),
        st.tuples(st.just("read"), st.just(0)),
    ),
    max_size=15,
)


async def walk(asked: Asked, limit: int, steps: Sequence[tuple[str, int]]) -> None:
    """Reads all blocks page by page, while others come and go between the pages."""
    there = [await add(asked, number) for number in range(6)]
    stays, seen = set(there), list[str]()
    query: dict[str, str | int] = {"limit": limit}
    queue = list(steps)
    while True:
        while queue and queue[0][0] != "read":
            what, number = queue.pop(0)
            if what == "add":
                there += [await add(asked, len(there) + more) for more in range(number)]
            elif there:
                gone = there.pop(number % len(there))
                stays.discard(gone)
                assert (await asked.client.delete(f"/v1/blocks/{gone}")).status_code < 300
        queue = queue[1:]
        page = (await asked.client.get("/v1/blocks", params=query)).json()
        seen += [block["id"] for block in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert stays <= set(seen)
    for block in there:
        await asked.client.delete(f"/v1/blocks/{block}")


async def add(asked: Asked, number: int) -> str:
    """A block under a label that no other has."""
    new = {"label": f"Walk {number} {uuid4()}", "content": "Text."}
    made = await asked.client.post("/v1/blocks", json=new)
    assert made.status_code == 201, made.text
    return made.json()["id"]


def test_whatever_comes_and_goes_a_row_that_stays_is_listed_once(server: Server) -> None:
    url = server.migrated_database()

    @settings(max_examples=12, deadline=None)
    @given(limit=st.integers(1, 4), steps=STEPS)
    def walks(limit: int, steps: list[tuple[str, int]]) -> None:
        async def one() -> None:
            async with (
                open_database(url, user="person@localhost", connections=2) as opened,
                asking(opened) as asked,
            ):
                await walk(asked, limit, steps)

        asyncio.run(one())

    try:
        walks()
    finally:
        server.drop(url)
