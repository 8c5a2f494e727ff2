-- name: handshake :one
-- What opening the store has to know, in one round trip.
select
  current_setting('server_version_num')::integer as server_version,
  current_setting('server_version') as server_version_text,
  (select extversion from pg_catalog.pg_extension where extname = 'vector') as vector_version,
  array(
    select version from supabase_migrations.schema_migrations
    where name like 'briefsmith\_%%' order by version
  ) as migrations,
  array(
    select account.id from auth.users as account
    where %(user)s::text is null
      or account.id::text = lower(%(user)s::text)
      or lower(account.email) = lower(%(user)s::text)
    order by account.created_at, account.id
    limit 2
  ) as users,
  array(
    select wanted.name from unnest(%(columns)s::text[]) as wanted (name)
    except
    select space.nspname || '.' || class.relname || '.' || attribute.attname
    from pg_catalog.pg_namespace as space
    join pg_catalog.pg_class as class on class.relnamespace = space.oid
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = class.oid
    where space.nspname in ('briefsmith', 'public')
      and class.relkind in ('r', 'p', 'v')
      and attribute.attnum > 0 and not attribute.attisdropped
    order by 1
  ) as lacking;

-- name: server_facts :one
-- The part of the handshake that any server can answer, for a database that is not migrated.
select
  current_setting('server_version_num')::integer as server_version,
  current_setting('server_version') as server_version_text,
  (select extversion from pg_catalog.pg_extension where extname = 'vector') as vector_version,
  exists (
    select from pg_catalog.pg_available_extensions where name = 'vector'
  ) as vector_available,
  to_regclass('public.context_blocks') is not null as has_blocks,
  to_regclass('public.profile_core_data') is not null as is_legacy,
  exists (
    select from pg_catalog.pg_attribute
    where attrelid = to_regclass('auth.users') and attname = 'instance_id'
  ) as is_supabase,
  pg_database_size(current_database()) as size_bytes;

-- name: server_run :one
-- Which database of which run of which server answers: one that was put back to an older state was started again.
select
  pg_postmaster_start_time()::text as started,
  (select oid::bigint from pg_catalog.pg_database where datname = current_database()) as database;

-- name: insert_user :one
-- A person of a plain PostgreSQL; on Supabase, accounts are made by its own authentication.
insert into auth.users (email) values (%(email)s::text)
on conflict (email) do update set email = excluded.email
returning id;
