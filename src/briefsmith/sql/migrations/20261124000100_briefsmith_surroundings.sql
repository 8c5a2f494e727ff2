-- What import knows of where a piece stands is indexed with it: the last words of the piece before.
set local lock_timeout = '2s';

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

drop trigger search_index_updated_1_out on public.context_blocks;
drop trigger search_index_updated_2_in on public.context_blocks;
drop trigger search_index_updated_3_vectors on public.context_blocks;

-- What is indexed of blocks: their own words, and the last of the block that came before in the same file.
create function briefsmith.index_blocks(blocks uuid[]) returns void
language plpgsql set search_path = '' as $$
declare
  many integer[];
  account uuid;
  accounts uuid[];
begin
  with worded as materialized (
    select
      block.id,
      block.user_id,
      briefsmith.words_of(
        block.meta_locale,
        block.label || E'\n' || block.content || E'\n' || array_to_string(block.meta_tags, ' ')
      ) || coalesce(
        briefsmith.words_of(previous.meta_locale, right(previous.content, 500)), ''::tsvector
      ) as words
    from unnest(blocks) as one
    join public.context_blocks as block on block.id = one
    left join briefsmith.block_surroundings as surroundings
      on surroundings.block_id = block.id and surroundings.user_id = block.user_id
    left join public.context_blocks as previous
      on previous.id = surroundings.previous_id and previous.user_id = block.user_id
    -- Another trigger of the same statement may have been here.
    where not exists (
      select from briefsmith.search_documents as document where document.block_id = block.id
    )
  ),
  documents as (
    insert into briefsmith.search_documents (block_id, user_id, length, words, is_posted)
    select
      worded.id,
      worded.user_id,
      (select coalesce(sum(cardinality(word.positions)), 0) from unnest(worded.words) as word),
      worded.words,
      (select count(*) from worded) >= 64
    from worded
    returning document_no, user_id, is_posted
  )
  select
    array_agg(document_no) filter (where is_posted),
    -- Who comes alone looks each eighth time whether many wait.
    array_agg(distinct user_id) filter (where is_posted or document_no % 8 = 0)
  into many, accounts
  from documents;
  if many is not null then
    perform briefsmith.post_documents(many);
    foreach account in array accounts loop
      perform briefsmith.pack_postings(account);
    end loop;
  elsif accounts is not null then
    foreach account in array accounts loop
      perform briefsmith.post_waiting(account);
    end loop;
  end if;
end
$$;

-- Takes the words of blocks out again, every one: what a person purges is not to be found in the index.
create function briefsmith.unindex_blocks(blocks uuid[]) returns void
language plpgsql set search_path = '' as $$
declare
  account uuid;
  accounts uuid[];
  numbers integer[];
begin
  -- The next statement then sees what the one before has packed; two writers take the locks in one order.
  for account in
    select distinct document.user_id
    from briefsmith.search_documents as document
    where document.block_id = any (blocks)
    order by document.user_id
  loop
    perform pg_advisory_xact_lock(briefsmith.search_lock(account));
  end loop;
  with gone as (
    delete from briefsmith.search_documents as document
    where document.block_id = any (blocks)
    returning
      document.document_no, document.user_id, document.length, document.words, document.is_posted
  ),
  terms as (
    select gone.user_id, word.lexeme as term, array_agg(gone.document_no) as numbers
    from gone
    cross join lateral unnest(gone.words) as word
    where gone.is_posted
    group by gone.user_id, word.lexeme
  ),
  held as materialized (
    select posting.id, posting.entries,
      briefsmith.without_documents(posting.entries, terms.numbers, 8) as others
    from terms
    join briefsmith.search_postings as posting
      on posting.user_id = terms.user_id and posting.term = terms.term
    where exists (
      select from unnest(terms.numbers) as one where one between posting.lowest and posting.highest
    )
  ),
  emptied as (
    delete from briefsmith.search_postings as posting
    using held
    where posting.id = held.id and held.others = ''::bytea
  ),
  thinned as (
    update briefsmith.search_postings as posting
    set entries = held.others
    from held
    where posting.id = held.id and held.others <> ''::bytea
      and octet_length(held.others) < octet_length(held.entries)
  ),
  ledger as (
    insert into briefsmith.search_totals (user_id, documents, length)
    select gone.user_id, -count(*), -sum(gone.length) from gone
    where gone.is_posted group by gone.user_id
  )
  select array_agg(distinct gone.user_id), array_agg(gone.document_no) into accounts, numbers
  from gone
  where gone.is_posted;
  if numbers is not null then
    perform briefsmith.unpost_vectors(accounts, numbers);
  end if;
