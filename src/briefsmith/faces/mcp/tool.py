"""A tool: arguments as a model, an answer as a model, refusals and faults as results."""

from collections.abc import Awaitable, Callable
from inspect import getdoc
from typing import Any, TypeVar, cast

from fastmcp import Context
from fastmcp.exceptions import NotFoundError
from fastmcp.server.dependencies import get_context
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import Tool, ToolResult
from mcp_types import CallToolRequestParams, ToolAnnotations
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import override

from briefsmith.errors import BriefsmithError, InvalidInput
from briefsmith.faces.mcp.answers import Structured
from briefsmith.faces.mcp.errors import incident, invalid, refusal

ArgumentsT = TypeVar("ArgumentsT", bound="Arguments")


class Arguments(BaseModel):
    """What a tool takes. Numbers may come as text: models write them so."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Work = Callable[[Context, Any], Awaitable[ToolResult]]


class AgentTool(Tool):
    """A tool that an agent calls.

    Attributes:
        takes: Checks the arguments.
        work: Does it.
    """

    takes: type[Arguments]
    work: Work

    @override
    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """The answer, or what to change."""
        try:
            given = self.takes.model_validate(arguments)
        except ValidationError as error:
            return refusal(invalid(error))
        try:
            return await self.work(get_context(), given)
        except BriefsmithError as error:
            return refusal(error)
        except Exception as error:  # noqa: BLE001  the last one to hear of it
            return refusal(incident(error))


class ToolNames(Middleware):
    """Says which tools there are, to who asks for another."""

    @override
    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        try:
            return await call_next(context)
        except NotFoundError:
            there = context.fastmcp_context
            tools = await there.fastmcp.list_tools(run_middleware=False) if there else ()
            message = "There is no such tool."
            hint = f"There are: {', '.join(tool.name for tool in tools)}."
            return refusal(InvalidInput(message, hint=hint))


def make_tool(
    work: Callable[[Context, ArgumentsT], Awaitable[ToolResult]],
    takes: type[ArgumentsT],
    gives: type[Structured],
    annotations: ToolAnnotations,
) -> AgentTool:
    """The tool of a function, whose name and description it has.

    Args:
        work: Its docstring is for the agent.
        takes: Its arguments.
        gives: What its answers hold for programs.
        annotations: What it does to the store, and its title.
    """
    return AgentTool(
        name=work.__name__,
        title=annotations.title,
        description=_unwrapped(getdoc(work) or ""),
        parameters=_untitled(takes.model_json_schema()),
        output_schema=_untitled(gives.model_json_schema(mode="serialization")),
        annotations=annotations,
        takes=takes,
        work=work,
    )


def _unwrapped(text: str) -> str:
    """Without the line breaks within paragraphs, which are the source's."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without the titles and docstrings of our classes, which tell an agent nothing."""
    told = cast("dict[str, Any]", _bare(schema))
    for part in (told, *told.get("$defs", {}).values()):
        part.pop("description", None)
    return told


def _bare(value: Any, *, is_names: bool = False) -> Any:
    if isinstance(value, list):
        return [_bare(one) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    return {
        key: _bare(one, is_names=not is_names and key in {"properties", "$defs"})
        for key, one in cast("dict[str, Any]", value).items()
        if is_names or key != "title"
    }
