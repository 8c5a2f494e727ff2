"""What holds for every text, cursor and name that an agent is shown."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.errors import InvalidInput
from briefsmith.faces.mcp import cursors, keep_fastmcp_apart
from briefsmith.faces.mcp.answers import PAGE_CHARS, Material, page_end, part_start, shown
from briefsmith.faces.mcp.asking import agent_name
from briefsmith.faces.mcp.brief_places import within
from briefsmith.faces.mcp.errors import hint_for_agents
from briefsmith.faces.mcp.prompts import prompt_names
from briefsmith.models.enums import OutputType
from briefsmith.schemas.brief_types import BriefType

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=200)
STEERING = st.sampled_from([*map(chr, range(32)), "\x7f", "\x9b", "\u202e", "\u2028", "\U000e0041"])


@given(st.lists(TEXT | STEERING, max_size=20).map("".join))
def test_nothing_that_is_shown_steers_a_terminal_or_hides(text: str) -> None:
    seen = shown(text)

    assert (
        re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\U000e0000-\U000e0fff]", seen) is None
    )
    assert shown(seen) == seen


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_fence_ends_once_whatever_stands_in_it(texts: list[str]) -> None:
    material = Material(texts)

    fenced = [material.fence("block", text) for text in texts]

    for text, one in zip(texts, fenced, strict=True):
        assert one == f"<block>\n{shown(text)}\n</block-{material.key}>"
        assert one.count(material.key) == 1


@given(st.text(alphabet="ab \n", max_size=50), st.integers(min_value=1, max_value=4))
def test_parts_of_a_text_make_it_whole(piece: str, times: int) -> None:
    text = piece * (times * PAGE_CHARS // max(len(piece), 1))
    parts, start, number = list[str](), 0, 1

    while start < len(text):
        assert part_start(text, number) == start
        end = page_end(text, start)
        assert start < end <= start + PAGE_CHARS
        parts.append(text[start:end])
        start, number = end, number + 1

    assert "".join(parts) == text


@given(st.text(max_size=500))
def test_whatever_a_program_calls_itself_its_name_is_short_and_plain(name: str) -> None:
    assert re.fullmatch(r"agent:mcp(:[a-z0-9._-]{1,40})?", agent_name(name))


@given(st.uuids(), st.integers(min_value=1, max_value=999), st.text(max_size=20))
def test_a_cursor_leads_where_it_was_taken(last: UUID, offset: int, question: str) -> None:
    digest = cursors.question_digest(question)

    cursor = cursors.after_hit(digest, offset, last)

    assert cursors.read_list(cursor, digest) == (offset, last)
    with pytest.raises(InvalidInput):
        cursors.read_list(cursor, cursors.question_digest(question, "another"))


@given(st.lists(st.uuids(), unique=True, min_size=1), st.data())
def test_a_list_goes_on_behind_the_last_one_that_was_seen(
    ids: list[UUID], data: st.DataObject
) -> None:
    place = data.draw(st.integers(min_value=0, max_value=len(ids) - 1))

    assert cursors.place_behind(ids, 999, ids[place]) == place + 1
    assert cursors.place_behind(ids[:place], 2, ids[place]) == 2


def _kind(number: int, title: str) -> BriefType:
    return BriefType(UUID(int=number), title, "", (), (), OutputType.MARKDOWN, 1)


@given(st.lists(st.text(max_size=80) | st.sampled_from(["Plan", "plan", "PLAN!", ""])))
def test_prompts_have_names_that_clients_take_and_no_two_the_same(titles: list[str]) -> None:
    names = prompt_names([_kind(number, title) for number, title in enumerate(titles, start=1)])

    assert len(set(names)) == len(titles)
    assert all(re.fullmatch(r"[a-z0-9_]{1,80}", name) for name in names)


def test_hints_name_tools_where_there_are_any_and_else_the_person() -> None:
    assert hint_for_agents("See `briefsmith block show 1`.") == "See `read_block`."
    assert hint_for_agents("Run `briefsmith init`.").startswith(
        "Run `briefsmith init`. Only the person"
    )
    assert "--help" not in hint_for_agents(InvalidInput.default_hint)


def test_a_text_that_was_not_compiled_here_is_all_material() -> None:
    assert within("abc", 0, None) == ""
    assert within("abc", 1, None) == "This text was not compiled here: all of it is material."


def test_fastmcp_reads_nothing_of_its_surroundings() -> None:
    environ = {"FASTMCP_LOG_LEVEL": "nonsense", "fastmcp_debug": "1", "PATH": "/bin"}

    keep_fastmcp_apart(environ)

    assert environ["PATH"] == "/bin"
    assert environ["FASTMCP_ENV_FILE"] == ""
    assert environ.keys() & {"FASTMCP_LOG_LEVEL", "fastmcp_debug"} == set()
