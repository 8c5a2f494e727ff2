"""The same work by bare psycopg on the same server: plain tables, no policy, no trigger, no check."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, LiteralString, Self
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray

from briefsmith.postgres.vectors import Float32ArrayDumper

Vector = NDArray[np.float32]

_TABLES: LiteralString = """
set search_path = public, extensions;
create schema bare;
create table bare.context_blocks
  (like public.context_blocks including defaults including indexes including storage);
create table bare.task_briefs (like public.task_briefs including defaults including indexes);
create table bare.block_brief_link
  (like public.block_brief_link including defaults including indexes);
create table bare.block_usage_history
  (like public.block_usage_history including defaults including indexes);
create table bare.task_brief_outputs
  (like public.task_brief_outputs including defaults including indexes);
create table bare.events (like public.events including all);
create table bare.words (id uuid, words tsvector);
"""
_COPY: LiteralString = """
copy bare.context_blocks
  (id, user_id, type, label, content, source, importance, meta_embedding, meta_embedding_model)
from stdin (format binary)
"""
_INDEX_WORDS: LiteralString = """
insert into bare.words select id, to_tsvector('english', label || ' ' || content)
from bare.context_blocks;
create index on bare.words using gin (words);
analyze bare.context_blocks, bare.words;
"""
_INSERT: LiteralString = """
insert into bare.context_blocks
  (user_id, type, label, content, source, importance, meta_embedding, meta_embedding_model)
values (%s, 'text', %s, %s, 'user', 'medium', %s::real[]::vector, %s)
"""
_NEAREST: LiteralString = """
select id from bare.context_blocks order by meta_embedding <=> %s::real[]::vector limit 10
"""
_ANY_TERM: LiteralString = """
select entry.id
from bare.words as entry,
  cast(replace(plainto_tsquery('english', %s)::text, '&', '|') as tsquery) as asked
where entry.words @@ asked
order by ts_rank(entry.words, asked) desc
limit 10
"""
_BRIEF: LiteralString = """
insert into bare.task_briefs (user_id, intent, core_context_snapshot)
values (%s, %s, %s::jsonb) returning id
"""
_PARTS: LiteralString = """
with links as (
  insert into bare.block_brief_link (block_id, task_brief_id, transformation)
  select part.id, %(brief)s, part.how
  from unnest(%(blocks)s::uuid[], %(how)s::text[]) as part (id, how)
),
uses as (
  insert into bare.block_usage_history (block_id, used_in_task_id, agent_type, usage_type)
  select part.id, %(brief)s, 'composer', part.how
  from unnest(%(blocks)s::uuid[], %(how)s::text[]) as part (id, how)
),
output as (
  insert into bare.task_brief_outputs (task_brief_id, content, agent_type)
  values (%(brief)s, %(text)s, 'composer')
)
insert into bare.events (topic, user_id, payload) values ('brief.draft_created', %(user)s, '{}')
"""


class Bare:
    """A connection to plain tables with the columns and the indexes of ours."""

    def __init__(self, url: str, user_id: UUID, model: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)
        self._connection.adapters.register_dumper(np.ndarray, Float32ArrayDumper)
        self._connection.execute(_TABLES)
        self._user_id = user_id
        self._model = model

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def copy_blocks(self, blocks: Iterable[tuple[UUID, str, str, Vector]]) -> None:
        """One COPY, binary, of id, label, content and vector."""
        with self._connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for key, label, content, vector in blocks:
                copy.write_row(
                    (
                        key,
                        self._user_id,
                        "text",
                        label,
                        content,
                        "imported",
                        "medium",
                        vector_bytes(vector),
                        self._model,
                    )
                )

    def index_words(self) -> None:
        """A tsvector of each block in a table beside, with a GIN index; statistics for all."""
        for statement in _INDEX_WORDS.split(";")[:-1]:
            self._connection.execute(statement)

    def insert_block(self, label: str, content: str, vector: Vector) -> None:
        """One row, committed."""
        params = (self._user_id, label, content, vector, self._model)
        self._connection.execute(_INSERT, params, prepare=True)

    def nearest(self, vector: Vector) -> None:
        """The ten nearest vectors, exactly."""
        self._connection.execute(_NEAREST, (vector,), prepare=True).fetchall()

    def any_term(self, words: str) -> None:
        """The ten best by ts_rank among those that hold any word."""
        self._connection.execute(_ANY_TERM, (words,), prepare=True).fetchall()

    def write_brief(
        self, intent: str, snapshot: str, text: str, uses: Sequence[tuple[UUID, str]]
    ) -> None:
        """The rows of one brief in one transaction."""
        with self._connection.transaction():
            params = (self._user_id, intent, snapshot)
            made = self._connection.execute(_BRIEF, params, prepare=True).fetchone()
            parts = {
                "brief": made[0] if made else None,
                "blocks": [use[0] for use in uses],
                "how": [use[1] for use in uses],
                "text": text,
                "user": self._user_id,
            }
            self._connection.execute(_PARTS, parts, prepare=True)


def vector_bytes(vector: Vector) -> bytes:
    """As the type `vector` is sent in binary: width, an unused number, big-endian floats."""
    return len(vector).to_bytes(2, "big") + b"\0\0" + vector.astype(">f4").tobytes()
