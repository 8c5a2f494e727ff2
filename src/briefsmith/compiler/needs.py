"""Refusals of a budget that is too small, each with one that is not."""

from briefsmith.compiler.frame import FrameTokens
from briefsmith.compiler.variants import Variants
from briefsmith.errors import AskedBlocksOverBudget, FrameOverBudget


def refuse_small_frame(budget: int, frame: FrameTokens, variants: Variants) -> None:
    """Refuses a budget that the brief exceeds before any block.

    Raises:
        FrameOverBudget: It does, and this names a budget that holds the asked-for blocks too.
    """
    if frame.alone <= budget:
        return
    enough = _enough(0, frame, variants)
    message = f"The brief needs {frame.alone} tokens before any block; {budget} are allowed."
    raise FrameOverBudget(
        message,
        hint=f"Allow at least {enough} tokens.",
        details={"needed_tokens": enough, "budget_tokens": budget},
    )


def asked_over_budget(
    refused: AskedBlocksOverBudget, budget: int, room: int, frame: FrameTokens, variants: Variants
) -> AskedBlocksOverBudget:
    """What selection says of the room for blocks, said of the whole budget.

    Args:
        refused: By selection.
        budget: Of the whole brief.
        room: What it leaves for blocks.
        frame: What it does not.
        variants: Of the blocks.
    """
    enough = _enough(room, frame, variants)
    fitting = refused.details["fitting"]
    fewer = f"ask only for {', '.join(fitting)}" if fitting else "ask for shorter blocks"
    return AskedBlocksOverBudget(
        f"The brief needs {enough} tokens with the blocks asked for; {budget} are allowed.",
        hint=f"Allow at least {enough} tokens, or {fewer}.",
        details={**refused.details, "needed_tokens": enough, "budget_tokens": budget},
    )


def _enough(room: int, frame: FrameTokens, variants: Variants) -> int:
    """A budget in which the asked-for blocks fit, as in any greater one.

    Args:
        room: For blocks; less is known to be too little.
    """
    asked = variants.asked_tokens()
    return frame.around_blocks + max(room, asked) if asked else frame.alone
