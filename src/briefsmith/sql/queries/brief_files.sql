-- name: select_files_of_blocks :many
-- The first files of each block, the primary one before all, with how many the block has. Texts that a brief
-- cuts anyway come cut.
select
  wanted.block_id,
  first.id,
  first.label,
  first.note,
  first.file_name,
  first.content_type,
  first.size_bytes,
  first.file_url,
  first.is_primary,
  first.of_block
from unnest(%(ids)s::uuid[]) as wanted (block_id)
cross join lateral (
  select
    file.id,
    left(file.label, 4000) as label,
    left(file.note, 4000) as note,
    left(file.file_name, 4000) as file_name,
    left(file.content_type, 4000) as content_type,
    file.size_bytes,
    left(file.file_url, 4000) as file_url,
    file.is_primary,
    file.created_at,
    count(*) over () as of_block
  from public.block_files as file
  where file.user_id = %(user_id)s::uuid and file.associated_block_id = wanted.block_id
  order by file.is_primary desc, file.created_at, file.id
  limit %(most)s::integer
) as first
order by wanted.block_id, first.is_primary desc, first.created_at, first.id;

-- name: select_files_there :many
-- Which of these files there still are.
select file.id
from public.block_files as file
where file.user_id = %(user_id)s::uuid and file.id = any (%(ids)s::uuid[]);
