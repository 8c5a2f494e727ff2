"""A queue of jobs in the database: many workers on many machines share it (procrastinate, extra `jobs`)."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg import AsyncConnection

from briefsmith.errors import DatabaseUnreachable, InvalidInput
from briefsmith.postgres.database import conninfo_of, refuse_transaction_pooler
from briefsmith.postgres.job_retries import backoff, forget_old, retry_stalled
from briefsmith.postgres.job_schema import prepare_queue, require_package, set_path

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.app import WorkerOptions
    from procrastinate.job_context import JobContext
    from procrastinate.tasks import Task

_RUN = "run_agent"
_NIGHTLY = "plan_the_night"
_RETRY_STALLED = "retry_stalled"
_EVERYBODY = "everybody"
_EVERY_MINUTE = "* * * * *"
_SECONDS_OF_A_DAY = 86_400
MOST_RETRIES = 5
"""How often a job is tried again; one that was begun more often, because its workers died, is given up."""


@dataclass(frozen=True, slots=True)
class AgentJob:
    """Work for an agent.

    Attributes:
        user_id: As whom.
        agent: Which one.
        name: Names the job for good: whoever runs a job of this name again finds that it has had its effect.
        tries: How often it was begun before; no part of what it is.
    """

    user_id: UUID
    agent: str
    name: str
    tries: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a worker goes about it.

    Attributes:
        person: Whose jobs it does; None for everybody's. One person's worker sees to it that nobody's text goes to
            another one's model, and that nobody reads another one's files.
        once: Stop when nothing is left to do; no night is planned.
        concurrency: How many jobs at once.
        cron: When the nightly jobs are planned, as cron has it, in UTC. A worker that was away then plans them when
            it comes back within a day.
        heartbeat_seconds: How often a worker says that it lives.
        stalled_seconds: After how long without a word its jobs are given to others.
        patience_seconds: How long jobs may take to end when the worker is stopped; others do them again then.
    """

    person: UUID | None = None
    once: bool = False
    concurrency: int = 1
    cron: str = "0 3 * * *"
    heartbeat_seconds: float = 10.0
    stalled_seconds: float = 60.0
    patience_seconds: float = 30.0

    def __post_init__(self) -> None:
        """Refuses what is no time.

        Raises:
            InvalidInput: `cron` is none.
            InvalidSetting: The extra is not installed.
        """
        _check_cron(self.cron)


Effect = Callable[[AgentJob], Awaitable[None]]
"""Does a job; raises where it is worth another try."""
Plan = Callable[[int], Awaitable[Sequence[AgentJob]]]
"""The jobs of a night, by the second since 1970 that it was planned for."""


