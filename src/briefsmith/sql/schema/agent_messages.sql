-- What agents said and were told, without secrets.
create table public.agent_messages (
  id uuid not null default gen_random_uuid(),
  task_id text,
  user_id uuid not null,
  agent_type text,
  message_type text,
  message_content jsonb,
  created_at timestamptz not null default now(),
  constraint agent_messages_pkey primary key (id),
  constraint agent_messages_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table public.agent_messages is 'What agents said and were told, without secrets.';

create index agent_messages_user_id_idx on public.agent_messages (user_id, created_at);

alter table public.agent_messages enable row level security;
alter table public.agent_messages force row level security;
revoke all on public.agent_messages from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.agent_messages to authenticated;
grant select, insert, update, delete on public.agent_messages to service_role;

create policy agent_messages_select on public.agent_messages for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy agent_messages_insert on public.agent_messages for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy agent_messages_update on public.agent_messages for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy agent_messages_delete on public.agent_messages for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
