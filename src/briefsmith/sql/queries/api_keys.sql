-- name: insert_key :one
insert into briefsmith.api_keys (user_id, name, key_sha256, scope, expires_at)
values (
  %(user_id)s::uuid, %(name)s::text, %(key_sha256)s::text, %(scope)s::text,
  now() + make_interval(days => %(days)s::integer)
)
returning id, name, scope, created_at, expires_at, revoked_at, last_used_at;

-- name: select_keys :many
-- The newest first; those that are no longer taken as well.
select key.id, key.name, key.scope, key.created_at, key.expires_at, key.revoked_at, key.last_used_at
from briefsmith.api_keys as key
where key.user_id = %(user_id)s::uuid
order by key.created_at desc, key.id desc
limit 1000;

-- name: revoke_key :maybe
-- Once and for all; a second time changes nothing.
update briefsmith.api_keys as key
set revoked_at = coalesce(key.revoked_at, now())
where key.id = %(id)s::uuid and key.user_id = %(user_id)s::uuid
returning
  key.id, key.name, key.scope, key.created_at, key.expires_at, key.revoked_at, key.last_used_at;

-- name: select_live_key :maybe
-- The key with this hash, if it is taken by now.
select key.id, key.name, key.scope, key.created_at, key.expires_at, key.revoked_at, key.last_used_at
from briefsmith.api_keys as key
where key.user_id = %(user_id)s::uuid
  and key.key_sha256 = %(key_sha256)s::text
  and key.revoked_at is null
  and (key.expires_at is null or key.expires_at > now());

-- name: touch_key :exec
-- At most once a minute, so that asking does not mean writing.
update briefsmith.api_keys as key
set last_used_at = now()
where key.id = %(id)s::uuid
  and key.user_id = %(user_id)s::uuid
  and (key.last_used_at is null or key.last_used_at < now() - interval '1 minute');
