-- name: lock_key :one
-- Of two requests with one key, one goes on and the other does not wait.
select pg_try_advisory_xact_lock(
  hashtextextended('briefsmith.answer/' || %(user_id)s::uuid || '/' || %(key)s::text, 0)
) as is_locked;

-- name: select_answer :maybe
-- In a statement after the lock, which then sees what the one before has stored.
select answer.request_sha256, answer.status, answer.headers, answer.body
from briefsmith.idempotent_answers as answer
where answer.user_id = %(user_id)s::uuid and answer.key = %(key)s::text;

-- name: insert_answer :exec
-- What is older than the server keeps goes at the same time, a few at once.
with old as (
  delete from briefsmith.idempotent_answers as answer
  where answer.user_id = %(user_id)s::uuid
    and answer.key in (
      select outdated.key
      from briefsmith.idempotent_answers as outdated
      where outdated.user_id = %(user_id)s::uuid
        and outdated.key <> %(key)s::text
        and outdated.created_at < now() - make_interval(days => %(days)s::integer)
      order by outdated.created_at
      limit 100
    )
)
insert into briefsmith.idempotent_answers (user_id, key, request_sha256, status, headers, body)
values (
  %(user_id)s::uuid, %(key)s::text, %(request_sha256)s::text, %(status)s::integer,
  %(headers)s::jsonb, %(body)s::bytea
);

-- name: update_answer :exec
-- Of a request that went on after its effect was stored.
update briefsmith.idempotent_answers as answer
set status = %(status)s::integer, headers = %(headers)s::jsonb, body = %(body)s::bytea
where answer.user_id = %(user_id)s::uuid
  and answer.key = %(key)s::text
  and answer.body is not null;

-- name: redact_answers :exec
-- They may hold the text of a block that is purged; that the requests were done stays known.
update briefsmith.idempotent_answers as answer
set body = null
where answer.user_id = %(user_id)s::uuid and answer.body is not null;
