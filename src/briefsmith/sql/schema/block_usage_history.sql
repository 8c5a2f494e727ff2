-- Each use of a block, in time.
create table public.block_usage_history (
  id uuid not null default gen_random_uuid(),
  block_id uuid not null,
  used_in_task_id uuid not null,
  used_at timestamptz not null default now(),
  agent_type text,
  usage_type text,
  constraint block_usage_history_pkey primary key (id),
  constraint block_usage_history_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade,
  constraint block_usage_history_used_in_task_id_fkey
    foreign key (used_in_task_id) references public.task_briefs (id) on delete cascade
);

comment on table public.block_usage_history is 'Each use of a block, in time.';

create index block_usage_history_block_id_idx on public.block_usage_history (block_id, used_at);
create index block_usage_history_used_in_task_id_idx
  on public.block_usage_history (used_in_task_id);

alter table public.block_usage_history enable row level security;
alter table public.block_usage_history force row level security;
revoke all on public.block_usage_history from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.block_usage_history to authenticated;
grant select, insert, update, delete on public.block_usage_history to service_role;

create policy block_usage_history_select on public.block_usage_history for select to authenticated
  using (
  exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy block_usage_history_insert on public.block_usage_history for insert to authenticated
  with check (
  exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  and exists (
    select from public.task_briefs as owned
    where owned.id = used_in_task_id and owned.user_id = (select auth.uid())
  )
  );

create policy block_usage_history_update on public.block_usage_history for update to authenticated
  using (
  exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  )
  with check (
  exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  and exists (
    select from public.task_briefs as owned
    where owned.id = used_in_task_id and owned.user_id = (select auth.uid())
  )
  );

create policy block_usage_history_delete on public.block_usage_history for delete to authenticated
  using (
  exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );
