from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.sql import looks_like_sql, read_sql_file
from tests.unit.audits import audited, audited_report, names, schema

TABLES = sorted(schema().tables)


def unknown(sql: str) -> list[str]:
    gathered = Gathered(schema())
    read_sql_file(sql, gathered)
    assert gathered.problems == []
    found = [gathered.references[offset] for offset in sorted(gathered.references)]
    return [reference.column or reference.tables[0] for reference in found]


@pytest.mark.parametrize("table", TABLES)
def test_all_columns_of_a_table_are_known_in_every_clause(table: str) -> None:
    columns = sorted(schema().tables[table])
    listed = ", ".join(columns)
    shown = table if "." in table else f"public.{table}"

    statements = (
        f"select {listed} from {shown} where {' is null and '.join(columns)} is null;"
        f"select x.{', x.'.join(columns)} from {shown} as x order by {listed};"
        f"insert into {shown} ({listed}) select {listed} from {shown} returning {listed};"
        f"update {shown} set {columns[0]} = null where {columns[-1]} is null;"
        f"create index on {shown} ({listed});"
        f"with one as (select * from {shown}), two as (select one.* from one)"
        f" select {listed} from two where two.{columns[0]} is null;"
    )

    assert unknown(statements) == []


@given(table=st.sampled_from(TABLES), name=st.from_regex(r"[a-z][a-z_]{3,12}x", fullmatch=True))
@settings(max_examples=60)
def test_another_name_is_found_in_every_clause(table: str, name: str) -> None:
    shown = table if "." in table else f"public.{table}"
    statements = [
        f"select x.{name} from {shown} as x",
        f"select 1 from {shown} where {name} is null",
        f"insert into {shown} ({name}) values (null)",
        f"update {shown} set {name} = null",
        f"delete from {shown} where {name} is null",
        f"select y.{name} from (select * from {shown}) as y",
        f"with y as (table {shown}) select {name} from y",
        f"select (select z.{name}) from {shown} as z",
        f"create index on {shown} ({name})",
        f"alter table {shown} alter column {name} set not null",
        f"select 1 from {shown} as a join {shown} as b on a.{name} = b.ctid",
    ]

    for statement in statements:
        assert unknown(statement) == [name], statement


@pytest.mark.parametrize(
    "sql",
    [
        "select profile_core_data.core_profile_data from archive.profile_core_data",
        "select x.core_profile_data from users as x",
        "select core_profile_data from users",
        "with profile_core_data as (select 1 as id) select id from profile_core_data",
        "select 1 as core_profile_data",
        "select 'core_profile_data' from task_briefs",
        "drop table profile_core_data, other",
        "drop view if exists public.profile_core_data cascade",
        "alter table task_briefs drop column core_profile_data",
        "alter table task_briefs rename column core_profile_data to core_context_snapshot",
        "alter table profile_core_data rename to legacy_profiles",
        "alter table profile_core_data set schema archive",
        "revoke all on profile_core_data from anon",
        "select count from (select count(*) from task_briefs) as counted",
        "select b.* from context_blocks b for update of b",
        "select row_to_json(b) from context_blocks as b",
        "select tableoid, ctid from context_blocks",
        "select value, ordinality from context_blocks, jsonb_array_elements('[]') with ordinality",
        "select label as l from context_blocks group by l order by l",
        "select 1 from context_blocks natural join somewhere where anything = 1",
        "select name from events where place = 'x'",
        "create temp table context_blocks (a int); select a from context_blocks",
        "insert into context_blocks (label) values ('x') on conflict do nothing returning old.label",
    ],
)
def test_what_is_not_ours_or_goes_away_is_no_finding(sql: str) -> None:
    assert unknown(sql) == []


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("select name, topic from events", ["name"]),
        ("select name from public.events", ["name"]),
        ("table profile_core_data", ["profile_core_data"]),
        ("lock table profile_core_data", ["profile_core_data"]),
        ("create table profile_core_data (a int)", ["profile_core_data"]),
        ("create view profile_core_data as select 1", ["profile_core_data"]),
        ("alter table x rename to profile_core_data", ["profile_core_data"]),
        ("explain select foo from task_briefs", ["foo"]),
        ("prepare p as select foo from task_briefs", ["foo"]),
        ("select 1 from task_briefs t where exists (select 1 where t.foo = 1)", ["foo"]),
        ("select foo, bar from task_briefs, brief_feedback", ["foo", "bar"]),
        (
            "select 1 from context_blocks where label in (select lable from context_blocks)",
            ["lable"],
        ),
        ("select b.foo from (context_blocks b join task_briefs t on t.bar = b.id)", ["foo", "bar"]),
        ("copy context_blocks (id, foo) to stdout", ["foo"]),
        ("do $$ begin perform foo from task_briefs; end $$", ["foo"]),
    ],
)
def test_a_statement_of_any_kind_is_read(sql: str, wanted: list[str]) -> None:
    assert unknown(sql) == wanted


def test_variables_of_a_function_are_not_taken_for_columns() -> None:
    body = """
create function f(owner uuid) returns integer language plpgsql as $$
declare
  total integer;
  block record;
begin
  for block in select label, summary from context_blocks where user_id = owner loop
    total := total + block.anything;
  end loop;
  select count(*) into total from context_blocks where owner = user_id and missing = total;
  return total;
end $$;
"""

    assert unknown(body) == ["summary", "missing"]


def test_the_place_is_that_of_the_name_behind_letters_of_any_width(tmp_path: Path) -> None:
    sql = 'select \'é💡\' as "ü",\r\n  b."core_profile_data" from public.task_briefs as b;'

    (found,) = audited(tmp_path, "a.sql", sql)

    assert (found.line, found.column) == (2, 5)


def test_one_wrong_statement_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    sql = "select foo from task_briefs;\nselec 1;\n\nselect 'a;b', bar from task_briefs;"

    report = audited_report(tmp_path, "a.sql", sql)

    assert names(list(report.findings)) == ["foo", "bar"]
    assert [(warning.line, warning.reason) for warning in report.warnings] == [
        (2, 'syntax error at or near "selec"')
    ]


@pytest.mark.parametrize(
    "mark", ["%s", "%(id)s", ":id", "?", "@id", "$1", "{{ id }}", "{id}", "#{id}"]
)
def test_parameters_of_every_driver_are_read_over(tmp_path: Path, mark: str) -> None:
    sql = f"select foo from task_briefs where id = {mark} and bar in ({mark}) limit {mark};"

    assert names(audited(tmp_path, "a.sql", sql)) == ["foo", "bar"]


def test_what_psql_and_a_dump_add_is_passed_over(tmp_path: Path) -> None:
    sql = (
        "\\set x 1\nCOPY public.task_briefs (id) FROM stdin;\nselect foo\\tfrom task_briefs;\n\\.\n"
    )

    assert audited(tmp_path, "a.sql", sql) == []


@pytest.mark.parametrize(
    "text",
    [
        "Select a block from context_blocks",
        "select the block",
        "update the profile_core_data set before you go",
        "Delete from the list what you like",
        "with context_blocks as you know them",
        "selected from context_blocks = 1",
    ],
)
def test_prose_is_not_taken_for_sql(text: str) -> None:
    assert not looks_like_sql(text)


@given(st.text(alphabet="select from where ()'\"$a-/*;,.:%{}\\\n\x00é", max_size=80))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_makes_the_reader_fail(text: str) -> None:
    gathered = Gathered(schema())

    read_sql_file(f"{text} profile_core_data", gathered)

    assert all(0 <= offset <= len(text) + 18 for offset in gathered.references)
