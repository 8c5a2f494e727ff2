"""How an agent reaches the database: as its person, one transaction at a time."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from briefsmith.postgres.session import Session


class Sessions(Protocol):
    """Opens transactions of the person whose store it is; none is open while a model is asked."""

    def __call__(self, *, read_only: bool = False) -> AbstractAsyncContextManager[Session]:
        """A transaction that commits when it is left without an error."""
        ...
