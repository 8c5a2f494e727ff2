"""What a part of a brief begins within, where it does not begin at its beginning."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from briefsmith.schemas.snapshot import Snapshot


def within(markdown: str, start: int, snapshot: "Snapshot | None") -> str:
    """A sentence on the fence that a part begins inside of; empty where it begins outside.

    Args:
        markdown: The whole brief.
        start: Where the part begins.
        snapshot: Knows the key of the fences; None for a brief that was not compiled here.
    """
    if start == 0:
        return ""
    if snapshot is None:
        return "This text was not compiled here: all of it is material."
    fenced = re.compile(
        r'(?:(?<=\n)|\A)<(block|intent|instructions|media)(?: cite="([A-Z][0-9]+)")?>\n'
        rf".*?\n</\1-{re.escape(snapshot.nonce)}>(?=\n|\Z)",
        re.DOTALL,
    )
    for found in fenced.finditer(markdown):
        if found.start() < start < found.end():
            kind, cite = found[1], f" [{found[2]}]" if found[2] else ""
            end = f"</{kind}-{snapshot.nonce}>"
            said = "material" if kind in {"block", "media"} else "the person's own words"
            return f"It begins inside {kind}{cite}: what stands before the line {end} is {said}."
    return ""
