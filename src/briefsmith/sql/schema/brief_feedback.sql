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
