"""The top-level blocks of a Markdown text (CommonMark and tables), as places in the text.

Only block structure is parsed, chunk by chunk: a long text never becomes one large token list,
and inline markup, where parsers are slow on hostile input, is read for headings alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from briefsmith.documents.labels import one_line
from briefsmith.documents.refusals import refuse

_CHUNK_CHARACTERS = 128 * 1024
_CONTAINER_CHARACTERS = 512 * 1024
_HEADING_CHARACTERS = 1_000
_MARKUP = re.compile(r"[\\`*_\[\]<&]")
_CONTAINERS = {
    "bullet_list": "list",
    "ordered_list": "list",
    "blockquote": "quote",
    "table": "table",
}

_blocks_only = MarkdownIt("commonmark").enable("table").disable("inline")
_inline = MarkdownIt("commonmark")


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block; `start` and `end` are characters of the text, around whole lines.

    Attributes:
        kind: "heading", "paragraph", "list", "quote", "table", "fence", "html_block", …;
            "loose" for lines that yield no block (link definitions).
        heading_level: 1 to 6; 0 for what is no heading.
        heading: Text of the heading without its markup, one line.
        inner_starts: Where the items of a list or the blocks of a quote begin.
    """

    kind: str
    start: int
    end: int
    heading_level: int = 0
    heading: str = ""
    inner_starts: tuple[int, ...] = ()


def parse_blocks(text: str, *, first_line: int = 1) -> Iterator[Block]:
    """Blocks in order; every non-blank line is in exactly one of them.

    Args:
        text: With line feeds only, and without NUL.

    Raises:
        UnreadableDocument: A list, quote or table of more than 512 KB.
    """
    start, size = 0, _CHUNK_CHARACTERS
    while start < len(text):
        end = text.find("\n", start + size) + 1 or len(text)
        found = _blocks_of(text, start, end)
        settled = found if end == len(text) else _settled(found)
        if settled or end == len(text):
            yield from settled
            start, size = (settled[-1].end if end < len(text) else end), _CHUNK_CHARACTERS
        else:
            _refuse_giant(text, found, end, first_line)
            size *= 4


def _settled(blocks: list[Block]) -> list[Block]:
    """All but the last block, which may go on behind the chunk, and the loose lines around it."""
    solid = [index for index, block in enumerate(blocks) if block.kind != "loose"]
    return blocks[: solid[-2] + 1] if len(solid) > 1 else []


def _refuse_giant(text: str, blocks: list[Block], end: int, first_line: int) -> None:
    """Their tokens would take gigabytes; other kinds are one token, however long."""
    for block in blocks:
        if block.kind in _CONTAINERS.values() and end - block.start >= _CONTAINER_CHARACTERS:
            line = text.count("\n", 0, block.start) + first_line
            reason = f"the {block.kind} at line {line} is larger than 512 KB"
            refuse(reason, line=line)


def _blocks_of(text: str, start: int, end: int) -> list[Block]:
    chunk = text[start:end]
    line_starts = [start, *accumulate((len(x) + 1 for x in chunk.split("\n")), initial=start)][1:]
    line_starts[-1] = end
    blocks: list[Block] = []
    reached = start
    for tokens in _top_level(_blocks_only.parse(chunk)):
        block = _block(tokens, line_starts)
        if text[reached : block.start].strip():
            blocks.append(Block("loose", reached, block.start))
        blocks.append(block)
        reached = block.end
    if text[reached:end].strip():
        blocks.append(Block("loose", reached, end))
    return blocks


def _top_level(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens of each top-level block, its opening one first."""
    begins = [i for i, token in enumerate(tokens) if token.level == 0 and token.nesting >= 0]
    for first, after in pairwise([*begins, len(tokens)]):
        yield tokens[first:after]


def _block(tokens: list[Token], line_starts: list[int]) -> Block:
    token = tokens[0]
    first, after = token.map or (0, 0)
    start, end = line_starts[first], line_starts[after]
    name = token.type.removesuffix("_open")
    if name == "heading":
        level = int(token.tag.removeprefix("h"))
        return Block(name, start, end, heading_level=level, heading=_plain(tokens[1].content))
    kind = _CONTAINERS.get(name, name)
    if kind not in {"list", "quote"}:
        return Block(kind, start, end)
    inner = (line_starts[t.map[0]] for t in tokens if t.level == 1 and t.map and t.nesting >= 0)
    return Block(kind, start, end, inner_starts=tuple(inner))


def _plain(markup: str) -> str:
    """Heading text as it reads; a heading beyond 1,000 characters keeps its markup."""
    if len(markup) > _HEADING_CHARACTERS or not _MARKUP.search(markup):
        return one_line(markup)
    words: list[str] = []
    for token in _inline.parseInline(markup)[0].children or []:
        is_break = token.type in {"softbreak", "hardbreak"}
        words.append(" " if is_break else token.content)
    return one_line("".join(words))
