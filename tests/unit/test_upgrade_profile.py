"""What a row of profile_core_data becomes."""

from typing import Any

import pytest

from briefsmith.schema_sync.upgrade.exact_json import dumps, loads
from briefsmith.schema_sync.upgrade.locales import language_tag
from briefsmith.schema_sync.upgrade.mapping import map_user
from briefsmith.schema_sync.upgrade.rebuild import rebuild
from briefsmith.schema_sync.upgrade.rows import NewRow, Outcome
from tests.unit.upgrade_final import check, stored
from tests.unit.upgrade_rows import IDS, USER, source_rows

_FULL: dict[str, Any] = {
    "display_name": "Ada",
    "brand_or_company": "Engines & Sons",
    "sns_links": {"instagram": "https://i.example/ada", "more": ["a", None]},
    "tone_preferences": "Warm.\nNever loud.",
    "logo_url": "https://cdn.example/logos/ada%20logo.png?v=2",
    "locale": "de-AT",
    "updated_at": "2024-05-01T10:00:00+00:00",
}


def _map(*profiles: dict[str, Any]) -> Outcome:
    """Their rows, which hold to the schema and can be made again."""
    owned = [
        ("profile_core_data", {"id": legacy_id, "user_id": str(USER), **profile})
        for legacy_id, profile in zip(IDS, profiles, strict=False)
    ]
    rows = source_rows(owned, USER)
    outcome = map_user(USER, rows)
    found = [stored(row) for row in outcome.rows]
    check(found)
    again = {name: dumps(value) for name, value in rebuild(found).items()}
    assert again == {(row.table, row.key): dumps(loads(row.text)) for row in rows}
    return outcome


def _by_label(outcome: Outcome) -> dict[str, NewRow]:
    return {str(row.values["label"]): row for row in outcome.rows}


def test_each_filled_field_becomes_context() -> None:
    found = _by_label(_map(_FULL))

    assert set(found) == {"Name and brand", "Tone of voice", "Links", "Logo"}
    name, tone, links, logo = (
        found[one].values for one in ("Name and brand", "Tone of voice", "Links", "Logo")
    )
    assert name["content"] == 'Name: "Ada"\nBrand or company: "Engines & Sons"'
    assert (name["type"], tone["type"], links["type"]) == ("reference", "style_guide", "reference")
    assert tone["content"] == "Warm.\nNever loud."
    assert links["content"] == (
        'sns_links.instagram: "https://i.example/ada"\nsns_links.more[0]: "a"\nsns_links.more[1]: null'
    )
    assert all(one["meta_locale"] == "de-AT" for one in (name, tone, links))
    assert found["Logo"].table == "block_files"
    assert (logo["file_url"], logo["file_name"]) == (_FULL["logo_url"], "ada%20logo.png")
    assert logo["storage_domain"] == "user-library"
    assert all(one["created_at"] == _FULL["updated_at"] for one in (name, tone, links, logo))


def test_the_place_of_every_leaf_is_named() -> None:
    [links] = [row for label, row in _by_label(_map(_FULL)).items() if label == "Links"]

    assert [source.path for source in links.sources] == [
        "$.sns_links.instagram",
        "$.sns_links.more[0]",
        "$.sns_links.more[1]",
    ]


def test_of_several_profiles_the_newest_has_the_plain_labels() -> None:
    older = {**_FULL, "display_name": "Old Ada", "updated_at": "2020-01-01T00:00:00+00:00"}

    found = _by_label(_map(older, _FULL))

    assert '"Ada"' in str(found["Name and brand"].values["content"])
    assert '"Old Ada"' in str(found["Name and brand (2)"].values["content"])


@pytest.mark.parametrize(
    ("locale", "tag", "is_line"),
    [
        ("de", "de", False),
        ("zh-Hant-TW", "zh-Hant-TW", False),
        ("en_US", "en-US", True),
        ("Klingon!", None, True),
    ],
)
def test_a_locale_is_a_language_tag_or_text(locale: str, tag: str | None, is_line: bool) -> None:
    name = _by_label(_map({"display_name": "Ada", "locale": locale}))["Name and brand"].values

    assert name["meta_locale"] == tag
    assert (f"Locale: {dumps(locale)}" in str(name["content"])) is is_line


def test_a_language_tag_alone_is_context_too() -> None:
    outcome = _map({"locale": "fr"})

    assert [row.values["content"] for row in outcome.rows] == ['Locale: "fr"']


@pytest.mark.parametrize("links", [None, {}, [], "", {"a": None, "b": {}}])
def test_links_that_say_nothing_are_a_line_beside_the_name(links: Any) -> None:
    outcome = _map({"display_name": "Ada", "sns_links": links})

    assert [row.values["content"] for row in outcome.rows] == [
        f'Name: "Ada"\nLinks: {dumps(links)}'
    ]


@pytest.mark.parametrize("links", ["https://x.example", ["a", "b"], loads("7"), loads("1.10")])
def test_links_of_any_form_are_read_line_by_line(links: Any) -> None:
    found = _by_label(_map({"sns_links": links}))

    assert set(found) == {"Links"}


def test_a_profile_that_says_nothing_is_kept_as_text() -> None:
    outcome = _map({"display_name": "  ", "sns_links": {}})

    [kept] = outcome.rows
    assert kept.values["label"] == "Kept from the old database"
    assert f'profile_core_data {IDS[0]} $.display_name = "  "' in str(kept.values["content"])
    assert kept.values["requires_user_review"] is True
    assert [reason.code for reason in outcome.reasons] == ["row_kept_as_text"]


@pytest.mark.parametrize(
    "text",
    [
        "de",
        "de-1996",
        "sl-rozaj-biske",
        "en-US-u-ca-buddhist",
        "x-y",
        "i",
        "",
        "de--AT",
        "english language",
        "e" * 9,
        7,
    ],
)
def test_only_what_has_the_form_of_a_language_tag_is_one(text: Any) -> None:
    is_tag = text in {"de", "de-1996", "sl-rozaj-biske", "en-US-u-ca-buddhist"}

    assert (language_tag(text) == text) is is_tag
