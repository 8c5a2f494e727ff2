-- The part of a fresh Supabase database that a migration meets: roles that are there, a schema auth that
-- belongs to another, generous default privileges, and a customer's login that is no superuser.
create role {postgres} login createrole createdb bypassrls;
create role {auth_admin} login noinherit createrole;
grant anon, authenticated, service_role to {postgres} with admin option;
alter database {database} owner to {postgres};
grant usage on schema public to anon, authenticated, service_role;
create schema extensions;
grant usage on schema extensions to {postgres}, anon, authenticated, service_role;
create extension vector with schema extensions;
create schema auth;
grant usage on schema auth to {postgres}, anon, authenticated, service_role;
grant all on schema auth to {auth_admin};
create table auth.users (
  instance_id uuid,
  id uuid not null primary key,
  aud varchar(255),
  role varchar(255),
  email varchar(255),
  encrypted_password varchar(255),
  confirmed_at timestamptz,
  raw_user_meta_data jsonb,
  is_super_admin bool,
  created_at timestamptz,
  updated_at timestamptz
);
alter table auth.users owner to {auth_admin};
alter table auth.users enable row level security;
grant all on auth.users to {postgres};
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid
$$;
create function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
  )::text
$$;
create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;
alter function auth.uid() owner to {auth_admin};
alter function auth.role() owner to {auth_admin};
alter function auth.jwt() owner to {auth_admin};
alter default privileges for role {postgres} in schema public
  grant all on tables to {postgres}, anon, authenticated, service_role;
alter default privileges for role {postgres} in schema public
  grant all on functions to {postgres}, anon, authenticated, service_role;
alter default privileges for role {postgres} in schema public
  grant all on sequences to {postgres}, anon, authenticated, service_role;
