-- An outbox: each row is written in the transaction that it tells of.
create table public.events (
  id bigint generated always as identity,
  topic text not null,
  user_id uuid,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint events_pkey primary key (id),
  constraint events_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table public.events is
  'An outbox: each row is written in the transaction that it tells of. Payloads hold ids, never text.';

create index events_user_id_idx on public.events (user_id, id);
revoke all on sequence public.events_id_seq from public, anon, authenticated, service_role;

-- Anybody who can connect hears a notification, so it carries an opaque id and nothing else.
create function briefsmith.notify_event() returns trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('briefsmith_events', new.id::text);
  return null;
end
$$;
create trigger events_notify after insert on public.events
  for each row execute function briefsmith.notify_event();

alter table public.events enable row level security;
alter table public.events force row level security;
revoke all on public.events from public, anon, authenticated, service_role;
grant select, insert on public.events to authenticated;
grant select, insert, update, delete on public.events to service_role;

create policy events_select on public.events for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy events_insert on public.events for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );
