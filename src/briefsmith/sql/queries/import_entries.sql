-- name: lock_collection :one
-- A second import of the same collection waits here, batch by batch, and then sees what the first one stored.
select true as is_locked
from (
  select pg_advisory_xact_lock(
    hashtextextended('briefsmith.import/' || %(user_id)s::uuid || '/' || %(collection)s::text, 0)
  )
) as taken;

-- name: select_entries :many
-- What earlier imports of a collection took from one batch of files, and what became of it.
select
  entry.path, entry.anchor, entry.block_id, entry.content_sha256, block.label, block.version,
  block.status::text as status
from briefsmith.import_entries as entry
join public.context_blocks as block on block.id = entry.block_id
where entry.user_id = %(user_id)s::uuid
  and entry.collection = %(collection)s::text
  and entry.path = any (%(paths)s::text[])
order by entry.path, entry.anchor;

-- name: select_paths :many
-- All files and pieces of a collection, for finding those that are gone.
select
  entry.path, entry.anchor, entry.block_id, block.label, block.version,
  block.status::text as status
from briefsmith.import_entries as entry
join public.context_blocks as block on block.id = entry.block_id
where entry.user_id = %(user_id)s::uuid and entry.collection = %(collection)s::text
order by entry.path, entry.anchor;

-- name: select_by_hash :many
-- Blocks that files with just this content became, in any collection, those in use first.
select entry.content_sha256, entry.path, to_jsonb(block) - 'meta_embedding' as block
from briefsmith.import_entries as entry
join public.context_blocks as block on block.id = entry.block_id
where entry.user_id = %(user_id)s::uuid and entry.content_sha256 = any (%(hashes)s::text[])
order by block.status = 'archived', block.created_at, block.id, entry.path;

-- name: select_holders :many
-- From where in a collection blocks came.
select entry.block_id, entry.path, entry.anchor
from briefsmith.import_entries as entry
where entry.user_id = %(user_id)s::uuid
  and entry.collection = %(collection)s::text
  and entry.block_id = any (%(block_ids)s::uuid[]);

-- name: upsert_entries :exec
insert into briefsmith.import_entries (
  user_id, collection, path, anchor, block_id, content_sha256
)
select
  %(user_id)s::uuid, %(collection)s::text, part.path, part.anchor, part.block_id, part.hash
from unnest(%(paths)s::text[], %(anchors)s::text[], %(block_ids)s::uuid[], %(hashes)s::text[])
  as part (path, anchor, block_id, hash)
on conflict (user_id, collection, path, anchor) do update
set block_id = excluded.block_id, content_sha256 = excluded.content_sha256;

-- name: delete_entries :exec
delete from briefsmith.import_entries as entry
using unnest(%(paths)s::text[], %(anchors)s::text[]) as part (path, anchor)
where entry.user_id = %(user_id)s::uuid
  and entry.collection = %(collection)s::text
  and entry.path = part.path
  and entry.anchor = part.anchor;

-- name: delete_entries_of_blocks :exec
-- In all collections, so that what was pruned comes back as new wherever it still is.
delete from briefsmith.import_entries as entry
where entry.user_id = %(user_id)s::uuid and entry.block_id = any (%(block_ids)s::uuid[]);
