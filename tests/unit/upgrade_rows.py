"""Rows of a legacy database as hypothesis finds them: mostly plausible, often odd."""

import hashlib
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from briefsmith.schema_sync.upgrade.exact_json import dumps
from briefsmith.schema_sync.upgrade.rows import SourceRow

USER = UUID("0b5f5a57-3f0e-4b43-9a71-5f3f6f0a9c11")

# Few, so that rows collide and refer to each other.
IDS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(6)]

NUMBERS = [
    Decimal(text)
    for text in (
        "0",
        "1",
        "1.0",
        "1.10",
        "-0.5",
        "2",
        "2147483648",
        "-3",
        "1E400",
        "1E-30",
        "7" * 4500,
    )
]
TEXTS = [
    "",
    " ",
    "\n",
    "Acme",
    "acme ",
    "ACME",
    "İ",
    "i̇",
    "ẞ",
    "ss",
    "\u017f",
    "Tone of voice",
    "name AND brand",
    "Links",
    "Kept from the old database",
    "Kept from the old database:\n$.x = 1",
    "x\n\nKept from the old database:\ntask_brief_types a $.title = 1",
    "context_blocks null $.label = 1",
    "Markdown ",
    "public",
    "en-US",
    "en_US",
    "no tag",
    "true",
    "2024-02-30T00:00:00+00:00",
    'Name: "x"',
    "sns_links.a: 1",
    "line\r\nbreak\u2028\x1b[31m\x85",
    "x" * 600,
    " " * 600 + "x",
    "(part 1 of 2) = 3",
    "😀" * 501,
]
KEYS = [
    "a",
    "instagram",
    "",
    "a.b",
    '"',
    '"]',
    " = 1",
    "[0]",
    "ü",
    "\n",
    "$",
    "(part 1 of 2)",
    "0",
    "k" * 11_000,
]
TIMES = [
    "2024-01-01T00:00:00+00:00",
    "2024-01-01T00:00:00.5+00:00",
    "2023-06-01T12:30:00.123456+00:00",
    "2023-06-01T12:30:00.120+00:00",
    "2024-01-01T00:00:00+02:00",
    "2024-01-01T00:00:00",
    "infinity",
    "0044-03-15T00:00:00+00:00 BC",
    "0001-01-01T00:00:00+00:00",
    "12024-01-01T00:00:00+00:00",
]

# Neither NUL nor halves of pairs: PostgreSQL stores none.
_characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_text = st.sampled_from(TEXTS) | st.text(_characters, max_size=8)
_leaf = st.none() | st.booleans() | st.sampled_from(NUMBERS) | _text
_key = st.sampled_from(KEYS) | st.text(_characters, max_size=4)


def _deep(depth: int) -> Any:
    value: Any = Decimal("1.0")
    for level in range(depth):
        value = [value] if level % 3 else {"a b": value}
    return value


_ODD: list[Any] = [{}, [], _deep(50), _deep(300)]
_json: st.SearchStrategy[Any] = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_key, inner, max_size=4),
    max_leaves=8,
) | st.sampled_from(_ODD)
_uuid = st.sampled_from(IDS)
_texts = (
    st.lists(_text | st.none(), max_size=3)
    | st.just([["a", "b"], ["c", "d"]])
    | st.sampled_from([["t" * 5_000], ["kept"], ["profile"]])
)
_time = st.sampled_from(TIMES)
_bool = st.booleans()


def _labels(*labels: str) -> st.SearchStrategy[str]:
    return st.sampled_from(labels)


_vector = st.sampled_from(
    ["[" + ",".join(["0.5", "-1e-05"] * 128) + "]", "[1,2,3]", "[" + ",".join(["1"] * 1536) + "]"]
)
_outputs = _labels("markdown", "Markdown ", "structured-json", "PDF", "prompt_block")

