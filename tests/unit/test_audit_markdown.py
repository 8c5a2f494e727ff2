from pathlib import Path

import pytest

from tests.unit.audits import audited


def places(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    return [(found.line, found.name) for found in audited(tmp_path, "a.md", text)]


@pytest.mark.parametrize(
    "text",
    [
        "The table profile_core_data is gone, and so is core_profile_data.\n",
        "# profile_core_data\n\n> core_profile_data\n",
        "See `docs/profile_core_data.md`, `profile_core_data.sql` and `my_profile_core_data`.\n",
        "<!-- `profile_core_data` -->\n",
        "[profile_core_data](https://example.org/core_profile_data)\n",
        "A lone ` before profile_core_data, and ``x`` after core_profile_data.\n",
        "```python\n# core_profile_data\nprint('the profile_core_data table')\n```\n",
        "```sql\ndrop table profile_core_data; -- core_profile_data\n```\n",
        "```diff\n- select * from profile_core_data\n```\n",
        "`profile_core_data` <!-- briefsmith: ignore -->\n",
    ],
)
def test_prose_and_names_of_files_are_no_references(tmp_path: Path, text: str) -> None:
    assert places(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Read `profile_core_data` first.\n", [(1, "profile_core_data")]),
        ("a\n`` task_briefs.core_profile_data ``\n", [(2, "core_profile_data")]),
        ("| a |\n|---|\n| `brief.core_profile_data` |\n", [(3, "core_profile_data")]),
        ("`select foo from task_briefs`\n", [(1, "foo")]),
        ("```\nx: core_profile_data\n```\n", [(2, "core_profile_data")]),
        ("~~~yaml\n\ntable: profile_core_data\n~~~\n", [(3, "profile_core_data")]),
        ("    psql -c 'table profile_core_data'\n", [(1, "profile_core_data")]),
        ("```SQL title=x\nselect foo\nfrom task_briefs\n```\n", [(2, "foo")]),
        ("```py\nbrief.core_profile_data\n```\n", [(2, "core_profile_data")]),
        ("```python\n>>> brief.core_profile_data\n{}\n```\n", [(2, "core_profile_data")]),
        ("```ts\ns.from('task_briefs').select('foo')\n```\n", [(2, "foo")]),
        (
            "- a\n\n  > ```js\n  > s.from('task_briefs')\n  >   .eq('foo', 1)\n  > ```\n",
            [(5, "foo")],
        ),
    ],
)
def test_code_is_read_by_its_language(
    tmp_path: Path, text: str, wanted: list[tuple[int, str]]
) -> None:
    assert places(tmp_path, text) == wanted


def test_the_column_is_that_of_the_file_where_code_is_indented(tmp_path: Path) -> None:
    text = "1. é\r\n\r\n   ```sql\r\n   select 'é', foo from task_briefs\r\n   ```\r\n"

    (found,) = audited(tmp_path, "a.md", text)

    assert (found.line, found.column) == (4, 16)
