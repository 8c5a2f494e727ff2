"""A server's legacy databases, runs of the upgrade, and what pg_catalog says, object by object."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from briefsmith.operations.schema_upgrade import undo_upgrade, upgrade_schema
from briefsmith.schema_sync.upgrade.report import UpgradeReport
from tests.conftest import Server
from tests.integration.legacy import create_legacy

_TEMPLATES: dict[str, str] = {}


def legacy_database(server: Server) -> str:
    """The address of a new database with the legacy schema and no rows."""
    if server.url not in _TEMPLATES:
        url = server.empty_database()
        with psycopg.connect(url) as connection:
            create_legacy(connection)
        _TEMPLATES[server.url] = url
    return copy_of(server, _TEMPLATES[server.url])


def copy_of(server: Server, url: str) -> str:
    """A new database with all that another one holds; nobody may be connected to it."""
    made = server.empty_database()
    with psycopg.connect(server.url, autocommit=True) as connection:
        name, origin = conninfo_to_dict(made)["dbname"], conninfo_to_dict(url)["dbname"]
        connection.execute(
            sql.SQL("drop database {}").format(sql.Identifier(str(name))),
        )
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(str(name)), sql.Identifier(str(origin))
            )
        )
    return made


def new_user(url: str) -> UUID:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "insert into auth.users (id) values (gen_random_uuid()) returning id"
        ).fetchone()
    assert row is not None
    return row[0]


async def run(url: str, archive: Path | None) -> UpgradeReport:
    """The upgrade to its end."""
    return [report async for report in upgrade_schema(url, archive)][-1]


async def until_swap(url: str, archive: Path) -> AsyncGenerator[UpgradeReport]:
    """The upgrade; gives its report once, when all is staged and nothing is exchanged yet."""
    told = False
    async with aclosing(upgrade_schema(url, archive)) as reports:
        async for report in reports:
            if report.phase == "swap" and not told:
                told = True
                yield report
    assert told


async def undo(url: str, *, discard_changes: bool = False) -> None:
    await undo_upgrade(url, discard_changes=discard_changes)


# Every fact by which two catalogs could differ, in the words of each catalog table.
_FACTS = """
select 'schema', n.nspname, n.nspowner::regrole::text || coalesce(n.nspacl::text, '') as facts
from pg_namespace n where n.nspname !~ '^pg_'
union all
select 'relation', n.nspname || '.' || c.relname, concat_ws(' ', c.relkind, c.relowner::regrole,
  (select array_agg(a::text order by a::text) from unnest(c.relacl) a), c.relrowsecurity,
  c.relforcerowsecurity, c.reloptions, c.relpersistence, c.relreplident, c.relispartition)
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any (%(schemas)s)
union all
select 'column', n.nspname || '.' || c.relname || '.' || a.attname, concat_ws(' ',
  format_type(a.atttypid, a.atttypmod), a.attnum, a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
  a.attcompression, a.attcollation::regcollation, a.attacl::text, pg_get_expr(d.adbin, d.adrelid))
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where n.nspname = any (%(schemas)s) and a.attnum > 0 and not a.attisdropped
union all
select 'constraint', n.nspname || '.' || coalesce(c.conrelid::regclass::text, '') || '.' || c.conname,
  concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated, c.condeferrable)
from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname = any (%(schemas)s)
union all
select 'index', i.indexrelid::regclass::text,
  concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisunique, i.indisready)
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s)
union all
select 'policy', p.polrelid::regclass::text || '.' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive,
  p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s)
union all
select 'trigger', t.tgrelid::regclass::text || '.' || case when t.tgisinternal then 'internal' else t.tgname end,
  case when t.tgisinternal then concat_ws(' ', t.tgfoid::regproc, t.tgenabled)
  else concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) end
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s)
union all
select 'routine', p.oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(p.oid), p.proowner::regrole,
  (select array_agg(a::text order by a::text) from unnest(p.proacl) a))
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any (%(schemas)s) and p.prokind in ('f', 'p')
  and not exists (select from pg_depend e where e.objid = p.oid and e.deptype = 'e')
union all
select 'type', n.nspname || '.' || t.typname, concat_ws(' ', t.typtype, t.typowner::regrole, t.typacl::text,
  (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
from pg_type t join pg_namespace n on n.oid = t.typnamespace
where n.nspname = any (%(schemas)s) and t.typtype in ('e', 'd', 'c')
  and not exists (select from pg_depend e where e.objid = t.oid and e.deptype = 'e')
union all
select 'view', c.oid::regclass::text, pg_get_viewdef(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s) and c.relkind = 'v'
union all
select 'sequence', s.seqrelid::regclass::text, concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement)
from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s)
order by 1, 2, 3
"""


def facts(url: str, *schemas: str) -> list[tuple[str, str, str]]:
    """What pg_catalog says of every object of these schemas, and of every schema."""
    with psycopg.connect(url) as connection:
        connection.execute("set search_path = ''")
        return connection.execute(_FACTS.encode(), {"schemas": list(schemas)}).fetchall()


def numbers(url: str) -> list[tuple[Any, ...]]:
    """The object identifiers in public: the same objects, not ones like them."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select oid, relname, relfilenode from pg_class where relnamespace = 'public'::regnamespace"
            " union all select oid, typname, 0 from pg_type where typnamespace = 'public'::regnamespace"
            " order by 1, 2"
        ).fetchall()
