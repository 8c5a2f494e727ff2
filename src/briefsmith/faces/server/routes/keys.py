"""Routes on personal keys; a key makes no keys."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server.asking import Asking, Caller, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route, strictly
from briefsmith.operations import api_keys
from briefsmith.postgres.session import Session
from briefsmith.schemas.api_keys import ApiKey, NewApiKey

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=Route)

New = Annotated[NewApiKey, strictly(NewApiKey)]


class Keys(BaseModel):
    """Keys, the newest first."""

    items: list[ApiKey]


class NewKeyAnswer(BaseModel):
    """A new key; nobody can read `key` again, and it is null where the answer is given again."""

    key: str | None
    row: ApiKey


def _check_person(caller: Caller) -> None:
    """A key that is stolen must not make others that outlive it.

    Raises:
        NotPermitted: A key asks.
    """
    if caller.identity.credential == "key":
        message = "A key makes and revokes no keys."
        raise errors.NotPermitted(message, hint="Sign in, or use `briefsmith key`.")


@router.get("", operation_id="list_keys", response_model=Keys, responses=refusals())
async def list_keys(caller: Asking) -> Response:
    """The caller's keys, also those that are not taken any more."""
    async with caller.session(read_only=True) as session:
        return answer({"items": await api_keys.list_keys(session)})


@router.post(
    "", operation_id="add_key", status_code=201, response_model=NewKeyAnswer, responses=refusals()
)
async def add_key(new: New, caller: Asking) -> Response:
    """A new key, shown this once: who repeats the request gets no second key, and the first one without its text."""
    _check_person(caller)
    shown: list[str] = []

    async def work(session: Session) -> Response:
        made = await api_keys.add_key(session, new)
        shown.append(made.key)
        return answer({"key": None, "row": made.row}, status=201)

    response = await caller.once(work)
    if not shown:
        return response
    return answer({**json.loads(bytes(response.body)), "key": shown[0]}, status=201)


@router.delete(
    "/{key_id}",
    operation_id="revoke_key",
    response_model=ApiKey,
    responses=refusals(errors.NotFound),
)
async def revoke_key(key_id: UUID, caller: Asking) -> Response:
    """The key, which is not taken any more: within seconds, on every server."""
    _check_person(caller)
    async with caller.session() as session:
        return answer(await api_keys.revoke_key(session, key_id))
