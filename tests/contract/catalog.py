"""What the live catalog says, as values that can be compared."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

OUR_SCHEMAS = ["public", "briefsmith"]

# Types and defaults are written out with the schema of every name, and the schemas are taken off again:
# what is on the search path changes nothing.
_COLUMNS = """
select
  namespace.nspname as schema,
  class.relname as table,
  class.relkind::text as kind,
  attribute.attname as name,
  format_type(attribute.atttypid, attribute.atttypmod) as type,
  not attribute.attnotnull as is_nullable,
  pg_get_expr(fallback.adbin, fallback.adrelid) as default,
  attribute.attidentity <> '' as is_identity
from pg_attribute as attribute
join pg_class as class on class.oid = attribute.attrelid
join pg_namespace as namespace on namespace.oid = class.relnamespace
left join pg_attrdef as fallback
  on fallback.adrelid = attribute.attrelid and fallback.adnum = attribute.attnum
where namespace.nspname = any (%(schemas)s::text[])
  and class.relkind = any (%(kinds)s::"char"[])
  and attribute.attnum > 0
  and not attribute.attisdropped
order by namespace.nspname, class.relname, attribute.attnum
"""

_FOREIGN_KEYS = """
select
  key.conname as name,
  namespace.nspname as schema,
  class.relname as table,
  (
    select array_agg(attribute.attname::text order by place.ordinality)
    from unnest(key.conkey) with ordinality as place (attnum, ordinality)
    join pg_attribute as attribute
      on attribute.attrelid = key.conrelid and attribute.attnum = place.attnum
  ) as columns,
  target_namespace.nspname as target_schema,
  target.relname as target,
  case key.confdeltype
    when 'c' then 'cascade' when 'n' then 'set null' when 'a' then 'no action'
    when 'r' then 'restrict' else 'set default'
  end as on_delete,
  exists (
    select from pg_index as index
    where index.indrelid = key.conrelid
      and index.indisvalid and index.indpred is null
      and (index.indkey::smallint[])[0:cardinality(key.conkey) - 1] = key.conkey
  ) as is_indexed
from pg_constraint as key
join pg_class as class on class.oid = key.conrelid
join pg_namespace as namespace on namespace.oid = class.relnamespace
join pg_class as target on target.oid = key.confrelid
join pg_namespace as target_namespace on target_namespace.oid = target.relnamespace
where key.contype = 'f' and namespace.nspname = any (%(schemas)s::text[])
order by namespace.nspname, class.relname, key.conname
"""

_ENUMS = """
select type.typname, array_agg(label.enumlabel::text order by label.enumsortorder)
from pg_type as type
join pg_enum as label on label.enumtypid = type.oid
where type.typnamespace = 'public'::regnamespace
group by type.typname
order by type.typname
"""

_SCHEMA_OF_A_NAME = re.compile(r"\b(?:public|extensions|auth|pg_catalog)\.")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table or view."""

    schema: str
    table: str
    kind: str
    name: str
    type: str
    is_nullable: bool
    default: str | None
    is_identity: bool

    @property
    def plain_type(self) -> str:
        """The type without its schema."""
        return _SCHEMA_OF_A_NAME.sub("", self.type)

    @property
    def plain_default(self) -> str | None:
        """The default without casts and schemas: `'active'`, `now()`."""
        return None if self.default is None else re.sub(r"::[\w.\[\] ]+$", "", self.default)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key, and whether an index starts with its columns."""

    name: str
    schema: str
    table: str
    columns: list[str]
    target_schema: str
    target: str
    on_delete: str
    is_indexed: bool


def columns(
    connection: Connection[Any], schemas: Sequence[str] = ("public",), kinds: str = "rp"
) -> list[Column]:
    """Columns of tables (kinds `rp`) or views (`v`), in their order."""
    params = {"schemas": list(schemas), "kinds": list(kinds)}
    with connection.cursor(row_factory=class_row(Column)) as cursor:
        cursor.execute("set search_path = ''")
        found = cursor.execute(_COLUMNS, params).fetchall()
        cursor.execute("set search_path = public, extensions")
    return found


def foreign_keys(
    connection: Connection[Any], schemas: Sequence[str] = OUR_SCHEMAS
) -> list[ForeignKey]:
    with connection.cursor(row_factory=class_row(ForeignKey)) as cursor:
        return cursor.execute(_FOREIGN_KEYS, {"schemas": list(schemas)}).fetchall()


def enums(connection: Connection[Any]) -> dict[str, list[str]]:
    """Labels of the enum types of public, in their order."""
    return dict(connection.execute(_ENUMS).fetchall())


def tables(connection: Connection[Any], schemas: Sequence[str] = OUR_SCHEMAS) -> list[str]:
    """Tables with their schema, sorted."""
    return sorted({f"{column.schema}.{column.table}" for column in columns(connection, schemas)})
