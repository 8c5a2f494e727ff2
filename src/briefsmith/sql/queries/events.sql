-- name: insert_event :exec
insert into public.events (topic, user_id, payload)
values (%(topic)s::text, %(user_id)s::uuid, %(payload)s::jsonb);
