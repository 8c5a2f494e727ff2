"""Asks a model which of some pairs of blocks contradict each other: a few pairs a call, each pair once in its life."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from briefsmith.compiler.fence import check_nonce, fence
from briefsmith.errors import BriefsmithError
from briefsmith.operations.block_reports import AskedPair
from briefsmith.providers.language_models.port import LanguageModel, Request


class ContradictionAnswer(BaseModel):
    """What the model is asked for.

    Attributes:
        contradicting: Numbers of pairs, from 1.
    """

    model_config = ConfigDict(frozen=True)

    contradicting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of asking.

    Attributes:
        judged: Each pair that was answered about, and whether it contradicts.
        calls: Every request that was sent, as `Call.as_dict` has it.
        error: What stopped it; the pairs before were answered about.
    """

    judged: tuple[tuple[AskedPair, bool], ...]
    calls: tuple[dict[str, Any], ...]
    error: BriefsmithError | None = None


async def judge_pairs(
    model: LanguageModel, pairs: Sequence[AskedPair], *, together: int
) -> Judgement:
    """Asks about all pairs; where the model fails, what it said before stands.

    Args:
        model: Whom to ask.
        pairs: Not judged yet.
        together: Pairs in one call.
    """
    judged: list[tuple[AskedPair, bool]] = []
    calls: list[dict[str, Any]] = []
    for start in range(0, len(pairs), together):
        asked = pairs[start : start + together]
        try:
            answer = await model.answer(_request(asked), check=_check(len(asked)))
        except BriefsmithError as error:
            calls += error.details.get("calls", ())
            return Judgement(tuple(judged), tuple(calls), error)
        calls += [call.as_dict() for call in answer.calls]
        found = set(answer.value.contradicting)
        judged += [(pair, number in found) for number, pair in enumerate(asked, start=1)]
    return Judgement(tuple(judged), tuple(calls))


def _check(count: int) -> Any:
    def check(answer: ContradictionAnswer) -> str | None:
        wrong = sorted(set(answer.contradicting) - set(range(1, count + 1)))
        if wrong:
            return f"There is no pair {wrong[0]}; the pairs are numbered from 1 to {count}."
        return None

    return check


def _request(pairs: Sequence[AskedPair]) -> Request[ContradictionAnswer]:
    texts = [text for pair in pairs for text in (pair.one.content, pair.other.content)]
    key = _key(texts)
    parts = [f"KEY is {key} below. There are {len(pairs)} pairs."]
    for number, pair in enumerate(pairs, start=1):
        parts.append(fence("block", key, pair.one.content, f"A{number}"))
        parts.append(fence("block", key, pair.other.content, f"B{number}"))
    return Request(
        system=_rules(),
        user="\n\n".join(parts),
        output=ContradictionAnswer,
    )


def _key(texts: Iterable[str]) -> str:
    """A key that none of the texts holds."""
    held = list(texts)
    while not check_nonce(key := secrets.token_hex(16), held):
        continue
    return key


@cache
def _rules() -> str:
    path = files("briefsmith.agents") / "prompts" / "contradictions.md"
    return path.read_text(encoding="utf-8").strip()
