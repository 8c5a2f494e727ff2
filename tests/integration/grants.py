"""Policies and grants, as the catalog has them."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from tests.contract import catalog as read


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, its expressions as PostgreSQL writes them out."""

    table: str
    name: str
    command: str
    roles: list[str]
    permissive: str
    using: str | None
    check: str | None


def policies_of(connection: Connection[Any]) -> list[Policy]:
    with connection.cursor(row_factory=class_row(Policy)) as cursor:
        return cursor.execute(
            """
            select
              schemaname || '.' || tablename as table, policyname as name, lower(cmd) as command,
              roles::text[] as roles, permissive, qual as using, with_check as check
            from pg_policies where schemaname = any (%s)
            order by schemaname, tablename, policyname
            """,
            [read.OUR_SCHEMAS],
        ).fetchall()


# Of tables, views, sequences, functions and the schemas that are ours alone.
_GRANTS = """
with acls as (
  select
    format('%%s %%I.%%I', class.relkind, namespace.nspname, class.relname) as object,
    coalesce(
      class.relacl,
      acldefault(case class.relkind when 'S' then 's' else 'r' end::"char", class.relowner)
    ) as acl
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  where namespace.nspname = any (%(schemas)s) and class.relkind in ('r', 'p', 'v', 'm', 'S')
  union all
  select
    format('function %%s', procedure.oid::regprocedure),
    coalesce(procedure.proacl, acldefault('f', procedure.proowner))
  from pg_proc as procedure
  join pg_namespace as namespace on namespace.oid = procedure.pronamespace
  where namespace.nspname = any (%(schemas)s)
    and not exists (
      select from pg_depend
      where objid = procedure.oid and deptype = 'e' and classid = 'pg_proc'::regclass
    )
  union all
  select format('schema %%I', nspname), coalesce(nspacl, acldefault('n', nspowner))
  from pg_namespace where nspname = 'briefsmith'
)
select
  acls.object,
  case entry.grantee when 0 then 'PUBLIC' else entry.grantee::regrole::text end as grantee,
  array_agg(lower(entry.privilege_type) order by entry.privilege_type) as privileges
from acls
cross join lateral aclexplode(acls.acl) as entry
where entry.grantee = 0
  or entry.grantee::regrole::text in ('anon', 'authenticated', 'service_role')
group by 1, 2
order by 1, 2
"""


def grants_of(connection: Connection[Any]) -> dict[tuple[str, str], list[str]]:
    rows = connection.execute(_GRANTS, {"schemas": read.OUR_SCHEMAS}).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}
