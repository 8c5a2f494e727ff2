"""The command that makes draft blocks out of a file, as a person and a program use it."""

from pathlib import Path
from uuid import UUID

import pytest

from briefsmith.runtime import Store
from tests.faces.conftest import Cli
from tests.integration.shelf import Shelf
from tests.integration.stored import ask, everything
from tests.unit.extraction_files import handbook_docx, handbook_pdf, workbook

NOWHERE = "00000000-0000-4000-8000-000000000000"


class Library:
    """The person's files."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.shelf = Shelf()

    def add(self, data: bytes, name: str, label: str = "Handbook") -> str:
        [(user_id,)] = ask(self._url, "select id from auth.users")
        assert isinstance(user_id, UUID)
        return str(self.shelf.hold(self._url, user_id, data, name, label))

    def held(self) -> dict[str, list[str]]:
        return everything(self._url)


@pytest.fixture
def library(cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Library:
    held = Library(database_url)
    monkeypatch.setattr(Store, "files", held.shelf, raising=False)
    return held


def test_a_file_becomes_blocks_that_a_person_accepts_at_once(cli: Cli, library: Library) -> None:
    file_id = library.add(handbook_pdf(3), "handbook.pdf")

    done = cli("file", "extract", file_id)

    assert done.code == 0, done.err
    assert "“Handbook” gives 7 blocks: 7 added." in done.out
    assert "page 1" in done.out
    assert "In no brief before you accept: 7 blocks." in done.err
    waiting = cli("block", "list", "--awaiting-review", "--json").values
    ids = [block["id"] for block in waiting]
    assert f"block accept {' '.join(ids)}" in done.err
    assert len(ids) == 7

    accepted = cli("block", "accept", *ids)

    assert accepted.out.count("Accepted ") == 7
    assert cli("block", "list", "--awaiting-review", "--json").values == []
    assert len(cli("block", "list", "--json").values) == 7


def test_a_program_gets_one_document_with_texts_and_places(cli: Cli, library: Library) -> None:
    file_id = library.add(
        workbook({"Prices": [["Tier", "Price"], ["Team", 49]]}), "p.xlsx", "Prices"
    )

    found = cli("file", "extract", file_id, "--json").value

    assert (found["file_id"], found["kind"], found["is_dry_run"]) == (file_id, "xlsx", False)
    [block] = found["blocks"]
    assert block["outcome"] == "added"
    assert block["place"] == "sheet “Prices”, rows 1 to 2"
    assert block["content"].endswith("| Team | 49 |")
    assert block["awaits_review"] is True
    stored = cli("block", "show", block["block_id"], "--json").value
    assert (stored["source"], stored["requires_user_review"]) == ("parser", True)


def test_a_dry_run_stores_nothing_and_says_so(cli: Cli, library: Library) -> None:
    file_id = library.add(handbook_docx(), "handbook.docx")
    before = library.held()

    done = cli("file", "extract", file_id, "--dry-run")

    assert "“Handbook” would give 1 block: 1 added." in done.out
    assert "accept" not in done.err
    assert library.held() == before


def test_what_was_kept_is_told(cli: Cli, library: Library) -> None:
    file_id = library.add(b"Tier,Price\nTeam,49\n", "p.csv")
    [block] = cli("file", "extract", file_id, "--json").value["blocks"]
    cli("block", "edit", block["block_id"], "--content", "Mine.")

    again = cli("file", "extract", file_id)

    assert "1 unchanged" in again.out
    assert cli("block", "show", block["block_id"], "--content").out == "Mine."


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"%PDF-1.4\n", "a.pdf", "damaged or cut off"),
        (b"PK\3\4", "a.docm", "macros"),
        (b"\x89PNG", "a.png", "no text in it that could be read"),
    ],
)
def test_a_file_without_text_is_named_with_a_reason_and_what_to_do(
    data: bytes, name: str, reason: str, cli: Cli, library: Library
) -> None:
    file_id = library.add(data, name, "Scan of\nMay")
    before = library.held()

    told, asked = cli("file", "extract", file_id), cli("file", "extract", file_id, "--json")

    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(
        f"B113 No text can be taken out of the file “Scan of May” ({file_id})"
    )
    assert reason in told.err
    assert asked.error["code"] == "B113"
    assert asked.error["hint"]
    assert library.held() == before


def test_an_id_that_is_none_or_nobodys_is_refused(cli: Cli, library: Library) -> None:
    assert cli("file", "extract", "x").code == 2
    missing = cli("file", "extract", NOWHERE)
    assert (missing.code, missing.err.split()[0]) == (4, "B307")


def test_time_is_a_setting(cli: Cli, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIEFSMITH_EXTRACT_SECONDS", "1")
    depth = 60_000
    file_id = library.add(b"<p>" + b"<i>a</i> " * depth * 8, "slow.html")

    done = cli("file", "extract", file_id)

    assert done.code == 2
    assert "longer than 1 seconds" in done.err
    assert "BRIEFSMITH_EXTRACT_SECONDS" in done.err


def test_accepting_is_for_blocks_in_use(cli: Cli) -> None:
    block = cli("block", "add", "--label", "A", "--content", "x", "--review", "--json").value
    cli("block", "archive", block["id"])

    assert cli("block", "accept", block["id"]).code == 5
    assert cli("block", "accept", NOWHERE).code == 4


def test_help_lists_the_command(cli_without_store: Cli, bare: Path) -> None:
    assert "extract" in cli_without_store("file", "--help").out
