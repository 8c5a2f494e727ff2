import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.audit.python.literals import literal
from briefsmith.audit.source import Source
from tests.unit.audits import audited, audited_report, names

ROW = """
class {name}(BaseModel):
    id: UUID
    user_id: UUID
    file_url: str
    file_name: str
    label: str
    note: str
    size_bytes: int
    is_primary: bool
    associated_block_id: UUID
    {field}
"""


@given(st.text(max_size=30), st.sampled_from(["", "b", "f", "u"]))
def test_the_text_of_a_literal_is_what_python_takes_it_for(text: str, prefix: str) -> None:
    text = text.encode("ascii", "ignore").decode() if prefix == "b" else text
    written = repr(text).replace("{", "{{").replace("}", "}}") if prefix == "f" else repr(text)
    source = Source("x.py", f"é = ('a' {prefix if prefix != 'b' else ''}{written})")

    node = ast.parse(source.text).body[0]
    assert isinstance(node, ast.Assign)
    assert isinstance(node.value, ast.Constant | ast.JoinedStr)
    found = literal(node.value, source, lambda _: None)

    readable = text.replace("\x00", " ")
    assert found.value == "a" + readable
    places = [found.offset(at) for at in range(len(found.value))]
    assert places == sorted(places)
    assert all(
        source.text[place] in (character, "\\")
        for place, character in zip(places, found.value, strict=True)
    )


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("x = f\"select {a['b']} from profile_core_data\"", ["profile_core_data"]),
        ('x = f"""select {a!r:>{w}} from {b}"""\ny = b.core_profile_data', ["core_profile_data"]),
        ('x = "select foo " \\\n    "from task_briefs"', ["foo"]),
        ('x = ("select foo "  # why\n     rf"from {t} join task_briefs on true")', []),
        ('T = "task_briefs"\nx = f"select foo from {T}"', ["foo"]),
        ('T = "task_briefs"\nx = "select foo from " + T + " where bar = 1"', ["foo", "bar"]),
        ('x = "select foo from task_briefs where id = %s" % (1,)', ["foo"]),
        ('x = "select {} from task_briefs where foo = {}".format(a, b)', ["foo"]),
        ("x = text(r\"select foo from task_briefs where intent ~ '\\d'\")", ["foo"]),
        ("x = f'{row[\"core_profile_data\"]}'", ["core_profile_data"]),
        ('x = f"{y}"; y = f"{x}"; x = f"{x} core_profile_data"', []),
        (
            'x = "task_briefs.core_profile_data", "public.profile_core_data"',
            ["core_profile_data", "profile_core_data"],
        ),
        ('x = "profile_core_data.sns_links"', ["sns_links"]),
        ("match row:\n    case {'core_profile_data': x}: pass", ["core_profile_data"]),
        ("match row:\n    case TaskBrief(intent=x): pass", []),
        ("del row['core_profile_data']", ["core_profile_data"]),
        ("def f(core_profile_data=1): return core_profile_data", []),
        ("f(core_profile_data=1)", ["core_profile_data"]),
        ("import core_profile_data", []),
        ("x.profile_core_data.y", ["profile_core_data"]),
    ],
)
def test_strings_attributes_keys_and_keywords_are_read(
    tmp_path: Path, code: str, wanted: list[str]
) -> None:
    assert names(audited(tmp_path, "a.py", code)) == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("c.table('task_briefs').select('foo')", ["foo"]),
        ("c.table('task_briefs').select('intent', 'foo').execute()", ["foo"]),
        ("await (c.table('task_briefs')\n  .select('*')\n  .eq('foo', 1))", ["foo"]),
        ("c.schema('archive').table('task_briefs').select('foo')", []),
        ("c.schema('public').table('task_briefs').select('foo')", ["foo"]),
        ("c.table(name).select('foo')", []),
        ("c.table('elsewhere').select('foo, bar').eq('baz', 1)", []),
        ("q = c.table('task_briefs')\nq = q.select('id')\nq.eq('foo', 1)", ["foo"]),
        ("q = c.table('task_briefs')\ndef f(q):\n    q.eq('foo', 1)", []),
        ("row = {'foo': 1, **rest}\nc.table('task_briefs').insert(row)", ["foo"]),
        ("c.table('task_briefs').insert([{'foo': x} for x in y])", ["foo"]),
        ("c.table('task_briefs').insert(json_safe({'foo': 1}))", ["foo"]),
        ("c.table('task_briefs').insert(renamed({'foo': 1}))", []),
        ("c.table('task_briefs').update(dict(foo=1)).match({'bar': 1})", ["foo", "bar"]),
        (
            "c.table('task_briefs').select('id').order('foo', foreign_table='context_blocks')",
            ["foo"],
        ),
        ("c.table('events').select('name')", []),
        ("supabase.table('events').select('name')", ["name"]),
    ],
)
def test_chains_of_supabase_are_read(tmp_path: Path, code: str, wanted: list[str]) -> None:
    code = f"async def run():\n    {code.replace(chr(10), chr(10) + '    ')}"

    assert names(audited(tmp_path, "a.py", code)) == wanted


