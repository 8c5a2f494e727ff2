-- What may stand in the way of an upgrade; nothing here changes anything.

-- name: login :one
select
  current_user::text as login,
  exists (
    select from pg_catalog.pg_roles
    where rolname = current_user and (rolsuper or rolbypassrls)
  ) as sees_all,
  has_database_privilege(current_database(), 'create') as may_create,
  has_schema_privilege('public', 'create') as may_create_in_public,
  exists (
    select from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
    where space.nspname = 'auth' and class.relname = 'users'
  ) as has_users,
  current_setting('server_encoding') as encoding,
  exists (select from pg_catalog.pg_available_extensions where name = 'vector') as has_vector,
  to_regclass('public.profile_core_data') is not null as is_legacy,
  to_regnamespace('briefsmith') is not null as has_briefsmith,
  to_regnamespace('briefsmith_staging') is not null as has_staging,
  to_regnamespace('briefsmith_legacy') is not null as has_legacy_schema;

-- name: columns :many
-- Tables and views of the legacy names with their columns, as they are.
select
  class.relname as table, class.relkind::text as kind,
  pg_has_role(class.relowner, 'usage') as is_ours,
  attribute.attname as column,
  case when attribute.attisdropped then null else format_type(attribute.atttypid, null) end as type
from pg_catalog.pg_class as class
join pg_catalog.pg_attribute as attribute on attribute.attrelid = class.oid
where class.relnamespace = 'public'::regnamespace
  and class.relname = any (%(tables)s::text[])
  and attribute.attnum > 0 and not attribute.attisdropped
order by class.relname, attribute.attnum;

-- name: taken :many
-- What else has a name in public that the final schema needs: relations and types that are none of the legacy's.
select pg_catalog.pg_describe_object('pg_class'::regclass, class.oid, 0) as described
from pg_catalog.pg_class as class
left join pg_catalog.pg_index as index on index.indexrelid = class.oid
left join pg_catalog.pg_class as indexed on indexed.oid = index.indrelid
left join pg_catalog.pg_depend as owning
  on owning.classid = 'pg_class'::regclass and owning.objid = class.oid
  and owning.refclassid = 'pg_class'::regclass and owning.deptype in ('a', 'i')
left join pg_catalog.pg_class as owned_by on owned_by.oid = owning.refobjid and class.relkind = 'S'
where class.relnamespace = 'public'::regnamespace
  and class.relname = any (%(final)s::text[])
  and (
    class.relkind = 'c'
    or not coalesce(owned_by.relname, indexed.relname, class.relname) = any (%(legacy)s::text[])
  )
union
select pg_catalog.pg_describe_object('pg_type'::regclass, type.oid, 0)
from pg_catalog.pg_type as type
where type.typnamespace = 'public'::regnamespace
  and type.typname = any (%(final)s::text[])
  and type.typtype <> 'e'
  and type.typrelid = 0 and type.typelem = 0
order by 1;

-- name: foreign_types :many
-- Enums that would have to go with the legacy tables, and belong to another login.
select type.typname as name
from pg_catalog.pg_type as type
where type.typnamespace = 'public'::regnamespace
  and type.typname = any (%(types)s::text[])
  and not pg_has_role(type.typowner, 'usage')
order by 1;

-- name: dependents :many
-- Objects of others that hang on relations and enums of a schema, and would go or break with them.
with relations as materialized (
  select class.oid from pg_catalog.pg_class as class
  where class.relnamespace = to_regnamespace(%(schema)s::text)
    and class.relkind in ('r', 'v', 'm', 'p') and class.relname = any (%(names)s::text[])
),
types as materialized (
  select type.oid from pg_catalog.pg_type as type
  where type.typrelid in (select oid from relations)
    or (
      type.typnamespace = to_regnamespace(%(schema)s::text)
      and type.typtype = 'e' and type.typname = any (%(names)s::text[])
    )
),
all_types as materialized (
  select oid from types
  union
  select type.oid from pg_catalog.pg_type as type where type.typelem in (select oid from types)
),
hanging as (
  select link.classid, link.objid, link.objsubid
  from pg_catalog.pg_depend as link
  where link.deptype in ('n', 'a')
    and (
      (link.refclassid = 'pg_class'::regclass and link.refobjid in (select oid from relations))
      or (link.refclassid = 'pg_type'::regclass and link.refobjid in (select oid from all_types))
    )
)
select distinct pg_catalog.pg_describe_object(hanging.classid, hanging.objid, hanging.objsubid) as described
from hanging
left join pg_catalog.pg_rewrite as rule
  on hanging.classid = 'pg_rewrite'::regclass and rule.oid = hanging.objid
