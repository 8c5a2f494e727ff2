"""Markdown to pieces: whole if it is short, else by headings, else between blocks."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from briefsmith.documents.blocks import Block, parse_blocks
from briefsmith.documents.front_matter import read_front_matter, split_front_matter
from briefsmith.documents.labels import LabelBook, path_label, readable_stem
from briefsmith.documents.packing import Span, content_of, cut_paragraph, pack, spans_between
from briefsmith.documents.pieces import (
    BLOCK_CHARACTERS,
    PART_CHARACTERS,
    WHOLE_CHARACTERS,
    Metadata,
    Piece,
)
from briefsmith.documents.refusals import refuse_unstorable, with_line_feeds
from briefsmith.documents.sections import (
    Group,
    Section,
    join_sections,
    only_section,
    section_tree,
)


def read_markdown(text: str, *, stem: str) -> list[Piece]:
    """Pieces in the order of the text; joined, they hold every line but the headings in paths.

    A body of up to 1,800 characters is one piece. A longer one is split at headings
    (`briefsmith.documents.sections` has the rule), and a section of more than 4,000 characters
    between its blocks. Code, HTML and tables are never cut.

    Args:
        text: Any line endings, no byte order mark.
        stem: File name without its extension, the title of a file that states none.

    Returns:
        Empty for a text with nothing but front matter, headings and white space.

    Raises:
        UnreadableDocument: Front matter that makes no sense, a NUL character, an unpaired
            surrogate, or a list, quote or table of more than 512 KB.
    """
    refuse_unstorable(text, what="its text")
    text = with_line_feeds(text)
    front_matter, body = split_front_matter(text)
    metadata = read_front_matter(front_matter) if front_matter is not None else Metadata()
    first_line = 1 + text.count("\n") - body.count("\n")
    blocks = list(parse_blocks(body, first_line=first_line))
    sections = section_tree(body, blocks)
    if not any(section.size for section in sections):
        return []
    title = metadata.title or _opening_title(sections, body) or readable_stem(stem)
    labels = LabelBook()
    return [
        _piece(
            group.head, part, content, labels.enter(path_label(title, group.head.path)), metadata
        )
        for group in _groups(body, sections)
        for part, content in enumerate(_parts(body, group, blocks), start=1)
    ]


def _opening_title(sections: Sequence[Section], body: str) -> str | None:
    """The only heading of level 1, if the text begins with it."""
    highest = [section for section in sections if section.level == 1]
    if len(highest) == 1 and not body[: highest[0].line.start].strip():
        return highest[0].path[0]
    return None


def _groups(body: str, sections: Sequence[Section]) -> list[Group]:
    if len(body.strip()) > WHOLE_CHARACTERS:
        return join_sections(sections)
    head = only_section(sections)
    return [Group(head, [Span(head.body.start, len(body))])]


def _parts(body: str, group: Group, blocks: Sequence[Block]) -> Iterator[str]:
    whole = content_of(body, group.spans)
    if len(whole) <= PART_CHARACTERS:
        yield whole
        return
    units = (unit for span in group.spans for unit in _units(body, span, blocks))
    for part in pack(units):
        if content := content_of(body, part):
            yield content


def _units(body: str, span: Span, blocks: Sequence[Block]) -> Iterator[Span]:
    """What may not be cut any further; a heading stays with what follows it."""
    first = bisect_left(blocks, span.start, key=lambda block: block.start)
    after = bisect_left(blocks, span.end, key=lambda block: block.start)
    inside = blocks[first:after]
    ends = [*(block.start for block in inside[1:]), span.end]
    heading_start: int | None = None
    for block, end in zip(inside, ends, strict=True):
        if block.heading_level and end - block.start <= BLOCK_CHARACTERS:
            heading_start = block.start if heading_start is None else heading_start
            continue
        for unit in _cut(body, block, Span(block.start, end)):
            yield unit if heading_start is None else Span(heading_start, unit.end)
            heading_start = None
    if heading_start is not None:
        yield Span(heading_start, span.end)


def _cut(body: str, block: Block, unit: Span) -> Iterable[Span]:
    if unit.size <= BLOCK_CHARACTERS:
        return (unit,)
    if block.kind in {"list", "quote"}:
        return spans_between(block.inner_starts, unit)
    if block.kind in {"paragraph", "heading", "loose"}:
        return cut_paragraph(body, unit)
    return (unit,)


def _piece(head: Section, part: int, content: str, label: str, metadata: Metadata) -> Piece:
    return Piece(
        anchor=head.anchor if part == 1 else f"{head.anchor}~{part}",
        label=label,
        content=content,
        heading_path=head.path,
        type=metadata.type,
        tags=metadata.tags,
        importance=metadata.importance,
        scope=metadata.scope,
        locale=metadata.locale,
        tone=metadata.tone,
    )
