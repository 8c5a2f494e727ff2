"""In what two briefs differ: text, blocks and settings."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from briefsmith.schemas.snapshot import Snapshot, SnapshotBlock

_SHOWN_KEY = "KEY"
_COMPARED = ("version", "content_sha256", "transformation", "spans", "tokens")
_CONTEXT_LINES = 3
_NO_END = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class BriefSide:
    """One of the two.

    Attributes:
        name: What it is called in the difference of the texts.
        snapshot: None for a brief that was not compiled here.
        settings: What else it was made with, by name; JSON-compatible.
    """

    name: str
    text: str
    snapshot: Snapshot | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BlockDifference:
    """A block that is in one brief only, or is not the same in both; None on the side that lacks it."""

    block_id: UUID
    a: SnapshotBlock | None
    b: SnapshotBlock | None

    @property
    def changed(self) -> tuple[str, ...]:
        """What differs where both have it."""
        if self.a is None or self.b is None:
            return ()
        return tuple(name for name in _COMPARED if getattr(self.a, name) != getattr(self.b, name))


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A setting with its two values; None where a side has none."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class BriefDifference:
    """All differences.

    Attributes:
        text: Lines of a unified diff without line ends; none where the texts are the same. Each brief has a
            random key, which is no difference, and stands as KEY in both.
        blocks: Those of the first brief in its order, then those that only the second has.
        settings: By name.
    """

    text: tuple[str, ...]
    blocks: tuple[BlockDifference, ...]
    settings: tuple[SettingDifference, ...]

    @property
    def is_same(self) -> bool:
        """There is no difference."""
        return not (self.text or self.blocks or self.settings)


def compare_sides(a: BriefSide, b: BriefSide) -> BriefDifference:
    """In what the second differs from the first."""
    return BriefDifference(
        text=tuple(_text_difference(a, b)),
        blocks=tuple(_block_differences(a.snapshot, b.snapshot)),
        settings=tuple(_setting_differences(_settings(a), _settings(b))),
    )


def _text_difference(a: BriefSide, b: BriefSide) -> Iterator[str]:
    old, new = _lines(a), _lines(b)
    # Only "\n" ends a line here: the texts of blocks hold every other character that Python takes for an end.
    for line in difflib.unified_diff(old, new, a.name, b.name, n=_CONTEXT_LINES, lineterm="\n"):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield _NO_END


def _lines(side: BriefSide) -> list[str]:
    text = side.text
    if side.snapshot is not None:
        text = text.replace(side.snapshot.nonce, _SHOWN_KEY)
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def _block_differences(a: Snapshot | None, b: Snapshot | None) -> Iterator[BlockDifference]:
    first = {entry.block_id: entry for entry in a.blocks} if a else {}
    second = {entry.block_id: entry for entry in b.blocks} if b else {}
    for block_id in {**first, **second}:
        difference = BlockDifference(block_id, first.get(block_id), second.get(block_id))
        if difference.a is None or difference.b is None or difference.changed:
            yield difference


def _settings(side: BriefSide) -> dict[str, Any]:
    settings = dict(side.settings)
    if (made := side.snapshot) is not None:
        settings |= {
            "budget_tokens": made.budget_tokens,
            "mode": made.mode,
            "tokenizer": made.tokenizer,
            "embedding_model": made.embedding_model,
            "package_version": made.package_version,
            "selector": made.selector.name,
        }
        settings |= {f"selector.{name}": value for name, value in made.selector.settings.items()}
    return settings


def _setting_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[SettingDifference]:
    for name in sorted({**a, **b}):
        if a.get(name) != b.get(name):
            yield SettingDifference(name, a.get(name), b.get(name))
