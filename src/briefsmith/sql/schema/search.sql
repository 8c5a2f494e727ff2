-- The lexical index: what BM25 needs, kept by triggers, so that no way of writing a block goes past it.
--
--   search_documents  one row a block: its number and its length
--   search_postings   for each term the numbers of the documents that hold it, how often each does and how
--                     long each is; one row a term and statement, so a bulk load writes few long rows
--   search_totals     a ledger of changes to the number and length of a user's documents: rows are only
--                     added, so two writers never wait for each other; its sum is the truth

create table briefsmith.search_documents (
  document_no integer not null generated always as identity,
  block_id uuid not null,
  user_id uuid not null,
  length integer not null,
  constraint search_documents_pkey primary key (document_no),
  -- With the owner in it, so that it tells nobody which blocks others have.
  constraint search_documents_block_id_key unique (block_id, user_id),
  constraint search_documents_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);
comment on table briefsmith.search_documents is 'One row a block: its number and length in words.';
create index search_documents_user_id_idx on briefsmith.search_documents (user_id);

create table briefsmith.search_postings (
  id bigint not null generated always as identity,
  user_id uuid not null,
  term text not null,
  documents integer[] not null,
  frequencies integer[] not null,
  lengths integer[] not null,
  constraint search_postings_pkey primary key (id),
  constraint search_postings_arrays_check check (
    cardinality(documents) = cardinality(frequencies)
    and cardinality(documents) = cardinality(lengths)
  )
);
comment on table briefsmith.search_postings is
  'For each term the documents that hold it, how often each does, and how long each is; arrays in step.';
create index search_postings_user_id_idx on briefsmith.search_postings (user_id, term);

create table briefsmith.search_totals (
  id bigint not null generated always as identity,
  user_id uuid not null,
  documents bigint not null,
  length bigint not null,
  constraint search_totals_pkey primary key (id),
  constraint search_totals_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);
comment on table briefsmith.search_totals is
  'A ledger of changes to the number and length of a user''s documents; its sum is the truth.';
create index search_totals_user_id_idx on briefsmith.search_totals (user_id);

alter table briefsmith.search_documents enable row level security;
alter table briefsmith.search_documents force row level security;
revoke all on briefsmith.search_documents from public, anon, authenticated, service_role;
grant select, insert, delete on briefsmith.search_documents to authenticated;
grant select, insert, update, delete on briefsmith.search_documents to service_role;

create policy search_documents_select on briefsmith.search_documents for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_documents_insert on briefsmith.search_documents for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_documents_delete on briefsmith.search_documents for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

alter table briefsmith.search_postings enable row level security;
alter table briefsmith.search_postings force row level security;
revoke all on briefsmith.search_postings from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.search_postings to authenticated;
grant select, insert, update, delete on briefsmith.search_postings to service_role;

create policy search_postings_select on briefsmith.search_postings for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_postings_insert on briefsmith.search_postings for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_postings_update on briefsmith.search_postings for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy search_postings_delete on briefsmith.search_postings for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

alter table briefsmith.search_totals enable row level security;
alter table briefsmith.search_totals force row level security;
revoke all on briefsmith.search_totals from public, anon, authenticated, service_role;
grant select, insert, delete on briefsmith.search_totals to authenticated;
grant select, insert, update, delete on briefsmith.search_totals to service_role;

create policy search_totals_select on briefsmith.search_totals for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_totals_insert on briefsmith.search_totals for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_totals_delete on briefsmith.search_totals for delete to authenticated
  using (
  user_id = (select auth.uid())
  );

-- The dictionary for a language tag (BCP 47); English where there is none or it is not known.
create function briefsmith.text_configuration(locale text) returns regconfig
language sql immutable parallel safe set search_path = ''
return (
  case lower(split_part(replace(coalesce(locale, 'en'), '_', '-'), '-', 1))
    when 'ar' then 'arabic' when 'hy' then 'armenian' when 'eu' then 'basque'
    when 'ca' then 'catalan' when 'da' then 'danish' when 'nl' then 'dutch'
    when 'fi' then 'finnish' when 'fr' then 'french' when 'de' then 'german'
    when 'el' then 'greek' when 'hi' then 'hindi' when 'hu' then 'hungarian'
    when 'id' then 'indonesian' when 'ga' then 'irish' when 'it' then 'italian'
    when 'lt' then 'lithuanian' when 'ne' then 'nepali' when 'no' then 'norwegian'
    when 'nb' then 'norwegian' when 'nn' then 'norwegian' when 'pt' then 'portuguese'
    when 'ro' then 'romanian' when 'ru' then 'russian' when 'sr' then 'serbian'
    when 'es' then 'spanish' when 'sv' then 'swedish' when 'ta' then 'tamil'
    when 'tr' then 'turkish' when 'yi' then 'yiddish'
    else 'english'
  end
)::regconfig;

