-- The exchange of legacy and final tables, and the way back. Whatever is locked is locked for a moment: a lock that
-- is not to be had in time is given up, with all that was taken before it.

-- name: patience :exec
-- Who waits for a lock makes others wait behind him.
select set_config('lock_timeout', %(milliseconds)s::text, true);

-- name: hold_writers :exec
lock table
  public.task_brief_types, public.profile_core_data, public.context_blocks, public.block_files,
  public.task_briefs, public.deployment_configs, public.task_brief_outputs, public.block_usage_history,
  public.agent_sessions, public.agent_messages
in share row exclusive mode;

-- name: hold_writers_of_final :exec
lock table
  public.context_blocks, public.block_files, public.task_brief_types, public.task_briefs,
  public.block_brief_link, public.deployment_configs, public.task_brief_outputs, public.brief_feedback,
  public.block_usage_history, public.block_change_queue, public.block_revisions, public.agent_sessions,
  public.agent_messages, briefsmith.import_entries
in share row exclusive mode;

-- name: limit_statement :exec
select set_config('statement_timeout', %(milliseconds)s::text, true);

-- name: name_staged :many
-- All that will be moved out of the staging schema.
select class.relname as name, case class.relkind when 'v' then 'view' else 'table' end as kind
from pg_catalog.pg_class as class
where class.relnamespace = 'briefsmith_staging'::regnamespace and class.relkind in ('r', 'p', 'v')
union all
select type.typname, 'type'
from pg_catalog.pg_type as type
where type.typnamespace = 'briefsmith_staging'::regnamespace and type.typtype = 'e'
order by 1;

-- name: name_present :many
-- Of the names, those that there are in a schema.
select class.relname as name, case class.relkind when 'v' then 'view' when 'm' then 'materialized' else 'table' end as kind
from pg_catalog.pg_class as class
where class.relnamespace = to_regnamespace(%(schema)s::text)
  and class.relkind in ('r', 'p', 'v', 'm') and class.relname = any (%(names)s::text[])
union all
select type.typname, 'type'
from pg_catalog.pg_type as type
where type.typnamespace = to_regnamespace(%(schema)s::text)
  and type.typtype = 'e' and type.typname = any (%(names)s::text[])
order by 1;

-- name: stop_all :exec
-- Views first, as those who read them take their locks.
lock table the_names in access exclusive mode;

-- name: move_relation :exec
alter table from_schema.the_name set schema to_schema;

-- name: move_type :exec
alter type from_schema.the_name set schema to_schema;

-- name: settle_functions :exec
-- Bodies that are text name the schema; all else knows its tables by number.
do $$
declare
  body text;
begin
  set local check_function_bodies = off;
  for body in
    select pg_catalog.pg_get_functiondef(routine.oid)
    from pg_catalog.pg_proc as routine
    where routine.pronamespace = 'briefsmith'::regnamespace
      and routine.prosrc like '%briefsmith_staging.%'
  loop
    execute replace(body, 'briefsmith_staging.', 'public.');
  end loop;
end
$$;

-- name: keep_data :exec
-- Rows that a migration made count as made by the upgrade, so that an undo sees none that a person added.
insert into briefsmith_legacy.upgrade_staged (user_id, new_table, new_id, made, kept)
select
  null, 'task_brief_types', fresh.id, 'migration', encode(sha256(convert_to(to_jsonb(fresh)::text, 'UTF8')), 'hex')
from briefsmith_staging.task_brief_types as fresh
on conflict do nothing;

-- name: wake_triggers :exec
alter table briefsmith_staging.context_blocks enable trigger context_blocks_keep_revision;

-- name: set_moved :exec
update briefsmith_legacy.upgrade_state set phase = %(phase)s::text, moved = %(moved)s::jsonb;

-- name: create_staging :exec
create schema if not exists briefsmith_staging;

-- name: forget_migrations :exec
delete from supabase_migrations.schema_migrations where version = any (%(versions)s::text[]);

-- name: drop_staging :exec
drop schema if exists briefsmith_staging cascade;

-- name: drop_briefsmith :exec
drop schema if exists briefsmith cascade;

-- name: drop_legacy :exec
drop schema briefsmith_legacy cascade;

-- name: drop_migrations_table :exec
-- Only what the upgrade made, and nobody has used since.
do $$
begin
  if not exists (select from supabase_migrations.schema_migrations) then
    drop table supabase_migrations.schema_migrations;
  end if;
end
$$;

-- name: drop_migrations_schema :exec
do $$
begin
  if not exists (
    select from pg_catalog.pg_class where relnamespace = to_regnamespace('supabase_migrations')
  ) then
    drop schema if exists supabase_migrations;
  end if;
end
$$;

-- name: drop_vector :exec
do $$
begin
  drop extension if exists vector;
exception when dependent_objects_still_exist then
  null;
end
$$;

-- name: drop_extensions_schema :exec
do $$
begin
  drop schema if exists extensions;
exception when dependent_objects_still_exist then
  null;
end
$$;
