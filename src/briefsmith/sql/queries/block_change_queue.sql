-- name: insert_proposal :one
insert into public.block_change_queue (
  user_id, action, block_id, proposed_data, source_event, reason
)
values (
  %(user_id)s::uuid, %(action)s::public.proposal_action_enum, %(block_id)s::uuid,
  %(proposed_data)s::jsonb, %(source_event)s::text, %(reason)s::text
)
returning *;

-- name: insert_findings :many
-- No row for what was found before, also by somebody who is about to commit. In one order, so that two who found
-- the same do not wait for each other.
insert into briefsmith.proposal_findings (user_id, finding, proposal_id)
select %(user_id)s::uuid, named.finding, %(proposal_id)s::uuid
from unnest(%(findings)s::text[]) as named (finding)
order by named.finding
on conflict (user_id, finding) do nothing
returning proposal_findings.finding;

-- name: select_findings :many
-- Those of the findings that have made a proposal already.
select known.finding
from briefsmith.proposal_findings as known
where known.user_id = %(user_id)s::uuid and known.finding = any (%(findings)s::text[]);

-- name: delete_proposal :exec
-- Takes back what was inserted in this transaction, because another one was first.
delete from public.block_change_queue
where id = %(id)s::uuid and user_id = %(user_id)s::uuid and status = 'pending';

-- name: select_proposal :maybe
select proposal.*
from public.block_change_queue as proposal
where proposal.id = %(id)s::uuid and proposal.user_id = %(user_id)s::uuid;

-- name: lock_proposal :maybe
-- Whoever decides waits here for whoever is deciding.
select proposal.*
from public.block_change_queue as proposal
where proposal.id = %(id)s::uuid and proposal.user_id = %(user_id)s::uuid
for update;

-- name: lock_blocks :many
-- In the order of their ids, so that two who want the same blocks do not wait for each other.
select to_jsonb(block) - 'meta_embedding' as block
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid and block.id = any (%(ids)s::uuid[])
order by block.id
for update;

-- name: select_reviewed :many
-- Which of the blocks once waited for a review and no longer do: a person has read these.
select distinct revision.block_id
from public.block_revisions as revision
join public.context_blocks as block on block.id = revision.block_id
where revision.block_id = any (%(ids)s::uuid[])
  and not block.requires_user_review
  and (revision.snapshot ->> 'requires_user_review') = 'true';

-- name: select_proposals :many
-- A page, the oldest first, behind a row that was seen.
select proposal.*
from public.block_change_queue as proposal
where proposal.user_id = %(user_id)s::uuid
  and proposal.status = any (%(statuses)s::public.proposal_status_enum[])
  and (
    %(after_id)s::uuid is null
    or (proposal.created_at, proposal.id) > (%(after_time)s::timestamptz, %(after_id)s::uuid)
  )
order by proposal.created_at, proposal.id
limit %(limit)s::integer;

-- name: select_pending_of :many
-- Proposals that wait and name any of the blocks, whatever for.
select proposal.*
from public.block_change_queue as proposal
where proposal.user_id = %(user_id)s::uuid
  and proposal.status = 'pending'
  and (
    proposal.block_id = any (%(ids)s::uuid[])
    or exists (
      select
      from unnest(%(ids)s::uuid[]) as wanted (id)
      where proposal.proposed_data
        @> jsonb_build_object('blocks', jsonb_build_array(jsonb_build_object('block_id', wanted.id)))
    )
  )
order by proposal.created_at, proposal.id;

-- name: select_outdated :many
-- Proposals that wait and cannot be applied any more: a block that they name has another version, or is gone.
select proposal.*
from public.block_change_queue as proposal
where proposal.user_id = %(user_id)s::uuid
  and proposal.status = 'pending'
  and exists (
    select
    from jsonb_array_elements(
      case
        when jsonb_typeof(proposal.proposed_data -> 'blocks') = 'array'
          then proposal.proposed_data -> 'blocks'
        else '[]'
      end
    ) as entry (value)
    where not exists (
      select
      from public.context_blocks as block
      where block.user_id = %(user_id)s::uuid
        and block.id::text = entry.value ->> 'block_id'
        and block.version::text = entry.value ->> 'version'
    )
  )
order by proposal.created_at, proposal.id;

-- name: decide_proposal :maybe
-- No row when it is decided already.
update public.block_change_queue as proposal
set
  status = %(status)s::public.proposal_status_enum,
  decided_at = now(),
  decided_by = %(decided_by)s::text,
  block_id = coalesce(proposal.block_id, %(made)s::uuid),
  proposed_data = proposal.proposed_data || %(added)s::jsonb
where proposal.id = %(id)s::uuid
  and proposal.user_id = %(user_id)s::uuid
  and proposal.status = 'pending'
returning proposal.*;

-- name: forget_findings :exec
-- Of a proposal that nobody decided on, so that the same may be found again.
delete from briefsmith.proposal_findings
where user_id = %(user_id)s::uuid and proposal_id = %(id)s::uuid;

-- name: redact_proposals :exec
-- Takes text out of proposals that name a block, or made it, before it is purged.
update public.block_change_queue as proposal
set
  proposed_data
    = (proposal.proposed_data - array['new', 'changes', 'rejection']) || '{"redacted": true}'
where proposal.user_id = %(user_id)s::uuid
  and (
    proposal.proposed_data
      @> jsonb_build_object('blocks', jsonb_build_array(jsonb_build_object('block_id', %(block_id)s::uuid)))
    or proposal.proposed_data @> jsonb_build_object('made', %(block_id)s::uuid)
  );

-- name: name_proposal :one
-- Revisions of what follows in this transaction name the proposal, and who decided.
select
  set_config('briefsmith.proposal_id', %(proposal_id)s::text, true) as proposal_id,
  set_config('briefsmith.changed_by', %(changed_by)s::text, true) as changed_by;

-- name: refresh_block :maybe
-- A text from its source, or the word that the old one still holds; no row when the version has moved on. A text
-- that an agent has fetched is no longer its person's own.
update public.context_blocks as block
set
  content = coalesce(%(content)s::text, block.content),
  source = case
    when coalesce(%(content)s::text, block.content) = block.content then block.source
    else 'agent'
  end,
  last_refreshed_at = now(),
  meta_embedding = case
    when %(meta_embedding_model)s::text is null then block.meta_embedding
    else %(meta_embedding)s::real[]::vector
  end,
  meta_embedding_model = coalesce(%(meta_embedding_model)s::text, block.meta_embedding_model)
where block.id = %(id)s::uuid and block.version = %(expected_version)s::integer
returning to_jsonb(block) - 'meta_embedding' as block;

-- name: move_files :exec
-- Files of blocks that went into one; a block has one primary file at most, so that of the first stays it.
update public.block_files as file
set
  associated_block_id = %(block_id)s::uuid,
  is_primary = file.is_primary and file.associated_block_id = (%(from_ids)s::uuid[])[1]
where file.user_id = %(user_id)s::uuid and file.associated_block_id = any (%(from_ids)s::uuid[]);

-- name: take_file_ids :exec
-- The ids of files that the blocks name, each once; nothing where they name none.
update public.context_blocks as block
set file_ids = named.ids
from (
  select array_agg(distinct part.file_id order by part.file_id) as ids
  from public.context_blocks as source
  cross join lateral unnest(source.file_ids) as part (file_id)
  where source.user_id = %(user_id)s::uuid and source.id = any (%(from_ids)s::uuid[])
) as named
where block.id = %(block_id)s::uuid and named.ids is not null;
