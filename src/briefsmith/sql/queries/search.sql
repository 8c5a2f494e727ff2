-- name: select_question :one
-- The terms of a question with the packed postings of each, the documents that wait to be posted, and how many
-- documents of what length there are. A term that the question repeats counts as often as it is there.
-- The plan does not depend on statistics, which a fresh import does not have: `offset 0` and lateral subqueries
-- hold the order in which things happen.
-- Whoever has a copy of the index names the rows of the ledger that it is of, each with its transaction: where these are all there are, it is
-- sent no postings, but the words of the documents that wait and that it does not know.
with ledger as materialized (
  select
    coalesce(sum(entry.documents), 0) as documents,
    coalesce(sum(entry.length), 0) as length,
    coalesce(array_agg(entry.id::text || ' ' || entry.xmin::text order by entry.id), '{}') as changes
  from briefsmith.search_totals as entry
  where entry.user_id = %(user_id)s::uuid
),
copied as materialized (
  select ledger.changes = %(copied)s::text[] as is_current from ledger
),
waiting as materialized (
  select document.document_no, document.xmin::text as version, document.length, document.words
  from briefsmith.search_documents as document
  where document.user_id = %(user_id)s::uuid and not document.is_posted
),
asked as materialized (
  select word.term, word.frequency
  from briefsmith.terms_of(%(locale)s::text, %(words)s::text) as word
),
held as materialized (
  select
    asked.term,
    asked.frequency::double precision as weight,
    coalesce(posted.entries, ''::bytea) || coalesce(fresh.entries, ''::bytea) as entries
  from asked
  cross join lateral (
    select string_agg(posting.entries, ''::bytea) as entries
    from briefsmith.search_postings as posting
    where posting.user_id = %(user_id)s::uuid and posting.term = asked.term
      and (select copied.is_current is not true from copied)
    offset 0
  ) as posted
  left join (
    select
      word.lexeme as term,
      string_agg(
        int4send(waiting.document_no)
        || int4send((cardinality(word.positions) << 22) | waiting.length),
        ''::bytea
      ) as entries
    from waiting
    cross join lateral unnest(waiting.words) as word
    where (select copied.is_current is not true from copied)
      -- `is true` keeps this a hashed lookup, not a join for each document.
      and (word.lexeme in (select asked.term from asked)) is true
    group by word.lexeme
  ) as fresh on fresh.term = asked.term
),
new as materialized (
  select waiting.document_no, waiting.length, word.lexeme as term, cardinality(word.positions) as frequency
  from waiting
  cross join lateral unnest(waiting.words) as word
  where (select copied.is_current from copied)
    and waiting.document_no || ' ' || waiting.version <> all (%(known_waiting)s::text[])
),
counted as materialized (
  select
    (ledger.documents + (select count(*) from waiting))::bigint as documents,
    (ledger.length + (select coalesce(sum(waiting.length), 0) from waiting))::bigint as length
  from ledger
)
select
  counted.documents,
  counted.length,
  (select ledger.changes from ledger) as changes,
  (select copied.is_current is true from copied) as is_copied,
  array(select waiting.document_no from waiting order by waiting.document_no) as waiting,
  array(select waiting.version from waiting order by waiting.document_no) as waiting_versions,
  array(select new.document_no from new) as new_documents,
  array(select new.length from new) as new_lengths,
  array(select new.term from new) as new_terms,
  array(select new.frequency from new) as new_frequencies,
  array(select held.term from held order by held.term) as terms,
  array(select held.weight from held order by held.term) as weights,
  array(select held.entries from held order by held.term) as entries
from counted;

