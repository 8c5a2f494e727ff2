-- Which block went into which brief, and how.
create table public.block_brief_link (
  id uuid not null default gen_random_uuid(),
  block_id uuid not null,
  task_brief_id uuid not null,
  transformation text,
  created_at timestamptz not null default now(),
  constraint block_brief_link_pkey primary key (id),
  constraint block_brief_link_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade,
  constraint block_brief_link_task_brief_id_fkey
    foreign key (task_brief_id) references public.task_briefs (id) on delete cascade,
  constraint block_brief_link_use_key unique (task_brief_id, block_id, transformation)
);

comment on table public.block_brief_link is 'Which block went into which brief, and how.';
comment on column public.block_brief_link.transformation is 'used-as-is, excerpted, outlined, ...';

create index block_brief_link_block_id_idx on public.block_brief_link (block_id);

alter table public.block_brief_link enable row level security;
alter table public.block_brief_link force row level security;
revoke all on public.block_brief_link from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.block_brief_link to authenticated;
grant select, insert, update, delete on public.block_brief_link to service_role;

create policy block_brief_link_select on public.block_brief_link for select to authenticated
  using (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );

create policy block_brief_link_insert on public.block_brief_link for insert to authenticated
  with check (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy block_brief_link_update on public.block_brief_link for update to authenticated
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
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy block_brief_link_delete on public.block_brief_link for delete to authenticated
  using (
  exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  );
