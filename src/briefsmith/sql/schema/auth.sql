-- Roles, the schema auth and the extension, as Supabase supplies them. What is there already is left alone.

do $$
declare
  role_name text;
begin
  foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
      execute format('create role %I nologin noinherit', role_name);
      if role_name = 'service_role'
        and (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
      then
        execute 'alter role service_role bypassrls';
      end if;
    end if;
  end loop;
  -- Requests run as authenticated; a superuser may become anybody, any other login has to be a member. From
  -- PostgreSQL 16 on, a member (whoever made the role, for one) may still lack the right to become it.
  if not pg_catalog.pg_has_role(
    current_user,
    'authenticated',
    case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end
  ) then
    execute format('grant authenticated to %I', current_user);
  end if;
end
$$;

do $$
begin
  if to_regnamespace('auth') is null then
    create schema auth;
    grant usage on schema auth to anon, authenticated, service_role;

    create table auth.users (
      id uuid primary key default gen_random_uuid(),
      email text unique,
      created_at timestamptz not null default now()
    );
    alter table auth.users enable row level security;

    create function auth.jwt() returns jsonb language sql stable set search_path = ''
    return nullif(current_setting('request.jwt.claims', true), '')::jsonb;

    create function auth.uid() returns uuid language sql stable set search_path = ''
    return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

    create function auth.role() returns text language sql stable set search_path = ''
    return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role';
  end if;
end
$$;

do $$
begin
  if not exists (select from pg_catalog.pg_extension where extname = 'vector') then
    create schema if not exists extensions;
    grant usage on schema extensions to anon, authenticated, service_role;
    create extension vector with schema extensions;
  end if;
end
$$;
