"""Migration files fall into their statements at the semicolons that end one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.postgres.migrate import split_statements
from briefsmith.sql import migrations

_text = st.text(st.sampled_from("ab ;\n-'\"$/*\\e1"), max_size=8)

_strings = _text.map(lambda text: "'" + text.replace("'", "''") + "'")
_escaped = _text.map(lambda text: " E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'")
_names = _text.map(lambda text: '"' + text.replace('"', '""') + '"')
_quoted = st.tuples(st.sampled_from(["$$", "$a$", "$a_1$", "$É$"]), _text).map(
    lambda part: f" {part[0]}{part[1].replace('$', '')}{part[0]}"
)
_line_comments = _text.map(lambda text: "--" + text.replace("\n", " ") + "\n")
_block_comments = _text.map(lambda text: "/*" + text.replace("*/", "").replace("/", "") + " */")
_words = st.sampled_from(
    ["select", " a1 ", " $1 ", " x - y ", " endless ", " the_case ", " begin ", " 5 / 2 "]
)
_cases = st.sampled_from([" case when a then b end ", " CASE a WHEN 1 THEN 2 END "])
_bodies = st.lists(
    st.one_of(_strings, _words, _cases, _block_comments).map(lambda part: f"{part};"), max_size=3
).map(lambda parts: f" begin atomic {' '.join(parts)} end ")

_parts = st.one_of(
    _strings, _escaped, _names, _quoted, _line_comments, _block_comments, _words, _cases, _bodies
)
# A word in front: two strings side by side would be one string with a quote in it.
_statements = st.lists(_parts, max_size=5).map(lambda parts: "do " + " x ".join(parts) + " y")


@given(
    statements=st.lists(_statements, min_size=1, max_size=5),
    ending=st.sampled_from(["", ";", ";\n", "; -- the end"]),
)
def test_statements_that_are_put_together_come_apart_again(
    statements: list[str], ending: str
) -> None:
    text = ";\n".join(statements) + ending

    assert list(split_statements(text)) == statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n", []),
        ("-- only a remark; with a semicolon", []),
        ("/* only; a remark */", []),
        ("select 1", ["select 1"]),
        ("select '--x'", ["select '--x'"]),
        ("select 1; -- done", ["select 1"]),
        ("-- why\nselect 1;", ["-- why\nselect 1"]),
        ("select 'it''s; so'; b", ["select 'it''s; so'", "b"]),
        (r"select E'it\'s; so'; b", [r"select E'it\'s; so'", "b"]),
        (r"select 'a\'; b", [r"select 'a\'", "b"]),
        ("do $x$ a; $$ b; $$ $x$; c", ["do $x$ a; $$ b; $$ $x$", "c"]),
        ("select $1; b", ["select $1", "b"]),
        (
            "begin atomic a; case when b then c end; d; end; e",
            ["begin atomic a; case when b then c end; d; end", "e"],
        ),
        ("select case a when 1 then 2 end; b", ["select case a when 1 then 2 end", "b"]),
        ("begin; commit;", ["begin", "commit"]),
    ],
)
def test_a_text_falls_into_its_statements(text: str, expected: list[str]) -> None:
    assert list(split_statements(text)) == expected


def test_nothing_of_our_migrations_is_lost_but_the_semicolons() -> None:
    for migration in migrations():
        parts = list(split_statements(migration.text))

        assert re.sub(r"[;\s]", "", "".join(parts)) == re.sub(r"[;\s]", "", migration.text)
        assert all(parts)
