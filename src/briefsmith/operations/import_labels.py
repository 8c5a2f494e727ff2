"""Labels for imported sections: their own, or, where it is taken, one with the file behind it."""

from collections.abc import Iterable, Iterator
from itertools import count, islice
from uuid import UUID

from briefsmith.documents.labels import one_line
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import MAX_LABEL_CHARS
from briefsmith.store import context_blocks
from briefsmith.store.context_blocks import LabelRow

_LOOKED_UP_TOGETHER = 4

Wanted = tuple[str, str, str]
"""What a file calls a section, the path of the file in its collection, and the section's anchor."""


class Labels:
    """Who has which label, in the store and in the batch that is being made.

    The database folds the case of labels in its own way, so it is asked about each of them.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, LabelRow] = {}
        self._given: set[str] = set()

    async def look_up(self, wanted: Iterable[Wanted]) -> None:
        """Asks for labels in one statement, and in a second one for what those that are taken may get."""
        pieces = list(wanted)
        await self._ask(label for label, _, _ in pieces)
        seen: set[str] = set()
        others: list[str] = []
        for piece in pieces:
            row = self._known[piece[0]]
            if row.block is not None or row.folded in seen:
                others += islice(choices(*piece), _LOOKED_UP_TOGETHER)
            seen.add(row.folded)
        await self._ask(others)

    def holder(self, label: str) -> LabelRow:
        """Who has a label that was looked up."""
        return self._known[label]

    async def give(self, wanted: Wanted, *, own: UUID | None = None) -> str:
        """The first choice that nobody has; nobody else in the batch gets it.

        Args:
            wanted: What is asked for.
            own: The block that it is for, whose present label counts as free.
        """
        offered = choices(*wanted)
        while True:
            label = next(offered)
            if label not in self._known:
                await self._ask([label, *islice(choices(*wanted), _LOOKED_UP_TOGETHER)])
            row = self._known[label]
            if row.folded not in self._given and (row.block is None or row.block.id == own):
                self._given.add(row.folded)
                return label

    async def _ask(self, labels: Iterable[str]) -> None:
        unknown = sorted(set(labels) - self._known.keys())
        if unknown:
            rows = await context_blocks.select_labels(self._session, unknown)
            self._known.update((row.label, row) for row in rows)


def choices(label: str, path: str, anchor: str) -> Iterator[str]:
    """Labels for a section, the best first, without end; each is one line of at most 500 characters."""
    yield label
    yield _with_place(label, path)
    place = f"{path}#{anchor}" if anchor else path
    if anchor:
        yield _with_place(label, place)
    for number in count(2):
        yield _with_place(label, f"{place}, {number}")


def _with_place(label: str, place: str) -> str:
    shown, most = one_line(place), MAX_LABEL_CHARS // 2
    if len(shown) > most:
        shown = "…" + shown[-most:]
    room = MAX_LABEL_CHARS - len(shown) - len(" ()")
    return f"{label[:room]} ({shown})"
