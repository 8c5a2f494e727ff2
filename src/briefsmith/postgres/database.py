"""A database, opened: connections, the check that it fits this package, and sessions."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from briefsmith import errors
from briefsmith.postgres.asides import Asides
from briefsmith.postgres.errors import translate
from briefsmith.postgres.memory import DEFAULT_BYTES, Memory
from briefsmith.postgres.migrate import Applied, migrate, newer
from briefsmith.postgres.session import Actor, Session, begin
from briefsmith.postgres.statements import NoParameters, fetch, statement
from briefsmith.postgres.vectors import register_vectors
from briefsmith.sql import columns, migrations

OLDEST_SERVER = 150000
_TRANSACTION_POOLER_PORT = "6543"
_LAST_PORT = 65_535
# Supabase's pages and integrations append these; libpq does not know them.
_FOR_OTHER_CLIENTS = re.compile(r"(?<=[?&])(pgbouncer|connection_limit|supa)=[^&]*(&|$)")

# Row level security with cached plans is unsafe before these (CVE-2024-10976).
_SAFE_FROM = {15: 150009, 16: 160005, 17: 170001}


VECTOR_DROPPED = (
    "`briefsmith schema verify --sql` prints what brings it back; "
    "then `briefsmith reembed` makes the vectors again."
)


def has_unsafe_row_security(server_version: int) -> bool:
    """Whether a server, as PostgreSQL numbers it (150004), lacks the mend of CVE-2024-10976."""
    return server_version < _SAFE_FROM.get(server_version // 10000, 0)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a migrated database says of itself.

    Attributes:
        users: Two at most of those who may be meant.
        lacking: Columns that this package uses and the database has not, as `schema.table.column`.
    """

    server_version: int
    server_version_text: str
    vector_version: str | None
    migrations: list[str]
    users: list[UUID]
    lacking: list[str]


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What any server says of itself, migrated or not."""

    server_version: int
    server_version_text: str
    vector_version: str | None
    vector_available: bool
    has_blocks: bool
    is_legacy: bool
    is_supabase: bool
    size_bytes: int

    @property
    def is_old(self) -> bool:
        """Whether this package does not run on it."""
        return self.server_version < OLDEST_SERVER

    @property
    def has_unsafe_row_security(self) -> bool:
        """Whether it lacks the mend of CVE-2024-10976."""
        return has_unsafe_row_security(self.server_version)


@dataclass(frozen=True, slots=True)
class ServerRun:
    """When the server was started, and the number of the database."""

    started: str
    database: int


@dataclass(frozen=True, slots=True)
class NewUser:
    """The row that `insert_user` gives back."""

    id: UUID


class _Asking(TypedDict):
    user: str | None
    columns: list[str]


class _NewUserParams(TypedDict):
    email: str


_HANDSHAKE = statement("handshake.handshake", _Asking, Handshake, is_of_login=True)
_SERVER_FACTS = statement("handshake.server_facts", NoParameters, ServerFacts, is_of_login=True)
_SERVER_RUN = statement("handshake.server_run", NoParameters, ServerRun, is_of_login=True)
_INSERT_USER = statement("handshake.insert_user", _NewUserParams, NewUser, is_of_login=True)


class Database:
    """Connections to one database; every session is one transaction of one actor.

    Attributes:
        asides: What goes on beside the sessions.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[Any]],
        memory: Memory,
        user_id: UUID,
        url: str,
    ) -> None:
        self._pool = pool
        self._memory = memory
        self.asides = Asides()
        self.url = url
        self.user_id = user_id

    def counts(self) -> dict[str, int]:
        """What the pool of connections says of itself: `pool_size`, `pool_available`, `requests_waiting`."""
        return self._pool.get_stats()

    @asynccontextmanager
    async def session(
        self, actor: Actor | None = None, *, read_only: bool = False
    ) -> AsyncGenerator[Session]:
        """A transaction: committed at the end of the block, rolled back by any exception.

        Args:
            actor: Who acts; None is the person whose store it is.
            read_only: Refuse every write.

        Raises:
            Unavailable: No connection to be had.
        """
        acting = actor or Actor(self.user_id)

        def aside(key: Hashable, work: Callable[[Session], Awaitable[None]]) -> None:
            async def beside() -> None:
                async with self.session(acting, read_only=True) as other:
                    await work(other)

            self.asides.start(key, beside)

        try:
            async with (
                self._pool.connection() as connection,
                begin(connection, acting, self._memory, aside, read_only=read_only) as session,
            ):
                yield session
        except PoolTimeout as error:
            message = "No connection to the database was free in time."
            raise errors.DatabaseBusy(message) from error