-- name: select_index :one
-- The postings of all terms, term by term, and the rows of the ledger that they are of. Of an index that has more
-- words than are wanted nothing.
with ledger as materialized (
  select
    coalesce(sum(entry.length), 0) <= %(most_words)s::bigint as is_wanted,
    coalesce(array_agg(entry.id::text || ' ' || entry.xmin::text order by entry.id), '{}') as changes
  from briefsmith.search_totals as entry
  where entry.user_id = %(user_id)s::uuid
),
posted as materialized (
  select posting.term, string_agg(posting.entries, ''::bytea) as entries
  from briefsmith.search_postings as posting
  where posting.user_id = %(user_id)s::uuid and (select ledger.is_wanted from ledger)
  group by posting.term
)
select
  ledger.is_wanted,
  ledger.changes,
  array(select posted.term from posted order by posted.term collate "C") as terms,
  array(select octet_length(posted.entries) / 8 from posted order by posted.term collate "C") as sizes,
  coalesce(
    (select string_agg(posted.entries, ''::bytea order by posted.term collate "C") from posted), ''::bytea
  ) as entries
from ledger;

-- name: select_signs :many
-- The packed signs of all posted vectors of a model, and the vectors of documents that wait, each with its version;
-- of those that are known in this version nothing else. As in the question, no statistics decide.
with waiting as materialized (
  select document.document_no, document.block_id
  from briefsmith.search_documents as document
  where document.user_id = %(user_id)s::uuid and not document.is_posted
    and %(model)s::text is not null
),
held as (
  select
    vectors.id::text as key,
    vectors.xmin::text || ' ' || vectors.ctid::text as version,
    vectors.entries,
    null::vector as embedding,
    null::integer as document_no
  from briefsmith.search_vectors as vectors
  where vectors.user_id = %(user_id)s::uuid and vectors.model = %(model)s::text
  union all
  select 'w' || waiting.document_no, one.version, null, one.embedding, waiting.document_no
  from waiting
  cross join lateral (
    select block.xmin::text || ' ' || block.ctid::text as version, block.meta_embedding as embedding
    from public.context_blocks as block
    where block.id = waiting.block_id and block.meta_embedding_model = %(model)s::text
    offset 0
  ) as one
  union all
  select 'w' || waiting.document_no || ' ' || one.place, one.version, null, one.embedding, waiting.document_no
  from waiting
  cross join lateral (
    select part.place, part.xmin::text || ' ' || part.ctid::text as version, part.embedding
    from briefsmith.block_parts as part
    where part.block_id = waiting.block_id and part.model = %(model)s::text
    offset 0
  ) as one
)
select
  held.key,
  held.version,
  case
    when known.version is distinct from held.version then coalesce(held.entries, vector_send(held.embedding))
  end as entries,
  held.document_no
from held
left join unnest(%(keys)s::text[], %(versions)s::text[]) as known (key, version) on known.key = held.key;

-- name: select_vectors :one
-- The vectors of all posted documents of a model, in the order of their numbers, and the rows of signs that they
-- are of. Of more vectors than are wanted none.
with signs as materialized (
  select
    coalesce(sum(octet_length(vectors.entries)), 0) / 36 <= %(most_vectors)s::bigint as is_wanted,
    coalesce(array_agg(vectors.id::text order by vectors.id), '{}') as keys,
    coalesce(array_agg(vectors.xmin::text || ' ' || vectors.ctid::text order by vectors.id), '{}') as versions
  from briefsmith.search_vectors as vectors
  where vectors.user_id = %(user_id)s::uuid and vectors.model = %(model)s::text
),
posted as materialized (
  select document.document_no, document.block_id
  from briefsmith.search_documents as document
  where document.user_id = %(user_id)s::uuid and document.is_posted and (select signs.is_wanted from signs)
),
held as materialized (
  select posted.document_no, vector_send(block.meta_embedding) as packed
  from posted
  join public.context_blocks as block on block.id = posted.block_id
  where block.user_id = %(user_id)s::uuid and block.meta_embedding_model = %(model)s::text
  union all
  select posted.document_no, vector_send(part.embedding)
  from posted
  join briefsmith.block_parts as part on part.block_id = posted.block_id
  where part.user_id = %(user_id)s::uuid and part.model = %(model)s::text
)
select
  signs.is_wanted,
  signs.keys,
  signs.versions,
  coalesce(
    (select string_agg(int4send(held.document_no), ''::bytea order by held.document_no) from held), ''::bytea
  ) as numbers,
  coalesce(
    (select string_agg(held.packed, ''::bytea order by held.document_no) from held), ''::bytea
  ) as vectors
