"""What an agent is given, and what it gives back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from briefsmith.agents.sessions import Sessions
from briefsmith.config import Settings
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.language_models.port import LanguageModel


@dataclass(frozen=True, slots=True)
class AgentContext:
    """What an agent may use beside its sessions.

    Attributes:
        embedder: Makes vectors.
        model: None where no language model is set; the agent then works without.
        settings: What the environment decides.
        now: The database's clock, at the beginning of the run.
    """

    embedder: Embedder
    model: LanguageModel | None
    settings: Settings
    now: datetime


@dataclass(frozen=True, slots=True)
class AgentResult:
    """What a run came to.

    Attributes:
        counts: What was done, by a word for each: found, proposed, applied; no text of blocks.
        notes: Sentences for the person: what was left out, and why.
    """

    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    notes: tuple[str, ...] = ()


Effect = Callable[[Session], Awaitable[AgentResult]]
"""What an agent does to the store, in the transaction of its run's row; without effect where it raises.

Much may have changed since the agent looked: what it relies on, it looks at again."""
Run = Callable[[Sessions, AgentContext], Awaitable[Effect]]
"""An agent's work up to its effect: it looks in transactions of its own, and asks and waits while none is open."""
Work = Callable[[Session, AgentContext], Awaitable[AgentResult]]
"""What an agent does that asks nobody."""


def at_once(work: Work) -> Run:
    """The run of an agent that does all in one transaction."""

    async def run(sessions: Sessions, context: AgentContext) -> Effect:
        del sessions  # nothing to look at before

        async def effect(session: Session) -> AgentResult:
            return await work(session, context)

        return effect

    return run
