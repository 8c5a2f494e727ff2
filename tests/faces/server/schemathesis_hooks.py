"""What requests of schemathesis need beside their schema."""

import uuid
from typing import Any

import schemathesis


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType]
def before_call(context: Any, case: Any, _kwargs: Any) -> None:
    """Gives each request a key of its own: the same one under two requests is refused, and rightly so."""
    headers = case.headers
    is_valid = case.meta is None or case.meta.generation.mode.is_positive
    if is_valid and headers is not None and "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = str(uuid.uuid4())
