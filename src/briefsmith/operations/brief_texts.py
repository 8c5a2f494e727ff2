"""The texts that a brief was made of, each as it was then."""

from uuid import UUID

from briefsmith.compiler.document import BlockText
from briefsmith.models.enums import BlockSource, BlockType
from briefsmith.postgres.session import Session
from briefsmith.schemas.snapshot import Snapshot
from briefsmith.store import block_revisions


async def texts_then(session: Session, snapshot: Snapshot) -> dict[UUID, BlockText]:
    """The blocks of a snapshot at the versions that it names; those that are gone are missing.

    Nobody has looked yet whether the texts are those that the snapshot has the hashes of.
    """
    wanted = [(part.block_id, part.version) for part in snapshot.blocks]
    rows = await block_revisions.select_versions(session, wanted)
    texts: dict[UUID, BlockText] = {}
    for row in rows:
        try:
            texts[row.block_id] = BlockText(
                version=row.version,
                label=str(row.snapshot["label"]),
                type=BlockType(row.snapshot["type"]),
                source=BlockSource(row.snapshot["source"]),
                content=str(row.snapshot["content"]),
            )
        except (KeyError, ValueError):
            # A revision that somebody wrote by hand is as good as none.
            continue
    return texts
