-- The final tables while they are filled, in the schema briefsmith_staging. `the_table`, `the_columns` and the like
-- stand for names that the package itself gives.

-- name: create :exec
create schema briefsmith_staging;
grant usage on schema briefsmith_staging to authenticated, service_role;

-- name: search_path :exec
select set_config('search_path', 'public, extensions', true);

-- name: rest_triggers :exec
-- A row that changes while it is staged is made anew; that is no new version of it.
alter table briefsmith_staging.context_blocks disable trigger context_blocks_keep_revision;

-- name: act_as :exec
select
  set_config('search_path', 'public, extensions', true),
  set_config('timezone', 'UTC', true),
  set_config('role', 'authenticated', true),
  set_config('request.jwt.claims', %(claims)s::text, true);

-- name: act_as_login :exec
select set_config('role', 'none', true), set_config('request.jwt.claims', '', true);

-- name: insert :exec
insert into briefsmith_staging.the_table (the_columns)
select the_columns
from jsonb_populate_recordset(null::briefsmith_staging.the_table, %(rows)s::jsonb);

-- name: update :exec
update briefsmith_staging.the_table as fresh set the_assignments
from jsonb_populate_recordset(null::briefsmith_staging.the_table, %(rows)s::jsonb) as given
where fresh.id = given.id;

-- name: delete :exec
delete from briefsmith_staging.the_table where id = any (%(ids)s::uuid[]);

-- name: free_context_blocks :exec
-- Two rows may exchange what is unique.
update briefsmith_staging.context_blocks set label = id::text where id = any (%(ids)s::uuid[]);

-- name: free_block_files :exec
update briefsmith_staging.block_files set is_primary = false where id = any (%(ids)s::uuid[]);

-- name: free_task_brief_types :exec
update briefsmith_staging.task_brief_types set title = id::text where id = any (%(ids)s::uuid[]);

-- name: link_blocks :exec
-- A policy sees the rows of earlier statements alone.
update briefsmith_staging.context_blocks as fresh set meta_derived_from = given.origin
from unnest(%(ids)s::uuid[], %(origins)s::uuid[]) as given (id, origin)
where fresh.id = given.id;

-- name: columns :many
select attribute.attname as name
from pg_catalog.pg_attribute as attribute
where attribute.attrelid = 'briefsmith_staging.the_table'::regclass
  and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attnum;

-- name: keep :exec
-- The hash by which a change is noticed later. A vector that is made anew is none.
insert into briefsmith_legacy.upgrade_staged (user_id, new_table, new_id, made, kept)
select
  %(user_id)s::uuid, 'the_table', fresh.id, given.made,
  encode(
    sha256(convert_to((to_jsonb(fresh) - '{meta_embedding,meta_embedding_model}'::text[])::text, 'UTF8')),
    'hex'
  )
from unnest(%(ids)s::uuid[], %(made)s::text[]) as given (id, made)
join briefsmith_staging.the_table as fresh on fresh.id = given.id;

-- name: rows_of :many
select fresh.id, to_jsonb(fresh)::text as text
from briefsmith_legacy.upgrade_staged as staged
join briefsmith_staging.the_table as fresh on fresh.id = staged.new_id
where staged.new_table = 'the_table' and (staged.user_id = %(user_id)s::uuid or (%(user_id)s::uuid is null and staged.user_id is null))
order by fresh.id;

-- name: strays :many
-- Rows that are there and should not be, or should be and are not.
select count(*) filter (where staged.new_id is null) as unknown,
  count(*) filter (where fresh.id is null) as missing
from briefsmith_staging.the_table as fresh
full join (
  select new_id from briefsmith_legacy.upgrade_staged where new_table = 'the_table'
) as staged on staged.new_id = fresh.id
where staged.new_id is null or fresh.id is null;

-- name: analyze :exec
analyze briefsmith_staging.the_table;

-- name: changed_rows :many
-- The same hash as above, of the tables in use.
select
  count(*) filter (where staged.new_id is null) as added,
  count(*) filter (where fresh.id is null) as removed,
  count(*) filter (
    where staged.kept <> encode(
      sha256(convert_to((to_jsonb(fresh) - '{meta_embedding,meta_embedding_model}'::text[])::text, 'UTF8')),
      'hex'
    )
  ) as changed
from public.the_table as fresh
full join (
  select new_id, staged.kept from briefsmith_legacy.upgrade_staged as staged where new_table = 'the_table'
) as staged on staged.new_id = fresh.id;
