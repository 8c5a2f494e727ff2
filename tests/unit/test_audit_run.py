import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.audit.run import audit
from briefsmith.audit.source import Places, Source
from briefsmith.audit.walk import SKIPPED
from briefsmith.errors import InvalidInput, InvalidSetting
from tests.unit.audits import audited, audited_report, names, schema

REAL = "x = 'profile_core_data'\n"
DEPTH = 10_000


def test_places_of_all_files_of_a_folder_come_in_order(tmp_path: Path) -> None:
    for name in ("b.py", "a/z.py", "a/b.sql", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            "table profile_core_data;" if name.endswith("sql") else f"\n{REAL}{REAL}"
        )

    report = audit([tmp_path], schema())

    found = [(os.path.relpath(one.path, tmp_path), one.line, one.column) for one in report.findings]
    assert found == [
        ("a/b.sql", 1, 7),
        ("a/z.py", 2, 6),
        ("a/z.py", 3, 6),
        ("b.py", 2, 6),
        ("b.py", 3, 6),
    ]
    assert report.files == 3


def test_each_finding_says_what_to_use_instead(tmp_path: Path) -> None:
    code = "x = 'select core_profile_data, intnt from task_briefs'; y = 'profile_core_data.locale'"

    findings = audited(tmp_path, "a.py", code)

    assert [(one.what, one.instead) for one in findings] == [
        ("removed column task_briefs.core_profile_data", "use task_briefs.core_context_snapshot"),
        ("task_briefs has no column intnt", "perhaps task_briefs.intent"),
        ("removed column profile_core_data.locale", "use context_blocks.meta_locale"),
    ]


@pytest.mark.parametrize("folder", sorted(SKIPPED))
def test_folders_that_are_not_the_project_s_own_are_passed_over(
    tmp_path: Path, folder: str
) -> None:
    inner = tmp_path / folder / "deeper"
    inner.mkdir(parents=True)
    (inner / "a.py").write_text(REAL)

    assert audit([tmp_path], schema()).files == 0
    assert len(audit([tmp_path / folder], schema()).findings) == 1


def test_large_binary_and_special_files_are_counted_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_text(REAL * 100_000)
    (tmp_path / "binary.py").write_bytes(b"\x00" + REAL.encode())
    (tmp_path / "text.txt").write_text(REAL)
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.py")

    report = audit([tmp_path, tmp_path / "text.txt"], schema())

    assert report.findings == []
    assert report.warnings == []
    special = 2 if hasattr(os, "mkfifo") else 1
    assert report.ignored == {"large": 1, "binary": 1, "special": special, "other": 1}


def test_links_are_followed_to_files_but_not_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(REAL)
    (tmp_path / "same.py").symlink_to("a.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "again").symlink_to(".")
    (tmp_path / "gone.py").symlink_to("nowhere.py")

    report = audit([tmp_path, tmp_path], schema())

    assert len(report.findings) == 1
    assert {Path(one.path).name for one in report.warnings} == {"loop.py", "gone.py"}


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        audit([tmp_path / "nowhere"], schema())


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is closed to root")
def test_a_closed_folder_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)

    report = audit([tmp_path], schema())

    assert [one.path for one in report.warnings] == [str(closed)]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.py", b"x = 'profile_core_data \xe9'", "is not UTF-8 (byte 23)"),
        ("a.py", b"x = (", "Python: '(' was never closed"),
        ("a.ts", b"const = ;", "TypeScript: syntax error"),
        ("a.sql", b"selec 1", 'syntax error at or near "selec"'),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)

    report = audit([tmp_path], schema())

    assert [(Path(one.path).name, one.reason) for one in report.warnings] == [(name, reason)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", f"{REAL}y = {'(' * DEPTH}1{')' * DEPTH}"),
        ("a.py", f"{REAL}y = {'-' * DEPTH}1"),
        ("a.py", f"{REAL}y = {'+'.join(['x'] * DEPTH)}"),
        ("a.py", f"{REAL}y = a{'.b()' * DEPTH}"),
        ("a.py", f"{REAL}y = f'{'{x}' * DEPTH}'"),
        ("a.ts", f"{REAL}{'(' * DEPTH}1{')' * DEPTH}"),
        ("a.ts", f"{REAL}a{'.b()' * DEPTH}"),
        ("a.js", f"{REAL}{'a => {{' * DEPTH}"),
        ("a.js", f"{REAL}s.from('task_briefs').select('{'a(' * DEPTH}')"),
        ("a.sql", f"table profile_core_data; select {'(' * DEPTH}1{')' * DEPTH}"),
        ("a.sql", f"table profile_core_data; select 1 {'+ 1' * DEPTH}"),
        ("a.sql", f"table profile_core_data; select 1 {'union select 1 ' * DEPTH}"),
        ("a.sql", f"{'/*' * DEPTH} profile_core_data"),
        ("a.sql", f"do $$ begin {'begin ' * DEPTH} perform 1 from profile_core_data"),
        ("a.md", f"{'> ' * DEPTH}`profile_core_data`"),
        ("a.md", f"{'`' * DEPTH} profile_core_data"),
        ("a.py", "x = '" + "profile_core_data " * 110_000 + "'"),
        ("a.sql", "select '" + "profile_core_data " * 110_000 + "'"),
        ("a.js", "x = '" + "profile_core_data " * 110_000 + "'"),
    ],
)
def test_hostile_files_are_read_or_told(tmp_path: Path, name: str, text: str) -> None:
    report = audited_report(tmp_path, name, text)

    assert report.files == 1
    assert all(one.line >= 1 and one.column >= 1 for one in report.findings)
    assert all(one.reason for one in report.warnings)


