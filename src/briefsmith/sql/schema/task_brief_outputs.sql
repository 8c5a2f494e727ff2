-- What a brief came to: its rendered text first, then what models made of it.
create table public.task_brief_outputs (
  id uuid not null default gen_random_uuid(),
  task_brief_id uuid not null,
  config_id uuid,
  content text not null,
  output_type public.output_type_enum not null default 'markdown',
  agent_type text,
  created_at timestamptz not null default now(),
  constraint task_brief_outputs_pkey primary key (id),
  constraint task_brief_outputs_task_brief_id_fkey
    foreign key (task_brief_id) references public.task_briefs (id) on delete cascade,
  constraint task_brief_outputs_config_id_fkey
    foreign key (config_id) references public.deployment_configs (id) on delete set null
);

comment on table public.task_brief_outputs is
  'What a brief came to: its rendered text, and what models made of it.';

create index task_brief_outputs_task_brief_id_idx on public.task_brief_outputs (task_brief_id);
create index task_brief_outputs_config_id_idx on public.task_brief_outputs (config_id);

alter table public.task_brief_outputs enable row level security;
alter table public.task_brief_outputs force row level security;
revoke all on public.task_brief_outputs from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.task_brief_outputs to authenticated;
grant select, insert, update, delete on public.task_brief_outputs to service_role;

create policy task_brief_outputs_select on public.task_brief_outputs for select to authenticated
  using (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );

create policy task_brief_outputs_insert on public.task_brief_outputs for insert to authenticated
  with check (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  and (
    config_id is null
    or exists (select from public.deployment_configs as config where config.id = config_id)
  )
  );

create policy task_brief_outputs_update on public.task_brief_outputs for update to authenticated
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
  and (
    config_id is null
    or exists (select from public.deployment_configs as config where config.id = config_id)
  )
  );

create policy task_brief_outputs_delete on public.task_brief_outputs for delete to authenticated
  using (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );
