-- One run of an agent.
create table public.agent_sessions (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  agent_type text not null,
  status text not null default 'running',
  task_type_id text,
  inputs jsonb,
  metadata jsonb,
  created_at timestamptz not null default now(),
  constraint agent_sessions_pkey primary key (id),
  constraint agent_sessions_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table public.agent_sessions is 'One run of an agent.';

create index agent_sessions_user_id_idx on public.agent_sessions (user_id, created_at);

alter table public.agent_sessions enable row level security;
alter table public.agent_sessions force row level security;
revoke all on public.agent_sessions from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.agent_sessions to authenticated;
grant select, insert, update, delete on public.agent_sessions to service_role;

create policy agent_sessions_select on public.agent_sessions for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy agent_sessions_insert on public.agent_sessions for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy agent_sessions_update on public.agent_sessions for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy agent_sessions_delete on public.agent_sessions for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
