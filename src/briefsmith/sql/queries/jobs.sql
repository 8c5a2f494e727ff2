-- The schema of the job queue, procrastinate's own; its tables and functions come from its package.

-- name: lock :one
-- A second worker that starts at the same time waits. Any number will do, as long as it is no other lock's.
select pg_advisory_lock(7208466153217751);

-- name: create_schema :exec
create schema if not exists procrastinate;

-- name: revoke :exec
-- Rows name people, and whoever may write one has work done as anybody.
revoke all on schema procrastinate from public, anon, authenticated, service_role;

-- name: set_path :one
-- To the end of the transaction, or of the connection: the queue's statements name no schema.
select set_config('search_path', 'procrastinate', %(is_local)s::boolean);

-- name: select_state :one
-- Whose tables these are: the version of procrastinate's last migration, from the comment of their schema.
select
  to_regclass('procrastinate.procrastinate_jobs') is not null as is_there,
  obj_description(to_regnamespace('procrastinate')::oid, 'pg_namespace') as comment;

-- name: choose_comment :one
select set_config('briefsmith.comment', %(comment)s::text, true);

-- name: set_comment :exec
do $$
begin
  execute format('comment on schema procrastinate is %%L', current_setting('briefsmith.comment'));
end
$$;

-- name: select_people :many
-- Whose stores a worker for everybody looks after: those who have a block that is in use.
select account.id
from auth.users as account
where exists (
  select from public.context_blocks as block
  where block.user_id = account.id and block.status <> 'archived'
)
order by account.id;
