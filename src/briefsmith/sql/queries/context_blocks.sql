-- name: insert_block :maybe
-- No row when the label is taken.
insert into public.context_blocks (
  user_id, type, label, content, source, importance, update_policy, meta_tags, meta_context_scope,
  meta_agent_notes, meta_derived_from, meta_refreshable, meta_locale, meta_visibility,
  meta_emotional_tone, requires_user_review, meta_embedding, meta_embedding_model
)
values (
  %(user_id)s::uuid, %(type)s::public.context_block_type_enum, %(label)s::text, %(content)s::text,
  %(source)s::public.context_block_source_enum,
  %(importance)s::public.context_block_importance_enum,
  %(update_policy)s::public.context_block_update_policy_enum, %(meta_tags)s::text[],
  %(meta_context_scope)s::text, %(meta_agent_notes)s::text, %(meta_derived_from)s::uuid,
  %(meta_refreshable)s::boolean, %(meta_locale)s::text, %(meta_visibility)s::text,
  %(meta_emotional_tone)s::text[], %(requires_user_review)s::boolean,
  %(meta_embedding)s::real[]::vector, %(meta_embedding_model)s::text
)
on conflict (user_id, lower(label)) where status <> 'archived' do nothing
returning to_jsonb(context_blocks) - 'meta_embedding' as block;

-- name: select_block :maybe
select to_jsonb(block) - 'meta_embedding' as block
from public.context_blocks as block
where block.id = %(id)s::uuid;

-- name: select_block_by_label :maybe
-- The block that holds a label: the one that is not archived.
select to_jsonb(block) - 'meta_embedding' as block
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and lower(block.label) = lower(%(label)s::text)
  and block.status <> 'archived';

-- name: select_blocks_by_id :many
select to_jsonb(block) - 'meta_embedding' as block
from public.context_blocks as block
where block.id = any (%(ids)s::uuid[])
order by block.id;

-- name: select_candidates :many
-- Blocks that were asked for, in the form in which search gives them.
select
  0::double precision as score,
  0::double precision as bm25,
  null::double precision as cosine,
  case
    when block.meta_embedding_model = %(model)s::text then vector_send(block.meta_embedding)
  end as embedding,
  to_jsonb(block) - 'meta_embedding' as block
from public.context_blocks as block
where block.id = any (%(ids)s::uuid[])
order by block.id;

-- name: select_blocks :many
-- A page, the oldest first, after a row that was seen.
select to_jsonb(block) - 'meta_embedding' as block
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and block.status = any (%(statuses)s::public.context_block_status_enum[])
  and (
    %(types)s::public.context_block_type_enum[] is null
    or block.type = any (%(types)s::public.context_block_type_enum[])
  )
  and (
    %(importances)s::public.context_block_importance_enum[] is null
    or block.importance = any (%(importances)s::public.context_block_importance_enum[])
  )
  and (
    %(sources)s::public.context_block_source_enum[] is null
    or block.source = any (%(sources)s::public.context_block_source_enum[])
  )
  and (%(tags)s::text[] is null or block.meta_tags @> %(tags)s::text[])
  and (%(scope)s::text is null or block.meta_context_scope = %(scope)s::text)
  and (%(locale)s::text is null or block.meta_locale = %(locale)s::text)
  and (not %(awaiting_review)s::boolean or block.requires_user_review)
  and (
    %(after_id)s::uuid is null
    or (block.created_at, block.id) > (%(after_time)s::timestamptz, %(after_id)s::uuid)
  )
order by block.created_at, block.id
limit %(limit)s::integer;

-- name: update_block :maybe
-- Null leaves a column as it is, but for those that `clear` names. No row when the version has moved on.
-- The trigger adds one to the version and keeps the revision.
update public.context_blocks as block
set
  type = coalesce(%(type)s::public.context_block_type_enum, block.type),
  label = coalesce(%(label)s::text, block.label),
  content = coalesce(%(content)s::text, block.content),
  status = coalesce(%(status)s::public.context_block_status_enum, block.status),
  importance = coalesce(%(importance)s::public.context_block_importance_enum, block.importance),
  update_policy
    = coalesce(%(update_policy)s::public.context_block_update_policy_enum, block.update_policy),
  meta_tags = coalesce(%(meta_tags)s::text[], block.meta_tags),
  meta_context_scope = case
    when 'meta_context_scope' = any (%(clear)s::text[]) then null
    else coalesce(%(meta_context_scope)s::text, block.meta_context_scope)
  end,
  meta_agent_notes = case
    when 'meta_agent_notes' = any (%(clear)s::text[]) then null
    else coalesce(%(meta_agent_notes)s::text, block.meta_agent_notes)
  end,
  meta_refreshable = coalesce(%(meta_refreshable)s::boolean, block.meta_refreshable),
  meta_locale = case
    when 'meta_locale' = any (%(clear)s::text[]) then null
    else coalesce(%(meta_locale)s::text, block.meta_locale)
  end,
  meta_visibility = coalesce(%(meta_visibility)s::text, block.meta_visibility),
  meta_emotional_tone = coalesce(%(meta_emotional_tone)s::text[], block.meta_emotional_tone),
  requires_user_review
    = coalesce(%(requires_user_review)s::boolean, block.requires_user_review),
  meta_embedding = case
    when %(meta_embedding_model)s::text is null then block.meta_embedding
    else %(meta_embedding)s::real[]::vector
  end,
  meta_embedding_model = coalesce(%(meta_embedding_model)s::text, block.meta_embedding_model)
