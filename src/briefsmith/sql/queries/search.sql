-- name: search_blocks :many
-- Hybrid search: BM25 over the postings and cosine over the vectors, each scaled to [0, 1] and added with
-- weights. Exact: every posting of the query's terms and every vector of the user is read. A term that the
-- query repeats counts as often as it is there; terms that the query is expanded by count as they are weighed.
-- The plan does not depend on statistics, which a fresh import does not have: `offset 0` and scalar
-- subqueries hold the order in which things happen, and look rows up by key only where few are left.
-- Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009); idf as in Lucene.
with totals as materialized (
  select
    greatest(sum(ledger.documents), 1)::double precision as documents,
    greatest(sum(ledger.length)::double precision / greatest(sum(ledger.documents), 1), 1) as length
  from briefsmith.search_totals as ledger
  where ledger.user_id = %(user_id)s::uuid
),
asked as materialized (
  select word.term, sum(word.frequency) as frequency
  from (
    select term, frequency::double precision
    from briefsmith.terms_of(%(locale)s::text, %(words)s::text)
    union all
    select term, frequency
    from unnest(%(more_terms)s::text[], %(more_weights)s::double precision[])
      as more (term, frequency)
  ) as word
  group by word.term
),
held as materialized (
  select word.term, word.frequency, posting.documents, posting.frequencies, posting.lengths
  from asked as word
  cross join lateral (
    select row_of_term.documents, row_of_term.frequencies, row_of_term.lengths
    from briefsmith.search_postings as row_of_term
    where row_of_term.user_id = %(user_id)s::uuid and row_of_term.term = word.term
    offset 0
  ) as posting
),
weighed as materialized (
  select
    held.documents,
    held.frequencies,
    held.lengths,
    held.frequency * ln(
      1 + (
        (select totals.documents from totals)
        - sum(cardinality(held.documents)) over (partition by held.term) + 0.5
      ) / (sum(cardinality(held.documents)) over (partition by held.term) + 0.5)
    ) as weight
  from held
),
scored as materialized (
  select
    entry.document_no,
    sum(
      weighed.weight * entry.frequency * (%(k1)s::double precision + 1)
      / (
        entry.frequency + %(k1)s::double precision * (
          1 - %(b)s::double precision
          + %(b)s::double precision * entry.length / (select totals.length from totals)
        )
      )
    ) as bm25
  from weighed
  cross join lateral unnest(weighed.documents, weighed.frequencies, weighed.lengths)
    as entry (document_no, frequency, length)
  group by entry.document_no
),
by_words as (
  select best.document_no
  from (
    select scored.document_no, scored.bm25
    from scored
    order by scored.bm25 desc, scored.document_no
    offset 0
  ) as best
  where (
    select true
    from briefsmith.search_documents as document
    join public.context_blocks as block on block.id = document.block_id
    where document.document_no = best.document_no
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
  )
  limit %(depth)s::integer
),
by_vector as (
  select (
    select document.document_no
    from briefsmith.search_documents as document
    where document.block_id = nearest.id
  ) as document_no
  from (
    select block.id
    from public.context_blocks as block
    where block.user_id = %(user_id)s::uuid
      and block.meta_embedding_model = %(model)s::text
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
    order by block.meta_embedding <=> %(embedding)s::real[]::vector, block.id
    limit %(depth)s::integer
  ) as nearest
),
picked as materialized (
  select document_no from by_words union select document_no from by_vector
),
found as materialized (
  select
    part.document_no,
    max(part.bm25) as bm25,
    (
      select block_of.block_id
      from briefsmith.search_documents as block_of
      where block_of.document_no = part.document_no
    ) as block_id
  from (
    select scored.document_no, scored.bm25
    from scored
    -- `is true` keeps this a hashed lookup, not a join.
    where (scored.document_no in (select picked.document_no from picked)) is true
    union all
    select picked.document_no, 0 from picked
  ) as part
  group by part.document_no
),
compared as materialized (
  select
    found.block_id,
    found.bm25,
    (
      select 1 - (block.meta_embedding <=> %(embedding)s::real[]::vector)
      from public.context_blocks as block
      where block.id = found.block_id and block.meta_embedding_model = %(model)s::text
    ) as cosine
  from found
),
scaled as (
  select
    compared.block_id,
    compared.bm25,
    compared.cosine,
    coalesce(compared.bm25 / nullif(max(compared.bm25) over (), 0), 0) as words_part,
    case
      when compared.cosine is null then 0
      when max(compared.cosine) over () = min(compared.cosine) over () then 1
      else (compared.cosine - min(compared.cosine) over ())
        / (max(compared.cosine) over () - min(compared.cosine) over ())
    end as vector_part
  from compared
),
ranked as materialized (
  select
    scaled.block_id,
    scaled.bm25,
    scaled.cosine,
    case
      when %(model)s::text is null then scaled.words_part
      else (1 - %(vector_weight)s::double precision) * scaled.words_part
        + %(vector_weight)s::double precision * scaled.vector_part
    end as score
  from scaled
  order by score desc, scaled.block_id
  limit %(limit)s::integer
)
select
  ranked.score,
  ranked.bm25,
  ranked.cosine,
  (
    select vector_send(block.meta_embedding)
    from public.context_blocks as block
    where block.id = ranked.block_id
      and block.meta_embedding_model = %(model)s::text
      and %(with_embedding)s::boolean
  ) as embedding,
  (
    select to_jsonb(block) - 'meta_embedding'
    from public.context_blocks as block
    where block.id = ranked.block_id
  ) as block