end
$$;

create or replace function briefsmith.index_new_blocks() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform briefsmith.index_blocks(array(select fresh.id from new_blocks as fresh));
  return null;
end
$$;

-- An update that leaves the words alone (feedback, an embedding) leaves the index alone.
create function briefsmith.index_changed_blocks() returns trigger
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

create or replace function briefsmith.unindex_old_blocks() returns trigger
language plpgsql set search_path = '' as $$
declare
  gone uuid[] := array(select block.id from old_blocks as block);
begin
  -- Whoever deletes an account has no rights here, and foreign keys have taken its documents already.
  if not has_schema_privilege('briefsmith', 'usage') then
    if not exists (
      select from auth.users as account join old_blocks as block on block.user_id = account.id
    ) then
      return null;
    end if;
  end if;
  perform briefsmith.unindex_blocks(gone);
  -- Those that follow are indexed anew.
  delete from briefsmith.block_surroundings as surroundings
  using old_blocks as block
  where surroundings.user_id = block.user_id and surroundings.previous_id = block.id;
  delete from briefsmith.block_surroundings as surroundings
  using old_blocks as block
  where surroundings.user_id = block.user_id and surroundings.block_id = block.id;
  return null;
end
$$;

-- Blocks that have another one before them now.
create function briefsmith.index_surroundings() returns trigger
language plpgsql set search_path = '' as $$
declare
  changed uuid[];
begin
  if tg_op = 'INSERT' then
    changed := array(select fresh.block_id from new_surroundings as fresh);
  elsif tg_op = 'UPDATE' then
    changed := array(
      select fresh.block_id
      from new_surroundings as fresh
      join old_surroundings as stale using (block_id, user_id)
      where fresh.previous_id <> stale.previous_id
    );
  else
    -- With an account, foreign keys take all of it.
    if not has_schema_privilege('briefsmith', 'usage') then
      return null;
    end if;
    changed := array(select stale.block_id from old_surroundings as stale);
  end if;
  -- One that is not there yet is indexed when it comes.
  changed := array(
    select document.block_id
    from briefsmith.search_documents as document
    where document.block_id = any (changed)
  );
  if cardinality(changed) > 0 then
    perform briefsmith.unindex_blocks(changed);
    perform briefsmith.index_blocks(changed);
  end if;
  return null;
end
$$;

-- TRUNCATE passes the other triggers by.
create or replace function briefsmith.empty_index() returns trigger
language plpgsql set search_path = '' as $$
begin
  truncate briefsmith.search_documents, briefsmith.search_postings, briefsmith.search_vectors,
    briefsmith.search_totals, briefsmith.block_surroundings;
  return null;
end
$$;


create trigger search_index_updated_1_words after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.index_changed_blocks();
-- Triggers fire in the order of their names.
create trigger search_index_updated_2_vectors after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.renew_vectors();
create trigger search_surroundings_inserted after insert on briefsmith.block_surroundings
  referencing new table as new_surroundings
  for each statement execute function briefsmith.index_surroundings();
create trigger search_surroundings_updated after update on briefsmith.block_surroundings
  referencing old table as old_surroundings new table as new_surroundings
  for each statement execute function briefsmith.index_surroundings();
create trigger search_surroundings_deleted after delete on briefsmith.block_surroundings
  referencing old table as old_surroundings
  for each statement execute function briefsmith.index_surroundings();

revoke all on all functions in schema briefsmith from public, anon;
grant execute on all functions in schema briefsmith to authenticated, service_role;
revoke execute on function briefsmith.forget_words() from authenticated, service_role;
