"""Errors, the tree that draws them, their exit codes, and the constraints they are recognised by."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg.errors
import pytest
from psycopg import Connection

from briefsmith import errors
from briefsmith.faces.errors import exit_code
from briefsmith.postgres.errors import (
    _BY_CONSTRAINT,  # pyright: ignore[reportPrivateUsage]
    _BY_STATE,  # pyright: ignore[reportPrivateUsage]
)

EXIT_CODES = {
    "B1": 2,
    "B2": 3,
    "B3": 4,
    "B4": 5,
    "B5": 6,
    "B6": 75,
    "B7": 76,
    "B8": 7,
    "B9": 70,
}


def _all(kind: type[errors.BriefsmithError]) -> Iterator[type[errors.BriefsmithError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _all(child)


ERRORS = sorted(_all(errors.BriefsmithError), key=lambda kind: kind.code)


def _drawn() -> dict[str, tuple[str, str]]:
    """Name to parent and code, from the drawing."""
    found: dict[str, tuple[str, str]] = {}
    parents = ["BriefsmithError"]
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^ {4}((?:[│ ] {3})*)[├└]── (\w+)\s+(B\d\w\w)", line)
        if match is not None:
            depth = len(match[1]) // 4 + 1
            parents = [*parents[:depth], match[2]]
            found[match[2]] = (parents[depth - 1], match[3].replace("xx", "00"))
    return found


def test_the_drawn_tree_is_the_tree() -> None:
    real = {kind.__name__: (kind.__bases__[0].__name__, kind.code) for kind in ERRORS}

    assert _drawn() == real
    assert len(real) > 20


def test_no_code_is_used_twice() -> None:
    codes = [kind.code for kind in ERRORS]

    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_exits_with_the_code_of_its_family(
    kind: type[errors.BriefsmithError],
) -> None:
    assert exit_code(kind("a sentence")) == EXIT_CODES[kind.code[:2]]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_only_what_is_unavailable_may_work_later(kind: type[errors.BriefsmithError]) -> None:
    assert kind.retryable == issubclass(kind, errors.Unavailable)


def test_an_error_of_no_family_counts_as_a_bug() -> None:
    assert exit_code(errors.BriefsmithError("a sentence")) == EXIT_CODES["B9"]


@pytest.mark.parametrize("constraint", sorted(_BY_CONSTRAINT))
def test_the_database_has_the_constraint_that_an_error_is_recognised_by(
    constraint: str, catalog: Connection[Any]
) -> None:
    found = catalog.execute(
        """
        select conname from pg_constraint where conname = %(name)s
        union all
        select class.relname
        from pg_index join pg_class as class on class.oid = indexrelid
        where class.relname = %(name)s and indisunique
        union all
        select 'raised' from pg_proc
        where pronamespace = 'briefsmith'::regnamespace
          and prosrc like '%%constraint = ''' || %(name)s || '''%%'
        """,
        {"name": constraint},
    ).fetchall()

    assert found


@pytest.mark.parametrize("state", sorted(_BY_STATE))
def test_the_states_that_errors_are_recognised_by_are_postgresql_s(state: str) -> None:
    assert issubclass(psycopg.errors.lookup(state), psycopg.Error)
