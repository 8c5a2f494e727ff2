"""What is decided about legacy rows that the final schema does not take as they are."""

from decimal import Decimal
from typing import Any

import pytest

from briefsmith.schema_sync.upgrade.exact_json import dumps, loads
from briefsmith.schema_sync.upgrade.mapping import map_shared, map_user
from briefsmith.schema_sync.upgrade.rebuild import rebuild
from briefsmith.schema_sync.upgrade.rows import NewRow, Outcome
from tests.unit.upgrade_final import check, stored
from tests.unit.upgrade_rows import IDS, USER, source_rows

_A, _B, _C = IDS[:3]
_OLD, _NEW = "2020-01-01T00:00:00+00:00", "2024-01-01T00:00:00+00:00"


def _map(*rows: tuple[str, dict[str, Any]], crude: bool = False) -> Outcome:
    """What becomes of rows; it holds to the schema, and the rows can be made again."""
    owned = [(table, {"user_id": str(USER), **data}) for table, data in rows]
    legacy = source_rows(owned, USER)
    outcome = map_user(USER, legacy, crude_labels=crude)
    found = [stored(row) for row in outcome.rows]
    check(found)
    again = {name: dumps(value) for name, value in rebuild(found).items()}
    assert again == {(row.table, row.key): dumps(loads(row.text)) for row in legacy}
    return outcome


