-- What the server remembers: keys, answers that are given again, rates, and what is under way; sql/schema/ has the same
-- by table. One transaction; every object is new, so no lock outlasts a moment.
set local lock_timeout = '5s';
set local search_path = public, extensions;

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

-- What a request that wrote something was answered with, so that its repetition gets the same and writes nothing.
create table briefsmith.idempotent_answers (
  user_id uuid not null,
  key text not null,
  request_sha256 text not null,
  status integer not null,
  headers jsonb not null,
  body bytea,
  created_at timestamptz not null default now(),
  constraint idempotent_answers_pkey primary key (user_id, key),
  constraint idempotent_answers_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table briefsmith.idempotent_answers is
  'What a request that wrote something was answered with, written in the transaction of its effect.';
comment on column briefsmith.idempotent_answers.body is
  'Null once a block was purged, whose text it may hold.';

create index idempotent_answers_created_at_idx
  on briefsmith.idempotent_answers (user_id, created_at);

alter table briefsmith.idempotent_answers enable row level security;
alter table briefsmith.idempotent_answers force row level security;
revoke all on briefsmith.idempotent_answers from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.idempotent_answers to authenticated;
grant select, insert, update, delete on briefsmith.idempotent_answers to service_role;

create policy idempotent_answers_select on briefsmith.idempotent_answers for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy idempotent_answers_insert on briefsmith.idempotent_answers for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy idempotent_answers_update on briefsmith.idempotent_answers for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy idempotent_answers_delete on briefsmith.idempotent_answers for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- How much each person has asked lately, for all servers together; a generic cell rate algorithm needs one time.
create table briefsmith.request_rates (
  user_id uuid not null,
  used_until timestamptz not null,
  constraint request_rates_pkey primary key (user_id),
  constraint request_rates_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table briefsmith.request_rates is
  'How much each person has asked lately, for all servers together.';
comment on column briefsmith.request_rates.used_until is
  'When all that was asked would have been asked at the even rate; how far ahead it may be is the burst.';

alter table briefsmith.request_rates enable row level security;
alter table briefsmith.request_rates force row level security;
revoke all on briefsmith.request_rates from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.request_rates to authenticated;
grant select, insert, update, delete on briefsmith.request_rates to service_role;

create policy request_rates_select on briefsmith.request_rates for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy request_rates_insert on briefsmith.request_rates for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy request_rates_update on briefsmith.request_rates for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy request_rates_delete on briefsmith.request_rates for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- Requests that take long and are under way, on whichever server; one that was killed is forgotten when it expires.
create table briefsmith.running_requests (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  kind text not null,
  idempotency_key text,
  expires_at timestamptz not null,
  constraint running_requests_pkey primary key (id),
  constraint running_requests_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table briefsmith.running_requests is
  'Requests that take long and are under way, so that one person does not take all there is.';

create index running_requests_user_id_idx on briefsmith.running_requests (user_id);

alter table briefsmith.running_requests enable row level security;
alter table briefsmith.running_requests force row level security;
revoke all on briefsmith.running_requests from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.running_requests to authenticated;
grant select, insert, update, delete on briefsmith.running_requests to service_role;

create policy running_requests_select on briefsmith.running_requests for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy running_requests_insert on briefsmith.running_requests for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy running_requests_update on briefsmith.running_requests for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy running_requests_delete on briefsmith.running_requests for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
