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
