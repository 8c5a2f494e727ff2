"""What a database holds, all of it, for tests that say what a call left behind; and scripted models."""

import hashlib
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from psycopg import sql

from briefsmith.errors import EmbedderUnavailable
from briefsmith.postgres.session import Actor
from briefsmith.providers.embeddings import EMBEDDING_WIDTH, Vector, check_vectors
from tests.contract.catalog import OUR_SCHEMAS

NO_ID = UUID("00000000-0000-4000-8000-000000000000")

Rows = dict[str, list[str]]


def tables(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Schema and name of every table of ours."""
    return connection.execute(
        """
        select namespace.nspname, class.relname
        from pg_class as class join pg_namespace as namespace on namespace.oid = class.relnamespace
        where class.relkind in ('r', 'p') and namespace.nspname = any (%s)
        order by 1, 2
        """,
        (list(OUR_SCHEMAS),),
    ).fetchall()


def everything(url: str) -> Rows:
    """Every row of every table as text, by table."""
    with psycopg.connect(url) as connection:
        return {
            f"{schema}.{table}": [
                row[0]
                for row in connection.execute(
                    sql.SQL("select to_jsonb(r)::text from {} as r order by 1").format(
                        sql.Identifier(schema, table)
                    )
                )
            ]
            for schema, table in tables(connection)
        }


def counts(url: str) -> dict[str, int]:
    """Rows of each table that has any, but for the catalogue that every database begins with."""
    found = everything(url)
    del found["public.task_brief_types"]
    return {table: len(rows) for table, rows in found.items() if rows}


def ask(url: str, statement: str, *params: Any) -> list[tuple[Any, ...]]:
    """What the superuser sees."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode(), params or None).fetchall()


def tell(url: str, statement: str, *params: Any) -> None:
    """Changes something as the superuser, past every rule of the package."""
    with psycopg.connect(url) as connection:
        connection.execute("set search_path = public, extensions")
        connection.execute(statement.encode(), params or None)


def events(url: str) -> list[str]:
    """Topics of the outbox, the oldest first."""
    return [row[0] for row in ask(url, "select topic from public.events order by id")]


def new_person(url: str) -> Actor:
    """Somebody else in the same database."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "insert into auth.users (email, created_at) values ('other@localhost', now() + '1 day')"
            " returning id"
        ).fetchone()
    assert row is not None
    return Actor(row[0], "other")


def wait_until_blocked(url: str, sessions: int = 1) -> None:
    """Returns once so many sessions of the database wait for a lock."""
    until = monotonic() + 20
    while monotonic() < until:
        [(found,)] = ask(
            url,
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'",
        )
        if found >= sessions:
            return
        sleep(0.01)
    message = "nobody came to wait for a lock"
    raise TimeoutError(message)


class ScriptedEmbedder:
    """Vectors out of hashes: the same for the same text, and far from those of any other model."""

    width = EMBEDDING_WIDTH

    def __init__(self, name: str = "scripted") -> None:
        self.name = name
        self.calls = 0

    async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
        self.calls += 1
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Vector | None:
        if not text.strip():
            return None
        seed = hashlib.sha256(f"{self.name}\n{text}".encode()).digest()
        numbers = np.random.default_rng(list(seed)).normal(size=(1, EMBEDDING_WIDTH))
        return check_vectors(numbers, source=self.name)[0]


class SilentEmbedder(ScriptedEmbedder):
    """A service that does not answer."""

    async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
        self.calls += 1
        message = "The embedding service does not answer."
        raise EmbedderUnavailable(message)
