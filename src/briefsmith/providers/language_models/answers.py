"""An answer's text, read as untrusted into the output that was asked for."""

import json
from typing import Any, Generic

from pydantic import BaseModel, ValidationError

from briefsmith.providers.language_models.port import Check, OutputT

_MOST_PROBLEMS = 5
_MOST_PROBLEM_CHARACTERS = 300
_FORM = (
    "Answer with one JSON object and nothing else: no words around it, no code fence. "
    "It must match this JSON Schema:\n"
)
EMPTY = "The answer is empty."


class Unusable(Exception):
    """An answer cannot be used; the message is a sentence that the model can act on."""


def schema_of(output: type[BaseModel] | type[str]) -> dict[str, Any] | None:
    """The JSON Schema of an output; None for text."""
    return output.model_json_schema() if issubclass(output, BaseModel) else None


def with_form(system: str, schema: dict[str, Any] | None) -> str:
    """The system text, with the form of the answer, which a server may not know how to enforce."""
    if schema is None:
        return system
    return f"{system}\n\n{_FORM}{json.dumps(schema, ensure_ascii=False)}"


class Reader(Generic[OutputT]):
    """Reads answers as one output.

    Args:
        output: A pydantic model, or `str`.
        check: Refuses an answer that reads well, with a sentence.
    """

    def __init__(self, output: type[OutputT], check: Check[OutputT] | None) -> None:
        self._output = output
        self._check = check

    def read(self, text: str) -> OutputT:
        """The output that the text holds.

        Raises:
            Unusable: It is empty, has another form, or does not pass the check.
        """
        if not text.strip():
            raise Unusable(EMPTY)
        value = self._parse(text)
        problem = None if self._check is None else self._check(value)
        if problem is not None:
            raise Unusable(problem)
        return value

    def _parse(self, text: str) -> OutputT:
        if not issubclass(self._output, BaseModel):
            return self._output(text)
        found = _object_in(text)
        if "\\u0000" in found:
            # The database keeps no such character.
            message = "The answer holds the character U+0000, which no text may hold."
            raise Unusable(message)
        try:
            return self._output.model_validate_json(found)
        except ValidationError as error:
            raise Unusable(_told(error)) from None


def _object_in(text: str) -> str:
    """From the first brace to the last: what is left without code fences and words around it."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _told(error: ValidationError) -> str:
    """What is wrong and where, without quoting the answer."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    problems = [
        f"{'.'.join(str(step) for step in item['loc']) or 'the answer'}: {item['msg']}"
        for item in found[:_MOST_PROBLEMS]
    ]
    more = f" (and {len(found) - _MOST_PROBLEMS} more)" if len(found) > _MOST_PROBLEMS else ""
    if found and found[0]["type"] == "json_invalid":
        return f"The answer is no JSON object: {found[0]['msg']}."[:_MOST_PROBLEM_CHARACTERS]
    return (
        f"The answer does not match the schema: {'; '.join(problems)}"[:_MOST_PROBLEM_CHARACTERS]
        + f"{more}."
    )
