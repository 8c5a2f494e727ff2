"""Blocks by HTTP: conditions, and both sides of a conflict."""

from typing import Any

import psycopg
import pytest

from briefsmith.faces.server.conditional import read_tags
from tests.faces.server.asked import Asked


async def added(asked: Asked, label: str) -> tuple[str, str]:
    """The path of a new block, and its tag."""
    made = await asked.client.post("/v1/blocks", json={"label": label, "content": "One."})
    assert made.status_code == 201, made.text
    return made.headers["location"], made.headers["etag"]


async def test_a_change_for_the_version_that_was_read_goes_through_once(asked: Asked) -> None:
    path, tag = await added(asked, "Once")

    first = await asked.client.patch(path, json={"content": "Two."}, headers={"If-Match": tag})
    second = await asked.client.patch(path, json={"content": "Three."}, headers={"If-Match": tag})

    assert (first.status_code, first.json()["version"]) == (200, 2)
    assert (second.status_code, second.json()["code"]) == (412, "B402")
    assert second.json()["details"]["yours"] == {"content": "Three."}
    assert second.json()["details"]["theirs"] == {"content": "Two."}
    assert second.json()["details"]["current_version"] == 2


@pytest.mark.parametrize(("header", "status"), [("*", 200), ('"1"', 200), ('"7", "1"', 200), ('W/"1"', 412), ('"x"', 412), ('"2"', 412), ("1", 412), ('"1', 412), ("", 412), ('"99999999999999999999"', 412)])  # fmt: skip
async def test_a_condition_is_read_as_the_specification_says(
    asked: Asked, header: str, status: int
) -> None:
    path, _ = await added(asked, f"Condition {header}")

    answer = await asked.client.patch(
        path, json={"importance": "high"}, headers={"If-Match": header}
    )

    assert answer.status_code == status


async def test_without_a_condition_the_present_version_is_meant(asked: Asked) -> None:
    path, _ = await added(asked, "Unconditional")

    answer = await asked.client.patch(path, json={"meta_locale": "de"})
    cleared = await asked.client.patch(path, json={"meta_locale": None})

    assert answer.json()["meta_locale"] == "de"
    assert cleared.json()["meta_locale"] is None


async def test_who_has_a_block_already_is_sent_no_body(asked: Asked) -> None:
    path, tag = await added(asked, "Cached")

    same = await asked.client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    with psycopg.connect(asked.backend.store.database.url, autocommit=True) as connection:
        changed = connection.execute(
            "update public.context_blocks set feedback_score = 0.9 where id = %s",
            [path.rpartition("/")[2]],
        )
    other = await asked.client.get(path, headers={"If-None-Match": tag})

    assert changed.rowcount == 1
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    # A score makes no new version, and yet the block is not what the caller has.
    assert (other.status_code, other.json()["version"]) == (200, 1)


async def test_a_taken_label_shows_who_has_it(asked: Asked) -> None:
    path, _ = await added(asked, "Taken")

    answer = await asked.client.post("/v1/blocks", json={"label": "TAKEN", "content": "x"})

    assert (answer.status_code, answer.json()["code"]) == (409, "B401")
    assert answer.json()["details"]["other"]["block_id"] in path


async def test_a_block_goes_out_of_use_and_comes_back_and_tells_its_history(asked: Asked) -> None:
    path, _ = await added(asked, "Life")
    await asked.client.patch(path, json={"content": "Two."})

    archived = await asked.client.post(f"{path}/archive")
    listed = await asked.client.get("/v1/blocks?status=archived")
    restored = await asked.client.post(f"{path}/restore")
    then = await asked.client.get(f"{path}/versions/1")
    history = await asked.client.get(f"{path}/history")

    assert archived.json()["status"] == "archived"
    assert archived.json()["id"] in [block["id"] for block in listed.json()["items"]]
    assert restored.json()["status"] == "active"
    assert then.json()["content"] == "One."
    assert [one["version"] for one in history.json()["items"]][-1] == 1


async def test_head_tells_what_get_would_without_the_body(asked: Asked) -> None:
    path, tag = await added(asked, "Head")

    answer = await asked.client.head(path)

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"", tag)


async def test_search_finds_by_words_and_tells_how(asked: Asked) -> None:
    await added(asked, "Zebra crossing")

    found = (await asked.client.get("/v1/search", params={"q": "zebra"})).json()

    assert found["by_meaning"] is True
    assert found["items"][0]["block"]["label"] == "Zebra crossing"


@pytest.mark.parametrize(("header", "tags"), [('"a"', [(False, "a")]), ('W/"a" , "b"', [(True, "a"), (False, "b")]), ('""', [(False, "")]), ("*", None)])  # fmt: skip
def test_tags_are_read(header: str, tags: Any) -> None:
    assert read_tags(header) == tags
