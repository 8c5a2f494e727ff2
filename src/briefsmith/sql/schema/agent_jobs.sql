-- Which jobs have had their effect: a job that runs again, because its worker was killed, finds its row.
create table briefsmith.agent_jobs (
  user_id uuid not null,
  job text not null,
  agent_session_id uuid not null,
  created_at timestamptz not null default now(),
  constraint agent_jobs_pkey primary key (user_id, job),
  constraint agent_jobs_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint agent_jobs_agent_session_id_fkey
    foreign key (agent_session_id) references public.agent_sessions (id) on delete cascade
);

comment on table briefsmith.agent_jobs is
  'Which jobs have had their effect, written in the same transaction as it.';

create index agent_jobs_agent_session_id_idx on briefsmith.agent_jobs (agent_session_id);

alter table briefsmith.agent_jobs enable row level security;
alter table briefsmith.agent_jobs force row level security;
revoke all on briefsmith.agent_jobs from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.agent_jobs to authenticated;
grant select, insert, update, delete on briefsmith.agent_jobs to service_role;

create policy agent_jobs_select on briefsmith.agent_jobs for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy agent_jobs_insert on briefsmith.agent_jobs for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.agent_sessions as owned
    where owned.id = agent_session_id and owned.user_id = (select auth.uid())
  )
  );

create policy agent_jobs_update on briefsmith.agent_jobs for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.agent_sessions as owned
    where owned.id = agent_session_id and owned.user_id = (select auth.uid())
  )
  );

create policy agent_jobs_delete on briefsmith.agent_jobs for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
