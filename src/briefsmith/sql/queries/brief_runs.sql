-- name: insert_run :one
-- What a run of a brief came to.
insert into public.task_brief_outputs (task_brief_id, config_id, content, output_type, agent_type)
values (
  %(task_brief_id)s::uuid, %(config_id)s::uuid, %(content)s::text,
  %(output_type)s::public.output_type_enum, 'runner'
)
returning id, task_brief_id, config_id, content, output_type, agent_type, created_at;

-- name: select_outputs :many
-- What a brief came to so far, the newest first, before a row that was seen, without the texts; no limit gives all.
select
  output.id, output.config_id, output.output_type::text as output_type, output.agent_type,
  output.created_at,
  octet_length(output.content) as size_bytes
from public.task_brief_outputs as output
where output.task_brief_id = %(task_brief_id)s::uuid
  and (
    %(before_id)s::uuid is null
    or (output.created_at, output.id) < (%(before_time)s::timestamptz, %(before_id)s::uuid)
  )
order by output.created_at desc, output.id desc
limit %(limit)s::bigint;

-- name: select_output :maybe
-- One output with its text.
select
  output.id, output.task_brief_id, output.config_id, output.content, output.output_type,
  output.agent_type, output.created_at
from public.task_brief_outputs as output
where output.id = %(id)s::uuid;

-- name: select_existing_blocks :many
-- Which of some blocks are there still; nothing of them is read.
select block.id from public.context_blocks as block where block.id = any(%(ids)s::uuid[]);
