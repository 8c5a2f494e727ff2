-- The whole schema of Briefsmith; sql/schema/ has the same by table, for reading.
-- One transaction; every object is new, so no lock outlasts a moment.
set local lock_timeout = '5s';
set local search_path = public, extensions;

-- Roles, the schema auth and the extension, as Supabase supplies them. What is there already is left alone.

do $$
declare
  role_name text;
begin
  foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
      execute format('create role %I nologin noinherit', role_name);
      if role_name = 'service_role'
        and (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
      then
        execute 'alter role service_role bypassrls';
      end if;
    end if;
  end loop;
  -- Requests run as authenticated; a superuser may become anybody, any other login has to be a member. From
  -- PostgreSQL 16 on, a member (whoever made the role, for one) may still lack the right to become it.
  if not pg_catalog.pg_has_role(
    current_user,
    'authenticated',
    case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end
  ) then
    execute format('grant authenticated to %I', current_user);
  end if;
end
$$;

do $$
begin
  if to_regnamespace('auth') is null then
    create schema auth;
    grant usage on schema auth to anon, authenticated, service_role;

    create table auth.users (
      id uuid primary key default gen_random_uuid(),
      email text unique,
      created_at timestamptz not null default now()
    );
    alter table auth.users enable row level security;

    create function auth.jwt() returns jsonb language sql stable set search_path = ''
    return nullif(current_setting('request.jwt.claims', true), '')::jsonb;

    create function auth.uid() returns uuid language sql stable set search_path = ''
    return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

    create function auth.role() returns text language sql stable set search_path = ''
    return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role';
  end if;
end
$$;

do $$
begin
  if not exists (select from pg_catalog.pg_extension where extname = 'vector') then
    create schema if not exists extensions;
    grant usage on schema extensions to anon, authenticated, service_role;
    create extension vector with schema extensions;
  end if;
end
$$;

-- What the search needs and no API should show: not in public, so PostgREST does not serve it.
create schema briefsmith;
grant usage on schema briefsmith to authenticated, service_role;

-- The labels are in their order: `order by importance` puts high first.

create type public.context_block_type_enum as enum (
  'topic', 'intent', 'reference', 'style_guide', 'insight', 'guide', 'question', 'text', 'other'
);
create type public.context_block_source_enum as enum ('user', 'agent', 'imported', 'parser');
create type public.context_block_status_enum as enum ('active', 'locked', 'archived');
create type public.context_block_importance_enum as enum ('high', 'medium', 'low');
create type public.context_block_update_policy_enum as enum ('manual', 'auto');
create type public.storage_domain as enum ('block-files', 'user-library', 'brief-media');
create type public.output_type_enum as enum (
  'prompt_block', 'markdown', 'structured_json', 'text_response', 'evolved_block'
);
create type public.proposal_action_enum as enum ('create', 'update', 'delete', 'merge');
create type public.proposal_status_enum as enum ('pending', 'approved', 'applied', 'rejected');

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

-- A file in the user's library or attached to a block.
create table public.block_files (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  file_url text not null,
  file_name text not null,
  label text not null,
  note text,
  size_bytes integer not null,
  storage_domain public.storage_domain not null default 'block-files',
  is_primary boolean not null default false,
  associated_block_id uuid,
  content_type text,
  content_sha256 text,
  created_at timestamptz not null default now(),
  constraint block_files_pkey primary key (id),
  constraint block_files_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint block_files_associated_block_id_fkey
    foreign key (associated_block_id) references public.context_blocks (id) on delete set null,
  constraint block_files_size_bytes_check check (size_bytes >= 0)
);

comment on table public.block_files is 'A file in the user''s library or attached to a block.';
comment on column public.block_files.file_url is 'Where the bytes are.';
comment on column public.block_files.file_name is 'As the user named it; never used as a path.';
comment on column public.block_files.note is 'What an agent should make of it.';
comment on column public.block_files.content_type is 'Sniffed from the bytes, not believed.';

create index block_files_user_id_idx on public.block_files (user_id, created_at, id);
create index block_files_associated_block_id_idx on public.block_files (associated_block_id);
create unique index block_files_primary_key
  on public.block_files (associated_block_id) where is_primary;

alter table public.block_files enable row level security;
alter table public.block_files force row level security;
revoke all on public.block_files from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.block_files to authenticated;
grant select, insert, update, delete on public.block_files to service_role;

create policy block_files_select on public.block_files for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy block_files_insert on public.block_files for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and (
    associated_block_id is null
    or exists (
        select from public.context_blocks as owned
        where owned.id = associated_block_id and owned.user_id = (select auth.uid())
      )
  )
  );