async def connect(url: str, *, prepared_statements: bool = True) -> AsyncConnection[Any]:
    """One connection in autocommit mode that can send vectors.

    Raises:
        DatabaseUnreachable: Nobody answers, or the login is refused; the message holds no password.
        InvalidSetting: The address is none.
    """
    conninfo = conninfo_of(url)
    try:
        connection = await AsyncConnection.connect(conninfo, autocommit=True)
    except psycopg.Error as error:
        raise _unreachable(conninfo, error) from error
    _configure(connection, conninfo, prepared_statements=prepared_statements)
    return connection


def _configure(
    connection: AsyncConnection[Any], conninfo: str, *, prepared_statements: bool
) -> None:
    register_vectors(connection)
    if not prepared_statements or _is_transaction_pooler(conninfo):
        connection.prepare_threshold = None


def _is_transaction_pooler(conninfo: str) -> bool:
    return conninfo_to_dict(conninfo).get("port") == _TRANSACTION_POOLER_PORT


def conninfo_of(url: str) -> str:
    """What libpq connects with: the address with our limits, where it names none of its own.

    Raises:
        InvalidSetting: The address is none.
    """
    try:
        given = conninfo_to_dict(_FOR_OTHER_CLIENTS.sub("", url).rstrip("?&"))
    except (psycopg.ProgrammingError, UnicodeError) as error:
        raise _no_address() from error
    if not all(map(_is_port, str(given.get("port", "")).split(","))):
        raise _no_address()
    defaults = {
        "connect_timeout": "10",
        "application_name": "briefsmith",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        "tcp_user_timeout": "60000",
    }
    return make_conninfo(**{**defaults, **{key: str(value) for key, value in given.items()}})


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) <= _LAST_PORT)


def _no_address() -> errors.InvalidSetting:
    message = "The address of the database is not one that PostgreSQL understands."
    hint = "It looks like postgresql://user:password@host:5432/database."
    return errors.InvalidSetting(message, hint=hint)


def _unreachable(conninfo: str, error: psycopg.Error) -> errors.BriefsmithError:
    given = conninfo_to_dict(conninfo)
    password = str(given.get("password") or "")
    says = str(error).strip().splitlines()[0].strip().rstrip(".") if str(error).strip() else ""
    if password:
        says = says.replace(password, "***")
    if getattr(error, "sqlstate", None) == "53300" or "too many clients" in says:
        return errors.DatabaseBusy("The database takes no more connections.")
    return errors.DatabaseUnreachable(
        f"No connection to the {place_of(conninfo)}: {says}.", details={"server_says": says}
    )


def place_of(url: str) -> str:
    """Which database an address names, without login and password.

    Raises:
        InvalidSetting: The address is none.
    """
    given = conninfo_to_dict(conninfo_of(url))
    place = f"{given.get('host') or 'localhost'}:{given.get('port') or 5432}"
    name = f" {given['dbname']!r}" if given.get("dbname") else ""
    return f"database{name} at {place}"


@asynccontextmanager
async def open_database(
    url: str,
    *,
    user: str | None = None,
    prepared_statements: bool = True,
    connections: int = 4,
    wait_seconds: float = 15,
    of_nobody: bool = False,
    memory_bytes: int = DEFAULT_BYTES,
) -> AsyncGenerator[Database]:
    """Connects, checks in one round trip that database and package fit, and finds the person.

    Args:
        url: PostgreSQL address.
        user: Id or e-mail address in `auth.users`; None means the only one there.
        prepared_statements: False behind a transaction pooler that cannot keep them.
        connections: How many sessions may run at once.
        wait_seconds: How long one more waits for its turn.
        of_nobody: It is no one person's store: every session says who acts, and without that sees no rows.
        memory_bytes: How much sessions may remember for later ones, at most.

    Raises:
        SchemaMismatch: Too old a server, no vector, not migrated, or newer than this package.
        UnknownUser: No such person, or several and none named.
        Unavailable: No connection.
    """
    conninfo = conninfo_of(url)
    first = await connect(url, prepared_statements=prepared_statements)
    try:
        user_id = await _check(first, user, of_nobody=of_nobody)
    finally:
        await first.close()

    memory = Memory(memory_bytes)

    async def configure(connection: AsyncConnection[Any]) -> None:
        _configure(connection, conninfo, prepared_statements=prepared_statements)
        [run] = await fetch(connection, _SERVER_RUN, {})
        memory.of(run)

    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=connections,
        kwargs={"autocommit": True},
        configure=configure,
        open=False,
        timeout=wait_seconds,
    )
    async with pool:
        database = Database(pool, memory, user_id, url)
        try:
            yield database
        finally:
            await database.asides.stop()


def _asking(user: str | None) -> _Asking:
    return {"user": user, "columns": list(columns())}


async def _check(
    connection: AsyncConnection[Any], user: str | None, *, of_nobody: bool = False
) -> UUID:
    try:
        [found] = await fetch(connection, _HANDSHAKE, _asking(user))
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise refusal(await server_facts(connection)) from error
    except psycopg.Error as error:
        raise translate(error) from error
    _check_schema(found)
    return UUID(int=0) if of_nobody else _only(found.users, user)


