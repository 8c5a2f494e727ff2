-- name: select_new_ids :one
-- Ids for blocks that are about to be written.
select array(select gen_random_uuid() from generate_series(1, %(count)s::integer)) as ids;

-- name: upsert_surroundings :exec
-- Blocks, and the one that comes before each in its file, in step; those that are there already change as well.
insert into briefsmith.block_surroundings (block_id, user_id, previous_id)
select given.block_id, %(user_id)s::uuid, given.previous_id
from unnest(%(ids)s::uuid[], %(previous)s::uuid[]) as given (block_id, previous_id)
on conflict (block_id, user_id) do update set previous_id = excluded.previous_id
where block_surroundings.previous_id <> excluded.previous_id;

-- name: delete_surroundings :exec
-- Nothing comes before these blocks.
delete from briefsmith.block_surroundings as surroundings
where surroundings.user_id = %(user_id)s::uuid and surroundings.block_id = any (%(ids)s::uuid[]);