class JobQueue:
    """Takes jobs and hands them out; each is at one worker at a time."""

    def __init__(self, app: "App") -> None:
        self._app = app

    async def put(self, jobs: Sequence[AgentJob]) -> int:
        """Queues jobs; the number of those that were not waiting already."""
        from procrastinate.exceptions import AlreadyEnqueued

        count = 0
        for job in jobs:
            task = self._app.configure_task(
                _RUN,
                queue=str(job.user_id),
                lock=str(job.user_id),  # one agent at a time in a store, in the order of the queue
                queueing_lock=f"{job.user_id} {job.name}",
            )
            with suppress(AlreadyEnqueued):
                await task.defer_async(user_id=str(job.user_id), agent=job.agent, name=job.name)
                count += 1
        return count

    async def work(self, effect: Effect, plan: Plan, pace: Pace) -> None:
        """Does jobs until it is stopped, or until none is left.

        SIGTERM and SIGINT stop it after the jobs that it is at; the second one stops it at once.

        Raises:
            DatabaseUnreachable: The database went away.
        """
        self._register(effect, plan, pace)
        await self._tidy(pace)
        with _silent_logs():
            was_stopped = await self._run(pace)
        if not pace.once and not was_stopped:
            message = "The worker has lost the database of its queue."
            raise DatabaseUnreachable(message)

    async def _run(self, pace: Pace) -> bool:
        """Whether it was stopped by a signal, rather than by itself."""
        from procrastinate.signals import on_stop

        # One that ends when nothing is left says no more that it lives while jobs of its own still run: so each has
        # one job at a time, and ends behind it.
        workers = pace.concurrency if pace.once else 1
        options = _options(pace)
        working = asyncio.gather(*(self._app.run_worker_async(**options) for _ in range(workers)))
        was_stopped = False

        def stop() -> None:
            nonlocal was_stopped
            was_stopped = True
            working.cancel()

        with on_stop(stop):
            try:
                await working
            except asyncio.CancelledError:
                if not was_stopped:
                    raise
        return was_stopped

    def _register(self, effect: Effect, plan: Plan, pace: Pace) -> None:
        async def run_agent(context: "JobContext", user_id: str, agent: str, name: str) -> None:
            await effect(AgentJob(UUID(user_id), agent, name, context.job.attempts))

        async def plan_the_night(timestamp: int) -> None:
            await self.put(await plan(timestamp))

        async def tidy(timestamp: int) -> None:
            del timestamp
            await self._tidy(pace)

        place = _place(pace)
        add, again = self._app.task, backoff(MOST_RETRIES)
        add(name=_RUN, queue=place, retry=again, pass_context=True)(run_agent)
        night: Task[Any, Any, Any] = add(name=_NIGHTLY, queue=place, retry=again)(plan_the_night)
        minutely: Task[Any, Any, Any] = add(name=_RETRY_STALLED, queue=place, priority=1)(tidy)
        if not pace.once:
            self._app.periodic_defaults = {"max_delay": _SECONDS_OF_A_DAY}
            self._app.periodic(cron=pace.cron, periodic_id=place)(night)
            self._app.periodic(cron=_EVERY_MINUTE, periodic_id=place)(minutely)

    async def _tidy(self, pace: Pace) -> None:
        queue = None if pace.person is None else str(pace.person)
        manager = self._app.job_manager
        await forget_old(manager, queue=queue)
        await retry_stalled(manager, queue=queue, seconds_since_heartbeat=pace.stalled_seconds)


@contextmanager
def _silent_logs() -> Generator[None]:
    """Without a handler, each would be printed, with its traceback; what matters is told or raised."""
    loggers = [logging.getLogger(name) for name in ("procrastinate", "psycopg")]
    silent = logging.NullHandler()
    for logger in loggers:
        logger.addHandler(silent)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(silent)


def _options(pace: Pace) -> "WorkerOptions":
    options: WorkerOptions = {
        "concurrency": 1 if pace.once else pace.concurrency,
        "wait": not pace.once,
        "shutdown_graceful_timeout": pace.patience_seconds,
        "install_signal_handlers": False,
        "update_heartbeat_interval": pace.heartbeat_seconds,
        "stalled_worker_timeout": pace.stalled_seconds,
        "delete_jobs": "successful",
    }
    if pace.person is not None:
        options["queues"] = [str(pace.person)]
    return options


def _place(pace: Pace) -> str:
    return _EVERYBODY if pace.person is None else str(pace.person)


def _check_cron(cron: str) -> None:
    require_package()  # which brings croniter
    from croniter import croniter

    if not croniter.is_valid(cron):
        message = f"{cron!r} is no time that cron would understand."
        raise InvalidInput(message, hint="It looks like '0 3 * * *': at 3:00 every day.")


async def _configure(connection: AsyncConnection[Any]) -> None:
    # Not by the connection's options, which poolers refuse or drop.
    await set_path(connection)
    await connection.commit()


@asynccontextmanager
async def open_queue(url: str) -> AsyncGenerator[JobQueue]:
    """The queue of a database; its tables are made where they are missing.

    Raises:
        InvalidSetting: The extra is not installed, or the address is that of a transaction pooler, which cannot
            tell workers of new jobs.
        SchemaMismatch: The tables do not fit the package that is installed.
        Unavailable: No database.
    """
    require_package()
    from procrastinate import App, PsycopgConnector
    from procrastinate.exceptions import ConnectorException

    refuse_transaction_pooler(url, "Jobs do")
    await prepare_queue(url)
    connector = PsycopgConnector(
        conninfo=conninfo_of(url), configure=_configure, min_size=1, max_size=4
    )
    app = App(connector=connector)
    try:
        async with app.open_async():
            yield JobQueue(app)
    except ConnectorException as error:
        message = "The database of the job queue cannot be reached."
        raise DatabaseUnreachable(message) from error
