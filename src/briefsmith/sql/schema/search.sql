-- The lexical index and that of the vectors: what search reads instead of the blocks, kept by triggers, so that
-- no way of writing a block goes past it. Both are packed: whoever searches is sent bytes and adds them up.
--
--   search_documents  one row a block: its number, its length and its words
--   search_postings   for each term the documents that hold it, 8 bytes each: the number, then in one number the
--                     frequency (times 2^22) and the length of the document
--   search_vectors    for each model the documents that have vectors of it, 36 bytes a vector: the number, then one
--                     bit for each of the vector's 256 numbers: whether it is above nought
--   search_totals     a ledger of changes to the number and length of a user's posted documents; its sum is the truth
--
-- A document that comes alone waits in search_documents (is_posted is false), where search reads its words; with
-- the 64th they are posted together. Who takes documents out, or packs rows together, holds the user's advisory lock.

create table briefsmith.search_documents (
  document_no integer not null generated always as identity,
  block_id uuid not null,
  user_id uuid not null,
  length integer not null,
  words tsvector not null,
  is_posted boolean not null,
  constraint search_documents_pkey primary key (document_no),
  -- With the owner in it, so that it tells nobody which blocks others have.
  constraint search_documents_block_id_key unique (block_id, user_id),
  constraint search_documents_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade
);
comment on table briefsmith.search_documents is 'One row a block: its number, its length in words, its words.';
comment on column briefsmith.search_documents.is_posted is
  'Whether its words stand in search_postings; until then search reads them here.';
create index search_documents_user_id_idx on briefsmith.search_documents (user_id);
create index search_documents_waiting_idx on briefsmith.search_documents (user_id) where not is_posted;

create table briefsmith.search_postings (
  id bigint not null generated always as identity,
  user_id uuid not null,
  term text not null,
  lowest integer not null,
  highest integer not null,
  entries bytea not null,
  constraint search_postings_pkey primary key (id),
  constraint search_postings_entries_check
    check (octet_length(entries) > 0 and octet_length(entries) % 8 = 0)
);
-- Compressing what is read whole by every search costs more than it saves.
alter table briefsmith.search_postings alter column entries set storage external;
comment on table briefsmith.search_postings is
  'For each term the documents that hold it, how often each does, and how long each is; packed.';
comment on column briefsmith.search_postings.lowest is 'No document of the row has a lower number.';
create index search_postings_user_id_idx on briefsmith.search_postings (user_id, term);

create table briefsmith.search_vectors (
  id bigint not null generated always as identity,
  user_id uuid not null,
  model text not null,
  lowest integer not null,
  highest integer not null,
  entries bytea not null,
  constraint search_vectors_pkey primary key (id),
  constraint search_vectors_entries_check
    check (octet_length(entries) > 0 and octet_length(entries) % 36 = 0)
);
alter table briefsmith.search_vectors alter column entries set storage external;
comment on table briefsmith.search_vectors is
  'For each embedding model the posted documents with a vector of it, and the signs of its numbers; packed.';
create index search_vectors_user_id_idx on briefsmith.search_vectors (user_id, model);

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
grant select, insert, update, delete on briefsmith.search_documents to authenticated;
grant select, insert, update, delete on briefsmith.search_documents to service_role;

create policy search_documents_select on briefsmith.search_documents for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_documents_insert on briefsmith.search_documents for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_documents_update on briefsmith.search_documents for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  and briefsmith.owns_block(block_id)
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

alter table briefsmith.search_vectors enable row level security;
alter table briefsmith.search_vectors force row level security;
revoke all on briefsmith.search_vectors from public, anon, authenticated, service_role;
grant select, insert, update, delete on briefsmith.search_vectors to authenticated;
grant select, insert, update, delete on briefsmith.search_vectors to service_role;

create policy search_vectors_select on briefsmith.search_vectors for select to authenticated
  using (
  user_id = (select auth.uid())
  );

create policy search_vectors_insert on briefsmith.search_vectors for insert to authenticated
  with check (
  user_id = (select auth.uid())
  );

create policy search_vectors_update on briefsmith.search_vectors for update to authenticated
  using (
  user_id = (select auth.uid())
  )
  with check (
  user_id = (select auth.uid())
  );

create policy search_vectors_delete on briefsmith.search_vectors for delete to authenticated
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

