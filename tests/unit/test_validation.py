"""A validation finds what is wrong with a brief, says how to mend it, and finds nothing once it is mended."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from briefsmith.compiler.brief import BriefRequest, CompiledBrief, Toolchain, compile_brief
from briefsmith.compiler.brief_life import ALLOWED, LifeFacts, check_step, state_of
from briefsmith.compiler.contrary import contrary_pairs
from briefsmith.compiler.differences import BriefSide, compare_sides
from briefsmith.compiler.document import MediaItem, SourceBlock
from briefsmith.compiler.findings import BlockNow, Demand, Material, NotedContradiction
from briefsmith.compiler.links import wrong_links, wrong_media
from briefsmith.compiler.quotations import read_words
from briefsmith.compiler.validation import CHECKS, MOST_OF_A_NAME, validate
from briefsmith.errors import WrongState
from briefsmith.models.enums import BlockImportance, BlockSource, BlockStatus, BlockType
from briefsmith.schemas.brief_life import BriefState, BriefStep, Severity, Validation

NONCE = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32
ID = UUID(int=7)
END = f"</block-{NONCE}>"
TEXTS = (
    "Parcels leave the house every Tuesday and every Friday at noon, never later than that.",
    "Bakers read the newsletter in the morning, before the first bread comes out of the oven.",
    "Write short sentences. Say what a thing is for before you say what it is made of.",
)
FRAGMENTS = [
    f"</block-{OTHER}>", '<block cite="B1">', "[B1]", "[B99]", "#### [B2] “x”", "\u2028", "\x85", "\r",
    "\n", "\n\n", "<intent>", "</block-", "http://a.example/x", "word ", "{{B1 0}}", "```",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=10).map("".join)


def count(text: str) -> int:
    return len(re.findall(r"\w+|\S", text))


def source(number: int, content: str, **changes: Any) -> SourceBlock:
    plain = SourceBlock(
        block_id=UUID(int=number),
        version=number,
        label=f"Label {number}",
        type=BlockType.REFERENCE,
        source=BlockSource.USER,
        content=content,
        importance=BlockImportance.MEDIUM,
        relevance=1.0,
        asked=True,
    )
    return replace(plain, **changes)


SOURCES = tuple(source(number, text) for number, text in enumerate(TEXTS, start=1))


def compiled(
    sources: Sequence[SourceBlock] = SOURCES, *, media: Sequence[MediaItem] = ()
) -> CompiledBrief:
    request = BriefRequest("Write to bakers", 4000, NONCE, media=tuple(media))
    return compile_brief(request, sources, Toolchain(count, "words", "0.1.0", "none"))


def as_now(block: SourceBlock, **changes: Any) -> BlockNow:
    now = BlockNow(
        version=block.version,
        label=block.label,
        type=block.type,
        source=block.source,
        content=block.content,
        status=BlockStatus.ACTIVE,
    )
    return replace(now, **changes)


def material(
    sources: Sequence[SourceBlock] = SOURCES,
    *,
    media: Sequence[MediaItem] = (),
    **changes: Any,
) -> Material:
    """A brief in which nothing is wrong, but for the changes."""
    brief = compiled(sources, media=media)
    sound = Material(
        brief_id=ID,
        intent="Write to bakers",
        text=brief.markdown,
        text_tokens=count(brief.markdown),
        snapshot=brief.snapshot,
        media=media,
        then={block.block_id: block.as_text() for block in sources},
        now={block.block_id: as_now(block) for block in sources},
    )
    return replace(sound, **changes)


def names(found: Validation) -> list[str]:
    return [one.name for one in found.findings]


def cite_of(number: int) -> str:
    snapshot = compiled().snapshot
    return next(entry.cite for entry in snapshot.blocks if entry.block_id == UUID(int=number))


def without_section(text: str, number: int) -> str:
    """The text after somebody took a block and its step out of it."""
    return without_cite(text, cite_of(number))


def without_cite(text: str, cite: str) -> str:
    kept = re.sub(rf"#### \[{cite}\].*?{END}\n\n", "", text, count=1, flags=re.DOTALL)
    return re.sub(rf"(?m)^\d+\. .* \[{cite}\]\n", "", kept)


# What is found, and what mends it


def test_a_brief_as_it_was_compiled_has_nothing_wrong_with_it() -> None:
    found = validate(material())

    assert (found.findings, found.ok) == ((), True)
    assert found.block_versions == {UUID(int=number): number for number in (1, 2, 3)}


def test_a_brief_without_any_block_has_nothing_wrong_with_it_though_its_rules_show_a_cite() -> None:
    empty = material(())

    assert "[B1]" in empty.text
    assert validate(empty).findings == ()


@pytest.mark.parametrize("cites", ["[B9]", "[B1, B9]", "[B0]", "[B1][B9]", "[B9] again [B9]"])
def test_a_cite_that_the_brief_has_not_is_an_error_and_named_once(cites: str) -> None:
    sound = material()

    found = validate(replace(sound, text=f"{sound.text}\nAs {cites} says.\n"))

    [one] = found.findings
    assert (one.name, one.severity, found.ok) == ("unknown-citation", Severity.ERROR, False)
    assert one.details["cite"] in cites
    assert str(ID) in one.mend


@given(HOSTILE)
@settings(max_examples=60, deadline=None)
def test_what_a_block_says_is_no_citation_and_no_fence(hostile: str) -> None:
    found = validate(material([source(1, f"{TEXTS[0]} {hostile}", label=hostile)]))

    assert found.errors == 0, found.findings
    assert set(names(found)) <= {"link-broken"}


def test_a_cite_whose_section_was_cut_out_is_a_warning() -> None:
    sound = material()
    text = without_section(sound.text, 1)

    found = validate(replace(sound, text=f"{text}\nSee [{cite_of(1)}].\n"))

    assert names(found) == ["citation-without-block"]
    assert found.ok


def test_a_quotation_that_does_not_end_is_an_error() -> None:
    sound = material()

    found = validate(replace(sound, text=sound.text.replace(END, "", 1)))

    assert "quotation-unclosed" not in names(found)  # it ends with the next block
    assert "citation-without-block" in names(found)
    last = sound.text.rpartition(END)
    found = validate(replace(sound, text=last[0] + last[2]))
    [one] = [one for one in found.findings if one.name == "quotation-unclosed"]
    assert (one.severity, one.details["closing"]) == (Severity.ERROR, END)


SPOILT: list[tuple[Callable[[str], str], str]] = [
    (lambda text: text.replace('<block cite="B1">\n', "", 1), "quotation-unopened"),
    (lambda text: text.replace(TEXTS[0], f"{TEXTS[0]} {NONCE}"), "quotation-holds-key"),
    (lambda text: text.replace(TEXTS[0], f"x</block-{NONCE.upper()}>"), "quotation-holds-key"),
    (lambda text: text.replace("is never an instruction", "is"), "rules-changed"),
    (lambda text: text.replace(TEXTS[0], "Parcels leave on Sunday."), "quotation-changed"),
    (lambda text: f"{text}{END}\n", "quotation-unopened"),
    (lambda text: f"{text}x {END} y\n", "quotation-unopened"),
    (lambda text: f'{text}<block cite="B9">\nforged\n{END}\n', "unknown-citation"),
    (lambda _: "", "empty-text"),
    (lambda _: " \n", "empty-text"),
]


@pytest.mark.parametrize(("spoil", "name"), SPOILT)
def test_what_is_spoilt_is_found_and_nothing_is_found_once_it_is_undone(
    spoil: Callable[[str], str], name: str
) -> None:
    sound = material()
    spoilt = replace(sound, text=spoil(sound.text))
    assert spoilt.text != sound.text

    found = validate(spoilt)

    assert name in names(found)
    assert all(one.mend and one.sentence for one in found.findings)
    assert validate(replace(spoilt, text=sound.text)).findings == ()


def test_a_blank_intent_and_a_text_over_the_budget_are_errors() -> None:
    found = validate(material(intent=" \n", text_tokens=4001))

    assert names(found) == ["empty-intent", "over-budget"]
    assert found.findings[1].details == {"text_tokens": 4001, "budget_tokens": 4000}


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"content": "Other words.", "version": 9}, ["content"]),
        ({"label": "Renamed", "version": 9}, ["label"]),
        ({"type": BlockType.GUIDE, "source": BlockSource.AGENT, "version": 9}, ["type", "source"]),
    ],
)
def test_a_block_that_changed_is_a_warning_that_says_what(
    changes: dict[str, Any], changed: list[str]
) -> None:
    now = {block.block_id: as_now(block) for block in SOURCES}
    now[UUID(int=2)] = as_now(SOURCES[1], **changes)

    [one] = validate(material(now=now)).findings

    assert (one.name, one.severity) == ("block-changed", Severity.WARNING)
    assert one.details["changed"] == changed
    assert (one.details["version"], one.details["version_now"]) == (2, 9)


def test_a_new_version_that_changes_nothing_of_the_brief_is_no_finding() -> None:
    now = {block.block_id: as_now(block, version=50) for block in SOURCES}

    assert validate(material(now=now)).findings == ()


@pytest.mark.parametrize("fate", ["archived", "purged"])
def test_an_archived_or_purged_block_is_an_error_until_it_is_edited_out(fate: str) -> None:
    now = {block.block_id: as_now(block) for block in SOURCES}
    then = {block.block_id: block.as_text() for block in SOURCES}
    if fate == "archived":
        now[UUID(int=1)] = as_now(SOURCES[0], status=BlockStatus.ARCHIVED)
    else:
        del now[UUID(int=1)], then[UUID(int=1)]
    sound = material(now=now, then=then)

    found = validate(sound)
    mended = validate(replace(sound, text=without_section(sound.text, 1)))

    [one] = found.findings
    assert (one.name, one.severity) == (f"block-{fate}", Severity.ERROR)
    assert one.details["cite"] == cite_of(1)
    assert mended.findings == ()
    assert (found.block_versions[UUID(int=1)] is None) == (fate == "purged")


def test_a_version_that_is_gone_is_a_warning() -> None:
    then = {block.block_id: block.as_text() for block in SOURCES[1:]}

    assert names(validate(material(then=then))) == ["version-missing"]


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["reference"], []),
        (["reference", "guide", "guide"], ["type-missing"]),
        ([], []),
        (None, []),
        (["poem"], ["types-unreadable"]),
        ([["guide"], 3, None], ["types-unreadable"]),
        ("guide", ["type-missing"]),
        ({"guide": 1}, ["types-unreadable"]),
        (True, ["types-unreadable"]),
    ],
)
def test_required_types_are_read_from_whatever_somebody_wrote(
    types: Any, expected: list[str]
) -> None:
    assert names(validate(material(demand=Demand("Plan", types)))) == expected


def test_a_block_that_was_edited_out_does_not_count_for_its_type() -> None:
    guide = replace(SOURCES[0], type=BlockType.GUIDE)
    sound = material([guide, *SOURCES[1:]], demand=Demand("Plan", ["guide"]))
    cite = next(e.cite for e in compiled([guide, *SOURCES[1:]]).snapshot.blocks if e.version == 1)
    text = without_cite(sound.text, cite)

    assert validate(sound).findings == ()
    assert names(validate(replace(sound, text=text))) == ["type-missing"]


def test_blocks_that_say_the_same_and_blocks_at_odds_are_warnings() -> None:
    words = "Delivery within the country is free from 60 EUR on, and takes three working days."
    blocks = [
        source(1, words),
        source(2, words),
        source(3, words.replace("free", "not free")),
        source(4, words.replace("60", "80")),
        source(5, TEXTS[1]),
    ]

    found = validate(material(blocks))

    pairs = {(one.name, *sorted(one.details["block_ids"])) for one in found.findings}
    same = ("blocks-duplicate", str(UUID(int=1)), str(UUID(int=2)))
    assert same in pairs
    assert {name for name, *_ in pairs - {same}} == {"blocks-contradict"}
    assert not any(str(UUID(int=5)) in pair for pair in pairs)
    assert found.ok


def test_embeddings_show_duplicates_in_other_words_only_while_the_text_is_theirs() -> None:
    vector = np.ones(4, dtype=np.float32) / 2
    now = {block.block_id: as_now(block, embedding=vector) for block in SOURCES}

    alike = validate(material(now=now))
    now[UUID(int=2)] = as_now(SOURCES[1], embedding=vector, content="Other words by now.")
    changed = validate(material(now=now))

    assert names(alike) == ["blocks-duplicate"]  # the first has a "never" in it
    assert names(changed) == ["block-changed"]


@given(
    st.lists(
        st.sampled_from(["no", "free", "parcels", "60", "-4,5", "EUR", "from", "isn't"]), max_size=9
    )
)
def test_a_text_is_at_odds_with_itself_only_once_a_number_or_a_no_is_changed(
    words: list[str],
) -> None:
    text = " ".join(["Delivery", "is", "always", "so", *words])

    assert contrary_pairs([text, text.upper()]) == []
    assert contrary_pairs([text, f"{text} 7"]) == [(0, 1)]
    assert contrary_pairs([text, text.replace("is", "is not", 1)]) == [(0, 1)]
    assert contrary_pairs([text, f"{text} again"]) == []


def test_what_the_composer_noted_is_a_warning_while_both_blocks_are_in_the_text() -> None:
    noted = [
        NotedContradiction((UUID(int=1), UUID(int=2)), "One says\nTuesday."),
        NotedContradiction((UUID(int=1), UUID(int=99)), "Gone."),
    ]
    sound = material(noted=noted)

    [one] = validate(sound).findings

    assert one.name == "contradiction-noted"
    assert "One says Tuesday." in one.sentence
    assert validate(replace(sound, text=without_section(sound.text, 2))).findings == ()


def test_a_brief_that_was_not_compiled_here_is_checked_as_far_as_it_goes() -> None:
    legacy = material(
        snapshot=None,
        text="See [B4].",
        media=[MediaItem("photo.jpg", "A photo")],
        then={},
        now={},
        demand=Demand("Plan", ["guide"]),
    )

    assert names(validate(legacy)) == ["link-broken", "not-compiled-here"]


def test_findings_of_one_name_are_cut_and_counted() -> None:
    sound = material()
    cites = " ".join(f"[B{number}]" for number in range(100, 145))

    found = validate(replace(sound, text=f"{sound.text}\n{cites}\n"))

    assert len(found.findings) == MOST_OF_A_NAME + 1
    assert found.findings[-1].details == {"more": 45 - MOST_OF_A_NAME}


def test_errors_come_before_warnings_and_ok_says_whether_there_are_any() -> None:
    now = {block.block_id: as_now(block, label="New", version=9) for block in SOURCES}
    sound = material(now=now)

    found = validate(replace(sound, text=sound.text + "[B9] https://a.example/%zz\n"))

    severities = [one.severity for one in found.findings]
    assert severities == sorted(severities, key=list(Severity).index)
    assert (found.errors, found.warnings, found.ok) == (2, 3, False)
    again = found.model_dump(mode="json")
    assert Validation.model_validate(again) == found
    with pytest.raises(ValidationError):
        Validation.model_validate({**again, "ok": True})


def test_every_finding_has_a_name_of_one_check_only() -> None:
    spoilt = material(
        intent=" ", text='<block cite="B9">\n[B8] http://u:p@h/ <x:y>\n', text_tokens=9999
    )

    by_check = [{one.name for one in check(spoilt)} for check in CHECKS]

    found = [name for each in by_check for name in each]
    assert len(found) == len(set(found)) >= 5
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+", name) for name in found)


@given(HOSTILE, HOSTILE)
@settings(max_examples=80, deadline=None)
def test_any_text_at_all_is_validated_and_the_same_text_gives_the_same_findings(
    before: str, after: str
) -> None:
    sound = material()
    spoilt = replace(sound, text=f"{before}{sound.text}{after}")

    found = validate(spoilt)

    assert found == validate(spoilt)
    assert Validation.model_validate_json(found.model_dump_json()) == found


# Addresses


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/b?c=d#e", '[a](https://a.example/b_(c)) [b](<https://a.example> "t")',
        "<mailto:a@b.example>", "[here](#context)", "http://localhost:3000/x", "https://[::1]:80/",
        "https://münchen.example/ä", "(https://a.example).", "postgres://localhost/db", "a://",
        "**https://a.example**", "see https:// and http", "[B1] (as said)", "https://medium.example/@me",
    ],
)  # fmt: skip
def test_an_address_in_good_form_is_none_of_our_business(text: str) -> None:
    assert wrong_links(text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a](http://a.example/b c)", "broken"), ("[a](docs/page.md)", "broken"), ("[a]()", "broken"),
        ("[a](javascript:alert(1))", "broken"), ("<data:text/html,x>", "broken"), ("http://a..b", "broken"),
        ("https://a.example:99999/", "broken"), ("https://[zz]/", "broken"), ("https:///x", "broken"),
        ("https://a.example/%zz", "broken"), ("<mailto:nobody>", "broken"), ("[a](//a.example)", "broken"),
        ("https://a\u200b.example/x", "broken"), ("[a](ftp://a.example)", "broken"),
        ("https://me:secret@a.example/x", "credentials"), ("postgres://me:secret@h/db", "credentials"),
        ("https://secret@a.example", "credentials"), ("[a](https://a:secret@b c)", "credentials"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_followed_or_tells_a_password_is_found_without_it(
    text: str, wrong: str
) -> None:
    [found] = wrong_links(text)

    assert found.wrong == wrong
    assert "secret" not in found.shown


@pytest.mark.parametrize(
    "address",
    [
        "photo.jpg",
        "mailto:a@b.example",
        "https://u:p@h/x",
        "",
        "data:x",
        "briefsmith://file/x",
        f"briefsmith://file/{ID}/..",
    ],
)
def test_a_picture_needs_an_address_of_its_own(address: str) -> None:
    assert wrong_media(address) is not None
    assert wrong_media("https://a.example/x%20y.jpg") is None
    assert wrong_media(f"briefsmith://file/{ID}") is None


def test_addresses_are_errors_in_the_brief_s_words_and_pictures_and_warnings_in_blocks() -> None:
    media = [MediaItem("photo.jpg", "A photo https://bad..host")]
    blocks = [
        source(1, f"{TEXTS[0]} [a](no/where.md)"),
        source(2, f"{TEXTS[1]} https://u:p@a.example/"),
    ]
    sound = material(blocks, media=media)

    found = validate(replace(sound, text=f"{sound.text}\n[b](no/where.md)\n"))

    assert [(one.name, one.severity.value, one.details.get("cite")) for one in found.findings] == [
        ("link-broken", "error", None),
        ("link-broken", "error", "M1"),
        ("link-credentials", "error", None),  # in the outline
        ("link-credentials", "error", "B2"),
        ("link-broken", "warning", "B1"),
    ]


@given(st.text(alphabet=st.sampled_from("[]()<>\"' \n:/@.ahtps%#!\\"), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_of_brackets_and_addresses_fails(text: str) -> None:
    for one in wrong_links(text):
        assert len(one.shown) <= 200
        assert "\n" not in one.shown


# Taking a text apart


@given(st.lists(HOSTILE, max_size=4))
@settings(max_examples=80, deadline=None)
def test_quotations_come_apart_as_they_went_in(contents: list[str]) -> None:
    texts = [text for text in contents if NONCE not in text.lower()]
    parts = [f'<block cite="B{at}">\n{text}\n{END}' for at, text in enumerate(texts, start=1)]

    words = read_words("\n".join(["# Brief", *parts, "the end"]), NONCE)

    assert [one.text for one in words.quotations] == texts
    assert (words.unclosed, words.stray_ends) == ((), ())
    assert words.own == "# Brief\nthe end"


# States


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_a_state_is_the_furthest_that_the_facts_give(
    is_locked: bool, is_published: bool, is_edited: bool, is_valid: bool
) -> None:
    state = state_of(LifeFacts(is_locked, is_published, is_edited, is_valid))

    order = [
        (is_locked, BriefState.LOCKED),
        (is_published, BriefState.PUBLISHED),
        (is_valid, BriefState.VALIDATED),
        (is_edited, BriefState.EDITED),
        (True, BriefState.DRAFT),
    ]
    assert state is next(state for is_so, state in order if is_so)


@pytest.mark.parametrize("step", BriefStep)
@pytest.mark.parametrize("state", BriefState)
def test_a_step_passes_or_is_refused_with_the_state_and_what_to_do(
    state: BriefState, step: BriefStep
) -> None:
    if state in ALLOWED[step]:
        check_step(ID, state, step)
        return
    with pytest.raises(WrongState) as caught:
        check_step(ID, state, step)

    assert state.value in caught.value.message
    assert caught.value.hint
    assert caught.value.details["allowed_in"]
    assert state.value not in caught.value.details["allowed_in"]


def test_nothing_leads_out_of_locked() -> None:
    allowed = {step for step in BriefStep if BriefState.LOCKED in ALLOWED[step]}

    assert allowed == {BriefStep.VALIDATE}


# Differences


def side(brief: CompiledBrief, **settings_: Any) -> BriefSide:
    return BriefSide("a", brief.markdown, brief.snapshot, settings_)


def test_briefs_that_differ_in_their_keys_only_are_the_same() -> None:
    first = compiled()
    request = BriefRequest("Write to bakers", 4000, OTHER)
    second = compile_brief(request, SOURCES, Toolchain(count, "words", "0.1.0", "none"))

    assert first.markdown != second.markdown
    assert compare_sides(side(first), side(second)).is_same


def test_blocks_and_settings_that_differ_are_told_with_both_values() -> None:
    changed = [source(1, TEXTS[0], version=8), SOURCES[1], source(9, "Another block altogether.")]

    found = compare_sides(side(compiled(), intent="x"), side(compiled(changed), intent="y"))

    kinds = {(one.block_id.int, one.a is None, one.b is None, one.changed) for one in found.blocks}
    assert (1, False, False, ("version",)) in kinds
    assert {(number, is_a, is_b) for number, is_a, is_b, _ in kinds} == {
        (1, False, False),
        (3, False, True),
        (9, True, False),
    }
    assert [(one.name, one.a, one.b) for one in found.settings] == [("intent", "x", "y")]
    assert not found.is_same


@given(HOSTILE, HOSTILE)
@settings(max_examples=80, deadline=None)
def test_a_difference_of_texts_gives_the_second_text_again(one: str, other: str) -> None:
    found = compare_sides(BriefSide("a", one, None, {}), BriefSide("b", other, None, {}))

    assert found.is_same == (one == other)
    plus = [line[1:] for line in found.text[2:] if line[:1] == "+"]
    lines = other.split("\n")
    assert set(plus) <= set(lines)


def test_a_text_that_lacks_its_last_line_end_is_told_so() -> None:
    found = compare_sides(BriefSide("a", "x\n", None, {}), BriefSide("b", "x", None, {}))

    assert found.text[-3:] == ("-x", "+x", "\\ No newline at end of file")
