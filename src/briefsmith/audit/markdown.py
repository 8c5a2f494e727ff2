"""References in Markdown: fenced code by its language, and exact names in code."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from markdown_it import MarkdownIt

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.javascript import read_javascript
from briefsmith.audit.python import read_python
from briefsmith.audit.source import Kind, Source
from briefsmith.audit.sql import looks_like_sql, read_sql, read_sql_file
from briefsmith.audit.text import Text, TextBuilder

_LANGUAGES: dict[str, Kind] = {
    **dict.fromkeys(("py", "python", "python3"), "python"),
    **dict.fromkeys(("sql", "postgres", "postgresql", "pgsql", "psql", "plpgsql"), "sql"),
    **dict.fromkeys(("js", "javascript", "jsx", "mjs"), "javascript"),
    **dict.fromkeys(("ts", "typescript"), "typescript"),
    "tsx": "tsx",
}
_TICKS = re.compile("`+")
# A name in code; not a part of a path, nor the name of a file.
_NAME = re.compile(
    r"(?<![\w$/-])[A-Za-z_][\w$]*(?![\w$/-]|\.(?:md|sql|py|[jt]sx?|json|csv|tsv|txt|ya?ml)\b)"
)
_REMOVED_LINE = re.compile(r"(?m)^-[^\n]*")


@cache
def _blocks() -> MarkdownIt:
    """Blocks alone: the parser of what is inside them has no bound on its time."""
    parser = MarkdownIt("zero", {"html": True})
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.enableOnly(
        [
            "code",
            "fence",
            "blockquote",
            "hr",
            "list",
            "html_block",
            "heading",
            "lheading",
            "paragraph",
        ]
    )
    return parser


def read_markdown(source: Source, gathered: Gathered) -> None:
    """References of a file."""
    if not gathered.schema.is_mentioned(source.text):
        return
    starts = [
        0,
        *(found.end() for found in re.finditer(r"\r\n|\r|\n", source.text)),
        len(source.text),
    ]
    for token in _blocks().parse(source.text):
        if token.map is None or token.type not in {"fence", "code_block", "inline"}:
            continue
        first, last = token.map
        if token.type == "inline":
            stretch = source.text[starts[first] : starts[min(last, len(starts) - 1)]]
            for start, end in _spans(stretch):
                at = starts[first] + start
                _read_span(Text(source.text[at : starts[first] + end], ((0, at),)), gathered)
        else:
            skipped = 1 if token.type == "fence" else 0
            text = _placed(token.content, source.text, starts[first + skipped :])
            words = token.info.split(maxsplit=1)
            _read_code(words[0].lower() if words else "", text, source.path, gathered)


def _placed(content: str, text: str, starts: list[int]) -> Text:
    """The lines of a block, which stand in the file behind indents and quote marks."""
    builder = TextBuilder()
    for line, start, end in zip(
        content.splitlines(keepends=True), starts, starts[1:], strict=False
    ):
        written = text[start:end].rstrip("\r\n")
        builder.add(line, start + max(len(written) - len(line.rstrip("\n")), 0))
    return builder.text()


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where code stands between backticks: a run of them is closed by the next run as long."""
    runs = [(found.start(), found.end()) for found in _TICKS.finditer(text)]
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for place, (start, end) in enumerate(runs):
        by_length[end - start].append(place)
    place = 0
    while place < len(runs):
        start, end = runs[place]
        same = by_length[end - start]
        after = bisect_right(same, place)
        if after < len(same):
            yield end, runs[same[after]][0]
            place = same[after]
        place += 1


def _read_span(text: Text, gathered: Gathered) -> None:
    if looks_like_sql(text.value) and gathered.schema.is_mentioned(text.value):
        read_sql(text, gathered)
    else:
        _read_names(text, gathered)


def _read_code(language: str, text: Text, path: str, gathered: Gathered) -> None:
    if not gathered.schema.is_mentioned(text.value):
        return
    kind = _LANGUAGES.get(language)
    inner = Gathered(gathered.schema)
    if kind == "sql":
        read_sql_file(text.value, inner)
    elif kind == "python":
        read_python(Source(path, text.value), inner)
    elif kind is not None:
        read_javascript(Source(path, text.value), kind, inner)
    for reference in inner.references.values():
        gathered.add(reference, text.offset(reference.offset))
    if kind is None or inner.problems:
        # Examples leave things out; what can still be seen in them is names.
        value = text.value
        if language == "diff":
            value = _REMOVED_LINE.sub(lambda found: " " * len(found[0]), value)
        _read_names(text.replaced(value), gathered)


def _read_names(text: Text, gathered: Gathered) -> None:
    schema = gathered.schema
    for found in _NAME.finditer(text.value):
        if found[0] in schema.removed_tables or found[0] in schema.removed_columns:
            gathered.add_removed(text.offset(found.start()), found[0])
