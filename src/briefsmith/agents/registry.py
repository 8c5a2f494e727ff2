"""Which agents there are; each is imported when it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from briefsmith.agents.contract import Run, at_once
from briefsmith.errors import UnknownAgent
from briefsmith.schemas.reports import AUDIT_TOPIC, USAGE_TOPIC


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that keeps the store in order.

    Attributes:
        name: As commands, runs and revisions name it.
        description: What it does, in a sentence.
        load: Gives its work.
        reads_files: Opens files and asks hosts that rows name, so only on the machine of whose rows they are.
        when_named: Runs only where a person names it; it changes blocks by itself.
        topics: Of events that it reads, under its name; a worker runs it when there are some.
    """

    name: str
    description: str
    load: Callable[[], Run]
    topics: tuple[str, ...] = ()
    reads_files: bool = False
    when_named: bool = False


def _analyzer() -> Run:
    from briefsmith.agents import analyzer

    return analyzer.run


def _observer() -> Run:
    from briefsmith.agents import observer

    return at_once(observer.run)


def _researcher() -> Run:
    from briefsmith.agents import researcher

    return researcher.run


def _block_manager() -> Run:
    from briefsmith.agents import block_manager

    return at_once(block_manager.run)


# In the order in which they make sense: the last one reads what the first two report.
AGENTS = (
    Agent("analyzer", "Finds blocks that repeat or contradict each other.", _analyzer),
    Agent("observer", "Finds blocks, files and briefs that nobody looks after.", _observer),
    Agent(
        "researcher",
        "Refreshes blocks from their files, and from pages that you allowed.",
        _researcher,
        reads_files=True,
        when_named=True,
    ),
    Agent(
        "block_manager",
        "Turns what the others found into proposals to you.",
        _block_manager,
        (AUDIT_TOPIC, USAGE_TOPIC),
    ),
)


def agents_named(names: Sequence[str]) -> list[Agent]:
    """The agents, in the order in which they run; where none is named, all but those that have to be.

    Raises:
        UnknownAgent: No agent has one of the names; says which there are.
    """
    known = [agent.name for agent in AGENTS]
    wanted = [name.replace("-", "_").strip().lower() for name in names]
    for name, given in zip(wanted, names, strict=True):
        if name not in known:
            message = f"There is no agent {given!r}."
            hint = f"There are: {', '.join(known)}."
            raise UnknownAgent(message, hint=hint, details={"agents": known})
    if not wanted:
        return [agent for agent in AGENTS if not agent.when_named]
    return [agent for agent in AGENTS if agent.name in wanted]
