-- name: select_long :many
-- Of some blocks those with a long text and a vector of a model, and no parts of it.
select block.id, block.label, block.content
from public.context_blocks as block
where block.id = any (%(ids)s::uuid[])
  and char_length(block.content) > %(characters)s::integer
  and block.meta_embedding_model = %(model)s::text
  and not exists (
    select from briefsmith.block_parts as part
    where part.block_id = block.id and part.model = %(model)s::text
  )
order by block.id;

-- name: insert_parts :exec
-- Parts of blocks, with their vectors one behind the other in one array; those of other models go.
with gone as (
  delete from briefsmith.block_parts as part
  where part.block_id = any (%(ids)s::uuid[]) and part.model <> %(model)s::text
)
insert into briefsmith.block_parts (block_id, model, place, user_id, embedding)
select
  given.id, %(model)s::text, given.place, %(user_id)s::uuid,
  ((%(vectors)s::real[])[(given.row - 1) * 256 + 1 : given.row * 256])::vector
from unnest(%(ids)s::uuid[], %(places)s::integer[]) with ordinality as given (id, place, row)
-- Whoever else made them meanwhile made the same.
on conflict (block_id, model, place) do nothing;
