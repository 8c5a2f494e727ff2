-- name: select_types :many
-- The catalogue, the newest version of each title.
select distinct on (lower(kind.title)) kind.*
from public.task_brief_types as kind
order by lower(kind.title), kind.version desc, kind.id;

-- name: select_type :maybe
-- By id, whatever its version.
select kind.* from public.task_brief_types as kind where kind.id = %(id)s::uuid;
