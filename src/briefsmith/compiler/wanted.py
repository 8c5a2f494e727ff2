"""Blocks of the types that a kind of briefs wants: one of each, where there is one and it fits."""

from collections.abc import Sequence
from dataclasses import replace

from briefsmith.compiler.brief import compile_brief
from briefsmith.compiler.document import SourceBlock
from briefsmith.compiler.request import BriefRequest, Toolchain
from briefsmith.errors import OverBudget
from briefsmith.models.enums import BlockType


def with_wanted_types(
    request: BriefRequest,
    sources: Sequence[SourceBlock],
    tools: Toolchain,
    wanted: Sequence[BlockType],
) -> list[SourceBlock]:
    """The blocks, of which the most relevant of each wanted type is asked for where none would be in the brief.

    A type whose block does not fit beside those of the types before it stays without; that is no error.

    Raises:
        UnknownMode: No such mode.
        OverBudget: The frame, or the blocks that the person asked for, need more.
    """
    chosen = list(sources)
    # A block that comes in for one type may push out the only one of another, which then is asked for as well.
    for kind in tuple(wanted) * 2:
        chosen = _with(request, chosen, tools, kind)
    return chosen


def _with(
    request: BriefRequest, sources: list[SourceBlock], tools: Toolchain, kind: BlockType
) -> list[SourceBlock]:
    there = {part.block_id for part in compile_brief(request, sources, tools).snapshot.blocks}
    rivals = [one for one in sources if one.type is kind]
    if not rivals or any(one.block_id in there for one in rivals):
        return sources
    best = max(rivals, key=lambda one: (one.relevance, one.block_id))
    asked = [replace(one, asked=True) if one is best else one for one in sources]
    try:
        compile_brief(request, asked, tools)
    except OverBudget:
        return sources
    return asked
