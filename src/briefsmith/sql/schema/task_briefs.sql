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