from signs;

-- name: expand_question :one
-- Terms that the best documents of a first search have in common, as many as asked for, with the weight that each
-- adds to the question (together a share of the question's own terms) and, unless they are known, with their
-- postings. Documents tell by how well they fit, terms by how often they are there (as BM25 counts) and how rare
-- they are. A term of one document alone tells nothing.
-- Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), section 3.4, blind feedback.
with waiting as materialized (
  select document.document_no, document.length, document.words
  from briefsmith.search_documents as document
  where document.user_id = %(user_id)s::uuid and not document.is_posted
),
best as materialized (
  select given.part, document.length, word.lexeme as term, cardinality(word.positions) as frequency
  from unnest(%(numbers)s::integer[], %(parts)s::double precision[]) as given (document_no, part)
  cross join lateral (
    select one.length, one.words
    from briefsmith.search_documents as one
    where one.document_no = given.document_no
    offset 0
  ) as document
  cross join lateral unnest(document.words) as word
),
told as materialized (
  select
    best.term,
    sum(
      best.part * best.frequency / (
        best.frequency + %(k1)s::double precision * (
          1 - %(b)s::double precision
          + %(b)s::double precision * best.length / %(mean_length)s::double precision
        )
      )
    ) as gain
  from best
  group by best.term
  having count(*) > 1
),
held as materialized (
  select
    told.term,
    told.gain,
    posted.documents + coalesce(octet_length(fresh.entries) / 8, 0) as documents,
    fresh.entries
  from told
  cross join lateral (
    select coalesce(sum(octet_length(posting.entries)) / 8, 0) as documents
    from briefsmith.search_postings as posting
    where posting.user_id = %(user_id)s::uuid and posting.term = told.term
    offset 0
  ) as posted
  left join (
    select
      word.lexeme as term,
      string_agg(
        int4send(waiting.document_no)
        || int4send((cardinality(word.positions) << 22) | waiting.length),
        ''::bytea
      ) as entries
    from waiting
    cross join lateral unnest(waiting.words) as word
    -- `is true` keeps this a hashed lookup, not a join for each document.
    where (word.lexeme in (select told.term from told)) is true
    group by word.lexeme
  ) as fresh on fresh.term = told.term
),
rare as materialized (
  select held.term, held.entries, held.gain * ln(
    1 + (%(documents)s::double precision - held.documents + 0.5) / (held.documents + 0.5)
  ) as gain
  from held
),
chosen as materialized (
  select rare.term, rare.gain, rare.entries
  from rare
  where rare.gain > 0
  order by rare.gain desc, rare.term collate "C"
  limit %(terms)s::integer
),
weighed as materialized (
  select
    chosen.term,
    %(weight)s::double precision * chosen.gain / sum(chosen.gain) over () as weight,
    case
      when chosen.term = any (%(known)s::text[]) then ''::bytea
      else coalesce(
        (
          select string_agg(posting.entries, ''::bytea)
          from briefsmith.search_postings as posting
          where posting.user_id = %(user_id)s::uuid and posting.term = chosen.term
        ),
        ''::bytea
      ) || coalesce(chosen.entries, ''::bytea)
    end as entries
  from chosen
)
select
  array(select weighed.term from weighed order by weighed.term) as terms,
  array(select weighed.weight from weighed order by weighed.term) as weights,
  array(select weighed.entries from weighed order by weighed.term) as entries;