create policy block_files_update on public.block_files for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and (
    associated_block_id is null
    or exists (
        select from public.context_blocks as owned
        where owned.id = associated_block_id and owned.user_id = (select auth.uid())
      )
  )
  );

create policy block_files_delete on public.block_files for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- A catalogue of kinds of briefs: read by all who are signed in, written by service_role.
create table public.task_brief_types (
  id uuid not null default gen_random_uuid(),
  title text not null,
  description text,
  required_context_types jsonb not null default '[]',
  agent_flow jsonb not null default '[]',
  output_type public.output_type_enum not null default 'markdown',
  version integer not null default 1,
  constraint task_brief_types_pkey primary key (id),
  constraint task_brief_types_title_key unique (title, version)
);

comment on table public.task_brief_types is 'A catalogue of kinds of briefs.';

alter table public.task_brief_types enable row level security;
alter table public.task_brief_types force row level security;
revoke all on public.task_brief_types from public, anon, authenticated, service_role;
grant select on public.task_brief_types to authenticated;
grant select, insert, update, delete on public.task_brief_types to service_role;

create policy task_brief_types_select on public.task_brief_types for select to authenticated
  using (
  true
  );

-- One task, and the context frozen for it.
create table public.task_briefs (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  intent text not null,
  sub_instructions text,
  media jsonb,
  compilation_mode text,
  core_context_snapshot jsonb,
  is_draft boolean not null default true,
  is_published boolean not null default false,
  is_locked boolean not null default false,
  meta_emotional_tone text[] not null default '{}',
  meta_scope text,
  meta_audience text,
  task_brief_type_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint task_briefs_pkey primary key (id),
  constraint task_briefs_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint task_briefs_task_brief_type_id_fkey
    foreign key (task_brief_type_id) references public.task_brief_types (id) on delete set null
);

comment on table public.task_briefs is 'One task, and the context frozen for it.';
comment on column public.task_briefs.media is 'Array of {image_url, description}.';
comment on column public.task_briefs.compilation_mode is 'Null is the default mode.';
comment on column public.task_briefs.core_context_snapshot is
  'What went in: ids, versions, hashes, transformations, tokens, scores, the selector and its settings; no text.';

create index task_briefs_user_id_idx on public.task_briefs (user_id, created_at, id);
create index task_briefs_task_brief_type_id_idx on public.task_briefs (task_brief_type_id);

alter table public.task_briefs enable row level security;
alter table public.task_briefs force row level security;
revoke all on public.task_briefs from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.task_briefs to authenticated;
grant select, insert, update, delete on public.task_briefs to service_role;

create policy task_briefs_select on public.task_briefs for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy task_briefs_insert on public.task_briefs for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy task_briefs_update on public.task_briefs for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy task_briefs_delete on public.task_briefs for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

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

-- Whether a brief did its work.
create table public.brief_feedback (
  id uuid not null default gen_random_uuid(),
  task_brief_id uuid not null,
  output_id uuid,
  user_id uuid not null,
  success boolean not null,
  comment text,
  created_at timestamptz not null default now(),
  constraint brief_feedback_pkey primary key (id),
  constraint brief_feedback_task_brief_id_fkey
    foreign key (task_brief_id) references public.task_briefs (id) on delete cascade,
  constraint brief_feedback_output_id_fkey
    foreign key (output_id) references public.task_brief_outputs (id) on delete set null,
  constraint brief_feedback_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table public.brief_feedback is 'Whether a brief did its work.';

create index brief_feedback_task_brief_id_idx on public.brief_feedback (task_brief_id);
create index brief_feedback_output_id_idx on public.brief_feedback (output_id);
create index brief_feedback_user_id_idx on public.brief_feedback (user_id);

alter table public.brief_feedback enable row level security;
alter table public.brief_feedback force row level security;
revoke all on public.brief_feedback from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.brief_feedback to authenticated;
grant select, insert, update, delete on public.brief_feedback to service_role;

create policy brief_feedback_select on public.brief_feedback for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy brief_feedback_insert on public.brief_feedback for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  and (
    output_id is null
    or exists (select from public.task_brief_outputs as output where output.id = output_id)
  )
  );

