-- Personal keys of scripts and agents that ask the server; the key itself is shown once and stored nowhere.
create table briefsmith.api_keys (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  name text not null,
  key_sha256 text not null,
  scope text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint api_keys_pkey primary key (id),
  constraint api_keys_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint api_keys_scope_check check (scope in ('read', 'write')),
  constraint api_keys_name_check check (length(name) between 1 and 100)
);

comment on table briefsmith.api_keys is
  'Personal keys of scripts and agents; the key itself is shown once and stored nowhere.';
comment on column briefsmith.api_keys.last_used_at is
  'To the minute.';

create unique index api_keys_key_sha256_key on briefsmith.api_keys (user_id, key_sha256);

alter table briefsmith.api_keys enable row level security;
alter table briefsmith.api_keys force row level security;
revoke all on briefsmith.api_keys from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.api_keys to authenticated;
grant select, insert, update, delete on briefsmith.api_keys to service_role;

create policy api_keys_select on briefsmith.api_keys for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy api_keys_insert on briefsmith.api_keys for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy api_keys_update on briefsmith.api_keys for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy api_keys_delete on briefsmith.api_keys for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
