-- name: select_similar_pairs :many
-- Blocks of a batch in the order of their ids, each with its nearest blocks behind it, so that a pair is found
-- once. Every pair is looked at; `offset 0` reads the table once a batch and not once a block, `materialized`
-- sorts once and not once a block. octet_length asks for no text that lies outside of its row.
with one as materialized (
  select block.id, block.meta_embedding as embedding, block.meta_visibility
  from public.context_blocks as block
  where block.user_id = %(user_id)s::uuid
    and block.status <> 'archived'
    and not block.requires_user_review
    and block.meta_embedding_model = %(model)s::text
    and octet_length(block.content) <= %(longest_bytes)s::integer
    and (%(after)s::uuid is null or block.id > %(after)s::uuid)
  order by block.id
  limit %(batch)s::integer
),
near as materialized (
  select likely.one_id, likely.other_id, likely.place
  from (
    select
      part.one_id,
      other.id as other_id,
      row_number() over (partition by part.one_id order by part.distance, other.id) as place
    from (
      select block.id, block.meta_embedding as embedding, block.meta_visibility
      from public.context_blocks as block
      where block.user_id = %(user_id)s::uuid
        and block.status <> 'archived'
        and not block.requires_user_review
        and block.meta_embedding_model = %(model)s::text
        and octet_length(block.content) <= %(longest_bytes)s::integer
        and block.id > (select first_one.id from one as first_one order by first_one.id limit 1)
      offset 0
    ) as other
    cross join lateral (
      select earlier.id as one_id, other.embedding <=> earlier.embedding as distance
      from one as earlier
      where earlier.id < other.id
        and earlier.meta_visibility = other.meta_visibility
        and (other.embedding <=> earlier.embedding) <= %(most_distance)s::double precision
      offset 0
    ) as part
  ) as likely
  where likely.place <= %(neighbours)s::integer
)
select one.id as one_id, near.other_id
from one
left join near on near.one_id = one.id
order by one.id, near.place;

-- name: select_same_texts :many
-- Blocks whose texts are equal but for case and white space; these have no need of a vector.
select (array_agg(block.id order by block.id))[1 : %(most_blocks)s::integer] as ids
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and block.status <> 'archived'
  and not block.requires_user_review
  and octet_length(block.content) <= %(longest_bytes)s::integer
  and btrim(block.content) <> ''
group by
  block.meta_visibility,
  sha256(convert_to(lower(btrim(regexp_replace(block.content, '\s+', ' ', 'g'))), 'UTF8'))
having count(*) > 1
order by ids
limit %(limit)s::integer;

