from pathlib import Path

import pytest

from tests.unit.audits import audited, audited_report, names


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("s.from('task_briefs').select('foo')", ["foo"]),
        ('await s.from("task_briefs").select(`id,\n  foo`)', ["foo"]),
        ("s?.from('task_briefs')?.select('*').eq('foo', 1)", ["foo"]),
        ("s.from('task_briefs').select('alias:foo::text, meta_scope, id.count()')", ["foo"]),
        ("s.from('task_briefs').select('core_context_snapshot->foo->>bar')", []),
        (
            "s.from('task_briefs').select('*, block_brief_link(foo, context_blocks(bar))')",
            ["foo", "bar"],
        ),
        ("s.from('task_briefs').select('*, ...block_brief_link!inner(foo)')", ["foo"]),
        ("s.from('task_briefs').select('*, other(foo)')", []),
        ("s.from('users').select('id, profile_core_data(display_name)')", ["profile_core_data"]),
        ("s.from('task_briefs').select('id, block_brief_link(count)')", []),
        ("s.from('task_briefs').select(`id, ${more}`)", []),
        ("s.from('task_briefs').select('id', { count: 'exact', head: true })", []),
        (
            "s.from('task_briefs').or('foo.eq.1,and(bar.gt.2,id.in.(1,2)),intent.eq.\"x,baz.eq.1\"')",
            ["foo", "bar"],
        ),
        ("s.from('task_briefs').or('foo.eq.1', { referencedTable: 'context_blocks' })", ["foo"]),
        ("s.from('task_briefs').filter('block_brief_link.foo', 'eq', 1)", ["foo"]),
        ("s.from('task_briefs').not('foo', 'is', null).textSearch('bar', 'x')", ["foo", "bar"]),
        ("s.from('task_briefs').insert({ foo: 1, 'bar': 2, [baz]: 3, ...rest })", ["foo", "bar"]),
        ("s.from('task_briefs').insert({ intent: { foo: 1 } })", []),
        ("s.from('task_briefs').upsert([{ foo }], { onConflict: 'user_id, bar' })", ["foo", "bar"]),
        ("const row = { foo: 1 }; s.from('task_briefs').update(row)", ["foo"]),
        ("const T = 'task_briefs'; s.from(T).select('foo')", ["foo"]),
        ("let q = s.from('task_briefs').select(); if (x) { q = q.eq('foo', 1) }", ["foo"]),
        ("const q = s.from('task_briefs'); function f(q) { q.eq('foo', 1) }", []),
        ("s.storage.from('task_briefs').list('foo')", []),
        ("s.schema('archive').from('task_briefs').select('foo')", []),
        ("s.schema('public').from('task_briefs').select('foo')", ["foo"]),
        ("rx.from('events').filter('name')", []),
        ("this.supabase.from('events').select('name')", ["name"]),
        ("Buffer.from('profile'); Array.from('task_briefs').filter('foo')", ["foo"]),
    ],
)
def test_chains_of_supabase_are_read(tmp_path: Path, code: str, wanted: list[str]) -> None:
    for name in ("a.js", "a.ts", "a.tsx"):
        found = audited(tmp_path, name, f"async function run() {{ {code} }}")

        assert names(found) == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("x = sql`select foo from task_briefs where id = ${id}`", ["foo"]),
        ("x = `select foo from ${table} join task_briefs b on b.bar = 1`", ["bar"]),
        ("x = 'select foo ' + 'from task_briefs where ' + conditions", ["foo"]),
        ("x = 'select foo, core_profile_data from task_briefs ' + joins", ["core_profile_data"]),
        ("x = 'it\\'s', 'select \\u0066oo from task_briefs'", ["foo"]),
        ("x = row['core_profile_data'], row.core_profile_data", ["core_profile_data"] * 2),
        (
            "const { core_profile_data: x, profile_core_data } = row",
            ["core_profile_data", "profile_core_data"],
        ),
        ("const core_profile_data = 1; f(core_profile_data)", []),
        ("f('the core_profile_data of it', `profile_core_data: ${x}`)", []),
        ("// core_profile_data\n/* 'profile_core_data' */", []),
        ("t.dropColumn('core_profile_data'); k.schema.dropTableIfExists('profile_core_data')", []),
        ("/profile_core_data/.test(x)", []),
        ("import x from './core_profile_data'", []),
        ("fetch(`${u}/rest/v1/task_briefs?select=id,foo&id=eq.1`)", ["foo"]),
    ],
)
def test_strings_keys_and_members_are_read(tmp_path: Path, code: str, wanted: list[str]) -> None:
    assert names(audited(tmp_path, "a.js", code)) == wanted


def test_generated_types_are_held_to_the_schema_of_public(tmp_path: Path) -> None:
    table = "{ Row: { id: string; foo: string }; Insert: { 'bar'?: string }; Relationships: [{ columns: ['baz'] }] }"
    code = f"export interface Database {{ public: {{ Tables: {{ task_briefs: {table} }} }}; old: {{ Tables: {{ task_briefs: {table}; profile_core_data: {table} }} }} }}"

    assert names(audited(tmp_path, "a.ts", code)) == ["foo", "bar"]


def test_an_interface_that_is_evidently_a_row_is_held_to_its_table(tmp_path: Path) -> None:
    columns = [
        "id",
        "user_id",
        "file_url",
        "file_name",
        "label",
        "note",
        "size_bytes",
        "is_primary",
        "created_at",
    ]
    body = "; ".join(f"{column}: string" for column in [*columns, "bucket"])

    assert names(audited(tmp_path, "a.ts", f"interface BlockFile {{ {body} }}")) == ["bucket"]
    assert names(audited(tmp_path, "a.ts", f"type BlockFileRow = {{ {body} }}")) == ["bucket"]
    assert audited(tmp_path, "a.ts", f"interface Upload {{ {body} }}") == []
    assert audited(tmp_path, "a.ts", "interface BlockFile { id: string; bucket: string }") == []


def test_the_place_is_right_behind_letters_of_any_width(tmp_path: Path) -> None:
    code = "const é = '💡'; s.from('task_briefs').eq('foo', 1)"

    (found,) = audited(tmp_path, "a.tsx", code)

    assert (found.line, found.column) == (1, code.index("foo") + 1)


def test_what_can_be_read_of_a_file_with_an_error_is_read(tmp_path: Path) -> None:
    report = audited_report(tmp_path, "a.ts", "s.from('task_briefs').eq('foo', 1)\nconst = ;\n")

    assert names(list(report.findings)) == ["foo"]
    assert [(one.line, one.reason) for one in report.warnings] == [(2, "TypeScript: syntax error")]


def test_an_ampersand_in_the_text_of_jsx_is_no_error(tmp_path: Path) -> None:
    code = (
        "type X = A & B; const x = <p>drag & drop <b>{a & b}</b> &amp; {row.core_profile_data}</p>"
    )

    assert names(audited(tmp_path, "a.tsx", code)) == ["core_profile_data"]