-- The other forms of what is more than a plain word: the parts of hosts, paths, addresses and names in code, which the
-- parser leaves whole; names and numbers with nothing between their parts. Separated by blanks.
create function briefsmith.word_parts(words text) returns text
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  paths text;
  compounds text;
  names text;
  joined text;
  thousands text;
  fractions text;
begin
  -- Pieces of a kind together: a regular expression costs more to start than to run.
  select
    string_agg(piece, ' ') filter (where is_compound and piece ~ '[/@]'),
    string_agg(piece, ' ') filter (where is_compound),
    string_agg(piece, ' ') filter (
      where not is_compound and piece !~ '^([0-9a-f-]{7,}|[0-9A-F-]{7,})$'
        and piece ~ '[a-z][A-Z]|[A-Z][A-Z][a-z]|[A-Za-z][0-9]|[0-9][A-Za-z]'
    ),
    string_agg(translate(piece, '._&-', ''), ' ') filter (
      where not is_compound and piece ~ (
        '[_&]|[A-Za-z]-[0-9]|[0-9]-[A-Za-z]|^[0-9]{4}-[0-9]{2}-[0-9]{2}$|^[A-Z][.][A-Z]'
      )
    ),
    string_agg(piece, ' ') filter (
      where piece ~ '^[1-9][0-9]{0,2}([.,][0-9]{3})+([.,][0-9]{1,2})?$'
    ),
    string_agg(replace(piece, ',', '.'), ' ') filter (where piece ~ '^[0-9]+,[0-9]{1,2}$')
  into paths, compounds, names, joined, thousands, fractions
  from (
    select
      trim(both '.,/_&-?=@' from chunk) as piece,
      trim(trailing '.,/_&-?=@' from chunk) ~ '[/@]|[.][^0-9]|[^0-9][.]'
        -- To take e.g. and U.S. for letters would find every middle name.
        and chunk !~ '^([A-Za-z][.])+[A-Za-z]?[,.?]*$' as is_compound
    from string_to_table(
      regexp_replace(
        -- Without the plain words, which are most.
        regexp_replace(
          ' ' || words || ' ',
          '(?:\s["''(]*[A-Z]?[^\x01-\x60\x7b-\x7f]*(?:-[A-Z]?[^\x01-\x60\x7b-\x7f]+)*["''),.;:!?]*)+(?=\s)',
          '', 'g'
        ),
        '[]\s!"#$%''()*:;<>\\^`{|}~[]+', ' ', 'g'
      ),
      ' '
    ) as chunk
    where chunk <> ''
  ) as found;
  -- No look behind here or elsewhere: for each match it reads the text from its beginning.
  names := concat_ws(
    ' ',
    regexp_replace(translate(names, '_&-', '   '), '([0-9])(?:st|nd|rd|th|s)(?= |$)', '\1', 'g'),
    regexp_replace(
      regexp_replace(compounds, '[/?=_&@,-]+|[.](?![0-9])', ' ', 'g'), '([^0-9])[.]', '\1 ', 'g'
    )
  );
  -- Where a small letter meets a capital, the last of some capitals a small letter (URLs has no Ls), and a
  -- letter a digit.
  names := regexp_replace(
    names,
    '([a-z](?=[A-Z])|[A-Z](?=[A-Z][a-rt-z]|[A-Z]s[a-z])|[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z]))',
    '\1 ', 'g'
  );
  return concat_ws(
    ' ', translate(paths, '/?=@', '    '), names, joined,
    regexp_replace(thousands, '[.,](?=[0-9]{3}($|[^0-9]))', '', 'g'), fractions
  );
end
$$;

-- The words with accents without them; й is a letter of its own. No other language is wronged by that: the words
-- as they are written stay, and count as well.
create function briefsmith.without_accents(words text) returns text
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  accented text := regexp_replace(
    ' ' || words || ' ',
    '\s[^\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0386-\u0390\u03aa-\u03b0\u03ca-\u03ce\u0401\u0407'
    || '\u0451\u0457\u1e00-\u1fff]*\s',
    ' ', 'g'
  );
