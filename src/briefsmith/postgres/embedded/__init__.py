"""A PostgreSQL server of the person's own: started when it is needed, stopped when nobody uses it."""

from briefsmith.postgres.embedded.lease import ServerLease, ensure_server
from briefsmith.postgres.embedded.state import ServerState, server_state
from briefsmith.postgres.embedded.stopping import stop_server

__all__ = ["ServerLease", "ServerState", "ensure_server", "server_state", "stop_server"]
