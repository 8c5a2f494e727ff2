"""Errors as an agent gets them: code, sentence, what to change; no traceback, and no inside."""

import json
import re
import secrets
import sys
import traceback
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from fastmcp.tools.base import ToolResult
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent
from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from briefsmith.config import wants_traceback
from briefsmith.errors import BriefsmithError, Bug, InvalidInput
from briefsmith.faces.errors import protocol_code
from briefsmith.faces.mcp.answers import Material, paragraphs, shown

P = ParamSpec("P")
T = TypeVar("T")

META = "briefsmith/error"
_COMMAND = re.compile(r"`briefsmith ((?:[a-z]+)(?: [a-z]+)?)([^`]*)`")
_TOOLS = {
    "block list": "`find_context`",
    "block search": "`find_context`",
    "block show": "`read_block`",
    "block add": "`add_block`",
    "block edit": "`propose_change`",
    "brief show": "`read_brief`",
    "brief feedback": "`give_feedback`",
}
_BY_PERSON = "Only the person can run that, in a terminal; ask for it."
_CHANGE = "Change the arguments; the tool's input schema says what it takes."
_MOST_PROBLEMS = 10
_MOST_DETAIL_CHARS = 4_000
_PROBLEM_CHARS = 300


def served(
    read: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """The reading of a resource or a prompt, with refusals and faults as errors of the protocol."""

    @wraps(read)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await read(*args, **kwargs)
        except BriefsmithError as error:
            raise protocol_error(error) from error
        except Exception as error:
            raise protocol_error(incident(error)) from error

    return run


def refusal(error: BriefsmithError) -> ToolResult:
    """The result of a tool that could not do what it was asked for."""
    return ToolResult(
        content=[TextContent(type="text", text=_told(error))],
        meta={META: _plain(error)},
        is_error=True,
    )


def protocol_error(error: BriefsmithError) -> MCPError:
    """The same where there is no result to put it into."""
    code = protocol_code(type(error))
    return MCPError(code=code, message=_sentences(error), data=_plain(error))


def incident(error: Exception) -> Bug:
    """A fault of ours: its id for the agent, its kind for the log."""
    number = secrets.token_hex(4)
    sys.stderr.write(f"briefsmith mcp: incident {number}: {type(error).__name__}\n")
    if wants_traceback():
        traceback.print_exception(error)
    message = f"Something went wrong inside Briefsmith, incident {number}."
    hint = "Tell the person, with the incident; BRIEFSMITH_TRACEBACK=1 has the log say more."
    return Bug(message, hint=hint, details={"incident": number})


def invalid(error: ValidationError) -> InvalidInput:
    """What is wrong with arguments, without repeating them."""
    listed = error.errors(include_url=False, include_input=False)
    found = [
        {"argument": _place(item["loc"]), "problem": _problem(item)}
        for item in listed[:_MOST_PROBLEMS]
    ]
    message = f"{found[0]['argument']}: {found[0]['problem']}."
    details = {"problems": found} if len(found) > 1 else {}
    return InvalidInput(message, hint=_CHANGE, details=details)


def _place(place: tuple[int | str, ...]) -> str:
    return _cut(".".join(str(part) for part in place)) or "arguments"


def _problem(item: ErrorDetails) -> str:
    """What is wrong with one of them, as the end of a sentence."""
    context = item.get("ctx", {})
    if item["type"] in {"too_long", "too_short"} and context.get("field_type") == "Value":
        # Of a text that was read first.
        bounds = {"max_length": "at most", "min_length": "at least"}
        name = next(name for name in bounds if name in context)
        count = context["actual_length"]
        return f"it has {count} characters, and {bounds[name]} {context[name]} are taken"
    said = item["msg"].removeprefix("Value error, ")
    return _cut(said[:1].lower() + said[1:])


def _cut(text: str) -> str:
    return text if len(text) <= _PROBLEM_CHARS else text[:_PROBLEM_CHARS] + "…"


def hint_for_agents(hint: str) -> str:
    """The hint with tools in the place of commands; what only a person can do is said to be so."""
    if hint == InvalidInput.default_hint:
        return _CHANGE
    told = _COMMAND.sub(lambda found: _TOOLS.get(found[1], found[0]), hint)
    return f"{told} {_BY_PERSON}" if _COMMAND.search(told) else told


def _sentences(error: BriefsmithError) -> str:
    told = shown(f"{error.code} {error.message}")
    hint = hint_for_agents(error.hint)
    return f"{told}\nWhat to do: {shown(hint)}" if hint else told


def _told(error: BriefsmithError) -> str:
    if not error.details:
        return _sentences(error)
    # Both sides of a conflict hold texts of blocks.
    details = json.dumps(_plain(error)["details"], ensure_ascii=False)
    if len(details) > _MOST_DETAIL_CHARS:
        details = details[:_MOST_DETAIL_CHARS] + "…"
    material = Material([details])
    fenced = material.fence("details", details)
    return paragraphs([_sentences(error), material.rule("details"), fenced])


def _plain(error: BriefsmithError) -> dict[str, Any]:
    body = {**error.as_dict(), "hint": hint_for_agents(error.hint)}
    return json.loads(to_json(body, serialize_unknown=True, inf_nan_mode="null"))