def _check_schema(found: Handshake) -> None:
    if found.server_version < OLDEST_SERVER:
        raise _too_old(found.server_version_text)
    if found.vector_version is None:
        message = "The extension vector is not in this database any more, and its columns with it."
        raise errors.VectorMissing(message, hint=VECTOR_DROPPED)
    ours = [item.version for item in migrations()]
    missing = sorted(set(ours) - set(found.migrations))
    unknown = sorted(set(found.migrations) - set(ours))
    if unknown:
        raise newer(unknown)
    if missing:
        message = f"The database lacks {len(missing)} of {len(ours)} migrations."
        raise errors.NotMigrated(message, details={"missing": missing})
    if found.lacking:
        raise _drifted(found.lacking)


def _drifted(lacking: list[str]) -> errors.SchemaDrifted:
    several = f" and {len(lacking) - 1} more that this package uses" if len(lacking) > 1 else ""
    message = f"The database lacks the column {lacking[0]}{several}."
    return errors.SchemaDrifted(message, details={"lacking": lacking})


def _too_old(version: str) -> errors.ServerTooOld:
    return errors.ServerTooOld(f"The server is PostgreSQL {version}; 15 is the oldest that works.")


def refusal(facts: ServerFacts) -> errors.SchemaMismatch:
    """Why a database without our migrations cannot be opened."""
    if facts.is_old:
        return _too_old(facts.server_version_text)
    if facts.vector_version is None and not facts.vector_available:
        return errors.VectorMissing("This server does not have the extension vector (pgvector).")
    return errors.NotMigrated("The database does not have the schema of Briefsmith yet.")


def _only(users: list[UUID], user: str | None) -> UUID:
    if len(users) == 1:
        return users[0]
    if user is not None and users:
        message = f"The database has several users {user!r}."
        hint = "Set BRIEFSMITH_USER to the id of one of them."
        raise errors.UnknownUser(message, hint=hint, details={"user": user})
    if user is not None:
        message = f"The database has no user {user!r}."
        raise errors.UnknownUser(message, details={"user": user})
    if not users:
        message = "The database has no user yet."
        hint = (
            "Run `briefsmith init` (on Supabase, add a user under Authentication first), "
            "or set BRIEFSMITH_USER."
        )
        raise errors.UnknownUser(message, hint=hint)
    message = "The database has several users and BRIEFSMITH_USER does not say which one you are."
    raise errors.UnknownUser(message)


async def server_facts(connection: AsyncConnection[Any]) -> ServerFacts:
    """What the server says of itself, whatever the state of its schema."""
    [facts] = await fetch(connection, _SERVER_FACTS, {})
    return facts


def refuse_transaction_pooler(url: str, what: str) -> None:
    """Refuses an address behind which each transaction may get another connection.

    Args:
        url: PostgreSQL address.
        what: What cannot go through it, with its verb: "Migrations do".

    Raises:
        InvalidSetting: It is such an address, or none.
    """
    if _is_transaction_pooler(conninfo_of(url)):
        message = f"{what} not go through a transaction pooler (port 6543)."
        hint = "Use the direct connection or the session pooler, port 5432, for this."
        raise errors.InvalidSetting(message, hint=hint)


async def prepare_database(url: str, *, user: str | None = None) -> Applied:
    """Brings a database to the present schema, and gives a plain one its first user.

    Raises:
        SchemaMismatch: The server is too old or lacks vector, or a migration failed.
        UnknownUser: Supabase has no such account; accounts are made there.
    """
    refuse_transaction_pooler(url, "Migrations do")
    connection = await connect(url)
    try:
        facts = await server_facts(connection)
        if facts.is_old:
            raise _too_old(facts.server_version_text)
        if facts.is_legacy:
            message = "This database has the legacy schema (profile_core_data)."
            hint = "Look at `briefsmith schema upgrade --plan` first; nothing was changed."
            raise errors.SchemaMismatch(message, hint=hint)
        applied = await migrate(connection)
        if not facts.is_supabase:
            await _first_user(connection, user)
    except psycopg.Error as error:
        raise translate(error) from error
    else:
        return applied
    finally:
        await connection.close()


async def _first_user(connection: AsyncConnection[Any], user: str | None) -> None:
    [found] = await fetch(connection, _HANDSHAKE, _asking(user))
    if found.users:
        return
    if user is not None and "@" not in user:
        message = f"The database has no user {user!r}."
        hint = "Set BRIEFSMITH_USER to an e-mail address, and `briefsmith init` adds that user."
        raise errors.UnknownUser(message, hint=hint, details={"user": user})
    email = user or "person@localhost"
    await fetch(connection, _INSERT_USER, {"email": email})