begin
  if accented = ' ' then
    return null;
  end if;
  -- These are not made of a letter and a mark.
  accented := translate(accented, 'łŁøØđĐħĦıÆŒ', 'lLoOdDhHiæœ');
  accented := replace(replace(replace(accented, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
  return normalize(
    regexp_replace(normalize(accented, nfd), '([иИ]\u0306)|[\u0300-\u036f]', '\1', 'g'), nfc
  );
end
$$;

-- The words of a text, as they are indexed and as they are asked for: PostgreSQL's lexemes by the dictionary of the
-- language, and, behind them so that phrases stay together, those of the other forms of what is no plain word.
create function briefsmith.words_of(locale text, words text) returns tsvector
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  dictionary constant regconfig := briefsmith.text_configuration(locale);
  -- Thai, Lao, Burmese, Khmer, kana, Han, and Hangul: no blanks between words, or many endings on one.
  unspaced constant text :=
    '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf'
    || '\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]';
  -- A tsvector holds at most a megabyte, so 200,000 characters of a very long text are read.
  plain text := left(words, 200000);
  parts text := '';
begin
  -- The parser looks at such a chain with each link again, or goes down it until its stack is full.
  if (strpos(plain, '_') > 0 or strpos(plain, '@') > 0) and plain ~ '(?:[_@][^\s_@]*){64}' then
    plain := translate(plain, '_@', '  ');
  end if;
  if plain ~ '[^\x01-\x7f–—‘’“”„…•§°©®€£]' then
    plain := normalize(plain, nfkc);
    parts := concat(briefsmith.without_accents(plain));
    if plain ~ unspaced then
      parts := parts || array_to_string(
        string_to_array(regexp_replace(plain, '[^\u3400-\u4dbf\u4e00-\u9fff]+', '', 'g'), null), ' '
      );
      -- ABCD becomes AB BC CD.
      plain := regexp_replace(plain, '(' || unspaced || '+)', ' \1 ', 'g');
      plain := regexp_replace(plain, '(' || unspaced || ')(?=' || unspaced || ')', '\1 \1', 'g');
      plain := regexp_replace(plain, ' ' || unspaced || ' (?=' || unspaced || ')', ' ', 'g');
    end if;
  end if;
  -- What plain prose has not.
  if plain ~ (
    '[a-z][A-Z]|[A-Z][A-Z][a-z]|[A-Za-z][0-9]|[0-9][A-Za-z]|[A-Za-z0-9][_&@][A-Za-z0-9]'
    || '|[0-9]-[A-Za-z0-9]|[A-Za-z]-[0-9]|[./][A-Za-z]|[A-Za-z/][./][0-9]|[0-9]/[0-9]|[0-9][.,][0-9]'
  ) then
    parts := concat_ws(' ', parts, briefsmith.word_parts(plain));
    -- The parser takes the second number of 2026-05 for a negative one.
    plain := regexp_replace(plain, '([A-Za-z0-9])-(?=[0-9])', '\1 ', 'g');
  end if;
  if parts = '' then
    return to_tsvector(dictionary, left(plain, 200000));
  end if;
  return to_tsvector(dictionary, left(plain, 200000)) || to_tsvector(dictionary, left(parts, 40000));
end
$$;

-- The words of a text as terms, with how often each is there.
create function briefsmith.terms_of(locale text, words text)
returns table (term text, frequency integer)
language sql stable parallel safe set search_path = ''
begin atomic
  select word.lexeme, cardinality(word.positions)
  from unnest(briefsmith.words_of(locale, words)) as word;
end;

-- One bit for each number: whether it is above nought.
create function briefsmith.signs_of(numbers real[]) returns bytea
language sql immutable parallel safe set search_path = ''
return (
  -- A bit string is sent as its length in four bytes, then its bits.
  select substring(
    varbit_send(string_agg(case when one > 0 then '1' else '0' end, '' order by place)::varbit) from 5
  )
  from unnest(numbers) with ordinality as entry (one, place)
);

-- Packed entries without those of some documents; a document's number is the first four bytes of its entries: one
-- for each term, one for each vector.
create function briefsmith.without_documents(entries bytea, numbers integer[], width integer) returns bytea
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

-- Held to the end of the transaction by whoever takes documents out or packs rows together.
create function briefsmith.search_lock(account uuid) returns bigint
language sql immutable parallel safe set search_path = ''
return hashtextextended('briefsmith.search ' || account::text, 0);

-- Packs many rows of a term, and of the ledger, into one.
create function briefsmith.pack_postings(account uuid) returns void
language plpgsql set search_path = '' as $$
begin
  if (
    select count(*) from briefsmith.search_totals as ledger where ledger.user_id = account
  ) < 16
    -- What was packed after a snapshot was taken cannot be packed again by it.
    or current_setting('transaction_isolation') <> 'read committed'
    or not pg_try_advisory_xact_lock(briefsmith.search_lock(account))
  then
    return;
  end if;
  with gone as (
    delete from briefsmith.search_totals as ledger where ledger.user_id = account
    returning ledger.documents, ledger.length
  )
  insert into briefsmith.search_totals (user_id, documents, length)
  select account, sum(gone.documents), sum(gone.length) from gone having count(*) > 0;
  -- A row of 64 kB is not written again; nor is a term that has few rows.
  with many as (
    select posting.term from briefsmith.search_postings as posting
    where posting.user_id = account and octet_length(posting.entries) < 65536
    group by posting.term having count(*) >= 8
  ),
  gone as (
    delete from briefsmith.search_postings as posting
    using many
    where posting.user_id = account and posting.term = many.term
      and octet_length(posting.entries) < 65536
    returning posting.term, posting.lowest, posting.highest, posting.entries
  )
  insert into briefsmith.search_postings (user_id, term, lowest, highest, entries)
  select account, gone.term, min(gone.lowest), max(gone.highest), string_agg(gone.entries, ''::bytea)
  from gone
  group by gone.term;
  with gone as (
    delete from briefsmith.search_vectors as vectors
    where vectors.user_id = account and octet_length(vectors.entries) < 262144
    returning vectors.model, vectors.lowest, vectors.highest, vectors.entries
  )
  insert into briefsmith.search_vectors (user_id, model, lowest, highest, entries)
  select account, gone.model, min(gone.lowest), max(gone.highest), string_agg(gone.entries, ''::bytea)
  from gone
  group by gone.model;
end
$$;

-- Posts the vectors of documents and of their parts as they are now.
create function briefsmith.post_vectors(numbers integer[]) returns void
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

-- Takes the vectors of documents of users out.
create function briefsmith.unpost_vectors(accounts uuid[], numbers integer[]) returns void
language plpgsql set search_path = '' as $$
begin
  with held as materialized (
    select vectors.id, vectors.entries,
      briefsmith.without_documents(vectors.entries, numbers, 36) as others
    from briefsmith.search_vectors as vectors
    where vectors.user_id = any (accounts) and exists (
      select from unnest(numbers) as one where one between vectors.lowest and vectors.highest
    )
  ),
  emptied as (
    delete from briefsmith.search_vectors as vectors
    using held
    where vectors.id = held.id and held.others = ''::bytea
  )
  update briefsmith.search_vectors as vectors
  set entries = held.others
  from held
  where vectors.id = held.id and held.others <> ''::bytea
    and octet_length(held.others) < octet_length(held.entries);
end
$$;

-- Posts documents: words, vectors, ledger.
create function briefsmith.post_documents(numbers integer[]) returns void
language plpgsql set search_path = '' as $$
begin
  insert into briefsmith.search_postings (user_id, term, lowest, highest, entries)
  select
    document.user_id,
    word.lexeme,
    min(document.document_no),
    max(document.document_no),
    string_agg(
      int4send(document.document_no)
      || int4send((cardinality(word.positions) << 22) | document.length),
      ''::bytea
    )
  from unnest(numbers) as one
  join briefsmith.search_documents as document on document.document_no = one
  cross join lateral unnest(document.words) as word
  group by document.user_id, word.lexeme;
  perform briefsmith.post_vectors(numbers);
  insert into briefsmith.search_totals (user_id, documents, length)
  select document.user_id, count(*), sum(document.length)
  from unnest(numbers) as one
  join briefsmith.search_documents as document on document.document_no = one
  group by document.user_id;
end
$$;

-- Posts the documents of a user that wait, where they are many and nobody else is at it.
create function briefsmith.post_waiting(account uuid) returns void
language plpgsql set search_path = '' as $$
declare
  waiting integer[];
begin
  -- What was packed after a snapshot was taken cannot be packed again by it.
  if current_setting('transaction_isolation') <> 'read committed'
    or not pg_try_advisory_xact_lock(briefsmith.search_lock(account))
  then
    return;
  end if;
  with held as (
    select document.document_no from briefsmith.search_documents as document
    where document.user_id = account and not document.is_posted
    for update skip locked
  ),
  posted as (
    update briefsmith.search_documents as document set is_posted = true
    where document.document_no = any (array(select held.document_no from held))
      and (select count(*) from held) >= 64
    returning document.document_no
  )
  select array_agg(posted.document_no) into waiting from posted;
  if waiting is not null then
    perform briefsmith.post_documents(waiting);
    perform briefsmith.pack_postings(account);
  end if;
end
$$;

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

create function briefsmith.index_new_blocks() returns trigger
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

create function briefsmith.unindex_old_blocks() returns trigger
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

-- A vector that changed by itself: made anew, or by another model.
create function briefsmith.renew_vectors() returns trigger
language plpgsql set search_path = '' as $$
declare
  account uuid;
  numbers integer[];
begin
  if not exists (
    select from new_blocks as fresh
    join old_blocks as stale on stale.id = fresh.id
    where (fresh.meta_embedding_model, fresh.meta_embedding::real[])
      is distinct from (stale.meta_embedding_model, stale.meta_embedding::real[])
  ) then
    return null;
  end if;
  for account in select distinct fresh.user_id from new_blocks as fresh order by fresh.user_id loop
    perform pg_advisory_xact_lock(briefsmith.search_lock(account));
    numbers := array(
      select document.document_no
      from new_blocks as fresh
      join old_blocks as stale on stale.id = fresh.id
      join briefsmith.search_documents as document
        on document.block_id = fresh.id and document.user_id = fresh.user_id
      where fresh.user_id = account and document.is_posted
        and (fresh.meta_embedding_model, fresh.meta_embedding::real[])
          is distinct from (stale.meta_embedding_model, stale.meta_embedding::real[])
    );
    if cardinality(numbers) > 0 then
      perform briefsmith.unpost_vectors(array[account], numbers);
      perform briefsmith.post_vectors(numbers);
    end if;
  end loop;
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

-- TRUNCATE passes the other triggers by.
create function briefsmith.empty_index() returns trigger
language plpgsql set search_path = '' as $$
begin
  truncate briefsmith.search_documents, briefsmith.search_postings, briefsmith.search_vectors,
    briefsmith.search_totals, briefsmith.block_surroundings;
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
    if not exists (
      select from briefsmith.search_totals as ledger where ledger.user_id = account
    ) then
      delete from briefsmith.search_postings as posting where posting.user_id = account;
      delete from briefsmith.search_vectors as vectors where vectors.user_id = account;
    end if;
  end loop;
  perform set_config('request.jwt.claims', claims, true);
  return null;
end
$$;

create trigger search_index_inserted after insert on public.context_blocks
  referencing new table as new_blocks
  for each statement execute function briefsmith.index_new_blocks();
create trigger search_index_updated_1_words after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.index_changed_blocks();
-- Triggers fire in the order of their names.
create trigger search_index_updated_2_vectors after update on public.context_blocks
  referencing old table as old_blocks new table as new_blocks
  for each statement execute function briefsmith.renew_vectors();
create trigger search_index_deleted after delete on public.context_blocks
  referencing old table as old_blocks
  for each statement execute function briefsmith.unindex_old_blocks();
create trigger search_surroundings_inserted after insert on briefsmith.block_surroundings
  referencing new table as new_surroundings
  for each statement execute function briefsmith.index_surroundings();
create trigger search_surroundings_updated after update on briefsmith.block_surroundings
  referencing old table as old_surroundings new table as new_surroundings
  for each statement execute function briefsmith.index_surroundings();
create trigger search_surroundings_deleted after delete on briefsmith.block_surroundings
  referencing old table as old_surroundings
  for each statement execute function briefsmith.index_surroundings();
create trigger search_parts_inserted after insert on briefsmith.block_parts
  referencing new table as changed_parts
  for each statement execute function briefsmith.post_parts();
create trigger search_parts_deleted after delete on briefsmith.block_parts
  referencing old table as changed_parts
  for each statement execute function briefsmith.post_parts();
create trigger search_index_truncated after truncate on public.context_blocks
  for each statement execute function briefsmith.empty_index();
create trigger search_totals_forget_words after delete on briefsmith.search_totals
  referencing old table as old_totals
  for each statement execute function briefsmith.forget_words();
