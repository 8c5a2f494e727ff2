"""The route that verifies the schema."""

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route
from briefsmith.operations.schema import verify_schema
from briefsmith.runtime import open_inspection

router = APIRouter(prefix="/schema", tags=["schema"], route_class=Route)

_FRESH_SECONDS = 30.0


class SchemaFinding(BaseModel):
    """One thing that is not as it has to be; `info` is of somebody else."""

    severity: str
    kind: str
    name: str
    change: str
    fact: str | None
    expected: Any
    found: Any
    says: str | None
    mend: dict[str, Any] | None


class SchemaAnswer(BaseModel):
    """Whether the database is what the code takes it for.

    Attributes:
        checked: How many objects, statements and models were held against each other.
        age_seconds: Since it was looked at; a look takes seconds, and many share one.
    """

    in_sync: bool
    server_version: str
    checked: dict[str, int]
    findings: list[SchemaFinding]
    age_seconds: float


class _Look:
    """The last look at a server's database."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.at = 0.0
        self.found: dict[str, Any] | None = None


@router.get(
    "/verify",
    operation_id="verify_schema",
    response_model=SchemaAnswer,
    responses=refusals(errors.DatabaseUnreachable),
)
async def verify(request: Request, caller: Asking) -> Response:
    """Whether the live database, the models and every statement agree."""
    state = request.app.state
    if not hasattr(state, "schema_look"):
        state.schema_look = _Look()
    look: _Look = state.schema_look
    async with look.turn:
        if look.found is None or time.monotonic() - look.at > _FRESH_SECONDS:
            async with open_inspection(caller.store.settings) as inspection:
                found = (await verify_schema(inspection)).as_dict()
            # Which database it is, is for whoever runs the server.
            look.found = {key: value for key, value in found.items() if key != "database"}
            look.at = time.monotonic()
        age = round(time.monotonic() - look.at, 1)
        return answer({**look.found, "age_seconds": age})
