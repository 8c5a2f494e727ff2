"""Refreshes the blocks that are to be refreshed, from where their texts come from.

It applies what it finds only to blocks that the person left to agents: `update_policy` auto, not locked, never under
review, and no longer than agents may make a block. Even then it goes the way of every proposal, so that it stands among
the applied ones, and the text is the agents' own, which briefs mark as less trusted. No transaction is open while
anybody is waited for.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from uuid import UUID

from briefsmith.agents.block_sources import Place, Skipped, SourceReader, SourceText, place_of
from briefsmith.agents.contract import AgentContext, AgentResult, Effect
from briefsmith.agents.refreshing import Found, Looked, refresh
from briefsmith.agents.sessions import Sessions
from briefsmith.operations.refreshable_blocks import refreshable_blocks
from briefsmith.postgres.session import Session
from briefsmith.providers.extraction.in_subprocess import SubprocessExtractor
from briefsmith.providers.extraction.sandbox import Limits
from briefsmith.providers.fetching import Fetcher, read_allowed
from briefsmith.schemas.proposals import text_sha256

STALE_DAYS = 30
_MOST_CHARS = 50_000_000


async def run(sessions: Sessions, context: AgentContext) -> Effect:
    """One look at the source of every block that is to be refreshed.

    Raises:
        InvalidSetting: BRIEFSMITH_FETCH_ALLOW names what is no host.

    Emits:
        As `refresh`.
    """
    settings = context.settings
    fetcher = Fetcher(read_allowed(settings.fetch_allow))
    limits = Limits(seconds=settings.extract_seconds, memory_mb=settings.extract_memory_mb)
    looked = await look(sessions, SourceReader(fetcher, SubprocessExtractor(limits)))

    async def effect(session: Session) -> AgentResult:
        done = await refresh(session, context.embedder, looked)
        return AgentResult(done.counts, done.notes)

    return effect


@dataclass(frozen=True, slots=True)
class _Wanted:
    block_id: UUID
    content_sha256: str
    is_stale: bool
    place: Place


async def look(sessions: Sessions, reader: SourceReader, *, stale_days: int = STALE_DAYS) -> Looked:
    """Lists the blocks in one transaction, and reads their sources after it.

    Args:
        stale_days: From when on an unchanged text is marked as refreshed.
    """
    skipped: dict[str, list[UUID]] = defaultdict(list)
    wanted: deque[_Wanted] = deque()
    async with sessions(read_only=True) as session:
        async for one in refreshable_blocks(session, stale_days=stale_days):
            place = place_of(one)
            if isinstance(place, Skipped):
                skipped[place.why].append(one.block.id)
            else:
                sha256 = text_sha256(one.block.content)
                wanted.append(_Wanted(one.block.id, sha256, one.is_stale, place))
    # Those of one file together.
    wanted = deque(sorted(wanted, key=lambda one: (str(one.place), one.block_id)))
    found: list[Found] = []
    room = _MOST_CHARS
    while wanted and room > 0:
        one = wanted.popleft()
        source = await reader.read(one.place)
        if isinstance(source, Skipped):
            skipped[source.why].append(one.block_id)
        else:
            found.append(_found(one, source))
            room -= len(found[-1].text or "")
    return Looked(tuple(found), dict(skipped), len(wanted))


def _found(wanted: _Wanted, source: SourceText) -> Found:
    is_same = source.text is not None and text_sha256(source.text) == wanted.content_sha256
    text = None if is_same else source.text
    return Found(
        wanted.block_id,
        wanted.content_sha256,
        wanted.place,
        text,
        source.sha256,
        wanted.is_stale,
    )
