"""What all ways of importing share: a report, an embedder, and sessions to write in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from briefsmith import errors
from briefsmith.operations.embedded_texts import embedded_text
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.imports import ImportProblem, ImportReport
from briefsmith.store import events

OpenSession = Callable[[], AbstractAsyncContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Intake:
    """One import, whatever it reads."""

    open_session: OpenSession
    embedder: Embedder
    report: ImportReport = field(default_factory=ImportReport)

    async def embed(self, rows: Sequence[dict[str, Any]]) -> list[NDArray[np.float32] | None]:
        """Vectors of rows with label and content; None for all where the service does not answer."""
        texts = [embedded_text(row["label"], row["content"]) for row in rows]
        try:
            return await self.embedder.embed(texts)
        except errors.EmbedderUnavailable:
            self.report.without_vector += len(texts)
            return [None] * len(texts)

    def note_problem(self, path: str, code: str, clause: str) -> None:
        """Reports what did not go in; the clause has neither path nor full stop."""
        self.report.problems.append(ImportProblem(path, code, f"{path}: {clause}."))

    def note_left(self, path: str, label: str, status: str) -> None:
        """Reports a block whose state kept the import from changing it."""
        clause = f"the block {label!r} is {status} and was left as it is"
        self.note_problem(path, errors.WrongState.code, clause)


async def tell(session: Session, *, added: int = 0, changed: int = 0, archived: int = 0) -> None:
    """The event of a batch, where it changed something."""
    if added or changed or archived:
        payload = {"added": added, "changed": changed, "archived": archived}
        await events.insert_event(session, "import.batch", payload)