where block.id = %(id)s::uuid and block.version = %(expected_version)s::integer
returning to_jsonb(block) - 'meta_embedding' as block;

-- name: delete_block :exec
-- For good; revisions, links, usage and the words in the index go with it.
delete from public.context_blocks where id = %(id)s::uuid;

-- name: select_unembedded :many
-- Blocks that have no vector of this model, or are long and have no parts of it, in the order of their ids.
select block.id, block.label, block.content
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid
  and (
    block.meta_embedding is null
    or block.meta_embedding_model is distinct from %(model)s::text
    or (
      octet_length(block.content) > %(long)s::integer
      and char_length(block.content) > %(long)s::integer
      and not exists (
        select from briefsmith.block_parts as part
        where part.block_id = block.id and part.model = %(model)s::text
      )
    )
  )
  and btrim(block.content) <> ''
  and (%(after)s::uuid is null or block.id > %(after)s::uuid)
order by block.id
limit %(limit)s::integer;

-- name: update_embeddings :exec
-- Vectors of a batch, one behind the other in one array; a text that changed meanwhile is passed over.
update public.context_blocks as block
set
  meta_embedding = (
    (%(vectors)s::real[])[(part.place - 1) * 256 + 1 : part.place * 256]
  )::vector,
  meta_embedding_model = %(model)s::text
from unnest(%(ids)s::uuid[], %(hashes)s::text[]) with ordinality as part (id, hash, place)
where block.id = part.id
  and encode(sha256(convert_to(block.label || E'\n' || block.content, 'UTF8')), 'hex') = part.hash;

-- name: insert_blocks :many
-- A batch as one JSON array, its vectors one behind the other in one array; no row for a label or id that is
-- taken.
with given as materialized (
  select entry.*
  from json_to_recordset(%(rows)s::json) as entry (
    id uuid, place integer, vector_place integer,
    type public.context_block_type_enum, label text, content text,
    source public.context_block_source_enum, version integer,
    status public.context_block_status_enum, importance public.context_block_importance_enum,
    file_ids uuid[], update_policy public.context_block_update_policy_enum,
    feedback_score double precision, last_used_successfully_at timestamptz, meta_tags text[],
    meta_context_scope text, meta_agent_notes text, meta_derived_from uuid,
    meta_refreshable boolean, meta_embedding_model text, meta_locale text, meta_visibility text,
    meta_emotional_tone text[], is_auto_generated boolean, requires_user_review boolean,
    last_refreshed_at timestamptz, created_at timestamptz, updated_at timestamptz
  )
),
made as (
  insert into public.context_blocks (
    id, user_id, type, label, content, source, version, status, importance, file_ids,
    update_policy, feedback_score, last_used_successfully_at, meta_tags, meta_context_scope,
    meta_agent_notes, meta_refreshable, meta_embedding, meta_embedding_model, meta_locale,
    meta_visibility, meta_emotional_tone, is_auto_generated, requires_user_review,
    last_refreshed_at, created_at, updated_at
  )
  select
    coalesce(given.id, gen_random_uuid()), %(user_id)s::uuid, given.type, given.label,
    given.content, given.source, coalesce(given.version, 1), coalesce(given.status, 'active'),
    given.importance, coalesce(given.file_ids, '{}'), coalesce(given.update_policy, 'auto'),
    given.feedback_score, given.last_used_successfully_at, given.meta_tags,
    given.meta_context_scope, given.meta_agent_notes, coalesce(given.meta_refreshable, false),
    case
      when given.vector_place is not null
        then (
          (%(vectors)s::real[])[
            (given.vector_place - 1) * 256 + 1 : given.vector_place * 256
          ]
        )::vector
    end,
    case when given.vector_place is not null then %(model)s::text end,
    given.meta_locale, coalesce(given.meta_visibility, 'visible'), given.meta_emotional_tone,
    coalesce(given.is_auto_generated, false), coalesce(given.requires_user_review, false),
    given.last_refreshed_at, coalesce(given.created_at, now()), coalesce(given.updated_at, now())
  from given
  order by given.place
  on conflict do nothing
  returning id, label, status, version
)
select distinct on (made.id) given.place, made.id, made.version
from made
join given on (given.id is null or given.id = made.id)
  and given.label = made.label
  and coalesce(given.status, 'active') = made.status
