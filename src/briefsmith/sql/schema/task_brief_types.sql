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
