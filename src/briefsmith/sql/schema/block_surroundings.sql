-- Which block came before which in the file that both were imported from: its last words are indexed with those of
-- the block that follows, and shown with neither. Nobody's copy: purged or changed, they leave the index.
create table briefsmith.block_surroundings (
  block_id uuid not null,
  user_id uuid not null,
  previous_id uuid not null,
  -- No foreign keys to the blocks: a row is written before its block, so that this is indexed once.
  constraint block_surroundings_pkey primary key (block_id, user_id),
  constraint block_surroundings_check check (previous_id <> block_id),
  constraint block_surroundings_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);

comment on table briefsmith.block_surroundings is
  'Which block came before which in the file that both were imported from.';

create index block_surroundings_user_id_idx on briefsmith.block_surroundings (user_id, previous_id);

alter table briefsmith.block_surroundings enable row level security;
alter table briefsmith.block_surroundings force row level security;
revoke all on briefsmith.block_surroundings from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.block_surroundings to authenticated;
grant select, insert, update, delete on briefsmith.block_surroundings to service_role;

create policy block_surroundings_select on briefsmith.block_surroundings for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy block_surroundings_insert on briefsmith.block_surroundings for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy block_surroundings_update on briefsmith.block_surroundings for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy block_surroundings_delete on briefsmith.block_surroundings for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
