"""How much a store holds."""

from briefsmith.compiler.parts import LONG_CHARACTERS
from briefsmith.postgres.session import Session
from briefsmith.store import context_blocks
from briefsmith.store.context_blocks import BlockCounts


async def count_blocks(session: Session, model: str) -> BlockCounts:
    """Blocks, archived ones, and those that have no vector of this model."""
    return await context_blocks.count_blocks(session, model, LONG_CHARACTERS)
