-- name: select_source :maybe
-- The file that blocks are made of; it stays in the library until the transaction ends.
select file.* from public.block_files as file where file.id = %(id)s::uuid for key share;
