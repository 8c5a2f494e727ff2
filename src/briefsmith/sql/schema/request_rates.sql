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
