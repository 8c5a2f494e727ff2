"""The packaged contract is what the migrations make, on every server, and the page is what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from briefsmith.schema_sync.contract import packaged
from briefsmith.schema_sync.describing import as_markdown
from briefsmith.schema_sync.models import check_models, row_models
from tests.conftest import Server
from tests.contract.packaged import PLACE, packaged_text
from tests.integration.servers import running, wheel_programs

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"


@pytest.fixture(scope="module")
def oldest() -> Iterator[Server]:
    """PostgreSQL 15, whose print differs most."""
    with wheel_programs() as programs, running(programs) as url:
        yield Server(url)


def test_the_packaged_contract_is_fresh(server: Server, server_16: Server, oldest: Server) -> None:
    urls = [one.migrated_database() for one in (server, server_16, oldest)]

    made = packaged_text(urls)
    for one, url in zip((server, server_16, oldest), urls, strict=True):
        one.drop(url)

    assert made == PLACE.read_text(encoding="utf-8"), "run `make contract`"


def test_the_page_of_the_schema_is_fresh() -> None:
    assert as_markdown(packaged().catalog) == PAGE.read_text(encoding="utf-8"), (
        "run `make contract`"
    )


def test_models_and_requests_agree_with_the_contract() -> None:
    assert check_models(packaged().catalog) == []
    assert len(row_models()) == 14
