"""Opening a store looks for the columns that the contract has."""

from briefsmith.schema_sync.contract import packaged
from briefsmith.sql import columns
from tests.contract.columns import PLACE, columns_text


def test_the_columns_looked_for_are_those_of_the_contract() -> None:
    assert PLACE.read_text("utf-8") == columns_text(packaged())
    assert "public.context_blocks.feedback_score" in columns()
    assert "public.view_block_usage_summary.usage_modes" in columns()
