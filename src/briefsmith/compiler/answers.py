"""A model's answer for a brief: checked against its blocks, made harmless, and cut to what fits."""

import json
import re
from collections.abc import Iterator, Sequence

from briefsmith.compiler.document import sha256_of
from briefsmith.compiler.fence import one_line
from briefsmith.schemas.composition import OutlineAnswer

MAX_SAID_CHARS = 240
_MAX_TITLE_CHARS = 120
_CITE = re.compile(r"B[0-9]{1,6}")
_PAIR = 2
# What goes first where not all fits: fields with how many of each stay.
_DROPPED_IN_ORDER = (
    ("open_questions", 0),
    ("contradictions", 3),
    ("outline", 3),
    ("contradictions", 0),
    ("outline", 1),
)


def answer_problem(answer: OutlineAnswer, cites: Sequence[str], nonce: str) -> str | None:
    """Why an answer cannot be used, in a sentence for the model; None where it can.

    Args:
        cites: Of the brief's blocks.
        nonce: The brief's key, which no text may hold.
    """
    return next(_problems(answer, cites, nonce), None)


def _problems(answer: OutlineAnswer, cites: Sequence[str], nonce: str) -> Iterator[str]:
    if not answer.outline:
        yield "The outline has no step."
    for number, step in enumerate(answer.outline, start=1):
        if not step.cites:
            yield f"Step {number} of the outline cites no block."
        yield from _unknown(f"Step {number} of the outline", step.cites, cites)
    for number, found in enumerate(answer.contradictions, start=1):
        where = f"Contradiction {number}"
        if len(set(found.cites)) != _PAIR:
            yield f"{where} has to cite two different blocks."
        yield from _unknown(where, found.cites, cites)
    for where, text in _texts(answer):
        if not one_line(text, MAX_SAID_CHARS):
            yield f"{where} is blank."
        if nonce in text.lower():
            yield f"{where} holds a key, and no key may stand in the answer."


def _unknown(where: str, cited: Sequence[str], cites: Sequence[str]) -> Iterator[str]:
    for cite in cited:
        if cite not in cites:
            # What is no cite may be a word of a block, and problems are kept.
            shown = cite if _CITE.fullmatch(cite) else "something that is no cite"
            yield f"{where} cites {shown}; the blocks that there are: {_named(cites)}."


def _named(cites: Sequence[str]) -> str:
    return " and ".join(cites) if len(cites) <= _PAIR else f"{cites[0]} to {cites[-1]}"


def _texts(answer: OutlineAnswer) -> Iterator[tuple[str, str]]:
    yield "The title", answer.title
    for number, step in enumerate(answer.outline, start=1):
        yield f"Step {number} of the outline", step.text
    for number, question in enumerate(answer.open_questions, start=1):
        yield f"Open question {number}", question
    for number, found in enumerate(answer.contradictions, start=1):
        yield f"Contradiction {number}", found.sentence


def clean_answer(answer: OutlineAnswer) -> OutlineAnswer:
    """The answer as it is stored and shown: each text one harmless line, each cite and pair once."""
    pairs = {frozenset(found.cites): found for found in reversed(answer.contradictions)}
    return answer.model_copy(
        update={
            "title": one_line(answer.title, _MAX_TITLE_CHARS),
            "outline": tuple(
                step.model_copy(
                    update={"text": _said(step.text), "cites": tuple(dict.fromkeys(step.cites))}
                )
                for step in answer.outline
            ),
            "open_questions": tuple(dict.fromkeys(map(_said, answer.open_questions))),
            "contradictions": tuple(
                found.model_copy(update={"sentence": _said(found.sentence)})
                for found in reversed(pairs.values())
            ),
        }
    )


def _said(text: str) -> str:
    return one_line(text, MAX_SAID_CHARS)


def answer_sha256(answer: OutlineAnswer) -> str:
    """Hash by which a snapshot knows its answer."""
    value = answer.model_dump(mode="json")
    return sha256_of(json.dumps(value, sort_keys=True, separators=(",", ":")))


def sentences_of(answer: OutlineAnswer) -> int:
    """How many steps, questions and contradictions it has."""
    return len(answer.outline) + len(answer.open_questions) + len(answer.contradictions)


def shorter_answers(answer: OutlineAnswer) -> Iterator[OutlineAnswer]:
    """The answer with ever one thing less, what matters least first; the last one has a single step."""
    for field, least in _DROPPED_IN_ORDER:
        while len(items := getattr(answer, field)) > least:
            answer = answer.model_copy(update={field: items[:-1]})
            yield answer