left join pg_catalog.pg_constraint as rule_of_rows
  on hanging.classid = 'pg_constraint'::regclass and rule_of_rows.oid = hanging.objid
left join pg_catalog.pg_attrdef as fallback
  on hanging.classid = 'pg_attrdef'::regclass and fallback.oid = hanging.objid
left join pg_catalog.pg_policy as policy
  on hanging.classid = 'pg_policy'::regclass and policy.oid = hanging.objid
left join pg_catalog.pg_trigger as trigger
  on hanging.classid = 'pg_trigger'::regclass and trigger.oid = hanging.objid
left join pg_catalog.pg_statistic_ext as statistics
  on hanging.classid = 'pg_statistic_ext'::regclass and statistics.oid = hanging.objid
left join pg_catalog.pg_class as class
  on hanging.classid = 'pg_class'::regclass and class.oid = hanging.objid
left join pg_catalog.pg_index as index on index.indexrelid = class.oid
left join pg_catalog.pg_proc as routine
  on hanging.classid = 'pg_proc'::regclass and routine.oid = hanging.objid
where hanging.classid <> all (array['pg_publication_rel', 'pg_type']::regclass[])
  and coalesce(class.relkind, 'r') <> 'S'
  and (routine.oid is null or routine.pronamespace is distinct from to_regnamespace('briefsmith'))
  -- What belongs to one of the tables or views themselves goes with it.
  and coalesce(
    rule.ev_class, rule_of_rows.conrelid, fallback.adrelid, policy.polrelid, trigger.tgrelid,
    statistics.stxrelid, index.indrelid, class.oid, 0::oid
  ) not in (
    select oid from relations
    union all
    select ours.oid from pg_catalog.pg_class as ours where ours.relnamespace = to_regnamespace('briefsmith')
  )
order by 1;

-- name: mentions :many
-- Routines of others whose text names what goes away: nothing stops them, and they will fail.
select
  pg_catalog.pg_describe_object('pg_proc'::regclass, routine.oid, 0) as described,
  array(select name from unnest(%(names)s::text[]) as name where routine.prosrc ~ ('\m' || name || '\M')) as names
from pg_catalog.pg_proc as routine
join pg_catalog.pg_namespace as space on space.oid = routine.pronamespace
where space.nspname not in ('pg_catalog', 'information_schema', 'briefsmith')
  and exists (select from unnest(%(names)s::text[]) as name where routine.prosrc ~ ('\m' || name || '\M'))
  and not exists (
    select from pg_catalog.pg_depend as member
    where member.classid = 'pg_proc'::regclass and member.objid = routine.oid and member.deptype = 'e'
  )
order by 1;

-- name: publications :many
-- Tables that are published: their new namesakes are not, until somebody adds them.
select publication.pubname as publication, class.relname as table
from pg_catalog.pg_publication_rel as member
join pg_catalog.pg_publication as publication on publication.oid = member.prpubid
join pg_catalog.pg_class as class on class.oid = member.prrelid
where class.relnamespace = 'public'::regnamespace and class.relname = any (%(names)s::text[])
order by 1, 2;

-- name: sizes :many
select class.relname as name, pg_catalog.pg_total_relation_size(class.oid) as bytes
from pg_catalog.pg_class as class
where class.relnamespace = 'public'::regnamespace and class.relname = any (%(names)s::text[])
order by 1;

-- name: try_lock :one
-- One runner at a time. Any number will do, as long as it is this one and not that of the migrations.
select pg_try_advisory_lock(7208466153217750) as locked;

-- name: settle_session :exec
-- Rows are printed in one way, whatever the login's defaults are.
select
  set_config('timezone', 'UTC', false),
  set_config('datestyle', 'ISO, MDY', false),
  set_config('intervalstyle', 'postgres', false),
  set_config('bytea_output', 'hex', false),
  set_config('extra_float_digits', '1', false),
  set_config('statement_timeout', '0', false),
  set_config('lock_timeout', '2s', false),
  set_config('idle_in_transaction_session_timeout', '0', false),
  set_config('jit', 'off', false),
  set_config('search_path', '', false);
