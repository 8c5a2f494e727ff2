-- Long blocks have a vector for each of their parts as well, which `briefsmith reembed` makes of those that are there.
set local lock_timeout = '2s';
set local search_path = public, extensions;

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

-- Packed entries without those of some documents; a document's number is the first four bytes of its entries: one
-- for each term, one for each vector.
create or replace function briefsmith.without_documents(entries bytea, numbers integer[], width integer) returns bytea
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  wanted bytea;
  place integer;
  found integer;
begin
  if cardinality(numbers) > 8 then
    return (
      select coalesce(string_agg(entry.packed, ''::bytea order by entry.place), ''::bytea)
      from (
        select slot as place, substring(entries from slot * width + 1 for width) as packed
        from generate_series(0, octet_length(entries) / width - 1) as slot
      ) as entry
      where not exists (
        select from unnest(numbers) as one where int4send(one) = substring(entry.packed from 1 for 4)
      )
    );
  end if;
  for wanted in select int4send(one) from unnest(numbers) as one loop
    place := 0;
    loop
      found := position(wanted in substring(entries from place + 1));
      exit when found = 0;
      place := place + found - 1;
      if place % width = 0 then
        entries := substring(entries from 1 for place) || substring(entries from place + width + 1);
        exit when width = 8;
      else
        place := place + 1;
      end if;
    end loop;
  end loop;
  return entries;
end
$$;

-- Posts the vectors of documents and of their parts as they are now.
create or replace function briefsmith.post_vectors(numbers integer[]) returns void
language plpgsql set search_path = '' as $$
begin
  insert into briefsmith.search_vectors (user_id, model, lowest, highest, entries)
  select
    held.user_id,
    held.model,
    min(held.document_no),
    max(held.document_no),
    string_agg(int4send(held.document_no) || briefsmith.signs_of(held.embedding), ''::bytea)
  from (
    select document.user_id, document.document_no, block.meta_embedding_model as model,
      block.meta_embedding::real[] as embedding
    from unnest(numbers) as one
    join briefsmith.search_documents as document on document.document_no = one
    join public.context_blocks as block on block.id = document.block_id
    where block.meta_embedding is not null
    union all
    select document.user_id, document.document_no, part.model, part.embedding::real[]
    from unnest(numbers) as one
    join briefsmith.search_documents as document on document.document_no = one
    join briefsmith.block_parts as part
      on part.block_id = document.block_id and part.user_id = document.user_id
  ) as held
  group by held.user_id, held.model;
end
$$;

create or replace function briefsmith.index_changed_blocks() returns trigger
language plpgsql set search_path = '' as $$
declare
  changed uuid[] := array(
    select fresh.id
    from new_blocks as fresh
    join old_blocks as stale on stale.id = fresh.id
    where (fresh.user_id, fresh.label, fresh.content, fresh.meta_tags, fresh.meta_locale)
      is distinct from
      (stale.user_id, stale.label, stale.content, stale.meta_tags, stale.meta_locale)
  );
begin
  if cardinality(changed) = 0 then
    return null;
  end if;
  delete from briefsmith.block_parts as part
  using new_blocks as fresh, old_blocks as stale
  where part.block_id = fresh.id and stale.id = fresh.id
    and (fresh.user_id, fresh.label, fresh.content) is distinct from (stale.user_id, stale.label, stale.content);
  -- With those that follow one of them.
  changed := array(
    select unnest(changed)
    union
    select surroundings.block_id
    from new_blocks as fresh
    join old_blocks as stale on stale.id = fresh.id
    join briefsmith.block_surroundings as surroundings
      on surroundings.user_id in (stale.user_id, fresh.user_id)
      and surroundings.previous_id = fresh.id
    where fresh.id = any (changed)
  );
  perform briefsmith.unindex_blocks(changed);
  perform briefsmith.index_blocks(changed);
  return null;
end
$$;

-- Parts that came or went: all vectors of their documents are posted anew.
create function briefsmith.post_parts() returns trigger
language plpgsql set search_path = '' as $$
declare
  account uuid;
  numbers integer[];
begin
  -- With an account, foreign keys take all of it.
  if tg_op = 'DELETE' and not has_schema_privilege('briefsmith', 'usage') then
    return null;
  end if;
  for account in select distinct part.user_id from changed_parts as part order by part.user_id loop
    numbers := array(
      select document.document_no
      from briefsmith.search_documents as document
      where document.user_id = account and document.is_posted
        and document.block_id in (select part.block_id from changed_parts as part)
    );
    if cardinality(numbers) > 0 then
      perform pg_advisory_xact_lock(briefsmith.search_lock(account));
      perform briefsmith.unpost_vectors(array[account], numbers);
      perform briefsmith.post_vectors(numbers);
    end if;
  end loop;
  return null;
end
$$;

create trigger search_parts_inserted after insert on briefsmith.block_parts
  referencing new table as changed_parts
  for each statement execute function briefsmith.post_parts();
create trigger search_parts_deleted after delete on briefsmith.block_parts
  referencing old table as changed_parts
  for each statement execute function briefsmith.post_parts();

revoke all on all functions in schema briefsmith from public, anon;
grant execute on all functions in schema briefsmith to authenticated, service_role;
revoke execute on function briefsmith.forget_words() from authenticated, service_role;
