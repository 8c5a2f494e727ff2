-- name: select_revisions :many
-- What a block was before each change, the newest first.
select
  revision.id, revision.block_id, revision.version, revision.snapshot, revision.changed_by,
  revision.proposal_id, revision.created_at
from public.block_revisions as revision
where revision.block_id = %(block_id)s::uuid
order by revision.version desc;

-- name: select_versions :many
-- Blocks as they were at given versions: the row itself, or its revision.
select part.block_id, part.version, found.snapshot
from unnest(%(ids)s::uuid[], %(versions)s::integer[]) as part (block_id, version)
cross join lateral (
  select to_jsonb(block) - 'meta_embedding' as snapshot
  from public.context_blocks as block
  where block.id = part.block_id and block.version = part.version
  union all
  select revision.snapshot
  from public.block_revisions as revision
  where revision.block_id = part.block_id and revision.version = part.version
  limit 1
) as found
order by part.block_id;
