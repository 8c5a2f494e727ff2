-- Texts and questions have more terms: the parts of names in code, of paths, hosts and addresses, numbers in one form,
-- letters without accents, pairs of characters where a script has no blanks. The index is made anew out of the
-- blocks; nothing else is touched. One transaction: who writes blocks waits for its end.
set local lock_timeout = '5s';
set local search_path = public, extensions;
-- Rows that a policy hides from whoever migrates would be lost to the index: an error instead.
set local row_security = off;

lock table public.context_blocks in share row exclusive mode;
truncate briefsmith.search_documents, briefsmith.search_postings, briefsmith.search_vectors,
  briefsmith.search_totals restart identity;

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
create or replace function briefsmith.terms_of(locale text, words text)
returns table (term text, frequency integer)
language sql stable parallel safe set search_path = ''
begin atomic
  select word.lexeme, cardinality(word.positions)
  from unnest(briefsmith.words_of(locale, words)) as word;
end;

create or replace function briefsmith.index_new_blocks() returns trigger
language plpgsql set search_path = '' as $$
declare
  changed uuid[];
  many integer[];
  account uuid;
  accounts uuid[];
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
  with blocks as materialized (
    select
      block.id,
      block.user_id,
      briefsmith.words_of(
        block.meta_locale,
        block.label || E'\n' || block.content || E'\n' || array_to_string(block.meta_tags, ' ')
      ) as words
    from new_blocks as block
    where changed is null or block.id = any (changed)
  ),
  documents as (
    insert into briefsmith.search_documents (block_id, user_id, length, words, is_posted)
    select
      block.id,
      block.user_id,
      (select coalesce(sum(cardinality(word.positions)), 0) from unnest(block.words) as word),
      block.words,
      (select count(*) from blocks) >= 64
    from blocks as block
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
  return null;
end
$$;

revoke all on all functions in schema briefsmith from public, anon;
grant execute on all functions in schema briefsmith to authenticated, service_role;
revoke execute on function briefsmith.forget_words() from authenticated, service_role;

do $$
declare
  -- An owner who is not above row security would see no blocks.
  is_bound boolean := row_security_active('public.context_blocks');
  batch integer[];
begin
  if is_bound then
    alter table public.context_blocks no force row level security;
    alter table briefsmith.search_documents no force row level security;
    alter table briefsmith.search_postings no force row level security;
    alter table briefsmith.search_vectors no force row level security;
    alter table briefsmith.search_totals no force row level security;
  end if;
  with blocks as (
    select
      block.id,
      block.user_id,
      briefsmith.words_of(
        block.meta_locale,
        block.label || E'\n' || block.content || E'\n' || array_to_string(block.meta_tags, ' ')
      ) as words
    from public.context_blocks as block
    order by block.user_id, block.created_at, block.id
  )
  insert into briefsmith.search_documents (block_id, user_id, length, words, is_posted)
  select
    blocks.id,
    blocks.user_id,
    (select coalesce(sum(cardinality(word.positions)), 0) from unnest(blocks.words) as word),
    blocks.words,
    true
  from blocks;
  for batch in
    select array_agg(numbered.document_no)
    from (
      select document.user_id, document.document_no, (
        row_number() over (partition by document.user_id order by document.document_no) - 1
      ) / 8192 as part
      from briefsmith.search_documents as document
    ) as numbered
    group by numbered.user_id, numbered.part
  loop
    perform briefsmith.post_documents(batch);
  end loop;
  if is_bound then
    alter table public.context_blocks force row level security;
    alter table briefsmith.search_documents force row level security;
    alter table briefsmith.search_postings force row level security;
    alter table briefsmith.search_vectors force row level security;
    alter table briefsmith.search_totals force row level security;
  end if;
end
$$;
