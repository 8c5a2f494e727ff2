"""Every single change that can be made to any object of ours is found, and its mend takes it away."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.types.string import TextLoader

from briefsmith.schema_sync.catalog import Catalog, catalog_of
from briefsmith.schema_sync.findings import Finding
from tests.conftest import Server
from tests.integration.drift import Change, Drifts
from tests.integration.drift_looking import SCHEMAS, Looking
from tests.integration.drift_reach import Reach, Scope

STRANGER = "drift_stranger"
# Kind of object, and in how many tests its changes are tried.
KINDS = {
    "column": 4,
    "table": 3,
    "constraint": 2,
    "grant": 2,
    "policy": 2,
    "enum": 2,
    "function": 1,
    "index": 1,
    "view": 1,
    "column grant": 1,
    "trigger": 1,
    "sequence": 1,
    "schema": 1,
}
# Of what is the same again and again, every second, third or fourth is tried; all of them where this is set.
THINNED = {
    "column: retyped": 4,
    "column: storage": 6,
    "column: compression": 6,
    "column: generated": 5,
    "column: collation": 4,
    "column: not null, unproven": 5,
    "column: default": 3,
    "column: renamed": 2,
    "constraint: dropped": 1,
    "constraint: on ": 5,
    "constraint: ": 2,
    "policy: dropped": 2,
    "policy: using true": 2,
    "policy: for ": 5,
    "policy: ": 3,
    "grant: taken": 2,
    "grant: of a column": 4,
    "grant: ": 4,
    "index: dropped": 1,
    "index: invalid": 1,
    "index: ": 3,
    "table: dropped": 1,
    "table: row security": 1,
    "table: not forced": 1,
    "table: ": 2,
    "enum: labels swapped": 6,
    "enum: label": 3,
    "function: ": 2,
    "view: column": 2,
}
EVERYTHING = os.environ.get("BRIEFSMITH_TEST_EVERY_DRIFT") == "all"


@pytest.fixture(scope="module")
def looking(server: Server) -> Iterator[Looking]:
    url = server.migrated_database()
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("set search_path = ''")
        connection.adapters.register_loader("jsonb", TextLoader)
        connection.execute("set jit = off")
        connection.execute("set plan_cache_mode = force_generic_plan")
        connection.execute("set client_min_messages = error")
        # What was in a column that is lost cannot be mended, so no column has anything.
        connection.execute("delete from public.task_brief_types")
        connection.execute("drop role if exists drift_stranger")
        connection.execute("create role drift_stranger")
        connection.execute("grant all on schema public, briefsmith to drift_stranger")
        looking = Looking(connection, Catalog((), None, {}), [])
        looking.rows = looking.read()
        looking.expected = catalog_of(looking.rows, SCHEMAS)
        yield looking
    server.drop(url)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("drop role drift_stranger")


@dataclass
class Tally:
    """What came of the changes of a kind."""

    tried: Counter[str] = field(default_factory=Counter)
    narrow: int = 0
    compared: int = 0
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    mended: int = 0
    dangerous: int = 0
    by_itself: int = 0

    def __str__(self) -> str:
        return (
            f"{self.tried.total()} changes of {len(self.tried)} sorts, {self.mended} mended, "
            f"{self.dangerous} of them with danger, "
            f"{self.narrow} read narrowly and {self.compared} of them wholly too, "
            f"{self.by_itself} to be committed before the rest"
        )

    def try_out(self, change: Change, looking: Looking, scope: Scope | None) -> None:
        connection = looking.connection
        connection.execute("begin")
        try:
            if not self._make(change, connection):
                return
            is_whole = EVERYTHING or not self.tried[change.sort] or self.narrow % 10 == 0
            self.tried[change.sort] += 1
            self.narrow += scope is not None
            findings = self._findings(change, looking, scope, is_whole=is_whole)
            named = [one for one in findings if (one.kind, one.name) in change.names]
            if not named or any(one.mend is None for one in findings):
                told = [(one.change, one.kind, one.name) for one in findings]
                self.wrong.append(f"not named: {change.ways[0]}: {told}")
                return
            self._mend(change, findings, looking, None if is_whole else scope)
        finally:
            connection.execute("rollback")

    def _findings(
        self, change: Change, looking: Looking, scope: Scope | None, *, is_whole: bool
    ) -> list[Finding]:
        """In its scope; of the first of each sort and of every tenth wholly as well, which gives the same."""
        findings = looking.findings(scope)
        if scope is not None and is_whole:
            self.compared += 1
            if sorted(map(repr, findings)) != sorted(map(repr, looking.findings())):
                self.wrong.append(f"reaches farther: {change.ways[0]}: {scope}")
        return findings

    def _make(self, change: Change, connection: Connection[Any]) -> bool:
        said = ""
        for way in change.ways:
            connection.execute("savepoint before")
            try:
                connection.execute(way.encode())
            except psycopg.Error as error:
                said = str(error).splitlines()[0]
                connection.execute("rollback to before")
            else:
                return True
        self.refused.append(f"{change.sort}: {change.ways[0]}: {said}")
        return False

    def _mend(
        self, change: Change, findings: list[Finding], looking: Looking, scope: Scope | None
    ) -> None:
        mends = sorted((one.mend for one in findings if one.mend), key=lambda mend: mend.place)
        self.dangerous += any(mend.danger for mend in mends)
        script = "\n".join(dict.fromkeys(mend.sql for mend in mends))
        try:
            looking.connection.execute(script.encode())
        except psycopg.errors.UnsafeNewEnumValueUsage:
            # PostgreSQL wants a commit between, and says so; the mend does as well.
            assert any("after a commit" in (mend.danger or "") for mend in mends)
            self.by_itself += 1
        except psycopg.Error as error:
            self.wrong.append(f"mend fails: {change.ways[0]}: {str(error).strip()}\n{script}")
        else:
            self.mended += 1
            self._look_again(change, looking, scope, script)

    def _look_again(
        self, change: Change, looking: Looking, scope: Scope | None, script: str
    ) -> None:
        left = looking.findings(scope)
        if left:
            told = [
                (one.change, one.kind, one.name, one.fact, one.expected, one.found) for one in left
            ]
            self.wrong.append(f"mend leaves: {change.ways[0]}: {told}\n{script}")


def thinned(sort: str) -> int:
    """Of how many changes of this sort one is tried."""
    if EVERYTHING:
        return 1
    return next((rarely for words, rarely in THINNED.items() if sort.startswith(words)), 1)


@pytest.mark.parametrize(
    ("kind", "share", "shares"),
    [(kind, share, shares) for kind, shares in KINDS.items() for share in range(shares)],
)
def test_every_change_is_found_and_mended(
    kind: str, share: int, shares: int, looking: Looking, capsys: pytest.CaptureFixture[str]
) -> None:
    version = looking.connection.info.server_version // 10_000
    made = list(Drifts(looking.expected, version, STRANGER).of(kind))
    reach = Reach(looking.expected)
    sorts: Counter[str] = Counter()
    tally = Tally()

    for number, change in enumerate(made):
        sorts[change.sort] += 1
        is_tried = (sorts[change.sort] - 1) % thinned(change.sort) == 0
        if is_tried and number * shares // len(made) == share:
            tally.try_out(change, looking, reach.of(change))

    with capsys.disabled():
        print(  # noqa: T201  the figures are for people
            f"\n{kind} {share + 1}/{shares}: {tally} ({len(made)} could be made)"
        )
    assert tally.refused == []
    assert tally.wrong == []
    assert tally.tried
    assert looking.findings() == []
