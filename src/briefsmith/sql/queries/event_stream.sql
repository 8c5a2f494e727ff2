-- name: select_events :many
-- Events of a person behind a place, but for those that were sent already.
select event.*
from public.events as event
where event.user_id = %(user_id)s::uuid
  and event.id > %(after)s::bigint
  and event.id <> all (%(sent)s::bigint[])
  and (%(topics)s::text[] is null or event.topic = any (%(topics)s::text[]))
order by event.id
limit %(limit)s::integer;

-- name: select_last :one
-- The last id that a person can see.
select coalesce(max(event.id), 0) as id
from public.events as event
where event.user_id = %(user_id)s::uuid;

-- name: select_writers :many
-- Transactions that may have been given an id and not committed: they hold this lock from before to the end.
select distinct held.virtualtransaction as writer
from pg_catalog.pg_locks as held
where held.locktype = 'relation'
  and held.database = (
    select base.oid from pg_catalog.pg_database as base where base.datname = current_database()
  )
  and held.relation = 'public.events'::regclass
  and held.mode = 'RowExclusiveLock'
  and held.pid is distinct from pg_backend_pid();