from ranked
order by ranked.score desc, ranked.block_id;

-- name: expand_question :many
-- Terms that the best blocks of a first search have in common, as many as asked for, with the weight that each
-- adds to the question: together a share of the question's own terms. Blocks tell by how well they fit, terms by
-- how often they are there (as BM25 counts) and how rare they are. A term of one block alone tells nothing.
-- Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), section 3.4, blind feedback.
with totals as materialized (
  select
    greatest(sum(ledger.documents), 1)::double precision as documents,
    greatest(sum(ledger.length)::double precision / greatest(sum(ledger.documents), 1), 1) as length
  from briefsmith.search_totals as ledger
  where ledger.user_id = %(user_id)s::uuid
),
best as materialized (
  select block.id, given.part, words.term, words.frequency, sum(words.frequency) over (
    partition by block.id
  ) as length
  from unnest(%(ids)s::uuid[], %(parts)s::double precision[]) as given (id, part)
  cross join lateral (
    select
      given.id,
      one.meta_locale as locale,
      left(
        one.label || E'\n' || one.content || E'\n'
        || array_to_string(one.meta_tags, ' '),
        %(most_characters)s::integer
      ) as text
    from public.context_blocks as one
    where one.id = given.id
    offset 0
  ) as block
  cross join lateral briefsmith.terms_of(block.locale, block.text) as words
),
told as materialized (
  select
    best.term,
    sum(
      best.part * best.frequency / (
        best.frequency + %(k1)s::double precision * (
          1 - %(b)s::double precision
          + %(b)s::double precision * best.length / (select totals.length from totals)
        )
      )
    ) as gain
  from best
  group by best.term
  having count(*) > 1
),
rare as materialized (
  select told.term, told.gain * ln(
    1 + ((select totals.documents from totals) - held.documents + 0.5) / (held.documents + 0.5)
  ) as gain
  from told
  cross join lateral (
    select coalesce(sum(cardinality(posting.documents)), 0) as documents
    from briefsmith.search_postings as posting
    where posting.user_id = %(user_id)s::uuid and posting.term = told.term
    offset 0
  ) as held
),
chosen as materialized (
  select rare.term, rare.gain
  from rare
  where rare.gain > 0
  order by rare.gain desc, rare.term
  limit %(terms)s::integer
)
select
  chosen.term,
  %(share)s::double precision * (
    select coalesce(sum(word.frequency), 0)
    from briefsmith.terms_of(%(locale)s::text, %(words)s::text) as word
  ) * chosen.gain / sum(chosen.gain) over () as weight
from chosen
order by weight desc, chosen.term;
