-- What no constraint holds. Each statement says how many rows are wrong and names some of them; a statement
-- called as the check with `mend_` in front takes it away. They run as a login that row level security lets
-- see every row.

-- name: begin_checks :one
-- Rows that row level security would hide are an error here, not a silence.
select set_config('row_security', 'off', true) as row_security;

-- name: file_ids_without_file :one
-- Ids of files in a block that are of no file, or of a file of somebody else.
with wrong as (
  select block.id
  from public.context_blocks as block
  where exists (
    select from unnest(block.file_ids) as held (file_id)
    where held.file_id is null or not exists (
      select from public.block_files as file
      where file.id = held.file_id and file.user_id = block.user_id
    )
  )
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: mend_file_ids_without_file :exec
update public.context_blocks as block
set file_ids = array(
  select held.file_id
  from unnest(block.file_ids) with ordinality as held (file_id, place)
  where exists (
    select from public.block_files as file
    where file.id = held.file_id and file.user_id = block.user_id
  )
  order by held.place
)
where exists (
  select from unnest(block.file_ids) as held (file_id)
  where held.file_id is null or not exists (
    select from public.block_files as file
    where file.id = held.file_id and file.user_id = block.user_id
  )
);

-- name: files_that_their_block_does_not_list :one
-- Files that name a block whose file_ids do not name them.
with wrong as (
  select file.id
  from public.block_files as file
  join public.context_blocks as block on block.id = file.associated_block_id
  where not file.id = any (block.file_ids)
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: mend_files_that_their_block_does_not_list :exec
update public.context_blocks as block
set file_ids = block.file_ids || lost.ids
from (
  select file.associated_block_id as block_id, array_agg(file.id order by file.created_at, file.id) as ids
  from public.block_files as file
  join public.context_blocks as holder on holder.id = file.associated_block_id
  where not file.id = any (holder.file_ids)
  group by file.associated_block_id
) as lost
where block.id = lost.block_id;

-- name: snapshot_blocks_without_revision :one
-- Blocks of a brief's snapshot that are there, in a version that neither the block nor its history has; one
-- that was purged is no fault, its brief says so.
with wrong as (
  select distinct brief.id
  from public.task_briefs as brief
  cross join lateral jsonb_array_elements(
    case
      when jsonb_typeof(brief.core_context_snapshot -> 'blocks') = 'array'
        then brief.core_context_snapshot -> 'blocks'
      else '[]'
    end
  ) as used
  join public.context_blocks as block on block.id::text = used ->> 'block_id'
  where block.version::text <> used ->> 'version'
    and not exists (
      select from public.block_revisions as kept
      where kept.block_id = block.id and kept.version::text = used ->> 'version'
    )
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: links_that_their_snapshot_does_not_hold :one
-- Links from a brief to a block that its snapshot does not name.
with wrong as (
  select link.id
  from public.block_brief_link as link
  join public.task_briefs as brief on brief.id = link.task_brief_id
  where jsonb_typeof(brief.core_context_snapshot -> 'blocks') = 'array'
    and not exists (
      select from jsonb_array_elements(brief.core_context_snapshot -> 'blocks') as used
      where used ->> 'block_id' = link.block_id::text
    )
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: links_without_usage :one
-- Links whose use the history does not have.
with wrong as (
  select link.id
  from public.block_brief_link as link
  where not exists (
    select from public.block_usage_history as use
    where use.block_id = link.block_id and use.used_in_task_id = link.task_brief_id
  )
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: mend_links_without_usage :exec
insert into public.block_usage_history (block_id, used_in_task_id, used_at, usage_type)
select link.block_id, link.task_brief_id, link.created_at, link.transformation
from public.block_brief_link as link
where not exists (
  select from public.block_usage_history as use
  where use.block_id = link.block_id and use.used_in_task_id = link.task_brief_id
);

-- name: versions_without_revision :one
-- Blocks with a gap in their history: a version before the present one that is not kept, behind one that is.
with wrong as (
  select block.id
  from public.context_blocks as block
  join (
    select kept.block_id, min(kept.version) as first, max(kept.version) as last, count(*) as kept
    from public.block_revisions as kept
    group by kept.block_id
  ) as history on history.block_id = block.id
  where history.last <> block.version - 1 or history.kept <> block.version - history.first
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: vectors_of_another_model :one
-- Blocks in use whose vector is of another model than the one that is asked with, or that have none.
with wrong as (
  select block.id
  from public.context_blocks as block
  where block.meta_embedding_model is distinct from %(model)s::text
    and block.status <> 'archived' and btrim(block.content) <> ''
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: blocks_out_of_the_index :one
-- Blocks that the lexical index does not have, and documents of blocks that are gone or another's.
with wrong as (
  select coalesce(block.id, document.block_id) as id
  from public.context_blocks as block
  full join briefsmith.search_documents as document
    on document.block_id = block.id and document.user_id = block.user_id
  where block.id is null or document.block_id is null
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: totals_out_of_step :one
-- People whose ledger does not add up to their posted documents.
with wrong as (
  select coalesce(ledger.user_id, counted.user_id) as id
  from (
    select user_id, sum(documents) as documents, sum(length) as length
    from briefsmith.search_totals group by user_id
  ) as ledger
  full join (
    select user_id, count(*) as documents, sum(length) as length
    from briefsmith.search_documents where is_posted group by user_id
  ) as counted on counted.user_id = ledger.user_id
  where (coalesce(ledger.documents, 0), coalesce(ledger.length, 0))
    is distinct from (coalesce(counted.documents, 0), coalesce(counted.length, 0))
)
select count(*) as found, coalesce((array_agg(wrong.id::text order by wrong.id))[1:5], '{}') as examples
from wrong;

-- name: mend_totals_out_of_step :exec
insert into briefsmith.search_totals (user_id, documents, length)
select
  coalesce(ledger.user_id, counted.user_id),
  coalesce(counted.documents, 0) - coalesce(ledger.documents, 0),
  coalesce(counted.length, 0) - coalesce(ledger.length, 0)
from (
  select user_id, sum(documents) as documents, sum(length) as length
  from briefsmith.search_totals group by user_id
) as ledger
full join (
  select user_id, count(*) as documents, sum(length) as length
  from briefsmith.search_documents where is_posted group by user_id
) as counted on counted.user_id = ledger.user_id
where (coalesce(ledger.documents, 0), coalesce(ledger.length, 0))
  is distinct from (coalesce(counted.documents, 0), coalesce(counted.length, 0));

-- name: settings_that_lose_data :one
-- Settings of the server under which what was acknowledged may be lost.
with wrong as (
  select format('%%s = %%s', setting.name, setting.setting) as id
  from pg_settings as setting
  where (setting.name in ('fsync', 'full_page_writes') and setting.setting = 'off')
    or (setting.name = 'synchronous_commit' and setting.setting = 'off')
)
select count(*) as found, coalesce((array_agg(wrong.id order by wrong.id))[1:5], '{}') as examples
from wrong;
