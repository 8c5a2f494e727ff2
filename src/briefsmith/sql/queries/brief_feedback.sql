-- name: lock_feedback :one
-- One after the other for each person: whoever counts sees all that the one before has written. Held to the end
-- of the transaction.
select true as is_locked
from (
  select pg_advisory_xact_lock(hashtextextended('briefsmith.feedback/' || %(user_id)s::uuid, 0))
) as taken;

-- name: select_feedback :maybe
-- The one that counts: the newest.
select
  given.id, given.task_brief_id, given.output_id, given.user_id, given.success, given.comment,
  given.created_at
from public.brief_feedback as given
where given.task_brief_id = %(task_brief_id)s::uuid and given.user_id = %(user_id)s::uuid
order by given.created_at desc, given.id desc
limit 1;

-- name: select_output :maybe
-- An output, if it is this brief's.
select output.id
from public.task_brief_outputs as output
where output.id = %(id)s::uuid and output.task_brief_id = %(task_brief_id)s::uuid;

-- name: insert_feedback :one
insert into public.brief_feedback (task_brief_id, output_id, user_id, success, comment)
values (
  %(task_brief_id)s::uuid, %(output_id)s::uuid, %(user_id)s::uuid, %(success)s::boolean, %(comment)s::text
)
returning id, task_brief_id, output_id, user_id, success, comment, created_at;

-- name: update_feedback :one
-- Its time is that of the verdict: another comment leaves it alone. No other feedback is newer afterwards.
update public.brief_feedback as given
set
  success = %(success)s::boolean,
  comment = %(comment)s::text,
  output_id = %(output_id)s::uuid,
  created_at = case
    when given.success = %(success)s::boolean then given.created_at
    else greatest(clock_timestamp(), given.created_at)
  end
where given.id = %(id)s::uuid
returning
  given.id, given.task_brief_id, given.output_id, given.user_id, given.success, given.comment,
  given.created_at;

-- name: delete_feedback :exec
-- All of a brief's, or all but one; their shares go with them.
delete from public.brief_feedback
where task_brief_id = %(task_brief_id)s::uuid
  and user_id = %(user_id)s::uuid
  and id is distinct from %(kept_id)s::uuid;

-- name: select_uncounted :many
-- Feedback that other programs wrote, or that came with the upgrade of a legacy database: the newest of a brief,
-- without shares, though a block of the brief is still there. A page by id of the brief.
select newest.id, newest.task_brief_id, brief.core_context_snapshot
from (
  select distinct on (given.task_brief_id) given.id, given.task_brief_id
  from public.brief_feedback as given
  where given.user_id = %(user_id)s::uuid
  order by given.task_brief_id, given.created_at desc, given.id desc
) as newest
join public.task_briefs as brief on brief.id = newest.task_brief_id
where (%(after_id)s::uuid is null or newest.task_brief_id > %(after_id)s::uuid)
  and not exists (
    select from briefsmith.feedback_shares as shares where shares.brief_feedback_id = newest.id
  )
  and exists (
    select from public.block_brief_link as link where link.task_brief_id = newest.task_brief_id
  )
order by newest.task_brief_id
limit %(limit)s::integer;

-- name: select_links :many
-- The blocks of briefs, each once a brief.
select distinct link.task_brief_id, link.block_id
from public.block_brief_link as link
where link.task_brief_id = any (%(task_brief_ids)s::uuid[])
order by link.task_brief_id, link.block_id;

-- name: lock_blocks :many
-- Those of the blocks that there still are, which nobody purges before the end of the transaction. In the order of
-- their ids, so that two who lock never wait for each other.
select block.id, block.label, block.feedback_score
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid and block.id = any (%(block_ids)s::uuid[])
order by block.id
for no key update;

-- name: select_shares :many
-- The blocks that share in the feedback on briefs, the older feedback on them too.
select shares.block_id, shares.share
from briefsmith.feedback_shares as shares
join public.brief_feedback as given on given.id = shares.brief_feedback_id
where given.task_brief_id = any (%(task_brief_ids)s::uuid[])
order by shares.brief_feedback_id, shares.block_id;

-- name: delete_shares :exec
delete from briefsmith.feedback_shares as shares
using public.brief_feedback as given
where given.id = shares.brief_feedback_id
  and given.task_brief_id = any (%(task_brief_ids)s::uuid[]);

-- name: insert_shares :exec
-- Without those of feedback that another program took back meanwhile.
insert into briefsmith.feedback_shares (brief_feedback_id, block_id, share)
select part.brief_feedback_id, part.block_id, part.share
from unnest(
  %(brief_feedback_ids)s::uuid[], %(block_ids)s::uuid[], %(shares)s::double precision[]
) as part (brief_feedback_id, block_id, share)
where exists (
  select from public.brief_feedback as given where given.id = part.brief_feedback_id
);

-- name: select_counted :many
-- Every block of the actor's that shares in some feedback.
select distinct shares.block_id
from briefsmith.feedback_shares as shares
order by shares.block_id;

-- name: update_scores :many
-- What the shares say of each block, whatever was there before. Sums are made in one order, so that the same
-- shares give the same score.
with counted as (
  select
    shares.block_id,
    sum(shares.share order by shares.brief_feedback_id) as weight,
    sum(
      case when given.success then shares.share else 0 end order by shares.brief_feedback_id
    ) as successes,
    max(given.created_at) filter (where given.success) as succeeded_at
  from briefsmith.feedback_shares as shares
  join public.brief_feedback as given on given.id = shares.brief_feedback_id
  where shares.block_id = any (%(block_ids)s::uuid[])
  group by shares.block_id
),
wanted as (
  select
    named.id,
    (%(prior_successes)s::double precision + counted.successes)
    / (
      %(prior_successes)s::double precision + %(prior_failures)s::double precision + counted.weight
    ) as score,
    counted.succeeded_at
  from unnest(%(block_ids)s::uuid[]) as named (id)
  left join counted on counted.block_id = named.id
)
update public.context_blocks as block
set feedback_score = wanted.score, last_used_successfully_at = wanted.succeeded_at
from wanted
where block.id = wanted.id
  and block.user_id = %(user_id)s::uuid
  and (block.feedback_score, block.last_used_successfully_at)
    is distinct from (wanted.score, wanted.succeeded_at)
returning block.id, block.label, block.feedback_score;

-- name: select_weights :many
-- How much evidence there is of each block, in briefs of one block; none of those that have none.
select shares.block_id, sum(shares.share) as weight
from briefsmith.feedback_shares as shares
where shares.block_id = any (%(block_ids)s::uuid[])
group by shares.block_id;
