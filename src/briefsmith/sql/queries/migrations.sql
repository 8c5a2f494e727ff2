-- The table in which the Supabase command line records migrations, as it makes it, and the lock of those who
-- apply them.

-- name: lock :one
-- A second runner waits. Any number will do, as long as every runner takes the same one.
select pg_advisory_lock(7208466153217749);

-- name: unlock :one
select pg_advisory_unlock(7208466153217749);

-- name: create_schema :exec
create schema if not exists supabase_migrations;

-- name: create_table :exec
create table if not exists supabase_migrations.schema_migrations (
  version text primary key,
  statements text[],
  name text
);

-- name: select_versions :many
select version, coalesce(name, '') as name from supabase_migrations.schema_migrations;

-- name: insert_migration :exec
insert into supabase_migrations.schema_migrations (version, statements, name)
values (%(version)s::text, %(statements)s::text[], %(name)s::text);
