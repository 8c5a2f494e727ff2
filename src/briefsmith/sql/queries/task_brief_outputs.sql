-- name: select_rendered :maybe
-- The text that the composer made of a brief.
select
  output.id, output.task_brief_id, output.config_id, output.content, output.output_type,
  output.agent_type, output.created_at
from public.task_brief_outputs as output
where output.task_brief_id = %(task_brief_id)s::uuid
  and output.agent_type = 'composer'
  and output.output_type = 'markdown'
order by output.created_at, output.id
limit 1;

-- name: update_rendered :exec
-- The text of a brief after a block in it was purged.
update public.task_brief_outputs
set content = %(content)s::text
where task_brief_id = %(task_brief_id)s::uuid
  and agent_type = 'composer'
  and output_type = 'markdown';

-- name: delete_other_outputs :exec
-- What models wrote from a brief may repeat the purged text.
delete from public.task_brief_outputs
where task_brief_id = %(task_brief_id)s::uuid and agent_type is distinct from 'composer';

-- name: insert_composition :exec
-- How a brief's outline came about, beside its text: the answer of a model, or why there is none.
insert into public.task_brief_outputs (task_brief_id, content, output_type, agent_type)
values (%(task_brief_id)s::uuid, %(content)s::text, 'structured_json', 'composer');

-- name: select_composition :maybe
-- How a brief's outline came about; none for one that no model was asked about.
select
  output.id, output.task_brief_id, output.config_id, output.content, output.output_type,
  output.agent_type, output.created_at
from public.task_brief_outputs as output
where output.task_brief_id = %(task_brief_id)s::uuid
  and output.agent_type = 'composer'
  and output.output_type = 'structured_json'
order by output.created_at, output.id
limit 1;

-- name: delete_compositions :exec
-- What a model answered from a brief's blocks may repeat the purged text.
delete from public.task_brief_outputs
where task_brief_id = %(task_brief_id)s::uuid
  and agent_type = 'composer'
  and output_type = 'structured_json';
