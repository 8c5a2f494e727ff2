-- Changes that agents propose and a person decides on.
create table public.block_change_queue (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  action public.proposal_action_enum not null,
  block_id uuid,
  proposed_data jsonb not null default '{}',
  source_event text,
  status public.proposal_status_enum not null default 'pending',
  reason text,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  decided_by text,
  constraint block_change_queue_pkey primary key (id),
  constraint block_change_queue_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint block_change_queue_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade
);

comment on table public.block_change_queue is 'Changes that agents propose and a person decides on.';

create index block_change_queue_user_id_idx on public.block_change_queue (user_id, status);
create index block_change_queue_block_id_idx on public.block_change_queue (block_id);

alter table public.block_change_queue enable row level security;
alter table public.block_change_queue force row level security;
revoke all on public.block_change_queue from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.block_change_queue to authenticated;
grant select, insert, update, delete on public.block_change_queue to service_role;

create policy block_change_queue_select on public.block_change_queue for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy block_change_queue_insert on public.block_change_queue for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and (
    block_id is null
    or exists (
        select from public.context_blocks as owned
        where owned.id = block_id and owned.user_id = (select auth.uid())
      )
  )
  );

create policy block_change_queue_update on public.block_change_queue for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and (
    block_id is null
    or exists (
        select from public.context_blocks as owned
        where owned.id = block_id and owned.user_id = (select auth.uid())
      )
  )
  );

create policy block_change_queue_delete on public.block_change_queue for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
