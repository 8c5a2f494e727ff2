-- name: set_actor :one
-- Role, claims and all else that a statement relies on, for the length of the transaction.
select
  set_config('search_path', 'public, extensions', true),
  set_config('timezone', 'UTC', true),
  set_config('jit', 'off', true),
  set_config('role', 'authenticated', true),
  set_config('request.jwt.claims', %(claims)s::text, true),
  set_config('briefsmith.changed_by', %(name)s::text, true);