-- name: select_same_labels :many
-- Blocks whose labels are equal but for case, white space and punctuation. Marks that make another word (C, C++,
-- C#; 40 and 40 percent) are no punctuation here, and a mark between two words or numbers counts as a space.
select (array_agg(block.id order by block.id))[1 : %(most_blocks)s::integer] as ids
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid and block.status <> 'archived'
group by btrim(
  regexp_replace(lower(normalize(block.label, NFKC)), '[[:space:]_.,:;!?"''()/\\–—‘’“”«»…·-]+', ' ', 'g')
)
having count(*) > 1
order by ids
limit %(limit)s::integer;

-- name: count_unembedded :one
-- Blocks in use that have no vector of the model.
select count(*) as blocks
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and block.status <> 'archived'
  and block.meta_embedding_model is distinct from %(model)s::text
  and btrim(block.content) <> '';

-- name: select_judged :many
-- What a model said of pairs of texts, as reports keep it; the newest word of each.
select distinct on (judged.pair) judged.pair, judged.contradicts
from public.events as event
cross join lateral jsonb_to_recordset(
  case when jsonb_typeof(event.payload -> 'judged') = 'array' then event.payload -> 'judged' else '[]' end
) as judged (pair text, contradicts boolean)
where event.user_id = %(user_id)s::uuid
  and event.topic = 'block.audit_report'
  and judged.pair = any (%(pairs)s::text[])
  and judged.contradicts is not null
order by judged.pair, event.id desc;

-- name: select_states :many
-- What tells two states of a block apart, for those of the blocks that are in use.
select
  block.id as block_id,
  block.version,
  encode(sha256(convert_to(block.content, 'UTF8')), 'hex') as content_sha256
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and block.id = any (%(ids)s::uuid[])
  and block.status <> 'archived';

-- name: select_stale_blocks :many
-- Blocks that nobody refreshed or changed for so long; those that can be refreshed first, then the oldest.
select
  block.id as block_id,
  block.version,
  encode(sha256(convert_to(block.content, 'UTF8')), 'hex') as content_sha256,
  floor(
    extract(epoch from now() - greatest(block.last_refreshed_at, block.updated_at)) / 86400
  )::integer as days,
  count(*) over () as total
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and block.status <> 'archived'
  and greatest(block.last_refreshed_at, block.updated_at) <= now() - make_interval(days => %(days)s::integer)
order by block.meta_refreshable desc, days desc, block.id
limit %(limit)s::integer;

-- name: select_unused_blocks :many
-- Blocks that might have been in a brief and were in none for so long, the longest unused first.
select
  block.id as block_id,
  block.version,
  encode(sha256(convert_to(block.content, 'UTF8')), 'hex') as content_sha256,
  floor(
    extract(epoch from now() - coalesce(usage.last_used_at, block.created_at)) / 86400
  )::integer as days,
  count(*) over () as total
from public.context_blocks as block
left join lateral (
  select max(use.used_at) as last_used_at
  from public.block_usage_history as use
  where use.block_id = block.id
) as usage on true
where block.user_id = %(user_id)s::uuid
  and block.status <> 'archived'
  and not block.requires_user_review
  and block.meta_visibility <> 'hidden'
  and greatest(usage.last_used_at, block.created_at) <= now() - make_interval(days => %(days)s::integer)
order by days desc, block.id
limit %(limit)s::integer;

-- name: select_dead_files :many
-- Files that blocks name and that are not there, and files whose block is archived.
select found.kind, found.file_id, found.block_id, count(*) over () as total
from (
  select 'no_such_file' as kind, named.file_id, block.id as block_id
  from public.context_blocks as block
  cross join lateral unnest(block.file_ids) as named (file_id)
  where block.user_id = %(user_id)s::uuid
    and block.status <> 'archived'
    and not exists (select from public.block_files as file where file.id = named.file_id)
  union
  select 'file_of_archived_block', file.id, block.id
  from public.block_files as file
  join public.context_blocks as block on block.id = file.associated_block_id
  where file.user_id = %(user_id)s::uuid and block.status = 'archived'
) as found
order by found.kind, found.block_id, found.file_id
limit %(limit)s::integer;

-- name: select_moved_blocks :many
-- Blocks of briefs that are not locked, where they are no longer what the brief was compiled with. A snapshot that
-- was not made here may hold anything.
select
  moved.task_brief_id,
  moved.block_id,
  moved.version,
  moved.now_version,
  case
    when moved.now_version is null then 'purged'
    when moved.is_archived then 'archived'
    else 'changed'
  end as change,
  count(*) over () as total
from (
  select
    brief.id as task_brief_id,
    brief.created_at,
    part.block_id,
    part.version,
    part.content_sha256,
    block.version as now_version,
    block.status = 'archived' as is_archived,
    encode(sha256(convert_to(block.content, 'UTF8')), 'hex') as now_sha256
  from public.task_briefs as brief
  cross join lateral (
    select
      case
        when entry.value ->> 'block_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
          then (entry.value ->> 'block_id')::uuid
      end as block_id,
      case
        when entry.value ->> 'version' ~ '^[1-9][0-9]{0,8}$'
          then (entry.value ->> 'version')::integer
      end as version,
      entry.value ->> 'content_sha256' as content_sha256
    from jsonb_array_elements(
      case
        when jsonb_typeof(brief.core_context_snapshot -> 'blocks') = 'array'
          then brief.core_context_snapshot -> 'blocks'
        else '[]'
      end
    ) as entry (value)
  ) as part
  left join public.context_blocks as block on block.id = part.block_id
  where brief.user_id = %(user_id)s::uuid
    and not brief.is_locked
    and part.block_id is not null
    and part.version is not null
) as moved
where moved.now_version is null
  or moved.is_archived
  or moved.now_sha256 is distinct from moved.content_sha256
order by moved.created_at, moved.task_brief_id, moved.block_id
limit %(limit)s::integer;

-- name: select_refreshable :many
-- Blocks in use that may be refreshed, in the order of their ids, with whether a person has reviewed them.
select
  to_jsonb(block) - 'meta_embedding' as block,
  greatest(block.last_refreshed_at, block.updated_at) <= now() - make_interval(days => %(days)s::integer)
    as is_stale
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and block.status = 'active'
  and block.meta_refreshable
  and (%(after)s::uuid is null or block.id > %(after)s::uuid)
order by block.id
limit %(limit)s::integer;

-- name: select_files_of_blocks :many
-- Files that belong to blocks, the primary one first.
select file.*
from public.block_files as file
where file.user_id = %(user_id)s::uuid
  and (
    file.associated_block_id = any (%(ids)s::uuid[])
    or exists (
      select from public.context_blocks as block
      where block.id = any (%(ids)s::uuid[]) and file.id = any (block.file_ids)
    )
  )
order by file.is_primary desc, file.created_at, file.id;

-- name: select_entries_of_blocks :many
-- Where blocks were imported from, and what the file said when they last took it.
select entry.block_id, entry.collection, entry.path, entry.anchor, entry.content_sha256
from briefsmith.import_entries as entry
where entry.user_id = %(user_id)s::uuid and entry.block_id = any (%(ids)s::uuid[])
order by entry.block_id, entry.collection, entry.path, entry.anchor;
