"""One JSON document out of a model's answer: read as untrusted, written in one way only."""

import json
import math
import re
from typing import Any, NoReturn, cast

_MOST_DEPTH = 200
_FENCE = "```"
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class UnusableJson(ValueError):
    """The answer is no JSON document that can be kept; the message is a sentence that the model can act on."""


def check_document(answer: str) -> str | None:
    """Why an answer is no JSON document, in a sentence for the model; None where it is one."""
    try:
        canonical_document(answer)
    except UnusableJson as error:
        return str(error)
    return None


def canonical_document(answer: str) -> str:
    """The document of an answer with sorted keys and no white space; a code fence around it is left out.

    Numbers with a fraction become the nearest that a double can hold, as everywhere in JSON.

    Raises:
        UnusableJson: There is none, or one that cannot be kept or has two readings.
    """
    try:
        document: Any = json.loads(
            _unfenced(answer.strip()),
            object_pairs_hook=_object,
            parse_float=_number,
            parse_constant=_no_number,
        )
    except UnusableJson:
        raise
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        place = f" (character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        message = f"The answer is not one JSON document{place}."
        raise UnusableJson(message) from None
    if not isinstance(document, (dict, list)):
        message = "The answer is JSON, but neither an object nor an array."
        raise UnusableJson(message)
    _check_depth(document, _MOST_DEPTH)
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    _check_characters(text)
    return text


def _unfenced(text: str) -> str:
    """Models are used to code fences, and put one around whatever they are told."""
    first, _, rest = text.partition("\n")
    if not first.startswith(_FENCE) or not rest.rstrip().endswith(_FENCE):
        return text
    return rest.rstrip().removesuffix(_FENCE)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "An object in the answer has a key twice."
        raise UnusableJson(message)
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        message = "A number in the answer is too large."
        raise UnusableJson(message)
    return number


def _no_number(text: str) -> NoReturn:
    message = f"{text} is no number in JSON; write null."
    raise UnusableJson(message)


def _check_depth(value: Any, most: int) -> None:
    level: list[Any] = [value]
    for _ in range(most):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return
    raise _too_deep()


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _too_deep() -> UnusableJson:
    return UnusableJson(f"The answer is nested more than {_MOST_DEPTH} levels deep.")


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "The answer holds half of a surrogate pair, which is no character."
        raise UnusableJson(message) from None
    if _NUL.search(text):
        message = "The answer holds the character U+0000, which no text may hold."
        raise UnusableJson(message)
