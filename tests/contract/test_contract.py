"""The packaged contract is what the migrations make, on every server, and the page is what it says."""

from pathlib import Path

from briefsmith.schema_sync.contract import packaged
from briefsmith.schema_sync.describing import as_markdown
from briefsmith.schema_sync.models import check_models, row_models
from tests.conftest import Server
from tests.contract.packaged import PLACE, packaged_text

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"


def test_the_packaged_contract_is_fresh(
    server: Server, server_16: Server, server_15: Server
) -> None:
    # PostgreSQL 15 prints most differently; what 17 adds is asked where it is started anyway.
    servers = (server, server_16, server_15)
    urls = [one.migrated_database() for one in servers]

    made = packaged_text(urls)
    for one, url in zip(servers, urls, strict=True):
        one.drop(url)

    assert made == PLACE.read_text(encoding="utf-8"), "run `make contract`"


def test_the_page_of_the_schema_is_fresh() -> None:
    assert as_markdown(packaged().catalog) == PAGE.read_text(encoding="utf-8"), (
        "run `make contract`"
    )


def test_models_and_requests_agree_with_the_contract() -> None:
    assert check_models(packaged().catalog) == []
    assert len(row_models()) == 14
