"""When a job that failed is tried again, and what becomes of those that are given up."""

from contextlib import suppress
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from procrastinate import BaseRetryStrategy, RetryDecision
    from procrastinate.jobs import Job
    from procrastinate.manager import JobManager

KEPT_DAYS = 30
"""How long the queue keeps the rows of jobs that were given up."""


def backoff(most_retries: int) -> "BaseRetryStrategy":
    """After 4 and 16 seconds, 1, 4 and 17 minutes, and then no more.

    A job that waits would hold back all later ones with its lock, which is the person's. It does so only among jobs
    of its own priority and below; so it comes behind those that did not fail, and behind those that failed less.

    Args:
        most_retries: A job that was tried again so often is given up.
    """
    from procrastinate import BaseRetryStrategy, RetryDecision

    class Backoff(BaseRetryStrategy):
        @override
        def get_retry_decision(
            self, *, exception: BaseException, job: "Job"
        ) -> "RetryDecision | None":
            if job.attempts >= most_retries:
                return None
            failed = job.attempts + 1
            return RetryDecision(retry_in={"seconds": 4**failed}, priority=-failed)

    return Backoff()


async def retry_stalled(
    manager: "JobManager", *, queue: str | None, seconds_since_heartbeat: float
) -> None:
    """Gives the jobs of killed workers to others; they wait as if somebody were at them.

    Args:
        manager: Of the queue.
        queue: Of one person; None for everybody's.
        seconds_since_heartbeat: From when on a worker that says nothing is taken for dead.
    """
    from procrastinate.exceptions import ConnectorException

    jobs = await manager.get_stalled_jobs(
        queue=queue, seconds_since_heartbeat=seconds_since_heartbeat
    )
    for job in jobs:
        with suppress(ConnectorException):  # another worker was first
            await manager.retry_job(job)


async def forget_old(manager: "JobManager", *, queue: str | None) -> None:
    """Removes rows of jobs that were given up long ago; what became of them, `agent_sessions` tells for good.

    Args:
        manager: Of the queue.
        queue: Of one person; None for everybody's.
    """
    await manager.delete_old_jobs(
        KEPT_DAYS * 24,
        queue=queue,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )
