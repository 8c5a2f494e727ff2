"""The block 'Kept from the old database': a line for each value that no column holds, to be read by people."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from briefsmith.schema_sync.upgrade.exact_json import dumps, loads
from briefsmith.schema_sync.upgrade.identities import made_id
from briefsmith.schema_sync.upgrade.labels import Labels
from briefsmith.schema_sync.upgrade.places import MAX_PLACE_CHARS, Step, leaves, read_place
from briefsmith.schema_sync.upgrade.rows import Json, NewRow, Source
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS

LABEL = "Kept from the old database"
TAG = "kept"

_HEAD = (
    "What the old database held and no column of the new one can hold.\n"
    "A line is: table, row, place in the row = value as JSON.\n\n"
)
_LINE = re.compile(r"(\S+) (\S+) \$")
_BEHIND = re.compile(r"(?: \(part ([0-9]+) of [0-9]+\))? = ", re.ASCII)
# Room for what stands before a value: table, row, place and number of the part.
_BEFORE = MAX_PLACE_CHARS + 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A value, or a part of its text, at its place in a legacy row.

    Attributes:
        part: Where it stands among the parts; 0 for a value that is whole.
    """

    table: str
    key: str
    steps: tuple[Step, ...]
    part: int
    text: str


def lines_of(table: str, key: str, place: str, value: Json) -> Iterator[tuple[Source, str]]:
    """A line for each leaf, or several where its text is longer than a block."""
    most = MAX_CONTENT_CHARS - len(_HEAD) - _BEFORE
    for here, leaf in leaves(value, place):
        source = Source(table, key, here)
        text = dumps(leaf)
        before = f"{table} {key} {here}"
        if len(text) <= most:
            yield source, f"{before} = {text}"
            continue
        parts = [text[start : start + most] for start in range(0, len(text), most)]
        for number, part in enumerate(parts, 1):
            yield source, f"{before} (part {number} of {len(parts)}) = {part}"


def read_line(line: str) -> Kept:
    """What a line says."""
    found = _LINE.match(line)
    assert found is not None, "no line of ours"  # noqa: S101  only lines made above are read
    steps, end = read_place(line, found.end())
    behind = _BEHIND.match(line, end)
    assert behind is not None, "no line of ours"  # noqa: S101
    return Kept(found[1], found[2], tuple(steps), int(behind[1] or 0), line[behind.end() :])


def read_lines(lines: Iterable[str]) -> Iterator[tuple[tuple[str, str], tuple[Step, ...], Json]]:
    """The values of lines in any order: row, place and value."""
    split: dict[tuple[str, str, tuple[Step, ...]], list[tuple[int, str]]] = {}
    for kept in map(read_line, lines):
        if kept.part:
            place = (kept.table, kept.key, kept.steps)
            split.setdefault(place, []).append((kept.part, kept.text))
        else:
            yield (kept.table, kept.key), kept.steps, loads(kept.text)
    for (table, key, steps), parts in split.items():
        yield (table, key), steps, loads("".join(text for _, text in sorted(parts)))


def body_of(content: str) -> list[str]:
    """The lines of a block."""
    return content.removeprefix(_HEAD).split("\n")


def pack(
    found: Iterable[tuple[Source, str]], room: int
) -> Iterator[tuple[list[Source], list[str]]]:
    """Lines in as few blocks as hold them.

    Args:
        room: Characters that a block has for lines.
    """
    sources: list[Source] = []
    lines: list[str] = []
    used = 0
    for source, line in found:
        if lines and used + len(line) + 1 > room:
            yield sources, lines
            sources, lines, used = [], [], 0
        sources.append(source)
        lines.append(line)
        used += len(line) + 1
    if lines:
        yield sources, lines


def blocks_of(
    user_id: UUID, found: Sequence[tuple[Source, str]], labels: Labels, *, vectors: bool = False
) -> Iterator[NewRow]:
    """The blocks of a person; nearly always one.

    Args:
        vectors: These are numbers that nobody reads: the block is archived, so that no search finds it.
    """
    room = MAX_CONTENT_CHARS - len(_HEAD)
    for number, (sources, lines) in enumerate(pack(found, room), 1):
        kind = "vectors" if vectors else "values"
        label = f"{LABEL}: vectors" if vectors else LABEL
        values: dict[str, Json] = {
            "user_id": str(user_id),
            "type": "reference",
            "label": label if vectors else labels.take(label),
            "content": _HEAD + "\n".join(lines),
            "source": "imported",
            "status": "archived" if vectors else "active",
            "importance": "low",
            "meta_tags": [TAG],
            # It enters no brief before somebody has looked at it.
            "requires_user_review": True,
        }
        new_id = made_id(TAG, str(user_id), kind, str(number))
        yield NewRow("context_blocks", new_id, values, tuple(dict.fromkeys(sources)))
