"""The labelled set: real references, and strings, comments and names that only look like some."""

from pathlib import Path

import pytest

from briefsmith.audit.run import audit
from tests.unit.audits import schema, unpack

Label = tuple[str, int, str]

# What no reader of one file can see: names that are imported, or put together when the program runs.
UNSEEN = {"dynamic.py"}


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[Label], set[Label]]:
    """What is labelled, and what is found."""
    folder = tmp_path_factory.mktemp("labelled")
    wanted = unpack(folder)
    report = audit([folder], schema())
    found = {
        (Path(one.path).relative_to(folder).as_posix(), one.line, one.name)
        for one in report.findings
    }
    return wanted, found


def test_nothing_is_found_that_is_no_reference(sides: tuple[set[Label], set[Label]]) -> None:
    wanted, found = sides

    assert sorted(found - wanted) == []


def test_every_reference_is_found_that_one_file_shows(
    sides: tuple[set[Label], set[Label]],
) -> None:
    wanted, found = sides

    assert sorted(label for label in wanted - found if label[0] not in UNSEEN) == []


def test_the_set_has_both_kinds_of_lines(sides: tuple[set[Label], set[Label]]) -> None:
    wanted, _ = sides

    assert len(wanted) > 100
    assert not any(file == "messages.py" for file, _, _ in wanted)


def test_what_a_later_migration_takes_away_is_history(tmp_path: Path) -> None:
    unpack(tmp_path)

    report = audit([tmp_path / "migrations"], schema())

    assert {(Path(one.path).name[:8], one.name) for one in report.history} == {
        ("20240101", "profile_core_data"),
        ("20240101", "core_profile_data"),
    }
    assert {one.name for one in report.findings} == {"attachments", "rank"}
