"""A request that is repeated has one effect, and the first one's answer."""

from dataclasses import dataclass, field
from typing import Any, cast

from briefsmith import errors
from briefsmith.postgres.session import Session
from briefsmith.store import idempotent_answers

KEPT_DAYS = 7
"""How long an answer is kept; a repetition after that is a new request."""


@dataclass(frozen=True, slots=True)
class RepeatableRequest:
    """A request that may come again.

    Attributes:
        key: The caller's name for it.
        sha256: Of all that makes it this request.
    """

    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a request was answered with.

    Attributes:
        headers: Those that belong to the answer, not to its way.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


async def first_answer(session: Session, request: RepeatableRequest) -> KeptAnswer | None:
    """What the request was answered with before; None where it is new, and nobody else begins it meanwhile.

    Raises:
        KeyInUse: The first one is under way, in another transaction.
        KeyReused: The key came with another request.
        WrongState: It was done, and its answer is gone with the text of a purged block.
    """
    if not await idempotent_answers.lock_key(session, request.key):
        message = "The first request with this Idempotency-Key is still under way."
        raise errors.KeyInUse(message)
    row = await idempotent_answers.select_answer(session, request.key)
    if row is None:
        return None
    if row.request_sha256 != request.sha256:
        message = "This Idempotency-Key came with another request before."
        raise errors.KeyReused(message)
    if row.body is None:
        message = "This request was done; its answer was erased when a block was purged."
        hint = "Look what there is; do not send it under another key."
        raise errors.WrongState(message, hint=hint, details={"status": row.status})
    headers = cast("dict[str, Any]", row.headers) if isinstance(row.headers, dict) else {}
    texts = {str(name): str(value) for name, value in headers.items()}
    return KeptAnswer(row.status, row.body, texts)


async def keep_answer(session: Session, request: RepeatableRequest, answer: KeptAnswer) -> None:
    """Keeps the answer with the effect, in one transaction; it is given for `KEPT_DAYS` days."""
    await idempotent_answers.insert_answer(
        session,
        request.key,
        request_sha256=request.sha256,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        days=KEPT_DAYS,
    )


async def replace_answer(session: Session, request: RepeatableRequest, answer: KeptAnswer) -> None:
    """Puts the whole answer in the place of the one kept with the effect, of a request that went on after it."""
    await idempotent_answers.update_answer(
        session, request.key, status=answer.status, headers=answer.headers, body=answer.body
    )
