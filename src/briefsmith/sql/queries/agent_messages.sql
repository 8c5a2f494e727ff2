-- name: insert_messages :exec
-- One row a message, in their order; contents are JSON without secrets and without block text.
insert into public.agent_messages
  (task_id, user_id, agent_type, message_type, message_content)
select
  %(task_id)s::text, %(user_id)s::uuid, %(agent_type)s::text, %(message_type)s::text, given.content
from unnest(%(contents)s::jsonb[]) with ordinality as given (content, place)
order by given.place;

-- name: select_messages :many
-- What was said about a task, in time.
select message.*
from public.agent_messages as message
where message.user_id = %(user_id)s::uuid and message.task_id = %(task_id)s::text
order by message.created_at, message.id;