@given(
    data=st.lists(
        st.sampled_from([
            b"select ", b"foo ", b"from ", b"task_briefs", b"('", b"')", b'"', b"`", b"{", b"}", b"\n",
            b"core_profile_data", b"$$", b"\\", b"f'", b".", b"/*", b"--", b"\xe9", b"\xc3\xa9", b"=",
            b"class X:\n ", b"```sql\n",
        ]),
        max_size=25,
    ),
    name=st.sampled_from(["a.py", "a.sql", "a.js", "a.tsx", "a.md"]),
)  # fmt: skip
@settings(max_examples=250)
def test_no_bytes_make_the_audit_fail(
    tmp_path_factory: pytest.TempPathFactory, data: list[bytes], name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(b"".join(data))

    report = audit([path], schema())

    lines = b"".join(data).decode("utf-8", "replace").splitlines()
    assert all(one.line <= len(lines) + 1 for one in report.findings)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.py", "x = 'profile_core_data'  # briefsmith: ignore"),
        ("a.py", "x = '''\nselect foo -- briefsmith: ignore\nfrom task_briefs'''"),
        ("a.sql", "table profile_core_data; -- briefsmith: ignore  it is the old one"),
        ("a.ts", "x('profile_core_data') // briefsmith: ignore"),
        ("a.ts", "x('profile_core_data') /* briefsmith:ignore */"),
    ],
)
def test_a_comment_on_the_line_suppresses(tmp_path: Path, name: str, line: str) -> None:
    assert audited(tmp_path, name, line) == []
    assert len(audited(tmp_path, name, line.replace("ignore", "see"))) == 1


def test_a_removed_table_is_no_history_unless_a_later_migration_drops_it(tmp_path: Path) -> None:
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True)
    (folder / "20240101_a.sql").write_text("create table profile_core_data (id int);")
    (folder / "20240102_b.sql").write_text("drop table profile_core_data;")
    (folder / "20240103_c.sql").write_text("create table public.profile_core_data (id int);")

    report = audit([tmp_path], schema())

    assert [Path(one.path).name for one in report.history] == ["20240101_a.sql"]
    assert [Path(one.path).name for one in report.findings] == ["20240103_c.sql"]


def test_a_missing_parser_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pglast", "tree_sitter_javascript"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)

            with pytest.raises(InvalidSetting) as caught:
                audit([tmp_path], schema())

        assert module in caught.value.message
        assert "pip install 'briefsmith[audit]'" in caught.value.hint


@given(st.text(alphabet="aé💡\n\r", max_size=40))
def test_bytes_and_characters_and_lines_agree(text: str) -> None:
    places, source = Places(text), Source("x", text)
    for character in range(len(text) + 1):
        before = text[:character]
        assert places.character(len(before.encode())) == character
        line, column = source.position(character)
        if not before.endswith("\r"):
            lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            assert (line, column) == (len(lines), len(lines[-1]) + 1)
            assert source.offset(line, len(lines[-1].encode())) == character


def test_the_report_is_plain_json(tmp_path: Path) -> None:
    report = audited_report(tmp_path, "a.py", REAL).as_dict()

    assert report["clean"] is False
    assert report["findings"] == [
        {
            "file": str(tmp_path / "a.py"),
            "line": 1,
            "column": 6,
            "name": "profile_core_data",
            "tables": ["profile_core_data"],
            "what": "removed table profile_core_data",
            "instead": "use context_blocks (name, brand, tone, links), block_files (the logo) and context_blocks.meta_locale",
        }
    ]


def test_the_same_findings_come_whatever_else_is_read(tmp_path: Path) -> None:
    alone = names(audited(tmp_path, "a.py", REAL))
    (tmp_path / "b.sql").write_text("create table events (a int);")

    assert [one.name for one in audit([tmp_path], schema()).findings] == alone
