-- name: insert_config :one
-- Another way to run a brief; the newest is the one that is taken.
insert into public.deployment_configs (
  task_brief_id, model, temperature, max_tokens, receiver, format, custom_notes
)
values (
  %(task_brief_id)s::uuid, %(model)s::text, %(temperature)s::double precision,
  %(max_tokens)s::integer, %(receiver)s::text, %(format)s::text, %(custom_notes)s::text
)
returning
  id, task_brief_id, model, temperature, max_tokens, receiver, format, custom_notes, created_at;

-- name: select_config :maybe
-- One of a brief's configurations: the named one, or else the newest.
select
  config.id, config.task_brief_id, config.model, config.temperature, config.max_tokens,
  config.receiver, config.format, config.custom_notes, config.created_at
from public.deployment_configs as config
where config.task_brief_id = %(task_brief_id)s::uuid
  and (%(id)s::uuid is null or config.id = %(id)s::uuid)
order by config.created_at desc, config.id desc
limit 1;

-- name: select_configs :many
-- How a brief may be run, the newest first, before a row that was seen; no limit gives all.
select
  config.id, config.task_brief_id, config.model, config.temperature, config.max_tokens,
  config.receiver, config.format, config.custom_notes, config.created_at
from public.deployment_configs as config
where config.task_brief_id = %(task_brief_id)s::uuid
  and (
    %(before_id)s::uuid is null
    or (config.created_at, config.id) < (%(before_time)s::timestamptz, %(before_id)s::uuid)
  )
order by config.created_at desc, config.id desc
limit %(limit)s::bigint;