-- name: select_vectors_of :one
-- The vectors of some documents, in the order of their numbers, and which of the documents are there.
with held as materialized (
  select given.document_no, one.is_whole, one.packed
  from unnest(%(numbers)s::integer[]) as given (document_no)
  cross join lateral (
    select
      true as is_whole,
      case when block.meta_embedding_model = %(model)s::text then vector_send(block.meta_embedding) end as packed
    from briefsmith.search_documents as document
    join public.context_blocks as block on block.id = document.block_id
    where document.document_no = given.document_no
    union all
    -- Of a long one also those of its parts.
    select false, vector_send(part.embedding)
    from briefsmith.search_documents as document
    join briefsmith.block_parts as part on part.block_id = document.block_id
    where document.document_no = given.document_no and part.model = %(model)s::text
    offset 0
  ) as one
)
select
  array(select held.document_no from held where held.is_whole) as there,
  coalesce(
    (
      select string_agg(int4send(held.document_no), ''::bytea order by held.document_no)
      from held where held.packed is not null
    ),
    ''::bytea
  ) as numbers,
  coalesce(
    (
      select string_agg(held.packed, ''::bytea order by held.document_no)
      from held where held.packed is not null
    ),
    ''::bytea
  ) as vectors;

-- name: select_passing :one
-- Numbers of all documents whose block passes the filter, four bytes each.
select coalesce(string_agg(int4send(document.document_no), ''::bytea), ''::bytea) as numbers
from public.context_blocks as block
join briefsmith.search_documents as document on document.block_id = block.id
where block.user_id = %(user_id)s::uuid
  and block.status = any (%(statuses)s::public.context_block_status_enum[])
  and (
    %(types)s::public.context_block_type_enum[] is null
    or block.type = any (%(types)s::public.context_block_type_enum[])
  )
  and (
    %(importances)s::public.context_block_importance_enum[] is null
    or block.importance = any (%(importances)s::public.context_block_importance_enum[])
  )
  and (
    %(sources)s::public.context_block_source_enum[] is null
    or block.source = any (%(sources)s::public.context_block_source_enum[])
  )
  and (%(tags)s::text[] is null or block.meta_tags @> %(tags)s::text[])
  and (%(scope)s::text is null or block.meta_context_scope = %(scope)s::text)
  and (%(block_locale)s::text is null or block.meta_locale = %(block_locale)s::text)
  and (
    not %(usable_only)s::boolean
    or (not block.requires_user_review and block.meta_visibility <> 'hidden')
  );

-- name: select_hits :many
-- Of some documents the blocks that pass the filter, in the order of the documents.
select given.document_no, one.embedding, one.block
from unnest(%(numbers)s::integer[]) with ordinality as given (document_no, place)
cross join lateral (
  select
    case
      when block.meta_embedding_model = %(model)s::text and %(with_embedding)s::boolean
        then vector_send(block.meta_embedding)
    end as embedding,
    to_jsonb(block) - 'meta_embedding' as block
  from briefsmith.search_documents as document
  join public.context_blocks as block on block.id = document.block_id
  where document.document_no = given.document_no
    and block.status = any (%(statuses)s::public.context_block_status_enum[])
    and (
      %(types)s::public.context_block_type_enum[] is null
      or block.type = any (%(types)s::public.context_block_type_enum[])
    )
    and (
      %(importances)s::public.context_block_importance_enum[] is null
      or block.importance = any (%(importances)s::public.context_block_importance_enum[])
    )
    and (
      %(sources)s::public.context_block_source_enum[] is null
      or block.source = any (%(sources)s::public.context_block_source_enum[])
    )
    and (%(tags)s::text[] is null or block.meta_tags @> %(tags)s::text[])
    and (%(scope)s::text is null or block.meta_context_scope = %(scope)s::text)
    and (%(block_locale)s::text is null or block.meta_locale = %(block_locale)s::text)
    and (
      not %(usable_only)s::boolean
      or (not block.requires_user_review and block.meta_visibility <> 'hidden')
    )
  offset 0
) as one
order by given.place;
