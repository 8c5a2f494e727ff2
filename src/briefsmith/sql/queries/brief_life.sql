-- name: lock_brief :maybe
-- Whoever changes a brief's state or text holds its row, so that the second of two sees what the first did.
select brief.* from public.task_briefs as brief where brief.id = %(id)s::uuid for update;

-- name: select_text :maybe
-- The present text: the newest of what the composer made and what was made of it by edits.
select
  output.id, output.task_brief_id, output.config_id, output.content, output.output_type,
  output.agent_type, output.created_at
from public.task_brief_outputs as output
where output.task_brief_id = %(id)s::uuid
  and output.agent_type in ('composer', 'editor')
  and output.output_type = 'markdown'
order by output.created_at desc, output.id desc
limit 1;

-- name: select_validation :maybe
-- What the newest validation found.
select output.content
from public.task_brief_outputs as output
where output.task_brief_id = %(id)s::uuid
  and output.agent_type = 'validator'
  and output.output_type = 'structured_json'
order by output.created_at desc, output.id desc
limit 1;

-- name: insert_output :one
-- An edited text or a validation. Its time is later than that of all before it, even where the transaction began
-- earlier or the clock was set back: the newest is the present one.
insert into public.task_brief_outputs (task_brief_id, content, output_type, agent_type, created_at)
select
  %(id)s::uuid, %(content)s::text, %(output_type)s::public.output_type_enum, %(agent_type)s::text,
  greatest(clock_timestamp(), max(output.created_at) + interval '1 microsecond')
from public.task_brief_outputs as output
where output.task_brief_id = %(id)s::uuid
  and output.agent_type in ('composer', 'editor', 'validator')
returning id, task_brief_id, config_id, content, output_type, agent_type, created_at;

-- name: select_texts :many
-- All texts, the first one first: the composer's and every edit, with who made it where its event is still there.
select
  output.id, output.content, output.agent_type, output.created_at,
  (
    select told.payload ->> 'by'
    from public.events as told
    where told.user_id = %(user_id)s::uuid
      and told.topic = 'brief.edited'
      and told.payload ->> 'output_id' = output.id::text
    order by told.id
    limit 1
  ) as by
from public.task_brief_outputs as output
where output.task_brief_id = %(id)s::uuid
  and output.agent_type in ('composer', 'editor')
  and output.output_type = 'markdown'
order by output.created_at, output.id;

-- name: update_flags :exec
-- What of the state has columns.
update public.task_briefs
set
  is_draft = not %(is_published)s::boolean,
  is_published = %(is_published)s::boolean,
  is_locked = %(is_locked)s::boolean,
  updated_at = now()
where id = %(id)s::uuid;
