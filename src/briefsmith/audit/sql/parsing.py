"""From a text that may hold parameters and holes to statements of PostgreSQL."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from briefsmith.audit.sql.splitting import slices
from briefsmith.audit.sql.tree import Failed, Fields, parse
from briefsmith.audit.text import HOLE, Text, TextBuilder

# What may stand where something is put in later, all as long as HOLE: a name, a value, a list, nothing.
_FILLINGS = (HOLE, "$1      ", "(null)  ", "        ")
_MOST_ATTEMPTS = 40
_LONGEST_WITH_HOLES = 100_000
_MOST_REFUSED = 500  # statements of one file; behind them a file is looked through for names alone

# Templates ({{ x }}, {% … %}, {x}, ${x}), and parameters of drivers (%(x)s, %s, :x, :'x', @x, ?).
_PARAMETER = re.compile(
    r"\{%.{0,500}?%\}|\{\{.{0,500}?\}\}|[$#]?\{[^{}\n]{0,200}\}|%\(\w{1,100}\)[a-z]|%[a-z](?!\w)"
    r"""|(?<![:\w]):(?:'[^'\n]{1,100}'|"[^"\n]{1,100}"|[A-Za-z_]\w*)|(?<![@\w])@[A-Za-z_]\w*|\?(?![|&?])""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Statements with the text that their places are in."""

    text: Text
    statements: list[Fields]


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A text that the parser refuses."""

    text: Text
    failed: Failed


def parse_text(text: Text) -> Parsed | Unparsed:
    """The statements of a text, tried with other fillings of its holes where need be."""
    found = parse(text.value)
    if not isinstance(found, Failed):
        return Parsed(text, found)
    if len(text.value) > _LONGEST_WITH_HOLES:
        return Unparsed(text, found)
    filled = _with_parameters(text)
    return (_fill(filled) if filled.holes else None) or Unparsed(text, found)


def parse_script(text: Text) -> Iterator[Parsed | Unparsed]:
    """The statements of a file; where one is wrong, the others are read all the same."""
    found = parse(text.value)
    if not isinstance(found, Failed):
        yield Parsed(text, found)
        return
    refused = 0
    for start, end in slices(text.value):
        if refused == _MOST_REFUSED:
            yield Unparsed(text.part(start, len(text.value)), Failed("too many errors before", 0))
            return
        part = parse_text(text.part(start, end))
        refused += isinstance(part, Unparsed)
        yield part


def _with_parameters(text: Text) -> Text:
    """The text with a hole for each parameter."""
    builder = TextBuilder()
    end = 0
    for found in _PARAMETER.finditer(text.value):
        builder.add_text(text.part(end, found.start()))
        builder.add_hole(text.offset(found.start()))
        end = found.end()
    if not end:
        return text
    builder.add_text(text.part(end, len(text.value)))
    return builder.text()


def _fill(text: Text) -> Parsed | None:
    """Fillings with which the parser takes it, the hole before the error changed each time."""
    chosen = dict.fromkeys(sorted(text.holes), 0)
    for _ in range(_MOST_ATTEMPTS):
        value = _filled(text.value, chosen)
        found = parse(value)
        if not isinstance(found, Failed):
            return Parsed(text.replaced(value), found)
        open_ = [at for at in chosen if at <= found.at and chosen[at] + 1 < len(_FILLINGS)]
        if not open_:
            return None
        chosen[open_[-1]] += 1
    return None


def _filled(value: str, chosen: dict[int, int]) -> str:
    parts: list[str] = []
    end = 0
    for at, choice in chosen.items():
        parts += [value[end:at], _FILLINGS[choice]]
        end = at + len(HOLE)
    return "".join([*parts, value[end:]])
