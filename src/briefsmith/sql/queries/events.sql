-- name: insert_event :exec
insert into public.events (topic, user_id, payload)
values (%(topic)s::text, %(user_id)s::uuid, %(payload)s::jsonb);

-- name: listen :exec
-- As `briefsmith.notify_event` calls it; the payload is an id, which says nothing to others who hear it.
listen briefsmith_events;