create policy brief_feedback_update on public.brief_feedback for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.task_briefs as owned
    where owned.id = task_brief_id and owned.user_id = (select auth.uid())
  )
  and (
    output_id is null
    or exists (select from public.task_brief_outputs as output where output.id = output_id)
  )
  );

create policy brief_feedback_delete on public.brief_feedback for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

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

-- An outbox: each row is written in the transaction that it tells of.
create table public.events (
  id bigint generated always as identity,
  topic text not null,
  user_id uuid,
  payload jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint events_pkey primary key (id),
  constraint events_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table public.events is
  'An outbox: each row is written in the transaction that it tells of. Payloads hold ids, never text.';

create index events_user_id_idx on public.events (user_id, id);
revoke all on sequence public.events_id_seq from public, anon, authenticated, service_role;

-- Anybody who can connect hears a notification, so it carries an opaque id and nothing else.
create function briefsmith.notify_event() returns trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('briefsmith_events', new.id::text);
  return null;
end
$$;
create trigger events_notify after insert on public.events
  for each row execute function briefsmith.notify_event();

alter table public.events enable row level security;
alter table public.events force row level security;
revoke all on public.events from public, anon, authenticated, service_role;
grant select, insert on public.events to authenticated;
grant select, insert, update, delete on public.events to service_role;

create policy events_select on public.events for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy events_insert on public.events for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

-- The lexical index: what BM25 needs, kept by triggers, so that no way of writing a block goes past it.
--
--   search_documents  one row a block: its number and its length
--   search_postings   for each term the numbers of the documents that hold it, how often each does and how
--                     long each is; one row a term and statement, so a bulk load writes few long rows
--   search_totals     a ledger of changes to the number and length of a user's documents: rows are only
--                     added, so two writers never wait for each other; its sum is the truth

create table briefsmith.search_documents (
  document_no integer not null generated always as identity,
  block_id uuid not null,
  user_id uuid not null,
  length integer not null,
  constraint search_documents_pkey primary key (document_no),
  -- With the owner in it, so that it tells nobody which blocks others have.
  constraint search_documents_block_id_key unique (block_id, user_id),
  constraint search_documents_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);
comment on table briefsmith.search_documents is 'One row a block: its number and length in words.';
create index search_documents_user_id_idx on briefsmith.search_documents (user_id);

create table briefsmith.search_postings (
  id bigint not null generated always as identity,
  user_id uuid not null,
  term text not null,
  documents integer[] not null,
  frequencies integer[] not null,
  lengths integer[] not null,
  constraint search_postings_pkey primary key (id),
  constraint search_postings_arrays_check check (
    cardinality(documents) = cardinality(frequencies)
    and cardinality(documents) = cardinality(lengths)
  )
);
comment on table briefsmith.search_postings is
  'For each term the documents that hold it, how often each does, and how long each is; arrays in step.';
create index search_postings_user_id_idx on briefsmith.search_postings (user_id, term);

create table briefsmith.search_totals (
  id bigint not null generated always as identity,
  user_id uuid not null,
  documents bigint not null,
  length bigint not null,
  constraint search_totals_pkey primary key (id),
  constraint search_totals_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);
comment on table briefsmith.search_totals is
  'A ledger of changes to the number and length of a user''s documents; its sum is the truth.';
create index search_totals_user_id_idx on briefsmith.search_totals (user_id);

alter table briefsmith.search_documents enable row level security;
alter table briefsmith.search_documents force row level security;
revoke all on briefsmith.search_documents from public, anon, authenticated, service_role;
grant select, insert, delete on briefsmith.search_documents to authenticated;
grant select, insert, update, delete on briefsmith.search_documents to service_role;

create policy search_documents_select on briefsmith.search_documents for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_documents_insert on briefsmith.search_documents for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_documents_delete on briefsmith.search_documents for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

alter table briefsmith.search_postings enable row level security;
alter table briefsmith.search_postings force row level security;
revoke all on briefsmith.search_postings from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.search_postings to authenticated;
grant select, insert, update, delete on briefsmith.search_postings to service_role;

create policy search_postings_select on briefsmith.search_postings for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_postings_insert on briefsmith.search_postings for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_postings_update on briefsmith.search_postings for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy search_postings_delete on briefsmith.search_postings for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

alter table briefsmith.search_totals enable row level security;
alter table briefsmith.search_totals force row level security;
revoke all on briefsmith.search_totals from public, anon, authenticated, service_role;
grant select, insert, delete on briefsmith.search_totals to authenticated;
grant select, insert, update, delete on briefsmith.search_totals to service_role;

create policy search_totals_select on briefsmith.search_totals for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_totals_insert on briefsmith.search_totals for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_totals_delete on briefsmith.search_totals for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- The dictionary for a language tag (BCP 47); English where there is none or it is not known.
create function briefsmith.text_configuration(locale text) returns regconfig
language sql immutable parallel safe set search_path = ''
return (
  case lower(split_part(replace(coalesce(locale, 'en'), '_', '-'), '-', 1))
    when 'ar' then 'arabic' when 'hy' then 'armenian' when 'eu' then 'basque'
    when 'ca' then 'catalan' when 'da' then 'danish' when 'nl' then 'dutch'
    when 'fi' then 'finnish' when 'fr' then 'french' when 'de' then 'german'
    when 'el' then 'greek' when 'hi' then 'hindi' when 'hu' then 'hungarian'
    when 'id' then 'indonesian' when 'ga' then 'irish' when 'it' then 'italian'
    when 'lt' then 'lithuanian' when 'ne' then 'nepali' when 'no' then 'norwegian'
    when 'nb' then 'norwegian' when 'nn' then 'norwegian' when 'pt' then 'portuguese'
    when 'ro' then 'romanian' when 'ru' then 'russian' when 'sr' then 'serbian'
    when 'es' then 'spanish' when 'sv' then 'swedish' when 'ta' then 'tamil'
    when 'tr' then 'turkish' when 'yi' then 'yiddish'
    else 'english'
  end
)::regconfig;

-- The words of a text as terms, with how often each is there. A tsvector holds at most a megabyte, so
-- 200,000 characters of a very long text are read.
create function briefsmith.terms_of(locale text, words text)
returns table (term text, frequency integer)
language sql stable parallel safe set search_path = ''
begin atomic
  select word.lexeme, cardinality(word.positions)
  from unnest(to_tsvector(briefsmith.text_configuration(locale), left(words, 200000))) as word;
end;

create function briefsmith.index_new_blocks() returns trigger
language plpgsql set search_path = '' as $$
declare
  changed uuid[];
begin
  -- An update that leaves the words alone (feedback, an embedding) leaves the index alone.
  if tg_op = 'UPDATE' then
    changed := array(
      select fresh.id
      from new_blocks as fresh
      join old_blocks as stale on stale.id = fresh.id
      where (fresh.user_id, fresh.label, fresh.content, fresh.meta_tags, fresh.meta_locale)
        is distinct from
        (stale.user_id, stale.label, stale.content, stale.meta_tags, stale.meta_locale)
    );
    if cardinality(changed) = 0 then
      return null;
    end if;
  end if;
  with terms as materialized (
    -- As terms_of, written out: called a row, the function costs as much as the work in it.
    select
      block.id as block_id, block.user_id, word.lexeme as term,
      cardinality(word.positions) as frequency
    from new_blocks as block
    cross join lateral unnest(
      to_tsvector(
        briefsmith.text_configuration(block.meta_locale),
        left(
          block.label || E'\n' || block.content || E'\n'
          || array_to_string(block.meta_tags, ' '),
          200000
        )
      )
    ) as word
    where changed is null or block.id = any (changed)
  ),
  lengths as (
    select block_id, sum(frequency)::integer as length from terms group by block_id
  ),
  documents as (
    insert into briefsmith.search_documents (block_id, user_id, length)
    select block.id, block.user_id, coalesce(lengths.length, 0)
    from new_blocks as block
    left join lengths on lengths.block_id = block.id
    where changed is null or block.id = any (changed)
    returning document_no, block_id, user_id, length
  ),
  postings as (
    insert into briefsmith.search_postings (user_id, term, documents, frequencies, lengths)
    select
      terms.user_id,
      terms.term,
      array_agg(documents.document_no order by documents.document_no),
      array_agg(terms.frequency order by documents.document_no),
      array_agg(documents.length order by documents.document_no)
    from terms
    join documents on documents.block_id = terms.block_id
    group by terms.user_id, terms.term
  )
  insert into briefsmith.search_totals (user_id, documents, length)
  select user_id, count(*), sum(length) from documents group by user_id;
  return null;
end
$$;

-- Takes the words out again, every one: what a person purges is not to be found in the index.
create function briefsmith.unindex_old_blocks() returns trigger
language plpgsql set search_path = '' as $$
declare
  changed uuid[];
  missed bigint[];
begin
  -- Whoever deletes an account has no rights here, and foreign keys have taken its documents already.
  if tg_op = 'DELETE' and not has_schema_privilege('briefsmith', 'usage') then
    if not exists (
      select from auth.users as account join old_blocks as block on block.user_id = account.id
    ) then
      return null;
    end if;
  end if;
  -- An update that leaves the words alone (feedback, an embedding) leaves the index alone.
  if tg_op = 'UPDATE' then
    changed := array(
      select fresh.id
      from new_blocks as fresh
      join old_blocks as stale on stale.id = fresh.id
      where (fresh.user_id, fresh.label, fresh.content, fresh.meta_tags, fresh.meta_locale)
        is distinct from
        (stale.user_id, stale.label, stale.content, stale.meta_tags, stale.meta_locale)
    );
    if cardinality(changed) = 0 then
      return null;
    end if;
  end if;
  with gone as (
    select document.document_no, document.user_id, document.length, block.id as block_id
    from old_blocks as block
    join briefsmith.search_documents as document
      on document.block_id = block.id and document.user_id = block.user_id
    where changed is null or block.id = any (changed)
  ),
  terms as (
    select distinct gone.user_id, gone.document_no, word.term
    from gone
    join old_blocks as block on block.id = gone.block_id
    cross join lateral briefsmith.terms_of(
      block.meta_locale,
      block.label || E'\n' || block.content || E'\n' || array_to_string(block.meta_tags, ' ')
    ) as word
  ),
  -- Two writers take the rows in one order.
  held as (
    select posting.id, terms_of_row.numbers
    from briefsmith.search_postings as posting
    join (
      select user_id, term, array_agg(document_no) as numbers from terms group by user_id, term
    ) as terms_of_row
      on terms_of_row.user_id = posting.user_id and terms_of_row.term = posting.term
    where posting.documents && terms_of_row.numbers
    order by posting.id
    for update of posting
  ),
  emptied as (
    delete from briefsmith.search_postings as posting
    using held
    where posting.id = held.id and posting.documents <@ held.numbers
    returning posting.id
  ),
  thinned as (
    update briefsmith.search_postings as posting
    set
      documents = array(
        select entry.document_no
        from unnest(posting.documents) with ordinality as entry (document_no, place)
        where entry.document_no <> all (held.numbers)
        order by entry.place
      ),
      frequencies = array(
        select entry.frequency
        from unnest(posting.documents, posting.frequencies) with ordinality
          as entry (document_no, frequency, place)
        where entry.document_no <> all (held.numbers)
        order by entry.place
      ),
      lengths = array(
        select entry.length
        from unnest(posting.documents, posting.lengths) with ordinality
          as entry (document_no, length, place)
        where entry.document_no <> all (held.numbers)
        order by entry.place
      )
    from held
    where posting.id = held.id and not posting.documents <@ held.numbers
    returning posting.id
  ),
  documents as (
    delete from briefsmith.search_documents as document
    using gone
    where document.document_no = gone.document_no
  ),
  ledger as (
    insert into briefsmith.search_totals (user_id, documents, length)
    select user_id, -count(*), -sum(length) from gone group by user_id
  )
  select array_agg(held.id) into missed
  from held
  where held.id not in (select emptied.id from emptied union all select thinned.id from thinned);
  -- A row that held more when the statement began, and that another writer took down to only ours while this
  -- one waited, is neither emptied nor thinned: the next statement sees it as it is now.
  if missed is not null then
    delete from briefsmith.search_postings where id = any (missed);
  end if;
  return null;
end
$$;

-- TRUNCATE passes the other triggers by.
create function briefsmith.empty_index() returns trigger
language plpgsql set search_path = '' as $$
begin
  truncate briefsmith.search_documents, briefsmith.search_postings, briefsmith.search_totals;
  return null;
end
$$;

-- With an account, foreign keys take its documents and its ledger; its words go with the ledger (a foreign
-- key of their own would be checked for every word written). As the owner, because whoever deletes accounts
-- has no rights here; in the account's name, because row level security binds the owner as well.
create function briefsmith.forget_words() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  claims text := coalesce(current_setting('request.jwt.claims', true), '');
  account uuid;
begin
  for account in select distinct user_id from old_totals loop
    perform set_config('request.jwt.claims', jsonb_build_object('sub', account)::text, true);
    delete from briefsmith.search_postings as posting
    where posting.user_id = account
      and not exists (
        select from briefsmith.search_totals as ledger where ledger.user_id = account
      );
  end loop;
  perform set_config('request.jwt.claims', claims, true);
  return null;
end
$$;

create trigger search_index_inserted after insert on public.context_blocks
  referencing new table as new_blocks
  for each statement execute function briefsmith.index_new_blocks();
-- Triggers fire in the order of their names: the old words go before the new ones come.
create trigger search_index_updated_1_out after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.unindex_old_blocks();
create trigger search_index_updated_2_in after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.index_new_blocks();
create trigger search_index_deleted after delete on public.context_blocks
  referencing old table as old_blocks
  for each statement execute function briefsmith.unindex_old_blocks();
create trigger search_index_truncated after truncate on public.context_blocks
  for each statement execute function briefsmith.empty_index();
create trigger search_totals_forget_words after delete on briefsmith.search_totals
  referencing old table as old_totals
  for each statement execute function briefsmith.forget_words();

-- Where an imported block came from, so that the next import knows what changed.
create table briefsmith.import_entries (
  user_id uuid not null,
  collection text not null,
  path text not null,
  anchor text not null,
  block_id uuid not null,
  content_sha256 text not null,
  constraint import_entries_pkey primary key (user_id, collection, path, anchor),
  constraint import_entries_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint import_entries_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade
);

comment on table briefsmith.import_entries is
  'Where an imported block came from, so that the next import knows what changed.';
comment on column briefsmith.import_entries.collection is
  'The folder that was imported, or the name given to it.';
comment on column briefsmith.import_entries.content_sha256 is
  'Of what the file held when it was imported, so that a person''s own edit is not taken for a change of the file.';

create index import_entries_block_id_idx on briefsmith.import_entries (block_id);
create index import_entries_content_sha256_idx
  on briefsmith.import_entries (user_id, content_sha256);

alter table briefsmith.import_entries enable row level security;
alter table briefsmith.import_entries force row level security;
revoke all on briefsmith.import_entries from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.import_entries to authenticated;
grant select, insert, update, delete on briefsmith.import_entries to service_role;

create policy import_entries_select on briefsmith.import_entries for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy import_entries_insert on briefsmith.import_entries for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy import_entries_update on briefsmith.import_entries for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy import_entries_delete on briefsmith.import_entries for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- Every change of a block is a new version, and what was there before is kept. A trigger does it, so that
-- no way of writing a block goes past it. What the product learns by itself (feedback, last use, the
-- embedding) is no change of the block.
create function briefsmith.keep_revision() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.id <> old.id then
    raise exception 'a block keeps its id'
      using errcode = 'check_violation', constraint = 'context_blocks_id_kept',
        schema = 'public', table = 'context_blocks';
  end if;
  new.version := old.version;
  if (
    new.type, new.label, new.content, new.source, new.status, new.importance, new.file_ids,
    new.update_policy, new.meta_tags, new.meta_context_scope, new.meta_agent_notes,
    new.meta_refreshable, new.meta_locale, new.meta_visibility,
    new.meta_emotional_tone, new.is_auto_generated, new.requires_user_review, new.last_refreshed_at
  ) is not distinct from (
    old.type, old.label, old.content, old.source, old.status, old.importance, old.file_ids,
    old.update_policy, old.meta_tags, old.meta_context_scope, old.meta_agent_notes,
    old.meta_refreshable, old.meta_locale, old.meta_visibility,
    old.meta_emotional_tone, old.is_auto_generated, old.requires_user_review, old.last_refreshed_at
  ) then
    return new;
  end if;
  if old.status = 'locked' and new.status = 'locked' then
    raise exception 'a locked block cannot be changed'
      using errcode = 'check_violation', constraint = 'context_blocks_locked',
        schema = 'public', table = 'context_blocks';
  end if;
  -- A vector stands for the text it was made from.
  if (new.label, new.content) is distinct from (old.label, old.content)
    and new.meta_embedding::text is not distinct from old.meta_embedding::text
  then
    new.meta_embedding := null;
    new.meta_embedding_model := null;
  end if;
  new.version := old.version + 1;
  new.updated_at := now();
  insert into public.block_revisions (block_id, version, snapshot, changed_by, proposal_id)
  values (
    old.id,
    old.version,
    to_jsonb(old) - 'meta_embedding',
    coalesce(
      nullif(current_setting('briefsmith.changed_by', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    ),
    nullif(current_setting('briefsmith.proposal_id', true), '')::uuid
  );
  return new;
end
$$;

create trigger context_blocks_keep_revision before update on public.context_blocks
  for each row execute function briefsmith.keep_revision();

-- Every view runs as the one who asks (security_invoker), so it shows what row level security shows.

create view public.view_block_usage_summary with (security_invoker = true) as
select
  block.id as block_id,
  block.user_id,
  block.label,
  count(distinct link.task_brief_id) as brief_count,
  max(link.created_at) as last_used_at,
  coalesce(
    array_agg(
      distinct link.transformation collate "C" order by link.transformation collate "C"
    )
      filter (where link.transformation is not null),
    '{}'
  ) as usage_modes
from public.context_blocks as block
left join public.block_brief_link as link on link.block_id = block.id
group by block.id;

comment on view public.view_block_usage_summary is
  'How often each block entered a brief, and how; unused blocks have a row with 0 and an empty array.';

create view public.view_user_brief_patterns with (security_invoker = true) as
select
  brief.user_id,
  count(*) as total_briefs,
  (
    select tone.value
    from public.task_briefs as mine
    cross join lateral unnest(mine.meta_emotional_tone) as tone (value)
    where mine.user_id = brief.user_id and tone.value is not null
    group by tone.value
    order by count(*) desc, tone.value collate "C"
    limit 1
  ) as dominant_tone,
  (
    select mine.meta_scope
    from public.task_briefs as mine
    where mine.user_id = brief.user_id and mine.meta_scope is not null
    group by mine.meta_scope
    order by count(*) desc, mine.meta_scope collate "C"
    limit 1
  ) as dominant_scope,
  (
    select mine.meta_audience
    from public.task_briefs as mine
    where mine.user_id = brief.user_id and mine.meta_audience is not null
    group by mine.meta_audience
    order by count(*) desc, mine.meta_audience collate "C"
    limit 1
  ) as dominant_audience
from public.task_briefs as brief
group by brief.user_id;

comment on view public.view_user_brief_patterns is
  'What a user''s briefs have in common; ties go to the alphabetically first, so the answer is stable.';

create view public.view_block_popularity_by_type with (security_invoker = true) as
select
  block.type,
  count(distinct link.task_brief_id) as total_briefs,
  count(link.id) as total_usages
from public.context_blocks as block
left join public.block_brief_link as link on link.block_id = block.id
group by block.type;

comment on view public.view_block_popularity_by_type is
  'For each type that has blocks, the briefs that used one and the uses.';

create view public.block_usage_summary with (security_invoker = true) as
select
  use.block_id,
  max(use.used_at) as last_used_at,
  count(*) as total_usages,
  count(distinct use.used_in_task_id) as distinct_tasks
from public.block_usage_history as use
group by use.block_id;

comment on view public.block_usage_summary is 'Uses of each block by tasks, from its history.';

revoke all on
  public.view_block_usage_summary,
  public.view_user_brief_patterns,
  public.view_block_popularity_by_type,
  public.block_usage_summary
from public, anon, authenticated, service_role;
grant select on
  public.view_block_usage_summary,
  public.view_user_brief_patterns,
  public.view_block_popularity_by_type,
  public.block_usage_summary
to authenticated, service_role;

-- Functions of the schema briefsmith serve triggers, policies and searches of those who are signed in.
revoke all on all functions in schema briefsmith from public, anon;
grant execute on all functions in schema briefsmith to authenticated, service_role;
-- It runs with the rights of its owner, so nobody may hang it on a table of their own.
revoke execute on function briefsmith.forget_words() from authenticated, service_role;
