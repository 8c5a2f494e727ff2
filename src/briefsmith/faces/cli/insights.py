"""Commands on what use tells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.faces.cli.block_options import Limit
from briefsmith.faces.cli.csv_rows import write_csv
from briefsmith.faces.cli.output import note, write, write_json
from briefsmith.faces.cli.running import Json, either, with_store
from briefsmith.faces.cli.table import Column, bar, number, table, text

if TYPE_CHECKING:
    from briefsmith.runtime import Store
    from briefsmith.schemas.insights import BlockUsage, BriefPatterns, TypePopularity

Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values (RFC 4180).")]


def usage(
    *,
    unused: Annotated[
        bool, typer.Option("--unused", help="Only blocks that no brief has used.")
    ] = False,
    limit: Limit = None,
    csv: Csv = False,
    json_: Json = False,
) -> None:
    """Show how often each block went into a brief, and how."""
    from briefsmith.operations.insights import block_usage

    either(csv=csv, json_=json_)

    async def work(store: "Store") -> "list[BlockUsage]":
        async with store.session(read_only=True) as session:
            return await block_usage(session, unused_only=unused, limit=limit)

    found = with_store(work)
    if csv or json_:
        fields = ("block_id", "label", "brief_count", "last_used_at", "usage_modes")
        _write_rows(found, fields, csv=csv)
    elif not found:
        note("Every block has been used." if unused else "There are no blocks.")
    else:
        _show_usage(found)


def _show_usage(found: "Sequence[BlockUsage]") -> None:
    most = max(one.brief_count for one in found)
    columns = (number("briefs"), Column(""), Column("last used (UTC)"), Column("how"))
    with table(*columns, text("label"), Column("id")) as rows:
        for one in found:
            rows.add(
                str(one.brief_count),
                bar(one.brief_count, most),
                f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never",
                ", ".join(one.usage_modes) or "-",
                one.label,
                str(one.block_id),
            )


def patterns(*, csv: Csv = False, json_: Json = False) -> None:
    """Show what your briefs have in common."""
    from briefsmith.operations.insights import brief_patterns

    either(csv=csv, json_=json_)

    async def work(store: "Store") -> "BriefPatterns":
        async with store.session(read_only=True) as session:
            return await brief_patterns(session)

    found = with_store(work)
    names = ("total_briefs", "dominant_tone", "dominant_scope", "dominant_audience")
    if json_:
        write_json({name: getattr(found, name) for name in names})
    elif csv:
        _write_rows([found], names, csv=True)
    elif not found.total_briefs:
        note("There are no briefs.")
    else:
        write(f"briefs             {found.total_briefs}")
        write(f"dominant tone      {found.dominant_tone or '-'}")
        write(f"dominant scope     {found.dominant_scope or '-'}")
        write(f"dominant audience  {found.dominant_audience or '-'}")


def popularity(*, csv: Csv = False, json_: Json = False) -> None:
    """Show which types of blocks your briefs use."""
    from briefsmith.operations.insights import type_popularity

    either(csv=csv, json_=json_)

    async def work(store: "Store") -> "list[TypePopularity]":
        async with store.session(read_only=True) as session:
            return await type_popularity(session)

    found = with_store(work)
    if csv or json_:
        _write_rows(found, ("type", "total_briefs", "total_usages"), csv=csv)
    elif not found:
        note("There are no blocks.")
    else:
        most = max(one.total_usages for one in found)
        with table(Column("type"), number("briefs"), number("uses"), Column("")) as rows:
            for one in found:
                rows.add(
                    one.type.value,
                    str(one.total_briefs),
                    str(one.total_usages),
                    bar(one.total_usages, most),
                )


def _write_rows(found: Sequence[Any], names: Sequence[str], *, csv: bool) -> None:
    rows = ([getattr(one, name) for name in names] for one in found)
    if csv:
        write_csv(names, rows)
        return
    for row in rows:
        write_json(dict(zip(names, row, strict=True)))
