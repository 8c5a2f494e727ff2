"""Labels for imported sections: their own, or, where it is taken, one with the file behind it."""

from collections.abc import Iterable, Iterator
from itertools import count, islice
from uuid import UUID

from briefsmith.documents.labels import one_line
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import MAX_LABEL_CHARS
from briefsmith.store import context_blocks
from briefsmith.store.context_blocks import LabelRow

_AT_FIRST = 3  # alternatives that are looked up together; more are hardly ever needed
_LATER = 16


class Labels:
    """Who has which label, in the store and in the batch that is being made.

    The database folds the case of labels its own way, so it is asked for every label.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, LabelRow] = {}
        self._given: set[str] = set()

    async def look_up(self, labels: Iterable[str]) -> None:
        """Asks for all that are not known yet, in one statement."""
        unknown = sorted(set(labels) - self._known.keys())
        if unknown:
            rows = await context_blocks.select_labels(self._session, unknown)
            self._known.update((row.label, row) for row in rows)

    async def prepare(self, wanted: Iterable[tuple[str, str, str]]) -> None:
        """Looks up labels (label, path, anchor), and the alternatives of those that are taken."""
        pieces = list(wanted)
        await self.look_up(label for label, _, _ in pieces)
        folded: set[str] = set()
        alternatives: list[str] = []
        for piece in pieces:
            row = self._known[piece[0]]
            if row.block is not None or row.folded in folded:
                alternatives += islice(choices(*piece), _AT_FIRST)
            folded.add(row.folded)
        await self.look_up(alternatives)

    def holder(self, label: str) -> LabelRow:
        """The label as the database folds it, and the block that has it; it was looked up."""
        return self._known[label]

    async def give(
        self, label: str, path: str, anchor: str, *, present: str | None = None, own: UUID | None = None
    ) -> str:
        """The first choice that nobody has; nobody else in the batch gets it.

        Args:
            label: What the file calls it.
            path: In its collection.
            anchor: In its file.
            present: The label that the block has now, kept where only the case differs.
            own: The block itself, whose labels count as free.
        """
        offered = choices(label, path, anchor)
        while True:
            batch = list(islice(offered, _LATER))
            if any(choice not in self._known for choice in batch[:_AT_FIRST]):
                await self.look_up(batch)
            for choice in batch:
                row = self._known.get(choice)
                if row is None:
                    await self.look_up(batch)
                    row = self._known[choice]
                if row.folded not in self._given and (row.block is None or row.block.id == own):
                    self._given.add(row.folded)
                    return choice
