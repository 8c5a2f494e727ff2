"""Vectors for blocks that have none of the present model."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from briefsmith.compiler.parts import LONG_CHARACTERS
from briefsmith.operations.block_parts import embed_parts
from briefsmith.operations.embedded_texts import embedded_text, embedded_text_sha256
from briefsmith.operations.intake import OpenSession
from briefsmith.providers.embeddings import Embedder
from briefsmith.store import context_blocks

BATCH = 256


@dataclass(frozen=True, slots=True)
class ReembedProgress:
    """How far the backfill is: blocks seen, and vectors written."""

    seen: int
    written: int
    total: int


async def reembed(open_session: OpenSession, embedder: Embedder) -> AsyncGenerator[ReembedProgress]:
    """Embeds what lacks a vector of this model, a batch a transaction; stopping loses one batch at most.

    The vectors are made between transactions, so that a slow service holds no row and no snapshot.
    """
    async with open_session() as session:
        total = (
            await context_blocks.count_blocks(session, embedder.name, LONG_CHARACTERS)
        ).unembedded
    seen = written = 0
    after: UUID | None = None
    while True:
        async with open_session() as session:
            batch = await context_blocks.select_unembedded(
                session, embedder.name, LONG_CHARACTERS, after=after, limit=BATCH
            )
        if not batch:
            return
        texts = [embedded_text(block.label, block.content) for block in batch]
        vectors = await embedder.embed(texts)
        made = [(block, vector) for block, vector in zip(batch, vectors, strict=True)]
        ready = [(block, vector) for block, vector in made if vector is not None]
        async with open_session() as session:
            written += await context_blocks.update_embeddings(
                session,
                embedder.name,
                [block.id for block, _ in ready],
                [embedded_text_sha256(block.label, block.content) for block, _ in ready],
                [vector for _, vector in ready],
            )
        async with open_session() as session:
            await embed_parts(session, embedder, {block.id: block.content for block in batch})
        seen += len(batch)
        after = batch[-1].id
        yield ReembedProgress(seen, written, max(total, seen))
