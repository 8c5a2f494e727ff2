-- Which events a reader has seen: ids are given out before commits happen, so a greatest id is no cursor.
create table briefsmith.event_receipts (
  user_id uuid not null,
  consumer text not null,
  event_id bigint not null,
  seen_in xid8 not null default pg_current_xact_id(),
  constraint event_receipts_pkey primary key (user_id, consumer, event_id),
  constraint event_receipts_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint event_receipts_event_id_fkey
    foreign key (event_id) references public.events (id) on delete cascade
);

comment on table briefsmith.event_receipts is
  'Which events a reader has seen, until all before them were.';
comment on column briefsmith.event_receipts.seen_in is
  'The last transaction that could still write before it: when it has ended, no earlier id can appear.';

create index event_receipts_event_id_idx on briefsmith.event_receipts (event_id);

alter table briefsmith.event_receipts enable row level security;
alter table briefsmith.event_receipts force row level security;
revoke all on briefsmith.event_receipts from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.event_receipts to authenticated;
grant select, insert, update, delete on briefsmith.event_receipts to service_role;

create policy event_receipts_select on briefsmith.event_receipts for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy event_receipts_insert on briefsmith.event_receipts for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.events as owned
    where owned.id = event_id and owned.user_id = (select auth.uid())
  )
  );

create policy event_receipts_update on briefsmith.event_receipts for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.events as owned
    where owned.id = event_id and owned.user_id = (select auth.uid())
  )
  );

create policy event_receipts_delete on briefsmith.event_receipts for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
