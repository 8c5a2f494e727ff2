"""The library of files by HTTP: bytes in, bytes out, parts of them, and nothing that a browser would run."""

import hashlib
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from briefsmith.postgres.database import Database
from tests.faces.server.asked import Asked, asking

DATA = bytes(range(32, 127)) * 40


@pytest.fixture
async def asked(shared: Database, tmp_path: Path) -> AsyncGenerator[Asked]:
    """The server of one local user, with a folder for files."""
    async with asking(shared, home=tmp_path) as opened:
        yield opened


async def added(asked: Asked, data: bytes = DATA, **fields: str) -> str:
    """The path of a new file."""
    made = await asked.client.post(
        "/v1/files", params={"name": "words.txt", "label": "Words", **fields}, content=data
    )
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/files/{made.json()['id']}"
    return made.headers["location"]


async def test_a_file_goes_through_its_life(asked: Asked) -> None:
    block = (await asked.client.post("/v1/blocks", json={"label": "A life", "content": "x"})).json()
    path = await added(asked, note="Read it.", block_id=block["id"], is_primary="true")

    file = (await asked.client.get(path)).json()
    assert (file["size_bytes"], file["content_type"]) == (len(DATA), "text/plain")
    assert file["content_sha256"] == hashlib.sha256(DATA).hexdigest()
    assert (file["associated_block_id"], file["is_primary"]) == (block["id"], True)
    assert (await asked.client.get(f"{path}/content")).content == DATA
    edited = await asked.client.patch(path, json={"label": "Other", "note": None})
    assert (edited.json()["label"], edited.json()["note"]) == ("Other", None)
    kept = await asked.client.patch(path, json={"domain": "brief-media"})
    assert (kept.json()["label"], kept.json()["storage_domain"]) == ("Other", "brief-media")
    detached = await asked.client.post(f"{path}/detach")
    assert detached.json()["associated_block_id"] is None
    attached = await asked.client.post(f"{path}/attach", json={"block_id": block["id"]})
    assert attached.json()["associated_block_id"] == block["id"]
    listed = (await asked.client.get("/v1/files", params={"block_id": block["id"]})).json()
    assert [one["id"] for one in listed["items"]] == [file["id"]]
    assert (await asked.client.delete(path)).json()["id"] == file["id"]
    assert (await asked.client.get(path)).status_code == 404
    assert (await asked.client.get(f"{path}/content")).json()["code"] == "B307"


@pytest.mark.parametrize(
    ("asked_for", "status", "start", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=5-9", 206, 5, 10),
        ("bytes=3790-", 206, 3790, 3800),
        ("bytes=3790-99999", 206, 3790, 3800),
        ("bytes=-3", 206, 3797, 3800),
        ("bytes=-99999", 206, 0, 3800),
        ("bytes=0-99999", 206, 0, 3800),
        ("bytes=9-5", 200, 0, 3800),
        ("bytes=1-2,5-6", 200, 0, 3800),
        ("lines=1-2", 200, 0, 3800),
        ("bytes=x", 200, 0, 3800),
        ("bytes=3800-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
async def test_a_part_is_given_as_the_specification_says(
    asked: Asked, asked_for: str, status: int, start: int, end: int
) -> None:
    path = await added(asked)

    part = await asked.client.get(f"{path}/content", headers={"Range": asked_for})

    assert (part.status_code, part.content) == (status, DATA[start:end])
    ranges = {206: f"bytes {start}-{end - 1}/3800", 416: "bytes */3800", 200: None}
    assert part.headers.get("content-range") == ranges[status]
    assert part.headers["content-length"] == str(end - start)


async def test_parts_are_of_the_bytes_that_they_are_meant_for(asked: Asked) -> None:
    path = f"{await added(asked)}/content"
    tag = (await asked.client.get(path)).headers["etag"]

    same = await asked.client.get(path, headers={"Range": "bytes=0-1", "If-Range": tag})
    other = await asked.client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"x"'})
    weak = await asked.client.get(path, headers={"Range": "bytes=0-1", "If-Range": f"W/{tag}"})
    known = await asked.client.get(path, headers={"If-None-Match": tag})
    head = await asked.client.head(path)

    assert (same.status_code, same.content) == (206, DATA[:2])
    assert (other.status_code, weak.status_code) == (200, 200)
    assert (known.status_code, known.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == "3800"


@pytest.mark.parametrize(
    ("name", "data", "kind", "way"),
    [
        ("page.html", b"<!doctype html><script>alert(1)</script>", "text/html", "attachment"),
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", "attachment"),
        ("words.txt", b"<script>words", "text/html", "attachment"),
        ("words.txt", b"Words.", "text/plain", "attachment"),
        ("p.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png", "inline"),
    ],
)
async def test_what_a_browser_would_run_is_never_shown_inline(
    asked: Asked, name: str, data: bytes, kind: str, way: str
) -> None:
    path = await added(asked, data, name=name)

    got = await asked.client.get(f"{path}/content")

    assert got.headers["content-type"].partition(";")[0] == kind
    assert got.headers["content-disposition"].startswith(f"{way}; ")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", 'a"; filename="b', "a\r\nSet-Cookie: x=1", "\u202egnp.exe", "größe 🪵.txt"]
)  # fmt: skip
async def test_a_name_is_data_in_the_head_of_an_answer(asked: Asked, name: str) -> None:
    path = await added(asked, name=name)

    got = await asked.client.get(f"{path}/content")

    assert (await asked.client.get(path)).json()["file_name"] == name
    way = got.headers["content-disposition"]
    assert "set-cookie" not in got.headers
    assert way.count('"') == 2
    assert way.isascii()
    if name.startswith("größe"):
        assert way.endswith(quote(name, safe=""))


@pytest.mark.parametrize(
    ("params", "data", "status", "code"),
    [
        ({}, b"x", 422, "B100"),
        ({"label": " "}, b"x", 422, "B100"),
        ({"label": "a\x00"}, b"x", 422, "B100"),
        ({"label": "a", "is_primary": "true"}, b"x", 422, "B100"),
        ({"label": "a", "block_id": "00000000-0000-4000-8000-000000000000"}, b"x", 404, "B301"),
        ({"label": "a", "colour": "red"}, b"x", 422, "B100"),
        ({"label": "a"}, b"", 422, "B111"),
        ({"label": "a"}, b"MZ\x90\x00\x03", 415, "B112"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_refused_and_leaves_nothing(
    asked: Asked, params: dict[str, str], data: bytes, status: int, code: str
) -> None:
    before = (await asked.client.get("/v1/files")).json()

    made = await asked.client.post("/v1/files", params={"name": "x", **params}, content=data)

    assert (made.status_code, made.json()["code"]) == (status, code), made.text
    assert (await asked.client.get("/v1/files")).json() == before


async def test_a_file_that_is_too_large_is_refused_however_it_comes(asked: Asked) -> None:
    limit = asked.backend.store.settings.files.max_mb * 1_000_000

    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(limit // 1_000_000 + 2):
            yield b"x" * 1_000_000

    params = {"name": "x", "label": "Large"}
    told = await asked.client.post("/v1/files", params=params, content=b"x" * (limit + 2))
    untold = await asked.client.post("/v1/files", params=params, content=endless())
    just = await asked.client.post("/v1/files", params=params, content=b"x" * (limit + 1))
    fits = await asked.client.post("/v1/files", params=params, content=b"x" * limit)

    assert [one.status_code for one in (told, untold, just, fits)] == [413, 413, 413, 201]
    assert [one.json()["code"] for one in (told, untold, just)] == ["B505", "B505", "B503"]


async def test_an_upload_that_is_sent_again_is_one_file(asked: Asked) -> None:
    params = {"name": "once.txt", "label": "Once"}
    key = {"Idempotency-Key": "upload-1"}

    first = await asked.client.post("/v1/files", params=params, content=b"One.", headers=key)
    again = await asked.client.post("/v1/files", params=params, content=b"One.", headers=key)
    other = await asked.client.post("/v1/files", params=params, content=b"Two.", headers=key)

    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "B114")


async def test_text_is_taken_out_of_a_file(asked: Asked) -> None:
    path = await added(asked, b"# Oak\n\nIt is oiled in spring.\n", name="oak.md")
    key = {"Idempotency-Key": "extract-1"}

    dry = await asked.client.post(f"{path}/extract", json={"dry_run": True})
    done = await asked.client.post(f"{path}/extract", json={}, headers=key)
    again = await asked.client.post(f"{path}/extract", json={}, headers=key)

    assert dry.json()["is_dry_run"]
    [block] = done.json()["blocks"]
    assert (block["outcome"], block["awaits_review"]) == ("added", True)
    assert again.json() == done.json()
    shown = await asked.client.get(f"/v1/blocks/{block['block_id']}")
    assert shown.json()["source"] == "parser"


async def test_bytes_that_are_gone_are_told(asked: Asked) -> None:
    path = await added(asked, b"Soon gone.")
    sha256 = (await asked.client.get(path)).json()["content_sha256"]
    store = asked.backend.store
    await store.files.delete(f"{store.database.user_id}/{sha256[:2]}/{sha256}")

    got = await asked.client.get(f"{path}/content")

    assert (got.status_code, got.json()["code"]) == (404, "B308")


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
async def test_any_range_is_answered_with_bytes_of_the_file(asked: Asked, text: str) -> None:
    path = await added(asked)

    got = await asked.client.get(f"{path}/content", headers=[(b"range", f"bytes={text}".encode())])

    assert got.status_code in {200, 206, 400, 416}
    assert got.content in DATA or got.status_code == 400
