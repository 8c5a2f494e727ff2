-- name: select_lexemes :one
-- The words of phrases. One word alone, or one beside stop words, is no phrase: people put single words in quotation
-- marks that they do not insist on.
select coalesce(array_agg(distinct word.lexeme), '{}') as lexemes
from unnest(%(phrases)s::text[]) as phrase
cross join lateral unnest(
  to_tsvector(briefsmith.text_configuration(%(locale)s::text), phrase)
) as word
where numnode(phraseto_tsquery(briefsmith.text_configuration(%(locale)s::text), phrase)) > 1;

-- name: select_holding :one
-- Of some documents those that hold every phrase.
select coalesce(array_agg(document.document_no order by document.document_no), '{}') as numbers
from briefsmith.search_documents as document
where document.document_no = any (%(numbers)s::integer[])
  and document.user_id = %(user_id)s::uuid
  and document.words @@ all (
    array(
      select phraseto_tsquery(briefsmith.text_configuration(%(locale)s::text), phrase)
      from unnest(%(phrases)s::text[]) as phrase
      where numnode(phraseto_tsquery(briefsmith.text_configuration(%(locale)s::text), phrase)) > 1
    )
  );
