-- One reusable piece of context.
create table public.context_blocks (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  type public.context_block_type_enum not null default 'text',
  label text not null,
  content text not null,
  source public.context_block_source_enum not null default 'user',
  version integer not null default 1,
  status public.context_block_status_enum not null default 'active',
  importance public.context_block_importance_enum not null default 'medium',
  file_ids uuid[] not null default '{}',
  update_policy public.context_block_update_policy_enum not null default 'auto',
  feedback_score double precision,
  last_used_successfully_at timestamptz,
  meta_tags text[] not null default '{}',
  meta_context_scope text,
  meta_agent_notes text,
  meta_derived_from uuid,
  meta_refreshable boolean not null default false,
  meta_embedding vector(256),
  meta_embedding_model text,
  meta_locale text,
  meta_visibility text not null default 'visible',
  meta_emotional_tone text[] not null default '{}',
  is_auto_generated boolean not null default false,
  requires_user_review boolean not null default false,
  last_refreshed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint context_blocks_pkey primary key (id),
  constraint context_blocks_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint context_blocks_meta_derived_from_fkey
    foreign key (meta_derived_from) references public.context_blocks (id) on delete set null,
  -- The unique index below can hold 2,704 bytes; 500 characters are at most 2,000.
  constraint context_blocks_label_check check (btrim(label) <> '' and char_length(label) <= 500),
  constraint context_blocks_version_check check (version >= 1),
  constraint context_blocks_feedback_score_check
    check (feedback_score >= 0 and feedback_score <= 1),
  constraint context_blocks_meta_visibility_check
    check (meta_visibility in ('visible', 'hidden', 'system', 'shared')),
  constraint context_blocks_meta_embedding_check
    check ((meta_embedding is null) = (meta_embedding_model is null))
);

-- In the row itself, not in a TOAST table: an exact search reads every vector of its user.
alter table public.context_blocks alter column meta_embedding set storage plain;

comment on table public.context_blocks is 'One reusable piece of context.';
comment on column public.context_blocks.version is
  'Plus one on every change that a person or an agent makes; an optimistic lock.';
comment on column public.context_blocks.update_policy is
  'manual: agents may propose changes, never apply them.';
comment on column public.context_blocks.feedback_score is
  'Posterior mean in [0, 1] of "a brief that used it succeeded"; null before any feedback.';
comment on column public.context_blocks.meta_embedding_model is
  'Name of the model that made meta_embedding; vectors of two models are never compared.';

create unique index context_blocks_label_key
  on public.context_blocks (user_id, lower(label)) where status <> 'archived';
create index context_blocks_user_id_idx on public.context_blocks (user_id, created_at, id);
create index context_blocks_meta_derived_from_idx on public.context_blocks (meta_derived_from);

-- A policy cannot ask its own table; a function can.
create function briefsmith.owns_block(block_id uuid) returns boolean
language sql stable set search_path = ''
return exists (
  select from public.context_blocks as owned
  where owned.id = block_id and owned.user_id = (select auth.uid())
);

alter table public.context_blocks enable row level security;
alter table public.context_blocks force row level security;
revoke all on public.context_blocks from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.context_blocks to authenticated;
grant select, insert, update, delete on public.context_blocks to service_role;

create policy context_blocks_select on public.context_blocks for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy context_blocks_insert on public.context_blocks for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and (meta_derived_from is null or briefsmith.owns_block(meta_derived_from))
  );

create policy context_blocks_update on public.context_blocks for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and (meta_derived_from is null or briefsmith.owns_block(meta_derived_from))
  );

create policy context_blocks_delete on public.context_blocks for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
