-- Where an imported block came from, so that the next import knows what changed.
create table briefsmith.import_entries (
  user_id uuid not null,
  collection text not null,
  path text not null,
  anchor text not null,
  block_id uuid not null,
  content_sha256 text not null,
  constraint import_entries_pkey primary key (user_id, collection, path, anchor),
  constraint import_entries_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint import_entries_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade
);

comment on table briefsmith.import_entries is
  'Where an imported block came from, so that the next import knows what changed.';
comment on column briefsmith.import_entries.collection is
  'The folder that was imported, or the name given to it.';
comment on column briefsmith.import_entries.content_sha256 is
  'Of what the file held when it was imported, so that a person''s own edit is not taken for a change of the file.';

create index import_entries_block_id_idx on briefsmith.import_entries (block_id);
create index import_entries_content_sha256_idx
  on briefsmith.import_entries (user_id, content_sha256);

alter table briefsmith.import_entries enable row level security;
alter table briefsmith.import_entries force row level security;
revoke all on briefsmith.import_entries from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.import_entries to authenticated;
grant select, insert, update, delete on briefsmith.import_entries to service_role;

create policy import_entries_select on briefsmith.import_entries for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy import_entries_insert on briefsmith.import_entries for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy import_entries_update on briefsmith.import_entries for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and exists (
    select from public.context_blocks as owned
    where owned.id = block_id and owned.user_id = (select auth.uid())
  )
  );

create policy import_entries_delete on briefsmith.import_entries for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
