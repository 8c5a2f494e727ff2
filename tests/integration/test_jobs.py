"""The queue of jobs: its place, and that each job has its effect once whatever happens to workers."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from briefsmith import errors
from briefsmith.agents.contract import AgentContext, AgentResult, at_once
from briefsmith.agents.registry import AGENTS, Agent
from briefsmith.agents.runs import Outcome, Tools
from briefsmith.agents.worker import effect_of, nightly_jobs, work
from briefsmith.config import load_settings
from briefsmith.operations.events import take_events
from briefsmith.postgres import job_schema
from briefsmith.postgres.database import open_database
from briefsmith.postgres.inspection import inspect_database
from briefsmith.postgres.job_schema import prepare_queue, select_people
from briefsmith.postgres.jobs import MOST_RETRIES, AgentJob, Pace, open_queue
from briefsmith.postgres.listening import wake_ups
from briefsmith.postgres.session import Actor, Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schema_sync.verify import verify
from tests.integration.stored import ask, new_person, tell

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def person(database_url: str) -> UUID:
    return new_person(database_url).user_id


@pytest.fixture
def tools(embedder: Embedder) -> Tools:
    return Tools(embedder, None, load_settings({}))


@pytest.fixture
def start(database_url: str, person: UUID) -> Generator[Start]:
    """Starts a worker whose jobs take so many seconds."""
    running: list[subprocess.Popen[str]] = []

    def started(seconds: float, *words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.integration.working"]
        process = subprocess.Popen(
            [*command, database_url, str(person), str(seconds), *words],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield started
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def jobs_of(person: UUID, count: int) -> list[AgentJob]:
    return [AgentJob(person, "slow", f"job {number}") for number in range(count)]


def effects(url: str) -> int:
    [(count,)] = ask(url, "select count(*) from public.events where topic = 'test.effect'")
    return count


async def test_the_queue_has_a_schema_of_its_own_that_is_no_drift(database_url: str) -> None:
    await prepare_queue(database_url)
    await prepare_queue(database_url)

    places = ask(
        database_url,
        "select distinct relnamespace::regnamespace::text from pg_class"
        " where relname like 'procrastinate%' and relkind in ('r', 'S')",
    )
    async with inspect_database(database_url) as inspection:
        found = await verify(inspection)
    assert places == [("procrastinate",)]
    assert found.findings == ()


async def test_nobody_but_the_login_may_look_at_the_queue(database_url: str) -> None:
    await prepare_queue(database_url)

    rights = ask(
        database_url,
        "select role, has_schema_privilege(role, 'procrastinate', 'usage')"
        " from unnest(array['anon', 'authenticated', 'service_role']) as role order by 1",
    )

    assert rights == [("anon", False), ("authenticated", False), ("service_role", False)]


@pytest.mark.parametrize(
    ("comment", "kind"),
    [("procrastinate 99.0.0", errors.DatabaseIsNewer), ("my own", errors.MigrationFailed)],
)
async def test_tables_of_another_version_or_of_somebody_else_are_left_alone(
    database_url: str, comment: str, kind: type[errors.BriefsmithError]
) -> None:
    await prepare_queue(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"comment on schema procrastinate is '{comment}'".encode())

    with pytest.raises(kind):
        await prepare_queue(database_url)


def test_the_package_s_own_migrations_bring_an_older_queue_up_to_date() -> None:
    found = job_schema._later((3, 2, 0), (3, 4, 0))  # pyright: ignore[reportPrivateUsage]

    assert found
    assert all("procrastinate" in text for text in found)
    assert job_schema._later((3, 4, 0), (3, 4, 0)) == []  # pyright: ignore[reportPrivateUsage]


async def test_a_job_that_waits_already_is_not_queued_twice(
    database_url: str, person: UUID
) -> None:
    async with open_queue(database_url) as queue:
        first = await queue.put(jobs_of(person, 3))
        second = await queue.put(jobs_of(person, 4))

    assert (first, second) == (3, 1)


def test_a_time_that_is_none_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(errors.InvalidInput, match="cron"):
        Pace(cron="whenever")


async def _no_effect(job: AgentJob) -> None:
    raise AssertionError(job)


async def _no_plan(timestamp: int) -> list[AgentJob]:
    raise AssertionError(timestamp)


def test_two_workers_plan_the_same_jobs_for_a_night() -> None:
    people = [UUID(int=1), UUID(int=2)]

    jobs = nightly_jobs(people, 1_790_000_000)

    assert jobs == nightly_jobs(people, 1_790_000_000)
    assert len(jobs) == len({(job.user_id, job.name) for job in jobs}) == 2 * len(AGENTS)
    assert {job.name for job in jobs}.isdisjoint(
        {job.name for job in nightly_jobs(people, 1_790_086_400)}
    )


async def test_a_worker_for_everybody_looks_after_those_who_have_a_block(
    database_url: str, person: UUID
) -> None:
    before = await select_people(database_url)
    tell(
        database_url,
        "insert into public.context_blocks (user_id, label, content) values (%s, 'a', 'b')",
        person,
    )

    assert person not in before
    assert person in await select_people(database_url)


async def test_a_worker_killed_in_the_middle_leaves_no_effect_and_the_next_one_makes_it_once(
    database_url: str, person: UUID, start: Start
) -> None:
    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 1))
    victim = start(60)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "working\n"

    victim.kill()
    victim.wait()
    assert effects(database_url) == 0
    for _ in range(20):  # its last word has to grow old first
        await asyncio.sleep(0.3)
        await asyncio.to_thread(start(0).wait)
        if effects(database_url):
            break
    await asyncio.to_thread(start(0).wait)

    assert effects(database_url) == 1
    assert ask(database_url, "select status from public.agent_sessions") == [("succeeded",)]
    assert ask(database_url, "select job from briefsmith.agent_jobs") == [("job 0",)]


async def test_several_workers_that_find_the_job_of_a_killed_one_make_its_effect_once(
    database_url: str, person: UUID, start: Start
) -> None:
    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 3))
    victim = start(60)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "working\n"
    victim.kill()
    victim.wait()
    tell(
        database_url,
        "update procrastinate.procrastinate_workers set last_heartbeat = now() - interval '1 hour'",
    )

    codes = [await asyncio.to_thread(one.wait) for one in [start(0), start(0), start(0)]]
    await asyncio.to_thread(start(0).wait)

    assert codes == [0, 0, 0]
    assert effects(database_url) == 3
    assert waiting(database_url) == []


async def test_a_worker_that_is_stopped_ends_the_job_that_it_is_at(
    database_url: str, person: UUID, start: Start
) -> None:
    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 2))
    worker = start(0.3, "stay")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "working\n"

    worker.terminate()
    said, _ = await asyncio.to_thread(worker.communicate)

    assert said == "succeeded job 0\n"
    assert worker.returncode == 0
    assert effects(database_url) == 1
    assert waiting(database_url) == ["job 1"]


async def test_a_job_that_takes_too_long_for_a_worker_that_is_stopped_waits_for_another(
    database_url: str, person: UUID, start: Start
) -> None:
    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 1))
    worker = start(60, "stay")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "working\n"

    worker.terminate()
    said, _ = await asyncio.to_thread(worker.communicate)

    assert (said, worker.returncode) == ("", 0)
    assert effects(database_url) == 0
    assert waiting(database_url) == ["job 0"]


def waiting(url: str) -> list[str]:
    """Names of the jobs that somebody has still to do."""
    found = ask(
        url,
        "select args ->> 'name' from procrastinate.procrastinate_jobs"
        " where task_name = 'run_agent' and status = 'todo' order by id",
    )
    return [row[0] for row in found]


async def test_a_worker_of_one_person_leaves_the_jobs_of_others_to_theirs(
    database_url: str, person: UUID
) -> None:
    other = UUID(
        ask(database_url, "select min(id::text) from auth.users where id <> %s", person)[0][0]
    )
    done: list[AgentJob] = []

    async def effect(job: AgentJob) -> None:
        done.append(job)

    async with open_queue(database_url) as queue:
        await queue.put([*jobs_of(person, 1), *jobs_of(other, 1)])
        await queue.work(effect, _no_plan, Pace(person=person, once=True))
    first = list(done)
    async with open_queue(database_url) as queue:
        await queue.work(effect, _no_plan, Pace(once=True))

    assert first == jobs_of(person, 1)
    assert done == [*jobs_of(person, 1), *jobs_of(other, 1)]


async def test_the_last_night_is_planned_once_by_workers_that_were_away(
    database_url: str, person: UUID
) -> None:
    nights: list[int] = []
    done: list[str] = []

    async def plan(timestamp: int) -> list[AgentJob]:
        nights.append(timestamp)
        return [AgentJob(person, "slow", f"nightly {timestamp}")]

    async def effect(job: AgentJob) -> None:
        done.append(job.name)
        signal.raise_signal(signal.SIGTERM)

    async with open_queue(database_url) as queue:
        await queue.work(effect, plan, Pace(person=person))
    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 1))
        await queue.work(effect, plan, Pace(person=person))

    [night] = nights
    assert done == [f"nightly {night}", "job 0"]


async def test_a_worker_runs_an_agent_when_events_wait_for_it(
    database_url: str, person: UUID, tools: Tools
) -> None:
    seen: list[int] = []

    def write() -> None:
        tell(database_url, "insert into public.events (topic, user_id) values ('a.b', %s)", person)

    async def read(session: Session, context: AgentContext) -> AgentResult:
        del context
        seen.extend(event.id for event in await take_events(session, "reader", ["a.b"]))
        return AgentResult()

    def told(job: AgentJob, outcome: Outcome) -> None:
        assert outcome.status == "succeeded"
        if len(seen) == 2:
            signal.raise_signal(signal.SIGTERM)
        else:
            write()

    write()
    async with (
        open_database(database_url, user=str(person)) as store,
        open_queue(database_url) as queue,
        aclosing(wake_ups(database_url)) as wakes,
    ):
        await work(
            queue,
            lambda person: lambda name: partial(store.session, Actor(person, name)),
            _nobody,
            tools,
            Pace(person=person),
            told=told,
            agents=[Agent("reader", "Reads.", lambda: at_once(read), ("a.b",))],
            wakes=wakes,
        )

    assert seen == [row[0] for row in ask(database_url, "select id from public.events order by id")]
    assert waiting(database_url) == []


async def _nobody() -> list[UUID]:
    return []


async def test_a_worker_for_everybody_opens_no_files_that_rows_name(
    database_url: str, person: UUID, tools: Tools
) -> None:
    async def open_file(session: Session, context: AgentContext) -> AgentResult:
        raise AssertionError

    outcomes: list[Outcome] = []
    async with (
        open_database(database_url, user=str(person)) as store,
        open_queue(database_url) as queue,
    ):
        await queue.put([AgentJob(person, "opener", "job 0")])
        await work(
            queue,
            lambda person: lambda name: partial(store.session, Actor(person, name)),
            _nobody,
            tools,
            Pace(once=True),
            told=lambda job, outcome: outcomes.append(outcome),
            agents=[Agent("opener", "Opens.", lambda: at_once(open_file), reads_files=True)],
        )

    assert [(one.agent, one.status, len(one.notes)) for one in outcomes] == [
        ("opener", "skipped", 1)
    ]
    assert ask(database_url, "select * from public.agent_sessions") == []


async def test_a_job_that_fails_waits_and_says_nothing_by_itself(
    database_url: str, person: UUID, capfd: pytest.CaptureFixture[str]
) -> None:
    async def effect(job: AgentJob) -> None:
        message = "secret"
        raise errors.DatabaseBusy(message)

    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 1))
        capfd.readouterr()
        await queue.work(effect, _no_plan, Pace(once=True))

    assert capfd.readouterr() == ("", "")
    assert waiting(database_url) == ["job 0"]


async def test_a_job_that_waits_for_another_try_holds_back_no_other_of_its_person(
    database_url: str, person: UUID
) -> None:
    done: list[str] = []

    async def effect(job: AgentJob) -> None:
        done.append(job.name)
        if job.name == "job 0":
            message = "not now"
            raise errors.ModelUnavailable(message)

    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 3))
        await queue.work(effect, _no_plan, Pace(person=person, once=True))

    assert done == ["job 0", "job 1", "job 2"]
    assert waiting(database_url) == ["job 0"]


async def test_of_jobs_that_wait_the_one_that_failed_less_holds_back_none_that_is_due(
    database_url: str, person: UUID
) -> None:
    done: list[str] = []

    async def effect(job: AgentJob) -> None:
        done.append(job.name)

    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 2))
        tell_queue(
            database_url,
            "update procrastinate_jobs set priority = case args ->> 'name'"
            " when 'job 0' then -5 else -1 end, scheduled_at = case args ->> 'name'"
            " when 'job 0' then now() + interval '17 minutes' else now() end",
        )
        await queue.work(effect, _no_plan, Pace(person=person, once=True))

    assert done == ["job 1"]


async def test_two_jobs_of_a_person_never_run_at_once_also_when_one_is_tried_again(
    database_url: str, person: UUID
) -> None:
    running: list[str] = []
    most = 0

    async def effect(job: AgentJob) -> None:
        nonlocal most
        running.append(job.name)
        most = max(most, len(running))
        await asyncio.sleep(0.05)
        running.remove(job.name)

    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 4))
        tell_queue(
            database_url,
            "update procrastinate_jobs set priority = -1, attempts = 1"
            " where args ->> 'name' in ('job 0', 'job 2')",
        )
        await queue.work(effect, _no_plan, Pace(person=person, once=True, concurrency=4))

    assert most == 1
    assert waiting(database_url) == []


def tell_queue(url: str, statement: str) -> None:
    """Changes rows of the queue, whose triggers name no schema."""
    tell(url, f"set search_path = procrastinate; {statement}")


@pytest.mark.parametrize(
    ("begun", "code", "ran"), [(MOST_RETRIES, "B606", True), (MOST_RETRIES + 1, "B900", False)]
)
async def test_a_job_that_is_given_up_says_so_and_its_row_goes_after_a_month(
    begun: int, code: str, ran: bool, database_url: str, person: UUID, tools: Tools
) -> None:
    runs: list[str] = []
    outcomes: list[Outcome] = []

    async def fail(session: Session, context: AgentContext) -> AgentResult:
        runs.append("run")
        message = "The model is away."
        raise errors.ModelUnavailable(message)

    agent = Agent("failing", "Fails.", lambda: at_once(fail))
    async with (
        open_database(database_url, user=str(person)) as store,
        open_queue(database_url) as queue,
    ):
        effect = effect_of(
            lambda person: lambda name: partial(store.session, Actor(person, name)),
            tools,
            [agent],
            lambda job, outcome: outcomes.append(outcome),
            is_own=True,
        )
        await queue.put([AgentJob(person, "failing", "job 0")])
        tell_queue(database_url, f"update procrastinate_jobs set attempts = {begun}")
        await queue.work(effect, _no_plan, Pace(once=True))

        [outcome] = outcomes
        assert (outcome.status, bool(runs)) == ("failed", ran)
        assert "given up" in outcome.notes[0]
        [(metadata,)] = ask(database_url, "select metadata from public.agent_sessions")
        assert (metadata["error"], metadata["given_up"]) == (code, True)

        kept = "select count(*) from procrastinate.procrastinate_jobs where status = 'failed'"
        [(failed,)] = ask(database_url, kept)
        assert failed == int(ran)
        for days, left in ((29, int(ran)), (31, 0)):
            tell_queue(
                database_url,
                f"update procrastinate_events set at = now() - interval '{days} days'",
            )
            await open_and_close(database_url)
            assert ask(database_url, kept) == [(left,)]
    assert len(ask(database_url, "select * from public.agent_sessions")) == 1


async def open_and_close(url: str) -> None:
    """A worker that finds nothing to do."""
    async with open_queue(url) as queue:
        await queue.work(_no_effect, _no_plan, Pace(once=True))


async def test_a_worker_that_does_not_know_an_agent_leaves_the_job_and_in_the_end_says_so(
    database_url: str, person: UUID, tools: Tools
) -> None:
    outcomes: list[Outcome] = []
    async with open_database(database_url, user=str(person)) as store:
        effect = effect_of(
            lambda person: lambda name: partial(store.session, Actor(person, name)),
            tools,
            AGENTS,
            lambda job, outcome: outcomes.append(outcome),
            is_own=True,
        )
        async with open_queue(database_url) as queue:
            await queue.put([AgentJob(person, "of_tomorrow", "job 0")])
            await queue.work(effect, _no_plan, Pace(once=True))
        assert (outcomes, waiting(database_url)) == ([], ["job 0"])

        tell_queue(
            database_url,
            f"update procrastinate_jobs set attempts = {MOST_RETRIES}, scheduled_at = now()",
        )
        async with open_queue(database_url) as queue:
            await queue.work(effect, _no_plan, Pace(once=True))

    assert [outcome.error and outcome.error.code for outcome in outcomes] == ["B109"]
    assert waiting(database_url) == []
    [(agent, metadata)] = ask(
        database_url, "select agent_type, metadata from public.agent_sessions"
    )
    assert (agent, metadata["given_up"]) == ("of_tomorrow", True)


def test_without_the_extra_a_queue_is_refused_and_all_else_works(database_url: str) -> None:
    without = (
        "import sys; sys.modules['procrastinate'] = sys.modules['croniter'] = None\n"
        "from briefsmith.faces.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    environment = {"PATH": os.defpath, "BRIEFSMITH_DATABASE_URL": database_url}

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", without, *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    refused, verified = call("agents", "work", "--once"), call("schema", "verify")

    assert (refused.returncode, verified.returncode) == (2, 0)
    assert refused.stderr.startswith("B105 The job queue needs procrastinate")
    assert "briefsmith[jobs]" in refused.stderr


async def test_a_job_that_is_taken_again_after_its_effect_does_nothing(
    database_url: str, person: UUID, start: Start
) -> None:
    async with open_queue(database_url) as queue:
        await queue.put(jobs_of(person, 1))
        await asyncio.to_thread(start(0).wait)
        await queue.put(jobs_of(person, 1))  # as if its worker had died before it could say so
    again = start(0)
    said, _ = await asyncio.to_thread(again.communicate)

    assert said == "skipped job 0\n"
    assert effects(database_url) == 1


async def test_many_workers_share_the_jobs_and_each_has_its_effect_once(
    database_url: str, person: UUID, start: Start
) -> None:
    made = ask(
        database_url,
        "insert into auth.users (email) select n || '@localhost' from generate_series(1, 5) as n"
        " returning id",
    )
    people = [person, *(row[0] for row in made)]
    async with open_queue(database_url) as queue:
        await queue.put([job for one in people for job in jobs_of(one, 10)])

    workers = [start(0.02) for _ in range(3)]
    said = [(await asyncio.to_thread(worker.communicate))[0] for worker in workers]

    done = [line for text in said for line in text.splitlines() if line != "working"]
    assert sorted(done) == sorted(f"succeeded job {number}" for number in range(10) for _ in people)
    assert effects(database_url) == 60
