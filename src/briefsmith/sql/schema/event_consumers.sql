-- How far each reader of the outbox has come.
create table briefsmith.event_consumers (
  user_id uuid not null,
  consumer text not null,
  all_until bigint not null default 0,
  constraint event_consumers_pkey primary key (user_id, consumer),
  constraint event_consumers_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table briefsmith.event_consumers is
  'How far each reader of the outbox has come.';
comment on column briefsmith.event_consumers.all_until is
  'Every event up to this id was seen; of later ones event_receipts tells.';

alter table briefsmith.event_consumers enable row level security;
alter table briefsmith.event_consumers force row level security;
revoke all on briefsmith.event_consumers from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.event_consumers to authenticated;
grant select, insert, update, delete on briefsmith.event_consumers to service_role;

create policy event_consumers_select on briefsmith.event_consumers for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy event_consumers_insert on briefsmith.event_consumers for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy event_consumers_update on briefsmith.event_consumers for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy event_consumers_delete on briefsmith.event_consumers for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
