-- The schema briefsmith_legacy: what is known of an upgrade under way, and after it the legacy tables themselves.
-- A user of null is everybody. `is not distinct from` would say it shorter, and use no index.

-- name: create :exec
-- Nobody but the owner gets in, whatever new schemas are granted to by default.
create schema briefsmith_legacy;
do $$
declare
  held_by text;
begin
  revoke all on schema briefsmith_legacy from public;
  for held_by in
    select distinct grantee.rolname
    from pg_catalog.pg_namespace as space
    cross join lateral pg_catalog.aclexplode(space.nspacl) as held
    join pg_catalog.pg_roles as grantee on grantee.oid = held.grantee
    where space.nspname = 'briefsmith_legacy' and held.grantee <> space.nspowner
  loop
    execute format('revoke all on schema briefsmith_legacy from %I', held_by);
  end loop;
end
$$;
create table briefsmith_legacy.upgrade_state (
  only_row boolean primary key default true check (only_row),
  id uuid not null default gen_random_uuid(),
  phase text not null default 'archive',
  archive_path text not null,
  archive_bytes bigint,
  staging text,
  surroundings jsonb not null,
  moved jsonb
);
create table briefsmith_legacy.upgrade_rows (
  user_id uuid, source_table text not null, source_key text not null, sha256 text not null, reason text
);
create index upgrade_rows_user_id_idx on briefsmith_legacy.upgrade_rows (user_id);
create table briefsmith_legacy.upgrade_users (
  user_id uuid, fingerprint text not null, proven boolean not null default false,
  constraint upgrade_users_key unique nulls not distinct (user_id)
);
create table briefsmith_legacy.upgrade_staged (
  user_id uuid, new_table text not null, new_id uuid not null, made text not null, kept text not null,
  constraint upgrade_staged_pkey primary key (new_table, new_id)
);
create index upgrade_staged_user_id_idx on briefsmith_legacy.upgrade_staged (user_id);
create table briefsmith_legacy.upgrade_sources (
  user_id uuid, new_table text not null, new_id uuid not null,
  source_table text not null, source_key text not null, paths text[] not null, sha256 text not null
);
create index upgrade_sources_new_id_idx on briefsmith_legacy.upgrade_sources (new_id);
create index upgrade_sources_user_id_idx on briefsmith_legacy.upgrade_sources (user_id);
create table briefsmith_legacy.upgrade_reasons (
  user_id uuid, source_table text not null, source_key text not null, code text not null, sentence text not null
);
create index upgrade_reasons_user_id_idx on briefsmith_legacy.upgrade_reasons (user_id);

-- name: begin_state :exec
-- What is there before anything is made, so that an undo leaves no more behind.
insert into briefsmith_legacy.upgrade_state (archive_path, surroundings)
select %(archive_path)s::text, jsonb_build_object(
  'supabase_migrations', to_regnamespace('supabase_migrations') is not null,
  'schema_migrations', to_regclass('supabase_migrations.schema_migrations') is not null,
  'extensions', to_regnamespace('extensions') is not null,
  'vector', exists (select from pg_catalog.pg_extension where extname = 'vector')
);

-- name: has_state :one
select to_regclass('briefsmith_legacy.upgrade_state') is not null as found;

-- name: state :maybe
select id, phase, archive_path, archive_bytes, staging, surroundings, moved
from briefsmith_legacy.upgrade_state;

-- name: set_phase :exec
update briefsmith_legacy.upgrade_state set phase = %(phase)s::text;

-- name: set_staging :exec
update briefsmith_legacy.upgrade_state set staging = %(staging)s::text;

-- name: set_archive :exec
update briefsmith_legacy.upgrade_state
set archive_path = %(archive_path)s::text, archive_bytes = %(archive_bytes)s::bigint;

-- name: forget_rows :exec
delete from briefsmith_legacy.upgrade_rows;

-- name: copy_rows :exec
copy briefsmith_legacy.upgrade_rows (user_id, source_table, source_key, sha256, reason) from stdin;

-- name: archived_of :many
select source_table, source_key, sha256 from briefsmith_legacy.upgrade_rows
where (user_id = %(user_id)s::uuid or (%(user_id)s::uuid is null and user_id is null));

-- name: users :many
select user_id, fingerprint, proven from briefsmith_legacy.upgrade_users;

-- name: set_user :exec
insert into briefsmith_legacy.upgrade_users (user_id, fingerprint)
values (%(user_id)s::uuid, %(fingerprint)s::text)
on conflict on constraint upgrade_users_key
do update set fingerprint = excluded.fingerprint, proven = false;

-- name: set_proven :exec
update briefsmith_legacy.upgrade_users set proven = true
where (user_id = %(user_id)s::uuid or (%(user_id)s::uuid is null and user_id is null));

-- name: forget_user :exec
delete from briefsmith_legacy.upgrade_users where (user_id = %(user_id)s::uuid or (%(user_id)s::uuid is null and user_id is null));

-- name: staged_of :many
select new_table, new_id, made from briefsmith_legacy.upgrade_staged
where (user_id = %(user_id)s::uuid or (%(user_id)s::uuid is null and user_id is null));

-- name: sources_of :many
select new_table, new_id, source_table, source_key, paths from briefsmith_legacy.upgrade_sources
where (user_id = %(user_id)s::uuid or (%(user_id)s::uuid is null and user_id is null))
order by new_table, new_id, source_table, source_key;

-- name: forget_staged :exec
with forgotten as (
  delete from briefsmith_legacy.upgrade_staged where new_id = any (%(ids)s::uuid[])
    and new_table = %(new_table)s::text
)
delete from briefsmith_legacy.upgrade_sources where new_id = any (%(ids)s::uuid[])
  and new_table = %(new_table)s::text;

-- name: insert_sources :exec
insert into briefsmith_legacy.upgrade_sources
  (user_id, new_table, new_id, source_table, source_key, paths, sha256)
select %(user_id)s::uuid, one.new_table, one.new_id, one.source_table, one.source_key, one.paths, one.sha256
from jsonb_to_recordset(%(rows)s::jsonb) as one (
  new_table text, new_id uuid, source_table text, source_key text, paths text[], sha256 text
);

-- name: replace_reasons :exec
with forgotten as (
  delete from briefsmith_legacy.upgrade_reasons where (user_id = %(user_id)s::uuid or (%(user_id)s::uuid is null and user_id is null))
)
insert into briefsmith_legacy.upgrade_reasons (user_id, source_table, source_key, code, sentence)
select %(user_id)s::uuid, one.source_table, one.source_key, one.code, one.sentence
from jsonb_to_recordset(%(rows)s::jsonb) as one (
  source_table text, source_key text, code text, sentence text
);

-- name: made_counts :many
select new_table as name, count(*) as number from briefsmith_legacy.upgrade_staged
where made <> 'migration' group by new_table order by 1;

-- name: legacy_counts :many
select source_table as name, count(*) as number from briefsmith_legacy.upgrade_rows group by source_table order by 1;

-- name: archived_only_counts :many
select source_table as name, reason as detail, count(*) as number
from briefsmith_legacy.upgrade_rows where reason is not null
group by source_table, reason order by 1, 2;

-- name: reasons :many
select code as name, source_table, source_key, sentence
from briefsmith_legacy.upgrade_reasons
order by code, source_table, source_key collate "C", sentence;

-- name: forget_all_staged :exec
truncate briefsmith_legacy.upgrade_users, briefsmith_legacy.upgrade_staged,
  briefsmith_legacy.upgrade_sources, briefsmith_legacy.upgrade_reasons;
