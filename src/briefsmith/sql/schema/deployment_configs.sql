-- How a brief is run.
create table public.deployment_configs (
  id uuid not null default gen_random_uuid(),
  task_brief_id uuid not null,
  model text,
  temperature double precision,
  max_tokens integer,
  receiver text,
  format text,
  custom_notes text,
  created_at timestamptz not null default now(),
  constraint deployment_configs_pkey primary key (id),
  constraint deployment_configs_task_brief_id_fkey
    foreign key (task_brief_id) references public.task_briefs (id) on delete cascade,
  constraint deployment_configs_temperature_check check (temperature >= 0 and temperature <= 2),
  constraint deployment_configs_max_tokens_check check (max_tokens > 0)
);

comment on table public.deployment_configs is 'How a brief is run.';

create index deployment_configs_task_brief_id_idx on public.deployment_configs (task_brief_id);

alter table public.deployment_configs enable row level security;
alter table public.deployment_configs force row level security;
revoke all on public.deployment_configs from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.deployment_configs to authenticated;
grant select, insert, update, delete on public.deployment_configs to service_role;

create policy deployment_configs_select on public.deployment_configs for select to authenticated
  using (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );

create policy deployment_configs_insert on public.deployment_configs for insert to authenticated
  with check (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );

create policy deployment_configs_update on public.deployment_configs for update to authenticated
  using (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  )
  with check (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );

create policy deployment_configs_delete on public.deployment_configs for delete to authenticated
  using (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );
