-- name: lock_rate :one
-- What a person has used, held to the end of the transaction, and the time by the clock of the database.
insert into briefsmith.request_rates as rate (user_id, used_until)
values (%(user_id)s::uuid, clock_timestamp())
on conflict (user_id) do update set user_id = excluded.user_id
returning rate.used_until, clock_timestamp() as now;

-- name: update_rate :exec
update briefsmith.request_rates as rate
set used_until = %(used_until)s::timestamptz
where rate.user_id = %(user_id)s::uuid;

-- name: lock_running :one
-- Requests of one person are counted one after the other.
select true as is_locked
from (
  select pg_advisory_xact_lock(hashtextextended('briefsmith.running/' || %(user_id)s::uuid, 0))
) as taken;

-- name: delete_expired :exec
-- Of servers that were killed.
delete from briefsmith.running_requests as running
where running.user_id = %(user_id)s::uuid and running.expires_at < now();

-- name: select_running :many
select running.id, running.kind, running.idempotency_key, running.expires_at
from briefsmith.running_requests as running
where running.user_id = %(user_id)s::uuid
order by running.expires_at, running.id;

-- name: insert_running :one
insert into briefsmith.running_requests (user_id, kind, idempotency_key, expires_at)
values (
  %(user_id)s::uuid, %(kind)s::text, %(idempotency_key)s::text,
  clock_timestamp() + make_interval(secs => %(seconds)s::double precision)
)
returning id;

-- name: delete_running :exec
delete from briefsmith.running_requests as running
where running.id = %(id)s::uuid and running.user_id = %(user_id)s::uuid;
