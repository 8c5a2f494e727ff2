"""The tables behind a brief: what is in it and why, and what is not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from briefsmith.faces.cli.output import counted, one_line, write
from briefsmith.faces.cli.table import Column, number, table, text

if TYPE_CHECKING:
    from briefsmith.compiler.select import Selection
    from briefsmith.schemas.composition import Composition
    from briefsmith.schemas.snapshot import Snapshot, SnapshotBlock, SnapshotLeftOut

Labels = Mapping[UUID, str]
Parts = Mapping[str, float]

_SHOWN = 10
_LABEL_CHARS = 120
# What a block's worth is the product of; `worth` comes first, short names save places.
_FACTORS = {
    "relevance": "relev",
    "importance": "import",
    "feedback": "feedb",
    "freshness": "fresh",
    "size": "size",
    "novelty": "novel",
}
# Not found out for a block that is not relevant enough.
_OF_RIVALS = frozenset({"size", "novelty"})
_REASONS = {
    "not-relevant-enough": "not relevant enough",
    "duplicate": "says the same",
    "over-budget": "over the budget",
}


def left_out_parts(selection: "Selection | None") -> dict[UUID, dict[str, float]]:
    """The parts of the score of each block left out; none for a brief of the past."""
    left_out = selection.left_out if selection else ()
    return {
        out.candidate.block_id: {
            name: value
            for name, value in out.parts.as_dict().items()
            if value is not None and (out.parts.relevance > 0 or name not in _OF_RIVALS)
        }
        for out in left_out
    }


def _parts_of(snapshot: "Snapshot", selection: "Selection | None") -> Mapping[UUID, Parts]:
    """Of the blocks left out; what the snapshot keeps comes first, so that both say the same."""
    kept = {part.block_id: part.parts for part in snapshot.left_out if part.parts is not None}
    return {**left_out_parts(selection), **kept}


def outline_way(made: "Composition") -> str:
    """Who made a brief's outline, and why no model did."""
    if made.failure is not None:
        code = f" ({made.failure.code})" if made.failure.code else ""
        return f"Made without a model{code}: {made.failure.sentence}"
    used = made.usage
    requests = "" if used.requests == 1 else f" in {used.requests} requests"
    way = (
        f"Outline by {made.model}: {used.input_tokens} tokens in, {used.output_tokens} out, "
        f"{used.seconds:.1f} s{requests}."
    )
    if made.dropped:
        way += f" The budget did not hold {counted(made.dropped, 'sentence')} of it."
    return way


def write_selection(
    snapshot: "Snapshot", labels: Labels, selection: "Selection | None", *, explain: bool
) -> None:
    """The blocks used, those left out, and the tokens.

    Args:
        snapshot: Of the brief.
        labels: Of the blocks that there still are.
        selection: How the brief came about; None for one of the past.
        explain: Show the parts of each score, and all that was left out.
    """
    write("")
    if not snapshot.blocks:
        write("No block is in it.")
    elif explain:
        _write_used_explained(snapshot, labels)
    else:
        _write_used(snapshot, labels)
    if snapshot.left_out:
        write("")
        if explain:
            _write_left_out_explained(snapshot, labels, _parts_of(snapshot, selection))
        else:
            _write_left_out(snapshot, labels)
    write("")
    write(
        f"{snapshot.rendered_tokens} of {snapshot.budget_tokens} tokens "
        f"({snapshot.tokenizer}), sha256 {snapshot.rendered_sha256[:12]}"
    )


def _label(block_id: UUID, labels: Labels) -> str:
    return one_line(labels.get(block_id, f"{block_id} (purged)"), _LABEL_CHARS)


def _write_used(snapshot: "Snapshot", labels: Labels) -> None:
    columns = (Column("cite"), text("label"), Column("why"), Column("how"), number("tokens"))
    with table(*columns, title="Blocks used") as rows:
        for part in snapshot.blocks:
            rows.add(
                part.cite,
                _label(part.block_id, labels),
                _why(part),
                part.transformation,
                str(part.tokens),
            )


def _why(part: "SnapshotBlock") -> str:
    if "asked" in part.parts:
        return "asked for"
    why = f"relevance {part.parts['relevance']:.2f}"
    if part.parts["importance"] > 1:
        return f"{why}, important"
    return f"{why}, unimportant" if part.parts["importance"] < 1 else why


def _write_used_explained(snapshot: "Snapshot", labels: Labels) -> None:
    names = ("worth", *_FACTORS.values(), "tokens")
    columns = (Column("cite"), *map(number, names), Column("how"), text("label"))
    with table(*columns, title="Blocks used") as rows:
        for part in snapshot.blocks:
            worth = "asked" if "asked" in part.parts else f"{part.score:.3f}"
            rows.add(
                part.cite,
                worth,
                *_factors(part.parts),
                str(part.tokens),
                part.transformation,
                _label(part.block_id, labels),
            )


def _factors(parts: Parts) -> list[str]:
    return [_factor(parts, name) if name in parts else "-" for name in _FACTORS]


def _factor(parts: Parts, name: str) -> str:
    if name == "feedback" and "feedback_score" in parts:
        # And what it comes from: the score, of how many briefs' worth of evidence.
        record = f"{parts['feedback_score']:.2f} of {parts.get('feedback_weight', 0):.1f}"
        return f"{parts[name]:.2f} ({record})"
    return f"{parts[name]:.2f}"


def _write_left_out(snapshot: "Snapshot", labels: Labels) -> None:
    title = f"Left out ({len(snapshot.left_out)})"
    with table(text("label"), Column("reason"), title=title) as rows:
        for part in snapshot.left_out[:_SHOWN]:
            rows.add(_left_label(part, labels), _REASONS.get(part.reason, part.reason))
    if len(snapshot.left_out) > _SHOWN:
        write(f"... and {len(snapshot.left_out) - _SHOWN} more; --explain lists all.")


def _left_label(part: "SnapshotLeftOut", labels: Labels) -> str:
    label = _label(part.block_id, labels)
    if part.duplicate_of is None:
        return label
    return f"{label} (as “{_label(part.duplicate_of, labels)}”)"


def _write_left_out_explained(
    snapshot: "Snapshot", labels: Labels, parts: Mapping[UUID, Parts]
) -> None:
    is_searched = any(part.enters_at_tokens is not None for part in snapshot.left_out)
    columns = [number("worth")]
    columns += map(number, _FACTORS.values() if parts else ())
    columns += [number("enters at")] if is_searched else []
    title = f"Left out ({len(snapshot.left_out)})"
    with table(*columns, Column("reason"), text("label"), title=title) as rows:
        for part in snapshot.left_out:
            rows.add(
                f"{part.score:.3f}",
                *(_factors(parts.get(part.block_id, {})) if parts else ()),
                *((_enters(part),) if is_searched else ()),
                _REASONS.get(part.reason, part.reason),
                _left_label(part, labels),
            )
    if is_searched:
        write("“enters at”: about the smallest --budget at which the block comes in.")


def _enters(part: "SnapshotLeftOut") -> str:
    if part.enters_at_tokens is not None:
        return str(part.enters_at_tokens)
    return "never" if part.reason == "over-budget" else "-"
