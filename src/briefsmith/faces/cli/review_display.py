"""How a proposal looks: what happens to each block, and the change as a difference of texts."""

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from briefsmith.faces.cli.output import note, one_line, write, write_difference_line
from briefsmith.faces.cli.running import command_line

if TYPE_CHECKING:
    from briefsmith.operations.reviews import ShownBlock, ShownProposal

_CONTEXT_LINES = 3
_LABEL_CHARS = 80
_FACT_INDENT = 13
_UNCHANGED_LINES = 20
_ARCHIVED = "(archived)"
_NOTHING = "(nothing)"
_HAPPENS = {
    "change": "is changed",
    "archive": "is archived",
    "merge": "goes into the new block, and is archived",
    "keep": "stays as it is",
}


def write_proposal(shown: "ShownProposal") -> None:
    """The whole of a proposal, for a person who decides."""
    proposal = shown.proposal
    write(f"{proposal.action}, {proposal.status}")
    facts = {
        "id": proposal.id,
        "made": f"{proposal.created_at:%Y-%m-%d %H:%M} UTC",
        "reason": proposal.reason,
        "event": proposal.source_event,
        "decided": proposal.decided_at and f"{proposal.decided_at:%Y-%m-%d %H:%M} UTC",
        "by": proposal.decided_by,
        "because": shown.data and shown.data.rejection,
        "made block": shown.data and shown.data.made,
    }
    for name, value in facts.items():
        if value:
            lines = str(value).replace("\n", "\n" + " " * _FACT_INDENT)
            write(f"  {name:<{_FACT_INDENT - 2}}{lines}")
    if shown.data is None:
        note("It was not written by Briefsmith, and cannot be applied.")
        return
    write("")
    for block in shown.blocks:
        _write_block(block, is_pending=proposal.status == "pending")
    if shown.data.redacted:
        note("A block in it was purged, and its text is gone from here as well.")
    for line in difference(shown):
        write_difference_line(line)
    if proposal.status == "pending":
        note("")
        is_as_proposed = all(block.is_as_proposed for block in shown.blocks)
        way, does = (
            ("approve", "does it") if is_as_proposed else ("reject", "takes it off the list")
        )
        note(f"`{command_line('review', way, str(proposal.id))}` {does}.")


def _write_block(block: "ShownBlock", *, is_pending: bool) -> None:
    known = block.then or block.now
    label = "a block that is gone" if known is None else f"“{one_line(known.label, _LABEL_CHARS)}”"
    happens = _HAPPENS[block.touched.part]
    write(f"  {block.touched.block_id}  {label}, version {block.touched.version}, {happens}")
    if is_pending and not block.is_as_proposed:
        now = "it was purged" if block.now is None else f"it is at version {block.now.version}"
        write(f"      it has moved on: {now}, so this cannot be applied any more")


def difference(shown: "ShownProposal") -> Iterator[str]:
    """Lines of unified differences, without line ends: of each text that changes, goes, or goes into another one."""
    data = shown.data
    if data is None:
        return
    for block in shown.blocks:
        before = block.then or block.now
        if before is None:
            continue
        part, old = block.touched.part, (before.label, before.content)
        if part == "change" and data.changes is not None:
            new = (data.changes.label or old[0], data.changes.content or old[1])
            yield from _difference(*old, *new)
        elif part == "merge" and data.new is not None:
            yield from _difference(*old, data.new.label, data.new.content)
        elif part == "archive":
            yield from _difference(*old, _ARCHIVED, "")
        elif part == "keep" and data.rule == "keep_one":
            yield from _difference(*old, *old)
    if data.new is not None and not data.parts("merge"):
        yield from _difference(_NOTHING, "", data.new.label, data.new.content)


def _difference(old_label: str, old: str, label: str, text: str) -> Iterator[str]:
    yield ""
    yield f"--- {one_line(old_label, _LABEL_CHARS)}"
    yield f"+++ {one_line(label, _LABEL_CHARS)}"
    if old == text:
        yield from (f" {line}" for line in text.split("\n")[:_UNCHANGED_LINES])
        return
    before, after = ([] if one == "" else one.split("\n") for one in (old, text))
    lines = difflib.unified_diff(before, after, n=_CONTEXT_LINES, lineterm="")
    yield from list(lines)[2:]  # the names stand there already


def proposal_values(shown: "ShownProposal") -> dict[str, Any]:
    """A proposal for programs."""
    return {
        **shown.proposal.model_dump(mode="json"),
        "blocks": [_block_values(block) for block in shown.blocks],
        "difference": list(difference(shown)),
    }


def _block_values(block: "ShownBlock") -> dict[str, Any]:
    known = block.then or block.now
    return {
        **block.touched.model_dump(mode="json"),
        "label": known.label if known else None,
        "now_version": block.now.version if block.now else None,
        "is_as_proposed": block.is_as_proposed,
    }