order by made.id, given.place;

-- name: link_derived :exec
-- Where blocks of a batch come from, once all of them are there; an origin that is not there stays out.
update public.context_blocks as block
set meta_derived_from = part.origin
from unnest(%(ids)s::uuid[], %(origins)s::uuid[]) as part (id, origin)
where block.id = part.id
  and exists (select from public.context_blocks as parent where parent.id = part.origin);

-- name: count_blocks :one
select
  count(*) as blocks,
  count(*) filter (where block.status = 'archived') as archived,
  count(*) filter (
    where (
        block.meta_embedding is null
        or block.meta_embedding_model is distinct from %(model)s::text
        or (
          octet_length(block.content) > %(long)s::integer
          and char_length(block.content) > %(long)s::integer
          and not exists (
            select from briefsmith.block_parts as part
            where part.block_id = block.id and part.model = %(model)s::text
          )
        )
      )
      and btrim(block.content) <> ''
  ) as unembedded
from public.context_blocks as block
where block.user_id = %(user_id)s::uuid;

-- name: select_labels :many
-- Labels as the database folds their case, and the blocks that have them.
select
  wanted.label,
  lower(wanted.label) as folded,
  case when block.id is not null then to_jsonb(block) - 'meta_embedding' end as block
from unnest(%(labels)s::text[]) as wanted (label)
left join public.context_blocks as block
  on block.user_id = %(user_id)s::uuid
  and lower(block.label) = lower(wanted.label)
  and block.status <> 'archived';

-- name: update_imported :many
-- Blocks of a batch whose file changed; what is locked or archived stays as it is, and gives no row. A section
-- of a document says some things of its block, a line of an export (`is_whole`) says all.
with given as materialized (
  select entry.*
  from json_to_recordset(%(rows)s::json) as entry (
    id uuid, place integer, vector_place integer, is_whole boolean,
    type public.context_block_type_enum, label text, content text,
    source public.context_block_source_enum, status public.context_block_status_enum,
    importance public.context_block_importance_enum, file_ids uuid[],
    update_policy public.context_block_update_policy_enum, meta_tags text[],
    meta_context_scope text, meta_agent_notes text, meta_refreshable boolean, meta_locale text,
    meta_visibility text, meta_emotional_tone text[], is_auto_generated boolean,
    requires_user_review boolean, last_refreshed_at timestamptz
  )
)
update public.context_blocks as block
set
  type = given.type,
  label = given.label,
  content = given.content,
  source = case when given.is_whole then given.source else block.source end,
  status = case when given.is_whole then given.status else block.status end,
  importance = given.importance,
  file_ids = case when given.is_whole then given.file_ids else block.file_ids end,
  update_policy = case when given.is_whole then given.update_policy else block.update_policy end,
  meta_tags = given.meta_tags,
  meta_context_scope = given.meta_context_scope,
  meta_agent_notes
    = case when given.is_whole then given.meta_agent_notes else block.meta_agent_notes end,
  meta_refreshable
    = case when given.is_whole then given.meta_refreshable else block.meta_refreshable end,
  meta_locale = given.meta_locale,
  meta_visibility
    = case when given.is_whole then given.meta_visibility else block.meta_visibility end,
  meta_emotional_tone = given.meta_emotional_tone,
  is_auto_generated
    = case when given.is_whole then given.is_auto_generated else block.is_auto_generated end,
  requires_user_review
    = case when given.is_whole then given.requires_user_review else block.requires_user_review end,
  last_refreshed_at
    = case when given.is_whole then given.last_refreshed_at else block.last_refreshed_at end,
  meta_embedding = case
    when given.vector_place is not null
      then (
        (%(vectors)s::real[])[(given.vector_place - 1) * 256 + 1 : given.vector_place * 256]
      )::vector
    when (given.label, given.content) = (block.label, block.content) then block.meta_embedding
  end,
  meta_embedding_model = case
    when given.vector_place is not null then %(model)s::text
    when (given.label, given.content) = (block.label, block.content)
      then block.meta_embedding_model
  end
from given
where block.id = given.id and block.status = 'active'
returning given.place, block.id, block.version;

-- name: archive_blocks :many
-- Those that a pruning import takes out of use; locked ones stay, and give no row.
update public.context_blocks as block
set status = 'archived'
where block.id = any (%(ids)s::uuid[]) and block.status = 'active'
returning block.id;
