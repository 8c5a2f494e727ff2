"""What one file comes apart into, and how large a piece should be."""

from dataclasses import dataclass

from briefsmith.models.enums import BlockImportance, BlockType

WHOLE_CHARACTERS = 1_800
"""A body up to this stays one piece; joined sections grow no larger than this."""
SMALL_CHARACTERS = 200
"""A section below this is joined with a neighbour."""
PART_CHARACTERS = 4_000
"""A section above this is cut between its blocks, into parts up to this."""
BLOCK_CHARACTERS = 8_000
"""A list, a quote or a paragraph above this is cut inside."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What front matter says of every piece of its file; None and () where it is silent.

    Attributes:
        title: Title of the file, one line.
        scope: One line.
        locale: BCP 47 tag.
    """

    type: BlockType | None = None
    tags: tuple[str, ...] = ()
    importance: BlockImportance | None = None
    scope: str | None = None
    locale: str | None = None
    tone: tuple[str, ...] = ()
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file that becomes one block.

    Attributes:
        anchor: Identity inside the file: slugs of the heading path joined by "/", "#2" behind a
            repeated heading, "~2" behind the second part of an oversize section; "" for the text
            before the first heading.
        label: Title and headings as `path_label` joins them, one line of at most 200 characters, unique in the file
            (case is ignored).
        content: Text as in the file, with line feeds and no blank lines at its ends.
        heading_path: Headings above the text, the highest first; their lines are not in content.
        type: None, like every field below where it is None or (), leaves the choice to the caller.
    """

    anchor: str
    label: str
    content: str
    heading_path: tuple[str, ...] = ()
    type: BlockType | None = None
    tags: tuple[str, ...] = ()
    importance: BlockImportance | None = None
    scope: str | None = None
    locale: str | None = None
    tone: tuple[str, ...] = ()
