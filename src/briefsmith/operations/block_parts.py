"""Vectors of the parts of long blocks, beside the vector of the whole."""

from collections.abc import Mapping
from uuid import UUID

from briefsmith import errors
from briefsmith.compiler.parts import LONG_CHARACTERS, parts_of
from briefsmith.operations.embedded_texts import embedded_text
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.store import block_parts
from briefsmith.store.block_parts import NewPart


async def embed_parts(session: Session, embedder: Embedder, texts: Mapping[UUID, str]) -> None:
    """Embeds the parts of those blocks that are long and have none of this model.

    Where the embedding service does not answer, they stay without, and `reembed` adds them.

    Args:
        texts: Contents by the ids of their blocks.
    """
    ids = [block_id for block_id, text in texts.items() if len(text) > LONG_CHARACTERS]
    if not ids:
        return
    long = await block_parts.select_long(session, ids, embedder.name, characters=LONG_CHARACTERS)
    cut = [
        (block.id, place, embedded_text(block.label, part))
        for block in long
        for place, part in enumerate(parts_of(block.content), start=1)
    ]
    if not cut:
        return
    try:
        vectors = await embedder.embed([text for _, _, text in cut])
    except errors.EmbedderUnavailable:
        return
    made = [
        NewPart(block_id, place, vector)
        for (block_id, place, _), vector in zip(cut, vectors, strict=True)
        if vector is not None
    ]
    if made:
        await block_parts.insert_parts(session, embedder.name, made)
