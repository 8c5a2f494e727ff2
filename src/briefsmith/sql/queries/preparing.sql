-- What a look at the statements of this package asks.

-- name: prepare_to_plan :one
-- For this transaction: plans know no values, as they do not here, and waiting has an end.
select
  set_config('plan_cache_mode', 'force_generic_plan', true) as plan_cache_mode,
  set_config('jit', 'off', true) as jit,
  set_config('lock_timeout', '2s', true) as lock_timeout;

-- name: select_columns :many
-- Columns of tables, by their numbers or by their names.
select
  class.oid::bigint as table_oid,
  format('%%I.%%I', space.nspname, class.relname) as table_name,
  class.relkind in ('r', 'p') as is_table,
  attribute.attnum::integer as number,
  attribute.attname::text as name,
  attribute.atttypid::bigint as type_oid,
  not attribute.attnotnull as is_nullable
from pg_catalog.pg_attribute as attribute
join pg_catalog.pg_class as class on class.oid = attribute.attrelid
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
where attribute.attrelid = any (
  %(oids)s::bigint[]::oid[] || array(
    select to_regclass(part.name)::oid from unnest(%(names)s::text[]) as part (name)
  )
)
  and attribute.attnum > 0
  and not attribute.attisdropped
order by attribute.attrelid, attribute.attnum;

-- name: select_types :many
-- Types by their numbers, those of the columns of some tables, and those that arrays are made of.
with wanted as materialized (
  select part.oid
  from unnest(%(oids)s::bigint[]::oid[]) as part (oid)
  union
  select attribute.atttypid
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = any (
    array(select to_regclass(part.name)::oid from unnest(%(names)s::text[]) as part (name))
  )
),
found as (
  select wanted.oid from wanted
  union
  select type.typelem
  from pg_catalog.pg_type as type
  join wanted on wanted.oid = type.oid
  where type.typcategory = 'A'
)
select
  type.oid::bigint as oid,
  format_type(type.oid, null) as name,
  case when space.nspname = 'pg_catalog' then type.typname::text end as builtin,
  case when type.typcategory = 'A' then nullif(type.typelem, 0)::bigint end as element_oid,
  case
    when type.typtype = 'e' then array(
      select label.enumlabel::text
      from pg_catalog.pg_enum as label
      where label.enumtypid = type.oid
      order by label.enumsortorder
    )
  end as labels
from pg_catalog.pg_type as type
join pg_catalog.pg_namespace as space on space.oid = type.typnamespace
join found on found.oid = type.oid;
