"""What a run tells while it goes on."""

from dataclasses import dataclass
from typing import Literal

from briefsmith.agents.run_plan import RunPlan
from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.providers.language_models.port import Usage
from briefsmith.providers.receivers.port import Try


@dataclass(frozen=True, slots=True)
class RunStarted:
    """What is about to be done.

    Attributes:
        model: Who is asked; None for a prompt block, for which nobody is.
        receiver: Where the output goes afterwards; None for standard output.
    """

    plan: RunPlan
    model: str | None
    receiver: str | None


@dataclass(frozen=True, slots=True)
class RunStored:
    """What a run came to, now that it is stored.

    Attributes:
        is_cut_off: Whether the limit of tokens ended it.
    """

    output: TaskBriefOutput
    usage: Usage
    is_cut_off: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """An output that its receiver has.

    Attributes:
        receiver: Which one; empty for standard output.
        tries: The last one is the one that arrived; none for standard output, which is left to the caller.
    """

    output: TaskBriefOutput
    kind: Literal["stdout", "file", "webhook"]
    receiver: str = ""
    tries: tuple[Try, ...] = ()


RunItem = RunStarted | str | RunStored | Delivered
