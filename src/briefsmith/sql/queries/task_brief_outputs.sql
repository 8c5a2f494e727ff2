-- name: select_rendered :maybe
-- The text that the composer made of a brief.
select
  output.id, output.task_brief_id, output.config_id, output.content, output.output_type,
  output.agent_type, output.created_at
from public.task_brief_outputs as output
where output.task_brief_id = %(task_brief_id)s::uuid and output.agent_type = 'composer'
order by output.created_at, output.id
limit 1;

-- name: update_rendered :exec
-- The text of a brief after a block in it was purged.
update public.task_brief_outputs
set content = %(content)s::text
where task_brief_id = %(task_brief_id)s::uuid and agent_type = 'composer';

-- name: delete_other_outputs :exec
-- What models wrote from a brief may repeat the purged text.
delete from public.task_brief_outputs
where task_brief_id = %(task_brief_id)s::uuid and agent_type is distinct from 'composer';