def _block(legacy_id: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "context_blocks", {"id": legacy_id, "label": legacy_id, "content": "x", **more}


def _file(legacy_id: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "block_files", {"id": legacy_id, "file_url": "u", "file_name": "n", "label": "l", **more}


def _row(outcome: Outcome, legacy_id: str, table: str = "context_blocks") -> NewRow:
    [row] = [one for one in outcome.rows if str(one.id) == legacy_id and one.table == table]
    return row


def _kept(outcome: Outcome) -> str:
    texts = [
        row.values["content"] for row in outcome.rows if row.values.get("meta_tags") == ["kept"]
    ]
    return "\n".join(str(text) for text in texts)


def _codes(outcome: Outcome) -> set[str]:
    return {reason.code for reason in outcome.reasons} - {"default_for_null"}


def test_the_oldest_of_blocks_with_one_label_keeps_it() -> None:
    outcome = _map(
        _block(_A, label="Tone", created_at=_NEW),
        _block(_B, label="tone", created_at=_OLD),
        _block(_C, label="TONE", created_at=_OLD, status="archived"),
    )

    assert [_row(outcome, one).values["label"] for one in (_A, _B, _C)] == [
        "Tone (2)",
        "tone",
        "TONE",
    ]
    assert f'context_blocks {_A} $.label = "Tone"' in _kept(outcome)
    [told] = [one for one in outcome.reasons if one.code == "label_told_apart"]
    assert (told.key, '"Tone (2)"' in told.sentence) == (_A, True)


def test_the_newest_of_two_primary_files_stays_primary_and_the_report_says_which() -> None:
    outcome = _map(
        _block(_A),
        _file(_A, is_primary=True, associated_block_id=_A, created_at=_NEW),
        _file(_B, is_primary=True, associated_block_id=_A, created_at=_OLD),
        _file(_C, is_primary=True),
    )

    found = [_row(outcome, one, "block_files").values["is_primary"] for one in (_A, _B, _C)]
    assert found == [True, False, True]
    [demoted] = [one for one in outcome.reasons if one.code == "primary_demoted"]
    assert (demoted.key, _A in demoted.sentence) == (_B, True)


def test_ids_of_files_that_are_not_there_are_dropped_and_kept_as_text() -> None:
    outcome = _map(_block(_A, file_ids=[_B, _C, None]), _file(_B))

    assert _row(outcome, _A).values["file_ids"] == [_B]
    assert f'$.file_ids[1] = "{_C}"' in _kept(outcome)
    assert _codes(outcome) == {"reference_dropped"}


def test_a_block_lists_the_files_that_name_it_behind_those_it_listed() -> None:
    outcome = _map(
        _block(_A, file_ids=[_C]),
        _block(_B),
        _file(_A, associated_block_id=_A, created_at=_NEW),
        _file(_B, associated_block_id=_A, created_at=_OLD),
        _file(_C, associated_block_id=_A),
    )

    assert _row(outcome, _A).values["file_ids"] == [_C, _B, _A]
    assert _row(outcome, _B).values["file_ids"] == []
    assert f'context_blocks {_A} $.file_ids[0] = "{_C}"' in _kept(outcome)
    [told] = [one for one in outcome.reasons if one.code == "files_listed"]
    assert (told.key, told.sentence[:2]) == (_A, "2 ")


def test_a_file_without_its_block_belongs_to_none() -> None:
    outcome = _map(_file(_A, associated_block_id=_B))

    assert _row(outcome, _A, "block_files").values["associated_block_id"] is None
    assert f'$.associated_block_id = "{_B}"' in _kept(outcome)


def test_rows_with_one_id_get_ids_of_their_own_and_references_go_to_the_first() -> None:
    outcome = _map(
        _block(_A, content="one"), _block(_A, content="two"), _block(_B, meta_derived_from=_A)
    )

    assert _row(outcome, _A).values["content"] == "one"
    assert _row(outcome, _B).values["meta_derived_from"] == _A
    assert _codes(outcome) == {"id_replaced", "label_told_apart"}
    assert f'context_blocks {_A}#2 $.id = "{_A}"' in _kept(outcome)


@pytest.mark.parametrize(
    ("column", "given", "becomes"),
    [
        ("type", "Style Guide", "style_guide"),
        ("type", "fact", "text"),
        ("status", "LOCKED", "locked"),
        ("version", Decimal(0), Decimal(1)),
        ("meta_visibility", "private", "hidden"),
        ("meta_locale", "en_GB", "en-GB"),
        ("meta_locale", "British", None),
        ("meta_tags", ["a", None, "b"], ["a", "b"]),
        ("meta_tags", [["a"], ["b"]], ["a", "b"]),
        ("meta_refreshable", "yes", True),
        ("meta_embedding", "[1,2,3]", None),
        ("last_refreshed_at", "infinity", None),
        ("content", "x" * 1_000_001, "x" * 1_000_000),
        ("label", "", "Untitled"),
        ("label", "word " * 101, ("word " * 100).strip()),
    ],
)
def test_what_a_column_cannot_hold_is_kept_as_text(column: str, given: Any, becomes: Any) -> None:
    outcome = _map(_block(_A, **{column: given}))

    assert _row(outcome, _A).values[column] == becomes
    assert f"context_blocks {_A} $.{column}" in _kept(outcome)
    assert _codes(outcome)


@pytest.mark.parametrize(
    ("output", "becomes"),
    [("Markdown ", "markdown"), ("Structured-JSON", "structured_json"), ("pdf", "markdown")],
)
def test_enum_like_texts_become_labels(output: str, becomes: str) -> None:
    outcome = _map(
        ("task_briefs", {"id": _A, "intent": "i"}),
        ("task_brief_outputs", {"id": _B, "task_brief_id": _A, "output_type": output}),
    )

    assert _row(outcome, _B, "task_brief_outputs").values["output_type"] == becomes
    assert f"$.output_type = {dumps(output)}" in _kept(outcome)


def test_a_vector_is_kept_with_the_name_legacy_and_one_of_another_width_is_archived() -> None:
    fits, other = ("[" + ",".join(["0.5"] * width) + "]" for width in (256, 1536))

    outcome = _map(_block(_A, meta_embedding=fits), _block(_B, meta_embedding=other))

    found = [_row(outcome, one).values for one in (_A, _B)]
    assert [(one["meta_embedding"], one["meta_embedding_model"]) for one in found] == [
        (fits, "legacy"),
        (None, None),
    ]
    [kept] = [row.values for row in outcome.rows if row.values["meta_tags"] == ["kept"]]
    assert (kept["status"], kept["label"]) == ("archived", "Kept from the old database: vectors")


@pytest.mark.parametrize("held", [None, {}, [], "", {"a": loads("1.10")}, loads("1" * 400)])
def test_the_copy_of_the_profile_goes_into_the_snapshot_of_its_brief(held: Any) -> None:
    outcome = _map(
        (
            "task_briefs",
            {"id": _A, "intent": "i", "core_profile_data": held, "core_context_snapshot": ["s"]},
        )
    )

    [brief] = outcome.rows
    assert brief.values["core_context_snapshot"] == {
        "legacy_core_profile_data": held,
        "legacy_core_context_snapshot": ["s"],
    }


@pytest.mark.parametrize("held", [loads("[" * 300 + "]" * 300), {"number": loads("1" * 5_000)}])
def test_json_that_python_does_not_read_is_kept_as_text(held: Any) -> None:
    outcome = _map(("task_briefs", {"id": _A, "intent": "i", "core_profile_data": held}))

    assert _row(outcome, _A, "task_briefs").values["core_context_snapshot"] is None
    assert "$.core_profile_data" in _kept(outcome)


def test_a_use_of_a_block_is_also_a_link_once() -> None:
    use = {"block_id": _A, "used_in_task_id": _A, "usage_type": "context"}

    outcome = _map(
        _block(_A),
        ("task_briefs", {"id": _A, "intent": "i"}),
        ("block_usage_history", {"id": _A, **use, "used_at": _NEW}),
        ("block_usage_history", {"id": _B, **use, "used_at": _OLD}),
        ("block_usage_history", {"id": _C, **use, "block_id": _B}),
    )

    [link] = [row.values for row in outcome.rows if row.table == "block_brief_link"]
    assert link == {
        "block_id": _A,
        "task_brief_id": _A,
        "transformation": "context",
        "created_at": _OLD,
    }
    assert "row_kept_as_text" in _codes(outcome)


def test_a_column_that_nobody_knows_is_kept_as_text() -> None:
    outcome = _map(_block(_A, **{"my column": {"a": [True]}, "$.label": "x"}))

    assert f'context_blocks {_A} $["my column"].a[0] = true' in _kept(outcome)
    assert f'context_blocks {_A} $["$.label"] = "x"' in _kept(outcome)


def test_a_block_that_has_the_label_of_what_is_kept_keeps_it() -> None:
    outcome = _map(_block(_A, label="kept FROM the old database", version=Decimal(0)))

    assert {str(row.values["label"]) for row in outcome.rows} == {
        "kept FROM the old database",
        "Kept from the old database (2)",
    }


def test_titles_of_one_version_are_told_apart_and_what_is_lost_stands_in_the_description() -> None:
    rows = source_rows(
        [
            (
                "task_brief_types",
                {"id": _A, "title": "Ad", "version": Decimal(1), "output_type": "PDF"},
            ),
            (
                "task_brief_types",
                {"id": _B, "title": "Ad", "version": Decimal(1), "description": "Text"},
            ),
        ],
        None,
    )

    outcome = map_shared(rows)

    first, second = (row.values for row in outcome.rows)
    assert (first["title"], second["title"]) == ("Ad", "Ad (2)")
    assert (
        first["description"]
        == f'\n\nKept from the old database:\ntask_brief_types {_A} $.output_type = "PDF"'
    )
    assert str(second["description"]).startswith("Text\n\nKept from the old database:\n")


def test_a_description_that_looks_like_one_with_something_kept_is_read_as_what_it_is() -> None:
    text = f"x\n\nKept from the old database:\ntask_brief_types {_B} $.title = 1"
    rows = source_rows([("task_brief_types", {"id": _A, "title": "Ad", "description": text})], None)

    found = rebuild([stored(row) for row in map_shared(rows).rows])

    assert {name: dumps(value) for name, value in found.items()} == {
        ("task_brief_types", _A): dumps(loads(rows[0].text))
    }


_MEGABYTE = "€\n" * 524_288


@pytest.mark.parametrize(
    ("table", "column", "given"),
    [
        ("profile_core_data", "display_name", _MEGABYTE),
        ("profile_core_data", "tone_preferences", _MEGABYTE),
        ("profile_core_data", "logo_url", _MEGABYTE),
        ("profile_core_data", "locale", _MEGABYTE),
        ("profile_core_data", "sns_links", {"a": _MEGABYTE, "b": "short"}),
        ("profile_core_data", "sns_links", {_MEGABYTE: {"b": _MEGABYTE}}),
        ("profile_core_data", "sns_links", ["x" * 100] * 9_000),
        ("context_blocks", "label", _MEGABYTE),
        ("context_blocks", "content", _MEGABYTE),
        ("context_blocks", "own_column", _MEGABYTE),
        ("task_briefs", "core_profile_data", {"a": _MEGABYTE}),
        ("agent_messages", "message_content", [_MEGABYTE]),
    ],
)
def test_a_megabyte_anywhere_is_accounted_for_in_blocks_that_are_not_too_long(
    table: str, column: str, given: Any
) -> None:
    _map((table, {"id": _A, column: given}))
