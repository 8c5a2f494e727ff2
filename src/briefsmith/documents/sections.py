"""Sections of a Markdown text, and which of them share a piece.

The rule, for a text that is too long for one piece (`join_sections`):

1. Headings of level 1 to 3 begin sections; deeper ones are text, as are headings without words
   and headings of more than 200 characters, which no label could show.
2. A section is small if its own text, up to the next section, has fewer than 200 characters.
3. The text of a small section that has subsections moves to the front of its first subsection.
4. A small section without subsections joins the piece before it, with its heading line, if that
   piece is its parent's or a sibling's and both fit in 1,800 characters. Where two or more such
   sections open their parent, they become the parent's piece. Without such a neighbour a small
   section stays alone.
5. A section of 200 characters or more always has a piece of its own, under its own anchor: what
   happens to other sections does not change it.
6. A heading without text joins the piece before it, or its parent's: it has no piece of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from briefsmith.documents.blocks import Block
from briefsmith.documents.labels import LABEL_CHARACTERS, slug
from briefsmith.documents.packing import Span
from briefsmith.documents.pieces import SMALL_CHARACTERS, WHOLE_CHARACTERS

_DEEPEST_LEVEL = 3


@dataclass(slots=True, eq=False)
class Section:
    """A heading and the text up to the next one; the root has level 0 and no heading line.

    Attributes:
        line: Where the heading line is; empty for the root.
        body: Text after it.
        size: Characters of the text without white space at its ends.
    """

    level: int
    path: tuple[str, ...]
    anchor: str
    parent: "Section | None"
    line: Span
    body: Span
    size: int = 0
    children: "list[Section]" = field(default_factory=list["Section"])

    @property
    def is_small_leaf(self) -> bool:
        """True for a section that rule 4 or 6 may join to another."""
        return not self.children and self.size < SMALL_CHARACTERS and self.parent is not None


@dataclass(slots=True)
class Group:
    """Sections that share a piece, under the anchor of `head`."""

    head: Section
    spans: list[Span]

    @property
    def size(self) -> int:
        """In characters."""
        return sum(span.size for span in self.spans)

    def add(self, span: Span) -> None:
        """Appends text; what touches the last span lengthens it."""
        if self.spans[-1].end == span.start:
            span = Span(self.spans.pop().start, span.end)
        self.spans.append(span)


def is_section_heading(block: Block) -> bool:
    """True for a heading that begins a section (rule 1)."""
    return 0 < block.heading_level <= _DEEPEST_LEVEL and 0 < len(block.heading) <= LABEL_CHARACTERS


def section_tree(text: str, blocks: Sequence[Block]) -> list[Section]:
    """All sections in order, the root (text before the first heading) first."""
    headings = [block for block in blocks if is_section_heading(block)]
    ends = [*(block.start for block in headings), len(text)]
    root = Section(0, (), "", None, Span(0, 0), Span(0, ends[0]))
    sections = [root]
    repeats: dict[tuple[str, str], int] = {}
    latest = root
    for block, end in zip(headings, ends[1:], strict=True):
        parent = latest
        while parent.parent is not None and parent.level >= block.heading_level:
            parent = parent.parent
        latest = Section(
            level=block.heading_level,
            path=(*parent.path, block.heading),
            anchor=_anchor(parent.anchor, slug(block.heading), repeats),
            parent=parent,
            line=Span(block.start, block.end),
            body=Span(block.end, end),
        )
        parent.children.append(latest)
        sections.append(latest)
    for section in sections:
        section.size = len(text[section.body.start : section.body.end].strip())
    return sections


def _anchor(parent: str, name: str, repeats: dict[tuple[str, str], int]) -> str:
    number = repeats[parent, name] = repeats.get((parent, name), 0) + 1
    own = name if number == 1 else f"{name}#{number}"
    return f"{parent}/{own}" if parent else own


def only_section(sections: Sequence[Section]) -> Section:
    """The deepest section that all text is in: the root, unless headings come before any text."""
    section = sections[0]
    while not section.size and len(section.children) == 1:
        section = section.children[0]
    return section


def join_sections(sections: Sequence[Section]) -> list[Group]:
    """Groups in order; every heading line is in the path of a group or in its spans."""
    groups: list[Group] = []
    waiting: list[Span] = []
    for section in sections:
        whole = Span(section.line.start, section.body.end)
        if section.is_small_leaf and (group := _host(section, groups)):
            group.add(whole)
        elif section.is_small_leaf and section.parent and _opens_parent(section):
            groups.append(Group(section.parent, [*waiting, whole]))
            waiting = []
        elif section.children and section.size < SMALL_CHARACTERS:
            waiting = [*waiting, section.body] if section.size else waiting
        elif section.size:
            groups.append(Group(section, [*waiting, section.body]))
            waiting = []
    return groups


def _host(section: Section, groups: Sequence[Group]) -> Group | None:
    """The piece that a small section joins."""
    parent = section.parent
    if not groups or parent is None:
        return None
    last = groups[-1]
    is_near = last.head is parent or last.head.parent is parent
    fits = last.size + section.line.size + section.body.size <= WHOLE_CHARACTERS
    is_first = parent.children[0] is section
    if section.size:
        return last if is_near and fits else None
    return last if is_near or not is_first else None


def _opens_parent(section: Section) -> bool:
    """True for the first subsection if it has no text, or the next one is small too."""
    siblings = section.parent.children if section.parent else []
    if siblings[0] is not section:
        return False
    return not section.size or (len(siblings) > 1 and siblings[1].is_small_leaf)
