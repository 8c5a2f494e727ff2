"""Commands that decide on what agents propose."""

import sys
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from briefsmith.errors import BriefsmithError, InvalidInput
from briefsmith.faces.cli.block_options import Limit
from briefsmith.faces.cli.output import (
    counted,
    describe_error,
    json_text,
    note,
    one_line,
    write,
    write_json,
)
from briefsmith.faces.cli.review_display import proposal_values, write_proposal
from briefsmith.faces.cli.running import Json, as_id, with_store
from briefsmith.faces.cli.table import Column, table, text
from briefsmith.faces.errors import EXIT_INTERRUPTED, EXIT_OK, exit_code
from briefsmith.models.enums import ProposalStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from briefsmith.models.block_change_queue import BlockChange
    from briefsmith.operations.approvals import Applied
    from briefsmith.operations.reviews import ShownProposal
    from briefsmith.runtime import Store

_LABEL_CHARS = 120
_REASON_CHARS = 200
_ID_HINT = "Ids are UUIDs; `briefsmith review list` prints those of proposals."

ProposalId = Annotated[str, typer.Argument(metavar="ID", help="Id of a proposal.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID …]", help="Ids of proposals.")]
All = Annotated[bool, typer.Option("--all", help="All that wait.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, with --all.")]


def list_(
    *,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="pending (by default), applied, rejected, or all. May be repeated.",
        ),
    ] = None,
    limit: Limit = None,
    json_: Json = False,
) -> None:
    """List what agents propose, the oldest first."""
    from briefsmith.operations.reviews import list_proposals

    statuses = _statuses(status or [ProposalStatus.PENDING])
    columns = (
        *map(Column, ("id", "made (UTC)", "status", "action")),
        *map(text, ("blocks", "reason")),
    )

    async def work(store: "Store") -> int:
        with table(*columns) as rows:
            async with store.session(read_only=True) as session:
                async for shown in list_proposals(session, statuses, limit=limit):
                    rows.count += json_
                    if json_:
                        write_json(proposal_values(shown))
                    else:
                        rows.add(*_listed(shown))
        return rows.count

    count = with_store(work)
    if json_:
        return
    note(f"{counted(count, 'proposal')}." if count else "There are no such proposals.")
    if count:
        note("`briefsmith review show ID` shows one as a difference.")


def _listed(shown: "ShownProposal") -> tuple[str, ...]:
    labels = [block.now.label if block.now else "(purged)" for block in shown.blocks]
    if not labels and shown.data and shown.data.new:
        labels = [shown.data.new.label]
    return (
        str(shown.proposal.id),
        f"{shown.proposal.created_at:%Y-%m-%d %H:%M}",
        shown.proposal.status,
        shown.proposal.action,
        one_line(", ".join(labels), _LABEL_CHARS),
        one_line(shown.proposal.reason or "", _REASON_CHARS),
    )


def _statuses(words: list[str]) -> list[ProposalStatus]:
    if "all" in words:
        return list(ProposalStatus)
    for word in words:
        if word not in set(ProposalStatus):
            message = (
                f"There is no status {word!r}; there are {', '.join(ProposalStatus)}, and all."
            )
            raise InvalidInput(message)
    return [ProposalStatus(word) for word in words]


def show(proposal_id: ProposalId, *, json_: Json = False) -> None:
    """Show what a proposal would do, as a difference."""
    from briefsmith.operations.reviews import get_proposal

    wanted = as_id(proposal_id, _ID_HINT)

    async def work(store: "Store") -> "ShownProposal":
        async with store.session(read_only=True) as session:
            return await get_proposal(session, wanted)

    shown = with_store(work)
    if json_:
        write_json(proposal_values(shown))
    else:
        write_proposal(shown)


def approve(
    proposal_id: Ids = None, *, all_: All = False, yes: Yes = False, json_: Json = False
) -> None:
    """Do what is proposed.

    Each proposal is applied on its own, whole or not at all.
    """
    from briefsmith.operations.approvals import approve_proposal

    ids = _chosen(proposal_id, all_=all_, yes=yes, verb="Approve")

    async def decide(store: "Store", one: UUID) -> None:
        async with store.session() as session:
            applied = await approve_proposal(session, store.embedder, one)
        _show_applied(applied, as_json=json_)

    _decide_each(ids, decide, as_json=json_)


def _show_applied(applied: "Applied", *, as_json: bool) -> None:
    if as_json:
        blocks = [
            {"id": str(block.id), "version": block.version, "status": block.status}
            for block in applied.blocks
        ]
        write_json({**_decided(applied.proposal), "changed": blocks})
        return
    write(f"Applied {applied.proposal.id}  ({applied.proposal.action})")
    for block in applied.blocks:
        state = f"version {block.version}, {block.status}"
        write(f"  {block.id}  {one_line(block.label, 80)}  ({state})")


def reject(
    proposal_id: Ids = None,
    *,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, for whoever looks later.")
    ] = None,
    all_: All = False,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Turn proposals down.

    The same comes back only once a text has changed.
    """
    from briefsmith.operations.proposals import checked_rejection, reject_proposal

    because = checked_rejection(reason)
    ids = _chosen(proposal_id, all_=all_, yes=yes, verb="Reject")

    async def decide(store: "Store", one: UUID) -> None:
        async with store.session() as session:
            proposal = await reject_proposal(session, one, reason=because)
        if json_:
            write_json(_decided(proposal))
        else:
            write(f"Rejected {proposal.id}  ({proposal.action})")

    _decide_each(ids, decide, as_json=json_)


def _decided(proposal: "BlockChange") -> dict[str, Any]:
    return proposal.model_dump(mode="json", exclude={"proposed_data", "user_id"})


def _chosen(words: list[str] | None, *, all_: bool, yes: bool, verb: str) -> list[UUID]:
    """The ids that are meant, each once.

    Raises:
        InvalidInput: Neither ids nor --all, or both, or --all without a confirmation.
    """
    if bool(words) == all_:
        message = "Give ids of proposals, or --all."
        raise InvalidInput(message, hint="`briefsmith review list` shows what waits.")
    if words:
        return list(dict.fromkeys(as_id(word, _ID_HINT) for word in words))
    ids = _pending()
    if not ids:
        note("Nothing waits.")
        raise typer.Exit(EXIT_OK)
    if yes:
        return ids
    if not sys.stdin.isatty():
        message = f"{verb} all has to be confirmed."
        raise InvalidInput(message, hint="Add --yes.")
    if not typer.confirm(f"{verb} {counted(len(ids), 'proposal')}?", err=True):
        note("Nothing was decided.")
        raise typer.Exit(EXIT_INTERRUPTED)
    return ids


def _pending() -> list[UUID]:
    from briefsmith.operations.reviews import list_proposals

    async def work(store: "Store") -> list[UUID]:
        async with store.session(read_only=True) as session:
            return [shown.proposal.id async for shown in list_proposals(session)]

    return with_store(work)


def _decide_each(
    ids: list[UUID], decide: "Callable[[Store, UUID], Awaitable[None]]", *, as_json: bool
) -> None:
    """Decides one by one, and goes on behind one that cannot be; the first failure gives the exit code."""

    async def work(store: "Store") -> list[BriefsmithError]:
        failures: list[BriefsmithError] = []
        for one in ids:
            try:
                await decide(store, one)
            except BriefsmithError as error:
                if len(ids) == 1:
                    raise
                failures.append(error)
                said = json_text(error.as_dict(), sys.stderr) + "\n"
                sys.stderr.write(said if as_json else describe_error(error))
        return failures

    failures = with_store(work)
    if failures:
        raise typer.Exit(exit_code(failures[0]))
