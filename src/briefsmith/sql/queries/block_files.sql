-- name: hold_content :one
-- Whoever is about to name some bytes holds them, so that nobody takes them for left over meanwhile.
select true as is_held
from (
  select pg_advisory_xact_lock_shared(
    hashtextextended('briefsmith.file/' || %(user_id)s::uuid || '/' || %(sha256)s::text, 0)
  )
) as taken;

-- name: claim_content :one
-- Bytes that nobody is about to name, for removing them; false where somebody is, without waiting.
select pg_try_advisory_xact_lock(
  hashtextextended('briefsmith.file/' || %(user_id)s::uuid || '/' || %(sha256)s::text, 0)
) as is_held;

-- name: lock_library :one
-- Additions of one person take turns where they are counted.
select true as is_held
from (
  select pg_advisory_xact_lock(hashtextextended('briefsmith.library/' || %(user_id)s::uuid, 0))
) as taken;

-- name: select_usage :one
-- How many bytes a person's library holds; the same bytes are stored once, and count once.
select coalesce(sum(content.size_bytes), 0)::bigint as size_bytes,
  coalesce(bool_or(content.sha256 = %(sha256)s::text), false) as is_there
from (
  select max(file.size_bytes) as size_bytes, coalesce(file.content_sha256, file.id::text) as sha256
  from public.block_files as file
  where file.user_id = %(user_id)s::uuid
  group by coalesce(file.content_sha256, file.id::text)
) as content;

-- name: select_named :many
-- Which of these contents a row names.
select distinct coalesce(file.content_sha256, '') as sha256
from public.block_files as file
where file.user_id = %(user_id)s::uuid and file.content_sha256 = any (%(hashes)s::text[]);

-- name: insert_file :one
-- A file of the library; attaching it to a block comes after.
insert into public.block_files (
  user_id, file_url, file_name, label, note, size_bytes, storage_domain, content_type,
  content_sha256
)
values (
  %(user_id)s::uuid, %(file_url)s::text, %(file_name)s::text, %(label)s::text, %(note)s::text,
  %(size_bytes)s::integer, %(storage_domain)s::public.storage_domain, %(content_type)s::text,
  %(content_sha256)s::text
)
returning *;

-- name: select_file :maybe
-- The file with this id, if it is the actor's.
select file.* from public.block_files as file where file.id = %(id)s::uuid;

-- name: lock_file :maybe
-- The same for whoever changes it: the second of two sees what the first did.
select file.* from public.block_files as file where file.id = %(id)s::uuid for update;

-- name: select_files :many
-- A page, the newest first, behind a row that was seen.
select file.*
from public.block_files as file
where file.user_id = %(user_id)s::uuid
  and (%(block_id)s::uuid is null or file.associated_block_id = %(block_id)s::uuid)
  and (
    %(domain)s::public.storage_domain is null
    or file.storage_domain = %(domain)s::public.storage_domain
  )
  and (not %(unattached)s::boolean or file.associated_block_id is null)
  and (
    %(before_id)s::uuid is null
    or (file.created_at, file.id) < (%(before_time)s::timestamptz, %(before_id)s::uuid)
  )
order by file.created_at desc, file.id desc
limit %(limit)s::integer;

-- name: update_file :one
-- What a person says of a file.
update public.block_files as file
set
  label = coalesce(%(label)s::text, file.label),
  note = case when %(clear_note)s::boolean then null else coalesce(%(note)s::text, file.note) end,
  storage_domain = coalesce(%(storage_domain)s::public.storage_domain, file.storage_domain)
where file.id = %(id)s::uuid
returning file.*;

-- name: lock_blocks :many
-- Blocks that a file comes to or leaves, in the order in which everybody locks them.
select block.id, block.status::text as status
from public.context_blocks as block
where block.id = any (%(ids)s::uuid[])
order by block.id
for no key update;

-- name: clear_primary :exec
-- Makes room: a block has one primary file at most.
update public.block_files
set is_primary = false
where associated_block_id = %(block_id)s::uuid and is_primary and id <> %(id)s::uuid;

-- name: place_file :one
-- To which block a file belongs; none where it belongs to the library alone.
update public.block_files as file
set
  associated_block_id = %(block_id)s::uuid,
  is_primary = %(is_primary)s::boolean and %(block_id)s::uuid is not null
where file.id = %(id)s::uuid
returning file.*;

-- name: name_file :exec
-- Enters a file into the block that it belongs to now, and takes it out of the one that it belonged to.
update public.context_blocks as block
set file_ids = case
  when block.id = %(block_id)s::uuid then array_append(block.file_ids, %(id)s::uuid)
  else array_remove(block.file_ids, %(id)s::uuid)
end
where block.id = any (%(ids)s::uuid[])
  and coalesce(block.id = %(block_id)s::uuid, false) <> (%(id)s::uuid = any (block.file_ids));

-- name: release_files :exec
-- Files of a block that goes: they stay in the library, and lead nothing.
update public.block_files
set associated_block_id = null, is_primary = false
where associated_block_id = %(block_id)s::uuid;

-- name: delete_file :exec
delete from public.block_files where id = %(id)s::uuid;
