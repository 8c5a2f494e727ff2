"""Commands on the agents that keep the store in order."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefsmith.faces.cli.block_options import Limit
from briefsmith.faces.cli.output import counted, note, write, write_json
from briefsmith.faces.cli.running import Json, with_store
from briefsmith.faces.cli.table import Column, number, table, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from briefsmith.agents.runs import Outcome
    from briefsmith.models.agent_sessions import AgentSession
    from briefsmith.postgres.jobs import AgentJob
    from briefsmith.runtime import Store

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME …]", help="Which agents; by default all but the researcher."),
]


def run(names: Names = None, *, json_: Json = False) -> None:
    """Run agents once; exits with 1 if one failed."""
    from briefsmith.agents.registry import agents_named
    from briefsmith.agents.runs import run_agent
    from briefsmith.runtime import agent_tools

    agents = agents_named(names or [])

    async def work(store: "Store") -> "list[Outcome]":
        tools = agent_tools(store)
        return [await run_agent(store.sessions_of, agent, tools) for agent in agents]

    outcomes = with_store(work)
    if json_:
        for one in outcomes:
            write_json(_as_dict(one))
    else:
        _show(outcomes)
    if any(one.status == "failed" for one in outcomes):
        raise typer.Exit(1)


def _as_dict(outcome: "Outcome") -> dict[str, Any]:
    return {
        "agent": outcome.agent,
        "status": outcome.status,
        "counts": dict(outcome.counts),
        "notes": list(outcome.notes),
        "seconds": outcome.seconds,
        "error": outcome.error.as_dict() if outcome.error else None,
    }


def _show(outcomes: "Sequence[Outcome]") -> None:
    with table(
        Column("agent"), Column("status", judges=True), number("seconds"), text("what it did")
    ) as rows:
        for one in outcomes:
            said = f"{one.error.code} {one.error.message}" if one.error else _told(one.counts)
            status = "ok" if one.status == "succeeded" else one.status
            rows.add(one.agent, status, f"{one.seconds:.1f}", said)
    for one in outcomes:
        for sentence in one.notes:
            note(f"{one.agent}: {sentence}")


def _told(counts: "Mapping[str, int]") -> str:
    listed = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    return ", ".join(listed) or "nothing to do"


def list_(*, json_: Json = False) -> None:
    """List the agents, and when each ran last."""
    from briefsmith.agents.registry import AGENTS
    from briefsmith.operations.agent_sessions import list_runs

    async def work(store: "Store") -> "dict[str, AgentSession]":
        async with store.session(read_only=True) as session:
            found = [await list_runs(session, agent=agent.name, limit=1) for agent in AGENTS]
        return {runs[0].agent_type: runs[0] for runs in found if runs}

    last = with_store(work)
    if json_:
        for agent in AGENTS:
            run_ = last.get(agent.name)
            write_json(
                {
                    "name": agent.name,
                    "description": agent.description,
                    "last_run": run_.model_dump(mode="json") if run_ else None,
                }
            )
        return
    columns = (Column("agent"), Column("last run (UTC)"), Column("status", judges=True))
    with table(*columns, text("what it does")) as rows:
        for agent in AGENTS:
            run_ = last.get(agent.name)
            when = f"{run_.created_at:%Y-%m-%d %H:%M}" if run_ else "never"
            rows.add(agent.name, when, "" if run_ is None else _status(run_), agent.description)


def log(
    *,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="NAME", help="Runs of this agent only.")
    ] = None,
    limit: Limit = None,
    json_: Json = False,
) -> None:
    """List what agents did, the newest first."""
    from briefsmith.agents.registry import agents_named
    from briefsmith.operations.agent_sessions import list_runs

    named = agents_named([agent])[0].name if agent is not None else None

    async def work(store: "Store") -> "list[AgentSession]":
        async with store.session(read_only=True) as session:
            return await list_runs(session, agent=named, limit=limit)

    found = with_store(work)
    if json_:
        for one in found:
            write_json(one.model_dump(mode="json"))
        return
    if not found:
        note("No agent has run yet." if named is None else f"{named} has not run yet.")
    columns = (Column("when (UTC)"), Column("agent"), Column("status", judges=True))
    with table(*columns, text("what it did"), Column("id")) as rows:
        for one in found:
            when = f"{one.created_at:%Y-%m-%d %H:%M:%S}"
            rows.add(when, one.agent_type, _status(one), _logged(one.metadata), str(one.id))


def _status(run_: "AgentSession") -> str:
    """In a word or two; of a queued run that nobody will try again, that it is given up."""
    if run_.status == "succeeded":
        return "ok"
    held: dict[str, Any] = run_.metadata if isinstance(run_.metadata, dict) else {}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return "given up" if held.get("given_up") is True else run_.status


def _logged(metadata: object) -> str:
    held: dict[str, Any] = metadata if isinstance(metadata, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    if "error" in held:
        return f"{held['error']} {held.get('message', '')}".strip()
    counts = held.get("counts")
    if not isinstance(counts, dict):
        return "-"
    return _told({str(name): count for name, count in counts.items() if isinstance(count, int)})  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def defer(names: Names = None, *, json_: Json = False) -> None:
    """Queue a run of agents for the next free worker."""
    from secrets import token_hex

    from briefsmith.agents.registry import agents_named
    from briefsmith.runtime import job_queue

    agents = agents_named(names or [])

    async def work(store: "Store") -> int:
        from briefsmith.postgres.jobs import AgentJob

        async with job_queue(store) as queue:
            return await queue.put(
                [
                    AgentJob(
                        store.database.user_id, agent.name, f"asked {token_hex(8)} {agent.name}"
                    )
                    for agent in agents
                ]
            )

    count = with_store(work)
    if json_:
        write_json({"queued": count})
    else:
        note(f"{counted(count, 'run')} queued; `briefsmith agents work` does them.")


def work(
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop when no job is left.")] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="Jobs at once.")
    ] = 1,
    at: Annotated[
        str, typer.Option("--at", metavar="CRON", help="When the nightly runs are, in UTC.")
    ] = "0 3 * * *",
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Work for all people of the database, not for one.")
    ] = False,
    researcher: Annotated[
        bool,
        typer.Option("--researcher", help="Let the researcher refresh blocks every night too."),
    ] = False,
    json_: Json = False,
) -> None:
    """Do queued and nightly runs until interrupted.

    Many workers on many machines may share a database: each job is one worker's.
    """

    async def worked(store: "Store") -> None:
        from briefsmith.agents.worker import work as work_on
        from briefsmith.postgres.jobs import Pace
        from briefsmith.postgres.listening import wake_ups
        from briefsmith.runtime import agent_tools, job_queue

        async def people() -> "Sequence[UUID]":
            return await store.everybody() if everybody else [store.database.user_id]

        person = None if everybody else store.database.user_id
        pace = Pace(person=person, once=once, concurrency=concurrency, cron=at)
        async with job_queue(store) as queue:
            if not once:
                note("Waiting for jobs; Ctrl-C stops after the one at hand.")
            tools = agent_tools(store)
            await work_on(
                queue,
                store.sessions_as,
                people,
                tools,
                pace,
                told=_teller(json_=json_),
                wakes=None if once or everybody else wake_ups(store.database.url),
                with_researcher=researcher,
            )

    with_store(worked, connections=concurrency + 1, of_nobody=everybody)


def _teller(*, json_: bool) -> "Callable[[AgentJob, Outcome], None]":
    def told(job: "AgentJob", outcome: "Outcome") -> None:
        if json_:
            write_json({"job": job.name, "user_id": str(job.user_id), **_as_dict(outcome)})
        else:
            error = outcome.error
            what = f"{error.code} {error.message}" if error else _told(outcome.counts)
            write(f"{outcome.agent}  {outcome.status}  {outcome.seconds:.1f} s  {what}")
            for sentence in outcome.notes:
                note(f"{outcome.agent}: {sentence}")
        sys.stdout.flush()  # the next one may be a night away

    return told
