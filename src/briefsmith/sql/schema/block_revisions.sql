-- What a block was before each change; rows are added, never changed.
create table public.block_revisions (
  id uuid not null default gen_random_uuid(),
  block_id uuid not null,
  version integer not null,
  snapshot jsonb not null,
  changed_by text,
  proposal_id uuid,
  created_at timestamptz not null default now(),
  constraint block_revisions_pkey primary key (id),
  constraint block_revisions_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade,
  constraint block_revisions_proposal_id_fkey
    foreign key (proposal_id) references public.block_change_queue (id) on delete set null,
  constraint block_revisions_version_key unique (block_id, version)
);

comment on table public.block_revisions is
  'What a block was before each change; rows are added, never changed.';
comment on column public.block_revisions.snapshot is
  'The row before the change, without its embedding, which the text and the model''s name give again.';

create index block_revisions_proposal_id_idx on public.block_revisions (proposal_id);

alter table public.block_revisions enable row level security;
alter table public.block_revisions force row level security;
revoke all on public.block_revisions from public, anon, authenticated, service_role;
grant select, insert on public.block_revisions to authenticated;
grant select, insert, update, delete on public.block_revisions to service_role;

create policy block_revisions_select on public.block_revisions for select to authenticated
  using (
  exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy block_revisions_insert on public.block_revisions for insert to authenticated
  with check (
  exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  and (
    proposal_id is null
    or exists (select from public.block_change_queue as proposal where proposal.id = proposal_id)
  )
  );
