"""What an import reports."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """A file, or one entry of a file, that did not go in."""

    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RemovedPiece:
    """A block whose section is no longer in its file, or whose file is gone."""

    path: str
    label: str
    block_id: UUID
    archived: bool


@dataclass(slots=True)
class ImportReport:
    """Counts of blocks, and what a person should look at; grows while the import runs.

    Attributes:
        adopted: Blocks that another import had brought with the same label and text.
        renamed: Labels that were taken: as the file has it, and as the block got it.
    """

    files: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    adopted: int = 0
    without_vector: int = 0
    renamed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    removed: list[RemovedPiece] = field(default_factory=list[RemovedPiece])
    problems: list[ImportProblem] = field(default_factory=list[ImportProblem])