COLUMNS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "agent_messages": {
        "task_id": _text,
        "agent_type": _text,
        "message_type": _text,
        "message_content": _json,
        "created_at": _time,
    },
    "agent_sessions": {
        "agent_type": _text,
        "created_at": _time,
        "metadata": _json,
        "inputs": _json,
        "status": _text,
        "task_type_id": _text,
    },
    "block_files": {
        "file_url": _text,
        "file_name": _text,
        "label": _text,
        "note": _text,
        "size_bytes": st.sampled_from([Decimal(0), Decimal(-1), Decimal(2147483647)]),
        "created_at": _time,
        "associated_block_id": _uuid,
        "is_primary": _bool,
    },
    "block_usage_history": {
        "block_id": _uuid,
        "used_in_task_id": _uuid,
        "used_at": _time,
        "agent_type": _text,
        "usage_type": _text,
    },
    "context_blocks": {
        "type": _labels("topic", "text", "style_guide", "Style Guide", "fact"),
        "label": _text,
        "content": _text,
        "source": _labels("user", "agent", "robot"),
        "version": st.sampled_from([Decimal(1), Decimal(0), Decimal(7)]),
        "created_at": _time,
        "file_ids": st.lists(_uuid | st.none(), max_size=3),
        "status": _labels("active", "locked", "archived", "Archived", "gone"),
        "importance": _labels("high", "medium", "low"),
        "meta_tags": _texts,
        "meta_context_scope": _text,
        "meta_agent_notes": _text,
        "meta_derived_from": _uuid,
        "meta_refreshable": _bool,
        "meta_embedding": _vector,
        "meta_locale": _text,
        "meta_visibility": _labels("visible", "hidden", "public", "?"),
        "is_auto_generated": _bool,
        "requires_user_review": _bool,
        "last_refreshed_at": _time,
        "meta_emotional_tone": _texts,
    },
    "deployment_configs": {
        "task_brief_id": _uuid,
        "model": _text,
        "temperature": st.sampled_from([Decimal("0.7"), Decimal(1), Decimal(3), "NaN"]),
        "max_tokens": st.sampled_from([Decimal(100), Decimal(0)]),
        "receiver": _text,
        "format": _text,
        "custom_notes": _text,
        "created_at": _time,
    },
    "profile_core_data": {
        "display_name": _text,
        "brand_or_company": _text,
        "sns_links": _json,
        "tone_preferences": _text,
        "logo_url": _text,
        "locale": _text | _labels("de", "zh-Hant-TW", "de-1996"),
        "updated_at": _time,
    },
    "task_brief_outputs": {
        "task_brief_id": _uuid,
        "config_id": _uuid,
        "content": _text,
        "output_type": _outputs,
        "agent_type": _text,
        "created_at": _time,
    },
    "task_briefs": {
        "intent": _text,
        "sub_instructions": _text,
        "media": _json,
        "core_profile_data": _json,
        "created_at": _time,
        "core_context_snapshot": _json,
        "is_draft": _bool,
        "is_published": _bool,
        "is_locked": _bool,
        "meta_emotional_tone": _texts,
        "meta_scope": _text,
        "meta_audience": _text,
        "updated_at": _time,
    },
}
TYPES: dict[str, st.SearchStrategy[Any]] = {
    "title": _text,
    "description": _text,
    "required_context_types": _json,
    "agent_flow": _json,
    "output_type": _outputs,
    "version": st.sampled_from([Decimal(1), Decimal(2), Decimal(2**31)]),
}
_WITHOUT_USER = {"deployment_configs", "task_brief_outputs", "block_usage_history"}


@st.composite
def _data(draw: st.DrawFn, columns: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """A row: half of its columns as they should be, some null, some of another type or nobody's."""
    data: dict[str, Any] = {}
    for name, strategy in columns.items():
        chance = draw(st.integers(0, 19))
        if chance < 13:
            data[name] = draw(strategy)
        elif chance == 19:
            odd = draw(_json)
            if odd is not None:
                data[name] = odd
    if draw(st.integers(0, 9)) == 0:
        data[
            draw(st.sampled_from(["feedback_score", "own column", "$.label", "update_policy"]))
        ] = draw(_leaf)
    return data


@st.composite
def people_rows(draw: st.DrawFn) -> list[SourceRow]:
    """All rows of one person."""
    found: list[tuple[str, dict[str, Any]]] = []
    tables = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=9))
    for table in tables:
        data = draw(_data(COLUMNS[table]))
        if table not in _WITHOUT_USER:
            data["user_id"] = str(USER)
        found.append((table, _with_id(draw, data)))
    return source_rows(found, USER)


@st.composite
def shared_rows(draw: st.DrawFn) -> list[SourceRow]:
    """All rows of everybody."""
    rows = draw(st.lists(_data(TYPES), max_size=5))
    return source_rows([("task_brief_types", _with_id(draw, data)) for data in rows], None)


def _with_id(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    if draw(st.integers(0, 9)):
        data["id"] = draw(_uuid)
    return data


def source_rows(found: list[tuple[str, dict[str, Any]]], user: UUID | None) -> list[SourceRow]:
    """Rows with keys: equal ids are numbered in the order of the texts."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for table, data in found:
        groups[table, data.get("id", "null")].append(dumps(data))
    rows: list[SourceRow] = []
    for (table, legacy_id), texts in groups.items():
        for number, text in enumerate(sorted(texts), 1):
            is_plain = number == 1 and legacy_id != "null"
            key = legacy_id if is_plain else f"{legacy_id}#{number}"
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            rows.append(SourceRow(table, key, user, text, sha256))
    return rows
