-- What feedback, proposals, readers of events and jobs have to remember; sql/schema/ has the same by table.
-- One transaction; every object is new, so no lock outlasts a moment.
set local lock_timeout = '5s';
set local search_path = public, extensions;

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

-- Why something was proposed, so that the same finding makes one proposal, also when it was rejected.
create table briefsmith.proposal_findings (
  user_id uuid not null,
  finding text not null,
  proposal_id uuid not null,
  constraint proposal_findings_pkey primary key (user_id, finding),
  constraint proposal_findings_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint proposal_findings_proposal_id_fkey
    foreign key (proposal_id) references public.block_change_queue (id) on delete cascade
);

comment on table briefsmith.proposal_findings is
  'Why something was proposed, so that the same finding makes one proposal, also when it was rejected.';
comment on column briefsmith.proposal_findings.finding is
  'Names what was found and in which texts: a hash, no text. A changed text is another finding.';

create index proposal_findings_proposal_id_idx on briefsmith.proposal_findings (proposal_id);

alter table briefsmith.proposal_findings enable row level security;
alter table briefsmith.proposal_findings force row level security;
revoke all on briefsmith.proposal_findings from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.proposal_findings to authenticated;
grant select, insert, update, delete on briefsmith.proposal_findings to service_role;

create policy proposal_findings_select on briefsmith.proposal_findings for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy proposal_findings_insert on briefsmith.proposal_findings for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.block_change_queue as owned
    where owned.id = proposal_id and owned.user_id = (select auth.uid())
  )
  );

create policy proposal_findings_update on briefsmith.proposal_findings for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.block_change_queue as owned
    where owned.id = proposal_id and owned.user_id = (select auth.uid())
  )
  );

create policy proposal_findings_delete on briefsmith.proposal_findings for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- How far each reader of the outbox has come.
create table briefsmith.event_consumers (
  user_id uuid not null,
  consumer text not null,
  all_until bigint not null default 0,
  constraint event_consumers_pkey primary key (user_id, consumer),
  constraint event_consumers_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table briefsmith.event_consumers is
  'How far each reader of the outbox has come.';
comment on column briefsmith.event_consumers.all_until is
  'Every event up to this id was seen; of later ones event_receipts tells.';

alter table briefsmith.event_consumers enable row level security;
alter table briefsmith.event_consumers force row level security;
revoke all on briefsmith.event_consumers from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.event_consumers to authenticated;
grant select, insert, update, delete on briefsmith.event_consumers to service_role;

create policy event_consumers_select on briefsmith.event_consumers for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy event_consumers_insert on briefsmith.event_consumers for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy event_consumers_update on briefsmith.event_consumers for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy event_consumers_delete on briefsmith.event_consumers for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- Which events a reader has seen: ids are given out before commits happen, so a greatest id is no cursor.
create table briefsmith.event_receipts (
  user_id uuid not null,
  consumer text not null,
  event_id bigint not null,
  seen_in xid8 not null default pg_current_xact_id(),
  constraint event_receipts_pkey primary key (user_id, consumer, event_id),
  constraint event_receipts_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint event_receipts_event_id_fkey
    foreign key (event_id) references public.events (id) on delete cascade
);

comment on table briefsmith.event_receipts is
  'Which events a reader has seen, until all before them were.';
comment on column briefsmith.event_receipts.seen_in is
  'The last transaction that could still write before it: when it has ended, no earlier id can appear.';

create index event_receipts_event_id_idx on briefsmith.event_receipts (event_id);

alter table briefsmith.event_receipts enable row level security;
alter table briefsmith.event_receipts force row level security;
revoke all on briefsmith.event_receipts from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.event_receipts to authenticated;
grant select, insert, update, delete on briefsmith.event_receipts to service_role;

create policy event_receipts_select on briefsmith.event_receipts for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy event_receipts_insert on briefsmith.event_receipts for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.events as owned
    where owned.id = event_id and owned.user_id = (select auth.uid())
  )
  );

create policy event_receipts_update on briefsmith.event_receipts for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.events as owned
    where owned.id = event_id and owned.user_id = (select auth.uid())
  )
  );

create policy event_receipts_delete on briefsmith.event_receipts for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- Which jobs have had their effect: a job that runs again, because its worker was killed, finds its row.
create table briefsmith.agent_jobs (
  user_id uuid not null,
  job text not null,
  agent_session_id uuid not null,
  created_at timestamptz not null default now(),
  constraint agent_jobs_pkey primary key (user_id, job),
  constraint agent_jobs_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint agent_jobs_agent_session_id_fkey
    foreign key (agent_session_id) references public.agent_sessions (id) on delete cascade
);

comment on table briefsmith.agent_jobs is
  'Which jobs have had their effect, written in the same transaction as it.';

create index agent_jobs_agent_session_id_idx on briefsmith.agent_jobs (agent_session_id);

alter table briefsmith.agent_jobs enable row level security;
alter table briefsmith.agent_jobs force row level security;
revoke all on briefsmith.agent_jobs from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.agent_jobs to authenticated;
grant select, insert, update, delete on briefsmith.agent_jobs to service_role;

create policy agent_jobs_select on briefsmith.agent_jobs for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy agent_jobs_insert on briefsmith.agent_jobs for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.agent_sessions as owned
    where owned.id = agent_session_id and owned.user_id = (select auth.uid())
  )
  );

create policy agent_jobs_update on briefsmith.agent_jobs for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.agent_sessions as owned
    where owned.id = agent_session_id and owned.user_id = (select auth.uid())
  )
  );

create policy agent_jobs_delete on briefsmith.agent_jobs for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
