"""Places of values inside of JSON: `$.sns_links["my site"][0]`."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from briefsmith.schema_sync.upgrade.rows import Json

Step = str | int
Leaf = tuple[str, Json]

MAX_PLACE_CHARS = 10_000

_NAME = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
_INDEX = re.compile(r"\[([0-9]+)\]", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DECODER = json.JSONDecoder()


def below(place: str, step: Step) -> str:
    """The place of a member or of an item."""
    if isinstance(step, int):
        return f"{place}[{step}]"
    if _PLAIN.fullmatch(step):
        return f"{place}.{step}"
    return f"{place}[{json.dumps(step, ensure_ascii=False)}]"


def leaves(value: Json, place: str = "$") -> Iterator[Leaf]:
    """Everything that has nothing below it, in order: scalars, nulls, empty objects and arrays.

    An object with a key that is too long to be written before a value counts as a leaf.
    """
    waiting: list[Leaf] = [(place, value)]
    while waiting:
        here, found = waiting.pop()
        if isinstance(found, dict) and found:
            members = [(below(here, key), found[key]) for key in sorted(found, reverse=True)]
            if any(len(there) > MAX_PLACE_CHARS for there, _ in members):
                yield here, found
            else:
                waiting += members
        elif isinstance(found, list) and found:
            last = len(found) - 1
            waiting += [(below(here, last - at), item) for at, item in enumerate(reversed(found))]
        else:
            yield here, found


def read_place(text: str, start: int = 0) -> tuple[list[Step], int]:
    """The steps of a place that begins behind its `$`, and where it ends.

    Args:
        text: Something that holds a place.
        start: Where its first step begins.
    """
    steps: list[Step] = []
    at = start
    while True:
        if found := _NAME.match(text, at):
            steps.append(found[1])
            at = found.end()
        elif found := _INDEX.match(text, at):
            steps.append(int(found[1]))
            at = found.end()
        elif text.startswith('["', at):
            key, end = cast("tuple[str, int]", _DECODER.raw_decode(text, at + 1))
            steps.append(key)
            at = end + 1
        else:
            return steps, at


def assemble(found: Iterable[tuple[Sequence[Step], Json]]) -> Json:
    """The value that has these leaves, in whatever order they come."""
    root: list[Json] = [None]
    for steps, value in found:
        holder: list[Json] | dict[str, Json] = root
        at: Step = 0
        for step in steps:
            holder = _container(holder, at, step)
            at = step
        _put(holder, at, value)
    return root[0]


def _container(
    holder: list[Json] | dict[str, Json], at: Step, step: Step
) -> list[Json] | dict[str, Json]:
    """What is held at a place and has this step; made where there is nothing yet."""
    value = _get(holder, at)
    if isinstance(value, list if isinstance(step, int) else dict):
        return cast("list[Json] | dict[str, Json]", value)
    made: list[Json] | dict[str, Json] = [] if isinstance(step, int) else {}
    _put(holder, at, made)
    return made


def _get(holder: list[Json] | dict[str, Json], at: Step) -> Json:
    if isinstance(holder, list):
        return holder[at] if isinstance(at, int) and at < len(holder) else None
    return holder.get(cast("str", at))


def _put(holder: list[Json] | dict[str, Json], at: Step, value: Json) -> None:
    if isinstance(holder, list):
        assert isinstance(at, int)  # noqa: S101  a list is made for numbers alone
        holder.extend([None] * (at + 1 - len(holder)))
        holder[at] = value
    else:
        holder[cast("str", at)] = value