def test_a_class_with_the_name_and_the_fields_of_a_row_is_its_model(tmp_path: Path) -> None:
    findings = audited(tmp_path, "a.py", ROW.format(name="BlockFileRow", field="bucket: str"))

    assert names(findings) == ["bucket"]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("BlockFile", "content_type: str"),
        ("BlockFile", "cache: ClassVar[str]"),
        ("BlockFile", "_private: str"),
        ("BlockFile", "shown: str = Field(exclude=True)"),
        ("BlockFile", "block: 'ContextBlock' = relationship()"),
        ("Upload", "bucket: str"),
        ("BlockFile", "a: int\n    b: int\n    c: int\n    d: int\n    e: int\n    f: int"),
    ],
)
def test_other_classes_and_other_fields_are_left_alone(
    tmp_path: Path, name: str, field: str
) -> None:
    assert audited(tmp_path, "a.py", ROW.format(name=name, field=field)) == []


def test_a_table_of_the_same_common_name_is_theirs_if_its_columns_are(tmp_path: Path) -> None:
    theirs = 'class Event(Base):\n    __tablename__ = "events"\n    name = Column(Text)\n    place = Column(Text)\n'
    ours = 'class Event(Base):\n    __tablename__ = "events"\n    topic = Column(Text)\n    payload = Column(Text)\n    name = Column(Text)\n'

    assert audited(tmp_path, "a.py", theirs) == []
    assert names(audited(tmp_path, "b.py", ours)) == ["name"]


def test_alembic_may_take_away_and_make_again_on_the_way_back(tmp_path: Path) -> None:
    code = """
down_revision = "a0"

def upgrade():
    op.drop_column("task_briefs", "core_profile_data")
    op.drop_table("profile_core_data")
    op.add_column("task_briefs", sa.Column("mood", sa.Text()))

def downgrade():
    op.add_column("task_briefs", sa.Column("core_profile_data", JSONB()))
"""

    assert names(audited(tmp_path, "a.py", code)) == ["mood"]


def test_docstrings_and_comments_refer_to_nothing(tmp_path: Path) -> None:
    code = '"""core_profile_data"""\ndef f():\n    "profile_core_data"\n    # core_profile_data\n    "profile_core_data"\n'

    assert audited(tmp_path, "a.py", code) == []


def test_the_column_counts_characters(tmp_path: Path) -> None:
    code = "é = 1; ü = '💡'; x = '' 'select é.foo from task_briefs é'"

    (found,) = audited(tmp_path, "a.py", code)

    assert (found.line, found.column) == (1, code.index("foo") + 1)


def test_a_file_that_is_no_python_is_told_with_its_line(tmp_path: Path) -> None:
    for text in ("x = 1\ndef f(:\n", "x = 1\nprint 'profile_core_data'\n"):
        report = audited_report(tmp_path, "a.py", text)

        (warning,) = report.warnings
        assert warning.line == 2
        assert warning.reason.startswith("Python: ")
