-- Vectors of the parts of long blocks: a vector of the whole says little of any. Search takes the nearest part.
create table briefsmith.block_parts (
  block_id uuid not null,
  model text not null,
  place integer not null,
  user_id uuid not null,
  embedding vector(256) not null,
  constraint block_parts_pkey primary key (block_id, model, place),
  constraint block_parts_place_check check (place > 0),
  constraint block_parts_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint block_parts_block_id_fkey
    foreign key (block_id) references public.context_blocks (id) on delete cascade
);

alter table briefsmith.block_parts alter column embedding set storage plain;

comment on table briefsmith.block_parts is 'Vectors of the parts of long blocks, in the order of the text.';

create index block_parts_user_id_idx on briefsmith.block_parts (user_id);

alter table briefsmith.block_parts enable row level security;
alter table briefsmith.block_parts force row level security;
revoke all on briefsmith.block_parts from public, anon, authenticated, service_role;
grant select, insert, delete on briefsmith.block_parts to authenticated;
grant select, insert, update, delete on briefsmith.block_parts to service_role;

create policy block_parts_select on briefsmith.block_parts for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy block_parts_insert on briefsmith.block_parts for insert to authenticated
  with check (
  user_id = (select auth.uid())
  and briefsmith.owns_block(block_id)
  );

create policy block_parts_delete on briefsmith.block_parts for delete to authenticated
  using (
  user_id = (select auth.uid())
  );
