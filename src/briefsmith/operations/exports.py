"""The verb export."""

from collections.abc import AsyncIterator

from briefsmith.documents.json_lines import HEADER_LINE, ExportedBlock, to_line
from briefsmith.models.enums import BlockStatus
from briefsmith.operations.blocks import list_blocks
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import BlockFilter


async def export_blocks(session: Session, wanted: BlockFilter | None = None) -> AsyncIterator[str]:
    """Lines of JSON Lines that import reads back without loss: a header, then a block a line.

    Args:
        wanted: Which blocks; None is all of them, archived ones too.
    """
    yield HEADER_LINE
    everything = BlockFilter(statuses=tuple(BlockStatus))
    async for block in list_blocks(session, wanted or everything):
        yield to_line(
            ExportedBlock.model_validate(block.model_dump(mode="json", exclude={"user_id"}))
        )
