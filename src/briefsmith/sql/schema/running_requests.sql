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
