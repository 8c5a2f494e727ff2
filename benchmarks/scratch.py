"""Databases that are made for a measurement and thrown away after it."""

import asyncio
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from briefsmith.postgres.database import prepare_database
from briefsmith.postgres.embedded import ensure_server, stop_server

_NUMBERS = count(1)


@contextmanager
def server(given: str | None) -> Generator[str]:
    """The address of a server: the given one, or an embedded one in a temporary home."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="bs") as folder:
        # Run as root, the server's own user has to get through.
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        lease = ensure_server(home, idle_seconds=3_600)
        try:
            yield lease.url
        finally:
            lease.close()
            stop_server(home)


@contextmanager
def database(server_url: str) -> Generator[str]:
    """The address of a new database with the present schema and one user; dropped at the end."""
    with plain_database(server_url) as url:
        asyncio.run(prepare_database(url))
        yield url


@contextmanager
def plain_database(server_url: str) -> Generator[str]:
    """The address of a new database with nothing in it; dropped at the end."""
    name = sql.Identifier(f"briefsmith_bench_{os.getpid()}_{next(_NUMBERS)}")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(name))
    try:
        yield make_conninfo(server_url, dbname=name.as_string().strip('"'))
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(name))
