-- name: insert_session :one
-- A run that is over, in the transaction of its effect.
insert into public.agent_sessions (user_id, agent_type, status, task_type_id, inputs, metadata)
values (
  %(user_id)s::uuid, %(agent_type)s::text, %(status)s::text, %(task_type_id)s::text,
  %(inputs)s::jsonb, %(metadata)s::jsonb
)
returning *;

-- name: select_sessions :many
-- The newest first, before a row that was seen.
select run.*
from public.agent_sessions as run
where run.user_id = %(user_id)s::uuid
  and (%(agent_type)s::text is null or run.agent_type = %(agent_type)s::text)
  and (
    %(before_id)s::uuid is null
    or (run.created_at, run.id) < (%(before_time)s::timestamptz, %(before_id)s::uuid)
  )
order by run.created_at desc, run.id desc
limit %(limit)s::integer;

-- name: select_job :maybe
-- Whether a job has had its effect.
select job.agent_session_id
from briefsmith.agent_jobs as job
where job.user_id = %(user_id)s::uuid and job.job = %(job)s::text;

-- name: insert_job :maybe
-- A second worker at the same job waits here for the first, and then gets no row.
insert into briefsmith.agent_jobs (user_id, job, agent_session_id)
values (%(user_id)s::uuid, %(job)s::text, %(agent_session_id)s::uuid)
on conflict (user_id, job) do nothing
returning agent_session_id;
