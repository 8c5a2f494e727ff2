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
