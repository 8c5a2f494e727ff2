-- name: select_vocabulary :one
-- Terms of a person that begin with one of some letters, are no longer than the word in question, and have at most two
-- letters that it has not; with blanks between them. Read once for each search, by the index that the words have.
with waiting as materialized (
  select distinct word.lexeme as term
  from briefsmith.search_documents as document
  cross join lateral unnest(document.words) as word
  where document.user_id = %(user_id)s::uuid and not document.is_posted
)
select coalesce(string_agg(distinct found.term, ' '), '') as terms
from unnest(
  %(firsts)s::text[], %(ends)s::text[], %(letters)s::text[], %(lengths)s::integer[]
) as sought (first, before, letters, length)
cross join lateral (
  select posting.term
  from briefsmith.search_postings as posting
  where posting.user_id = %(user_id)s::uuid
    and posting.term >= sought.first and posting.term < sought.before
  union all
  select waiting.term
  from waiting
) as found
where starts_with(found.term, sought.first)
  and char_length(found.term) between %(least)s::integer and sought.length
  and char_length(translate(found.term, sought.letters, '')) <= %(others)s::integer;

-- name: select_terms :one
-- Terms with the packed postings of each, as a question has them.
with waiting as materialized (
  select document.document_no, document.length, document.words
  from briefsmith.search_documents as document
  where document.user_id = %(user_id)s::uuid and not document.is_posted
),
held as materialized (
  select asked.term, asked.weight,
    coalesce(posted.entries, ''::bytea) || coalesce(fresh.entries, ''::bytea) as entries
  from unnest(%(terms)s::text[], %(weights)s::double precision[]) as asked (term, weight)
  cross join lateral (
    select string_agg(posting.entries, ''::bytea) as entries
    from briefsmith.search_postings as posting
    where posting.user_id = %(user_id)s::uuid and posting.term = asked.term
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
    where word.lexeme = any (%(terms)s::text[])
    group by word.lexeme
  ) as fresh on fresh.term = asked.term
)
select
  array(select held.term from held order by held.term) as terms,
  array(select held.weight from held order by held.term) as weights,
  array(select held.entries from held order by held.term) as entries;
