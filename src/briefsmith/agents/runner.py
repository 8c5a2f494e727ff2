"""Runs a brief: its text to a model, what comes of it into the store, and from there to its receiver."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

from briefsmith.agents.json_answers import canonical_document, check_document
from briefsmith.agents.run_items import Delivered, RunItem, RunStarted, RunStored
from briefsmith.agents.run_plan import RunPlan, plan_run, target_of
from briefsmith.agents.run_prompts import prompt_block, system_text
from briefsmith.agents.run_text import End, whole_pieces
from briefsmith.agents.sessions import Sessions
from briefsmith.errors import BriefsmithError, InvalidReceiver, InvalidSetting, ReceiverUnavailable
from briefsmith.models.enums import OutputType
from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.operations.agent_messages import record_calls
from briefsmith.operations.brief_runs import (
    FinishedRun,
    get_output,
    get_run_material,
    record_delivery,
    store_run,
)
from briefsmith.operations.deployment_configs import get_config
from briefsmith.postgres.session import Session
from briefsmith.providers.language_models.port import (
    LanguageModel,
    Request,
    Usage,
)
from briefsmith.providers.receivers.port import Delivery, Receiver
from briefsmith.schemas.deployment import RunRequest
from briefsmith.schemas.receivers import Target

Stored = Callable[[Session, RunStarted, RunStored], Awaitable[None]]
"""What is done in the transaction that stores an output, and undone with it."""

_RUNNER = "runner"


@dataclass(frozen=True, slots=True)
class Runner:
    """Works for one person.

    Attributes:
        sessions: Transactions of the person; none is open while a model or a receiver is waited for.
        make_model: The model for a configuration's name of one, None taking the environment's; None where there is none.
        make_receiver: The receiver of a target; None for standard output.
    """

    sessions: Sessions
    make_model: Callable[[str | None], LanguageModel | None]
    make_receiver: Callable[[Target], Receiver | None]

    async def run(
        self, request: RunRequest, *, stored: Stored | None = None
    ) -> AsyncGenerator[RunItem, None]:
        """What is begun, the text as it comes, what was stored, and where it went; close it when leaving early.

        A run that fails, or is left early, stores no output; one that fails leaves its calls. The text of a run is
        stored before its receiver is asked, and stays when that fails.

        Args:
            stored: Done with the output, or neither is.

        Raises:
            BriefNotFound: There is none, or it is somebody else's.
            ConfigNotFound: The brief has no such configuration.
            InvalidInput: The configuration, or its receiver, cannot be used.
            InvalidSetting: No model is set, or a secret is missing.
            ModelMisbehaved: As the port says.
            ModelUnavailable: As the port says.
            ReceiverUnavailable: The receiver did not take the stored output.
            WrongState: The brief has no text, or a block in it was purged meanwhile.

        Emits:
            brief.run
        """
        async with self.sessions(read_only=True) as session:
            material = await get_run_material(session, request.brief_id, request.config_id)
        plan = plan_run(material, request.receiver)
        receiver = self.make_receiver(plan.target)
        if receiver is not None:
            await receiver.check()
        model = None if plan.output_type is OutputType.PROMPT_BLOCK else self._model(plan)
        names = model.name if model else None, receiver.name if receiver else None
        yield (started := RunStarted(plan, *names))
        done: RunStored | None = None
        streams = request.streams
        async with aclosing(self._stored(started, model, stored, streams=streams)) as items:
            async for item in items:
                if isinstance(item, RunStored):
                    done = item
                yield item
        if receiver is not None and done is not None:
            is_chosen = request.receiver is not None
            yield await self._deliver(done.output, receiver, is_chosen=is_chosen)

    async def deliver(self, output_id: UUID, receiver: str | None) -> Delivered:
        """Sends a stored output, again where it was sent before: a webhook knows it by the same id.

        Args:
            receiver: In place of the one in the configuration that the output was made with.

        Raises:
            InvalidReceiver: Nothing is ever sent there.
            InvalidSetting: A secret is missing.
            NotFound: There is no such output.
            ReceiverUnavailable: The receiver did not take it.
        """
        async with self.sessions(read_only=True) as session:
            output = await get_output(session, output_id)
            config = None
            if output.config_id is not None and receiver is None:
                config = await get_config(session, output.task_brief_id, output.config_id)
        found = self.make_receiver(target_of(config, receiver))
        if found is None:
            return Delivered(output, "stdout")
        return await self._deliver(output, found, is_chosen=receiver is not None)

    def _model(self, plan: RunPlan) -> LanguageModel:
        model = self.make_model(plan.model_settings.model)
        if model is None:
            message = "No language model is set, and the brief's configuration names none."
            hint = (
                "Set BRIEFSMITH_MODEL (with BRIEFSMITH_MODEL_BASE_URL for a server of your own), "
                "or configure the brief with --format prompt_block, which asks no model."
            )
            raise InvalidSetting(message, hint=hint, details={"name": "BRIEFSMITH_MODEL"})
        return model

    async def _stored(
        self,
        started: RunStarted,
        model: LanguageModel | None,
        stored: Stored | None,
        *,
        streams: bool,
    ) -> AsyncGenerator[str | RunStored, None]:
        """The text as it comes, then what was stored."""
        plan = started.plan
        pieces: list[str] = []
        end: End | None = None
        try:
            async with aclosing(whole_pieces(_text_of(plan, model, streams=streams))) as items:
                async for item in items:
                    if isinstance(item, str):
                        pieces.append(item)
                        yield item
                    else:
                        end = item
        except BriefsmithError as error:
            await self._record_failure(plan, error)
            raise
        yield await self._store(started, "".join(pieces), end, stored)

    async def _record_failure(self, plan: RunPlan, error: BriefsmithError) -> None:
        calls = error.details.get("calls")
        if not calls:
            return
        # What the model did is what the person has to hear of, whatever the database does.
        with suppress(BriefsmithError):
            async with self.sessions() as session:
                await record_calls(
                    session,
                    task_id=str(plan.brief_id),
                    agent_type=_RUNNER,
                    calls=calls,
                    outcome=error.code,
                )

    async def _store(
        self, started: RunStarted, text: str, end: End | None, stored: Stored | None
    ) -> RunStored:
        plan = started.plan
        run = FinishedRun(plan.brief_id, plan.config_id, plan.output_type, text, plan.blocks)
        calls = [call.as_dict() for call in end.calls] if end else []
        try:
            async with self.sessions() as session:
                output = await store_run(session, run)
                if calls:
                    await record_calls(
                        session,
                        task_id=str(plan.brief_id),
                        agent_type=_RUNNER,
                        calls=calls,
                        outcome="stored",
                    )
                usage = end.usage if end else Usage()
                done = RunStored(output, usage, end is not None and end.cut_off)
                if stored is not None:
                    await stored(session, started, done)
        except BriefsmithError as error:
            error.details.setdefault("calls", calls)
            await self._record_failure(plan, error)
            raise
        return done

    async def _deliver(
        self, output: TaskBriefOutput, receiver: Receiver, *, is_chosen: bool
    ) -> Delivered:
        delivery = Delivery(
            output_id=output.id,
            brief_id=output.task_brief_id,
            output_type=output.output_type,
            content=output.content,
            created_at=output.created_at,
        )
        facts = {"receiver": receiver.kind, "name": receiver.name}
        try:
            tries = await receiver.deliver(delivery)
        except (InvalidReceiver, ReceiverUnavailable) as error:
            error.details["output_id"] = str(output.id)
            error.hint = f"{_mend(error)} {_again(output, is_chosen=is_chosen)}"
            failed = {**facts, "outcome": error.code, "tries": error.details.get("tries", [])}
            with suppress(BriefsmithError):
                async with self.sessions() as session:
                    await record_delivery(session, output, failed)
            raise
        done = {**facts, "outcome": "delivered", "tries": [one.as_dict() for one in tries]}
        async with self.sessions() as session:
            await record_delivery(session, output, done)
        return Delivered(output, receiver.kind, receiver.name, tries)


def _mend(error: InvalidReceiver | ReceiverUnavailable) -> str:
    return error.hint if isinstance(error, InvalidReceiver) else "See to the receiver."


def _again(output: TaskBriefOutput, *, is_chosen: bool) -> str:
    """What brings a stored output to its receiver; one that was chosen in the call has to be named again."""
    option = " --receiver WHERE" if is_chosen else ""
    return f"The output is stored: `briefsmith brief deliver {output.id}{option}` sends it again."


async def _text_of(
    plan: RunPlan, model: LanguageModel | None, *, streams: bool
) -> AsyncGenerator[str | End, None]:
    """The text piece by piece, then what it took; nothing, for a text that no model was asked for."""
    if model is None:
        yield prompt_block(plan.markdown, plan.custom_notes)
        return
    request = Request(
        system=system_text(plan.output_type, plan.custom_notes),
        user=plan.markdown,
        output=str,
        settings=plan.model_settings,
    )
    if plan.output_type is OutputType.STRUCTURED_JSON:
        answer = await model.answer(request, check=check_document)
        yield canonical_document(answer.value)
        yield answer
    elif streams:
        async with aclosing(model.stream(request)) as items:
            async for item in items:
                yield item
    else:
        answer = await model.answer(request)
        yield answer.value
        yield answer
