"""What an agent is given, and what it gives back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from briefsmith.config import Settings
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.language_models.port import LanguageModel


@dataclass(frozen=True, slots=True)
class AgentContext:
    """What an agent may use beside its session.

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


Run = Callable[[Session, AgentContext], Awaitable[AgentResult]]
"""An agent's work in one transaction; without effect where it raises."""
