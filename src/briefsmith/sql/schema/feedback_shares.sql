-- How much of a brief that was judged each block was, so that feedback is counted once and can be taken back.
create table briefsmith.feedback_shares (
  brief_feedback_id uuid not null,
  block_id uuid not null,
  share double precision not null,
  constraint feedback_shares_pkey primary key (brief_feedback_id, block_id),
  constraint feedback_shares_brief_feedback_id_fkey
    foreign key (brief_feedback_id) references public.brief_feedback (id) on delete cascade,
  constraint feedback_shares_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade,
  constraint feedback_shares_share_check check (share > 0 and share <= 1)
);

comment on table briefsmith.feedback_shares is
  'How much of a brief that was judged each block was; the counts behind context_blocks.feedback_score.';

create index feedback_shares_block_id_idx on briefsmith.feedback_shares (block_id);

alter table briefsmith.feedback_shares enable row level security;
alter table briefsmith.feedback_shares force row level security;
revoke all on briefsmith.feedback_shares from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.feedback_shares to authenticated;
grant select, insert, update, delete on briefsmith.feedback_shares to service_role;

create policy feedback_shares_select on briefsmith.feedback_shares for select to authenticated
  using (
  exists (
    select from public.brief_feedback as owned
    where owned.id = brief_feedback_id and owned.user_id = (select auth.uid())
  )
  );

create policy feedback_shares_insert on briefsmith.feedback_shares for insert to authenticated
  with check (
  exists (
    select from public.brief_feedback as owned
    where owned.id = brief_feedback_id and owned.user_id = (select auth.uid())
  )
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy feedback_shares_update on briefsmith.feedback_shares for update to authenticated
  using (
  exists (
    select from public.brief_feedback as owned
    where owned.id = brief_feedback_id and owned.user_id = (select auth.uid())
  )
  )
  with check (
  exists (
    select from public.brief_feedback as owned
    where owned.id = brief_feedback_id and owned.user_id = (select auth.uid())
  )
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy feedback_shares_delete on briefsmith.feedback_shares for delete to authenticated
  using (
  exists (
    select from public.brief_feedback as owned
    where owned.id = brief_feedback_id and owned.user_id = (select auth.uid())
  )
  );
