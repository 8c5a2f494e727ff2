"""Two people in one database, and ways to act as one of them."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege

from briefsmith.postgres.session import Actor
from tests.integration.rows import SHARED, Catalog, fill, identifier


@dataclass(frozen=True)
class Town:
    """A database in which two people have a row in every table."""

    catalog: Catalog
    ann: UUID
    bob: UUID

    @property
    def connection(self) -> Connection[Any]:
        return self.catalog.connection

    @property
    def tables(self) -> list[str]:
        return [table for table in self.catalog.ordered() if table not in SHARED]

    @contextmanager
    def acting(self, user: UUID | None, role: str = "authenticated") -> Generator[None]:
        """Within: role and claims as a session sets them. After it: the owner again, nothing undone."""
        claims = Actor(user).claims if user else ""
        self.connection.execute(
            "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
            (role, claims),
        )
        yield
        self.connection.execute(
            "select set_config('role', 'none', true), set_config('request.jwt.claims', '', true)"
        )

    @contextmanager
    def refused(self) -> Generator[None]:
        """The one statement within is refused for want of permission, and the transaction goes on."""
        with pytest.raises(InsufficientPrivilege), self.connection.transaction():
            yield

    def rows(self, table: str, user: UUID) -> list[str]:
        """All rows of a user as text; to be asked as the owner."""
        statement = sql.SQL("select to_jsonb(r)::text from {} as r where {} order by 1")
        found = self.connection.execute(
            statement.format(identifier(table), self.catalog.condition(table, user))
        )
        return [row[0] for row in found.fetchall()]

    @property
    def nothing(self) -> dict[str, list[str]]:
        """What `everything` gives of somebody who is gone."""
        return {table: [] for table in self.tables}

    def everything(self, user: UUID) -> dict[str, list[str]]:
        return {table: self.rows(table, user) for table in self.tables}

    def count(self, table: str) -> int:
        """Rows that the present role sees."""
        return self.connection.execute(sql.SQL("select from {}").format(identifier(table))).rowcount

    def grants(self, table: str, command: str) -> bool:
        """Whether those who are signed in may run the command at all."""
        found = self.connection.execute(
            "select has_table_privilege('authenticated', %s, %s)", (table, command)
        ).fetchone()
        return found == (True,)

    def id_of(self, target: str, user: UUID) -> UUID:
        """A user's row in a table, or the user."""
        if target == "auth.users":
            return user
        statement = sql.SQL("select id from {} where {} order by id limit 1")
        found = self.connection.execute(
            statement.format(identifier(target), self.catalog.condition(target, user))
        ).fetchone()
        assert found is not None
        return found[0]


def settle(connection: Connection[Any]) -> Town:
    """Two new people, each with a row in every table."""
    found = connection.execute(
        "insert into auth.users (id) values (gen_random_uuid()), (gen_random_uuid()) returning id"
    ).fetchall()
    ann, bob = (row[0] for row in found)
    catalog = Catalog(connection)
    fill(catalog, ann)
    fill(catalog, bob)
    return Town(catalog, ann, bob)
