-- name: insert_brief :one
-- The draft itself; what hangs on it comes next, because its policies have to see this row.
insert into public.task_briefs (
  user_id, intent, sub_instructions, media, compilation_mode, core_context_snapshot,
  meta_emotional_tone, meta_scope, meta_audience, task_brief_type_id
)
values (
  %(user_id)s::uuid, %(intent)s::text, %(sub_instructions)s::text, %(media)s::jsonb,
  %(compilation_mode)s::text, %(core_context_snapshot)s::jsonb, %(meta_emotional_tone)s::text[],
  %(meta_scope)s::text, %(meta_audience)s::text, %(task_brief_type_id)s::uuid
)
returning *;

-- name: lock_used_blocks :many
-- Which of a brief's blocks there still are; they stay until the transaction ends. It waits for a purge that is under way.
select block.id
from public.context_blocks as block
where block.id = any(%(block_ids)s::uuid[])
order by block.id
for key share;

-- name: insert_parts :exec
-- What belongs to a draft, in one statement: links, usage, output and event.
with used as (
  select part.block_id, part.transformation
  from unnest(%(block_ids)s::uuid[], %(transformations)s::text[]) as part (block_id, transformation)
),
links as (
  insert into public.block_brief_link (block_id, task_brief_id, transformation)
  select used.block_id, %(task_brief_id)s::uuid, used.transformation from used
),
usage as (
  insert into public.block_usage_history (block_id, used_in_task_id, agent_type, usage_type)
  select used.block_id, %(task_brief_id)s::uuid, 'composer', used.transformation from used
),
output as (
  insert into public.task_brief_outputs (task_brief_id, content, output_type, agent_type)
  values (%(task_brief_id)s::uuid, %(content)s::text, 'markdown', 'composer')
)
insert into public.events (topic, user_id, payload)
values (
  'brief.draft_created',
  %(user_id)s::uuid,
  jsonb_build_object(
    'task_brief_id', %(task_brief_id)s::uuid, 'blocks', cardinality(%(block_ids)s::uuid[])
  )
);

-- name: select_brief :maybe
select brief.* from public.task_briefs as brief where brief.id = %(id)s::uuid;

-- name: select_briefs :many
-- A page, the newest first, before a row that was seen; with what the state of each is made of.
select
  brief.id, brief.intent, brief.compilation_mode, brief.is_draft, brief.is_published,
  brief.is_locked, brief.created_at,
  (brief.core_context_snapshot ->> 'rendered_tokens')::integer as rendered_tokens,
  jsonb_array_length(
    case
      when jsonb_typeof(brief.core_context_snapshot -> 'blocks') = 'array'
        then brief.core_context_snapshot -> 'blocks'
      else '[]'
    end
  ) as blocks,
  present.agent_type as text_agent,
  encode(sha256(convert_to(coalesce(present.content, ''), 'UTF8')), 'hex') as text_sha256,
  (
    select judged.content
    from public.task_brief_outputs as judged
    where judged.task_brief_id = brief.id
      and judged.agent_type = 'validator'
      and judged.output_type = 'structured_json'
    order by judged.created_at desc, judged.id desc
    limit 1
  ) as validation
from public.task_briefs as brief
left join lateral (
  select output.agent_type, output.content
  from public.task_brief_outputs as output
  where output.task_brief_id = brief.id
    and output.agent_type in ('composer', 'editor')
    and output.output_type = 'markdown'
  order by output.created_at desc, output.id desc
  limit 1
) as present on true
where brief.user_id = %(user_id)s::uuid
  and (
    %(before_id)s::uuid is null
    or (brief.created_at, brief.id) < (%(before_time)s::timestamptz, %(before_id)s::uuid)
  )
order by brief.created_at desc, brief.id desc
limit %(limit)s::integer;

-- name: select_briefs_with_block :many
-- Briefs whose snapshot names a block, in the legacy form as well.
select brief.*
from public.task_briefs as brief
where brief.id in (
  select link.task_brief_id from public.block_brief_link as link where link.block_id = %(block_id)s::uuid
)
or strpos(
  (brief.core_context_snapshot -> 'legacy_core_context_snapshot')::text, (%(block_id)s::uuid)::text
) > 0
order by brief.id;

-- name: clear_snapshot :exec
-- A snapshot that was not made here may hold text of a block that was purged; the legacy copy of the profile
-- holds none.
update public.task_briefs
set core_context_snapshot = case
  when core_context_snapshot ? 'legacy_core_profile_data'
    then jsonb_build_object(
      'legacy_core_profile_data', core_context_snapshot -> 'legacy_core_profile_data'
    )
end
where id = %(id)s::uuid;

-- name: select_now :one
-- The clock is the database's, the same for all who write to it.
select now() as now;