-- The words of a text as terms, with how often each is there. A tsvector holds at most a megabyte, so
-- 200,000 characters of a very long text are read.
create function briefsmith.terms_of(locale text, words text)
returns table (term text, frequency integer)
language sql stable parallel safe set search_path = ''
begin atomic
  select word.lexeme, cardinality(word.positions)
  from unnest(to_tsvector(briefsmith.text_configuration(locale), left(words, 200000))) as word;
end;

create function briefsmith.index_new_blocks() returns trigger
language plpgsql set search_path = '' as $$
declare
  changed uuid[];
begin
  -- An update that leaves the words alone (feedback, an embedding) leaves the index alone.
  if tg_op = 'UPDATE' then
    changed := array(
      select fresh.id
      from new_blocks as fresh
      join old_blocks as stale on stale.id = fresh.id
      where (fresh.user_id, fresh.label, fresh.content, fresh.meta_tags, fresh.meta_locale)
        is distinct from
        (stale.user_id, stale.label, stale.content, stale.meta_tags, stale.meta_locale)
    );
    if cardinality(changed) = 0 then
      return null;
    end if;
  end if;
  with terms as materialized (
    -- As terms_of, written out: called a row, the function costs as much as the work in it.
    select
      block.id as block_id, block.user_id, word.lexeme as term,
      cardinality(word.positions) as frequency
    from new_blocks as block
    cross join lateral unnest(
      to_tsvector(
        briefsmith.text_configuration(block.meta_locale),
        left(
          block.label || E'\n' || block.content || E'\n'
          || array_to_string(block.meta_tags, ' '),
          200000
        )
      )
    ) as word
    where changed is null or block.id = any (changed)
  ),
  lengths as (
    select block_id, sum(frequency)::integer as length from terms group by block_id
  ),
  documents as (
    insert into briefsmith.search_documents (block_id, user_id, length)
    select block.id, block.user_id, coalesce(lengths.length, 0)
    from new_blocks as block
    left join lengths on lengths.block_id = block.id
    where changed is null or block.id = any (changed)
    returning document_no, block_id, user_id, length
  ),
  postings as (
    insert into briefsmith.search_postings (user_id, term, documents, frequencies, lengths)
    select
      terms.user_id,
      terms.term,
      array_agg(documents.document_no order by documents.document_no),
      array_agg(terms.frequency order by documents.document_no),
      array_agg(documents.length order by documents.document_no)
    from terms
    join documents on documents.block_id = terms.block_id
    group by terms.user_id, terms.term
  )
  insert into briefsmith.search_totals (user_id, documents, length)
  select user_id, count(*), sum(length) from documents group by user_id;
  return null;
end
$$;

-- Takes the words out again, every one: what a person purges is not to be found in the index.
create function briefsmith.unindex_old_blocks() returns trigger
language plpgsql set search_path = '' as $$
declare
  changed uuid[];
  missed bigint[];
