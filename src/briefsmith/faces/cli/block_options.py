"""Options that several commands on blocks take, and the filter that they make."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.running import checked
from briefsmith.models.enums import BlockImportance, BlockSource, BlockStatus, BlockType

if TYPE_CHECKING:
    from briefsmith.schemas.blocks import BlockFilter

TYPES = f"Kind of context: {', '.join(BlockType)}."
IMPORTANCES = f"How much it matters: {', '.join(BlockImportance)}."

Scope = Annotated[
    str | None, typer.Option("--scope", metavar="SCOPE", help="Scope, such as marketing.")
]
Locale = Annotated[
    str | None, typer.Option("--locale", metavar="LOCALE", help="Language tag, such as de-CH.")
]
Tag = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; may be repeated.")
]
Types = Annotated[
    list[BlockType] | None,
    typer.Option("--type", metavar="TYPE", help=f"{TYPES} May be repeated."),
]
Importances = Annotated[
    list[BlockImportance] | None,
    typer.Option("--importance", metavar="IMPORTANCE", help=f"{IMPORTANCES} May be repeated."),
]
Sources = Annotated[
    list[BlockSource] | None,
    typer.Option(
        "--source",
        metavar="SOURCE",
        help=f"Who wrote it: {', '.join(BlockSource)}. May be repeated.",
    ),
]
Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        help="active, locked, archived or all; by default those in use. May be repeated.",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many.")]


def given(**values: Any) -> dict[str, Any]:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def block_filter(
    *,
    types: list[BlockType] | None,
    tags: list[str] | None,
    scope: str | None,
    statuses: list[str] | None,
    importances: list[BlockImportance] | None,
    sources: list[BlockSource] | None,
    locale: str | None,
) -> "BlockFilter":
    """What the options ask for; no status means the blocks in use.

    Raises:
        InvalidInput: A status that does not exist, or a value that no block can have.
    """
    from briefsmith.schemas.blocks import BlockFilter

    values = given(
        types=types or None,
        tags=tags or None,
        scope=scope,
        importances=importances or None,
        sources=sources or None,
        locale=locale,
        statuses=_statuses(statuses) if statuses else None,
    )
    return checked(BlockFilter, values)


def _statuses(words: list[str]) -> list[BlockStatus]:
    if "all" in words:
        return list(BlockStatus)
    for word in words:
        if word not in set(BlockStatus):
            message = f"There is no status {word!r}; there are {', '.join(BlockStatus)}, and all."
            raise InvalidInput(message)
    return [BlockStatus(word) for word in words]
