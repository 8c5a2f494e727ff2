"""The commands that compare: two briefs, or a brief with itself compiled again."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.faces.cli.brief_life import BriefId
from briefsmith.faces.cli.output import (
    json_text,
    one_line,
    write,
    write_difference_line,
    write_json,
)
from briefsmith.faces.cli.running import Json, as_id, with_store
from briefsmith.faces.cli.table import Column, table, text
from briefsmith.faces.errors import EXIT_FINDING

if TYPE_CHECKING:
    from briefsmith.compiler.differences import BlockDifference, BriefDifference
    from briefsmith.operations.brief_replay import GoneBlock, Replay
    from briefsmith.runtime import Store
    from briefsmith.schemas.snapshot import SnapshotBlock

_VALUE_CHARS = 60
_WHY = {
    "purged": "it was purged",
    "revision-missing": "this version of it is no longer stored",
    "revision-altered": "this version of it was changed in the database",
}


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Id of a brief.")],
    b: Annotated[
        str | None,
        typer.Argument(metavar="B", help="Id of another; without it, A as composed and as it is."),
    ] = None,
    *,
    composed: Annotated[
        bool, typer.Option("--composed", help="Compare both as composed, without their edits.")
    ] = False,
    json_: Json = False,
) -> None:
    """Show in what brief B differs from brief A.

    Exits as diff(1) does: with 0 where they are the same, with 1 where they differ. The random key of each brief
    is no difference and stands as KEY.
    """
    from briefsmith.operations.brief_differences import compare_briefs

    first, second = as_id(a), as_id(b) if b is not None else None

    async def work(store: "Store") -> "BriefDifference":
        async with store.session(read_only=True) as session:
            return await compare_briefs(session, first, second, composed=composed)

    found = with_store(work)
    if json_:
        write_json(_difference_json(found))
    elif found.is_same:
        write("They are the same." if second is not None else "It is as it was composed.")
    else:
        _write_difference(found)
    if not found.is_same:
        raise typer.Exit(EXIT_FINDING)


def _difference_json(found: "BriefDifference") -> dict[str, Any]:
    return {
        "is_same": found.is_same,
        "text": list(found.text),
        "blocks": [
            {
                "block_id": str(one.block_id),
                "a": one.a.model_dump(mode="json") if one.a else None,
                "b": one.b.model_dump(mode="json") if one.b else None,
                "changed": list(one.changed),
            }
            for one in found.blocks
        ],
        "settings": [asdict(one) for one in found.settings],
    }


def _write_difference(found: "BriefDifference") -> None:
    for line in found.text:
        write_difference_line(line)
    if found.blocks:
        write("")
        with table(Column("block"), text("A"), text("B"), title="Blocks") as rows:
            for one in found.blocks:
                rows.add(str(one.block_id), _side(one.a, one), _side(one.b, one))
    if found.settings:
        write("")
        with table(Column("setting"), text("A"), text("B"), title="Settings") as rows:
            for one in found.settings:
                rows.add(one.name, _value(one.a), _value(one.b))


def _side(entry: "SnapshotBlock | None", one: "BlockDifference") -> str:
    if entry is None:
        return "not in it"
    shown = f"[{entry.cite}] version {entry.version}, {entry.transformation}, {entry.tokens} tokens"
    return shown + (", other passages" if one.changed == ("spans",) else "")


def _value(value: object) -> str:
    shown = value if isinstance(value, str) else json_text(value, sys.stdout)
    return "-" if value is None else one_line(shown, _VALUE_CHARS)


def replay(brief_id: BriefId, *, json_: Json = False) -> None:
    """Compile a brief again and prove the same bytes.

    Exits with 0 where the hash is the one of the first time, and with 1 where it is not: it then says which blocks
    were purged, which versions are missing, or that another version of the package has to compile it.
    """
    from briefsmith.operations.brief_replay import replay_brief

    wanted = as_id(brief_id)

    async def work(store: "Store") -> "Replay":
        async with store.session(read_only=True) as session:
            return await replay_brief(session, wanted)

    done = with_store(work)
    if json_:
        write_json(_replay_json(done))
    else:
        _write_replay(done)
    if not done.is_same:
        raise typer.Exit(EXIT_FINDING)


def _replay_json(done: "Replay") -> dict[str, Any]:
    return {
        "id": str(done.brief_id),
        "is_same": done.is_same,
        "outcome": done.outcome,
        "sentence": done.sentence,
        "expected_sha256": done.expected_sha256,
        "sha256": done.sha256,
        "body_bytes": done.body_bytes,
        "is_stored": done.is_stored,
        "gone": [{**asdict(one), "block_id": str(one.block_id)} for one in done.gone],
    }


def _write_replay(done: "Replay") -> None:
    if done.expected_sha256 is not None:
        write(f"sha256 {done.expected_sha256}  when it was compiled")
    if done.sha256 is not None:
        write(f"sha256 {done.sha256}  compiled again")
    write(done.sentence)
    for one in done.gone:
        write(_gone_line(one))


def _gone_line(one: "GoneBlock") -> str:
    return f"  [{one.cite}] block {one.block_id}, version {one.version}: {_WHY[one.why]}"