begin
  -- Whoever deletes an account has no rights here, and foreign keys have taken its documents already.
  if tg_op = 'DELETE' and not has_schema_privilege('briefsmith', 'usage') then
    if not exists (
      select from auth.users as account join old_blocks as block on block.user_id = account.id
    ) then
      return null;
    end if;
  end if;
  -- An update that leaves the words alone (feedback, an embedding) leaves the index alone.
  if tg_op = 'UPDATE' then
    changed := array(
      select fresh.id
      from new_blocks as fresh
      join old_blocks as stale on stale.id = fresh.id
      where (fresh.user_id, fresh.label, fresh.content, fresh.meta_tags, fresh.meta_locale)
        is distinct from
        (stale.user_id, stale.label, stale.content, stale.meta_tags, stale.meta_locale)
    );
    if cardinality(changed) = 0 then
      return null;
    end if;
  end if;
  with gone as (
    select document.document_no, document.user_id, document.length, block.id as block_id
    from old_blocks as block
    join briefsmith.search_documents as document
      on document.block_id = block.id and document.user_id = block.user_id
    where changed is null or block.id = any (changed)
  ),
  terms as (
    select distinct gone.user_id, gone.document_no, word.term
    from gone
    join old_blocks as block on block.id = gone.block_id
    cross join lateral briefsmith.terms_of(
      block.meta_locale,
      block.label || E'\n' || block.content || E'\n' || array_to_string(block.meta_tags, ' ')
    ) as word
  ),
  -- Two writers take the rows in one order.
  held as (
    select posting.id, terms_of_row.numbers
    from briefsmith.search_postings as posting
    join (
      select user_id, term, array_agg(document_no) as numbers from terms group by user_id, term
    ) as terms_of_row
      on terms_of_row.user_id = posting.user_id and terms_of_row.term = posting.term
    where posting.documents && terms_of_row.numbers
    order by posting.id
    for update of posting
  ),
  emptied as (
    delete from briefsmith.search_postings as posting
    using held
    where posting.id = held.id and posting.documents <@ held.numbers
    returning posting.id
  ),
  thinned as (
    update briefsmith.search_postings as posting
    set
      documents = array(
        select entry.document_no
        from unnest(posting.documents) with ordinality as entry (document_no, place)
        where entry.document_no <> all (held.numbers)
        order by entry.place
      ),
      frequencies = array(
        select entry.frequency
        from unnest(posting.documents, posting.frequencies) with ordinality
          as entry (document_no, frequency, place)
        where entry.document_no <> all (held.numbers)
        order by entry.place
      ),
      lengths = array(
        select entry.length
        from unnest(posting.documents, posting.lengths) with ordinality
          as entry (document_no, length, place)
        where entry.document_no <> all (held.numbers)
        order by entry.place
      )
    from held
    where posting.id = held.id and not posting.documents <@ held.numbers
    returning posting.id
  ),
  documents as (
    delete from briefsmith.search_documents as document
    using gone
    where document.document_no = gone.document_no
  ),
  ledger as (
    insert into briefsmith.search_totals (user_id, documents, length)
    select user_id, -count(*), -sum(length) from gone group by user_id
  )
  select array_agg(held.id) into missed
  from held
  where held.id not in (select emptied.id from emptied union all select thinned.id from thinned);
  -- A row that held more when the statement began, and that another writer took down to only ours while this
  -- one waited, is neither emptied nor thinned: the next statement sees it as it is now.
  if missed is not null then
    delete from briefsmith.search_postings where id = any (missed);
  end if;
  return null;
end
$$;

-- TRUNCATE passes the other triggers by.
create function briefsmith.empty_index() returns trigger
language plpgsql set search_path = '' as $$
begin
  truncate briefsmith.search_documents, briefsmith.search_postings, briefsmith.search_totals;
  return null;
end
$$;

-- With an account, foreign keys take its documents and its ledger; its words go with the ledger (a foreign
-- key of their own would be checked for every word written). As the owner, because whoever deletes accounts
-- has no rights here; in the account's name, because row level security binds the owner as well.
create function briefsmith.forget_words() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  claims text := coalesce(current_setting('request.jwt.claims', true), '');
  account uuid;
begin
  for account in select distinct user_id from old_totals loop
    perform set_config('request.jwt.claims', jsonb_build_object('sub', account)::text, true);
    delete from briefsmith.search_postings as posting
    where posting.user_id = account
      and not exists (
        select from briefsmith.search_totals as ledger where ledger.user_id = account
      );
  end loop;
  perform set_config('request.jwt.claims', claims, true);
  return null;
end
$$;

create trigger search_index_inserted after insert on public.context_blocks
  referencing new table as new_blocks
  for each statement execute function briefsmith.index_new_blocks();
-- Triggers fire in the order of their names: the old words go before the new ones come.
create trigger search_index_updated_1_out after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.unindex_old_blocks();
create trigger search_index_updated_2_in after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.index_new_blocks();
create trigger search_index_deleted after delete on public.context_blocks
  referencing old table as old_blocks
  for each statement execute function briefsmith.unindex_old_blocks();
create trigger search_index_truncated after truncate on public.context_blocks
  for each statement execute function briefsmith.empty_index();
create trigger search_totals_forget_words after delete on briefsmith.search_totals
  referencing old table as old_totals
  for each statement execute function briefsmith.forget_words();
