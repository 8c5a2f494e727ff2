"""The statements about phrases of a question."""

from collections.abc import Sequence
from dataclasses import dataclass

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.store.search_parameters import HoldingParams, PhraseParams


@dataclass(frozen=True, slots=True)
class LexemesRow:
    """Words, each once."""

    lexemes: list[str]


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """Numbers of documents, in order."""

    numbers: list[int]


_SELECT_LEXEMES = statement("phrases.select_lexemes", PhraseParams, LexemesRow)
_SELECT_HOLDING = statement("phrases.select_holding", HoldingParams, HoldingRow)


async def select_lexemes(session: Session, phrases: Sequence[str], locale: str | None) -> list[str]:
    """The words of all phrases; none where each has one word at most that is no stop word."""
    params: PhraseParams = {"phrases": list(phrases), "locale": locale}
    return (await session.one(_SELECT_LEXEMES, params)).lexemes


async def select_holding(
    session: Session, phrases: Sequence[str], locale: str | None, numbers: Sequence[int]
) -> list[int]:
    """Of some documents those that hold every phrase, in order."""
    params: HoldingParams = {
        "user_id": session.actor.user_id,
        "phrases": list(phrases),
        "locale": locale,
        "numbers": list(numbers),
    }
    return (await session.one(_SELECT_HOLDING, params)).numbers
