"""The process that stops the server when nobody has used it for a while, or its home is gone."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from briefsmith.postgres.embedded.layout import Layout
from briefsmith.postgres.embedded.locks import is_free, open_lock, try_exclusive
from briefsmith.postgres.embedded.probe import server_pid
from briefsmith.postgres.embedded.server_log import bound_log
from briefsmith.postgres.embedded.stopping import RunningServer, observe, stop
from briefsmith.postgres.embedded.usage import read_idle_seconds

_LEAST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0


@dataclass(slots=True)
class Watcher:
    """Looks after one home's server.

    Attributes:
        layout: The home.
        lock: Descriptor of the watcher's lock, held.
        server_lock: Descriptor of the server's lock, without a lock.
        server: As it was last seen.
    """

    layout: Layout
    lock: int
    server_lock: int
    server: RunningServer

    def run(self) -> None:
        """Watches until there is nothing left to watch."""
        while not self._is_over():
            pause = read_idle_seconds(self.layout) / 10
            time.sleep(min(max(pause, _LEAST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS))

    def _is_over(self) -> bool:
        try:
            if self._is_home_gone():
                return self._end_with_home()
            if is_free(self.server_lock):
                return self._end_with_server()
            self._look()
            return self._is_unused() and self._end_unused()
        except OSError:
            # A full disk, or a home that goes while it is looked at: the next look tells.
            return False

    def _look(self) -> None:
        # Observing makes the server start a process, so it is done for a new server only.
        if self.server.pid is None or self.server.pid != server_pid(self.layout.data):
            self.server = observe(self.layout)
        bound_log(self.layout.log)

    def _is_home_gone(self) -> bool:
        mine = os.fstat(self.lock)
        try:
            found = self.layout.watcher_lock.stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        return (found.st_dev, found.st_ino) != (mine.st_dev, mine.st_ino)

    def _end_with_home(self) -> bool:
        # First, since the home may only have moved: who starts the server there wants a watcher.
        os.close(self.lock)
        if not is_free(self.server_lock):
            stop(self.server, self.server_lock)
        return True

    def _end_with_server(self) -> bool:
        """Ends, unless somebody is starting the server, who counts on this watcher."""
        start = open_lock(self.layout.start_lock)
        try:
            over = try_exclusive(start) and is_free(self.server_lock)
            if over:
                os.close(self.lock)
        finally:
            os.close(start)
        return over

    def _is_unused(self) -> bool:
        used_at = self.layout.clients_lock.stat().st_mtime
        return time.time() - used_at >= read_idle_seconds(self.layout)

    def _end_unused(self) -> bool:
        """Stops the server while clients wait at the door; whoever is in keeps it up."""
        clients = open_lock(self.layout.clients_lock)
        start = open_lock(self.layout.start_lock)
        try:
            if not (try_exclusive(clients) and self._is_unused() and try_exclusive(start)):
                return False
            over = stop(observe(self.layout), self.server_lock)
            if over:
                os.close(self.lock)
        finally:
            os.close(start)
            os.close(clients)
        return over


def main(arguments: Sequence[str]) -> None:
    """Runs a watcher.

    Args:
        arguments: Absolute home folder, descriptors of the held lock and of the server's, and the
            fields of the server as it was seen last.
    """
    home, lock, server_lock, pid, uid, gid, socket_folder = arguments
    server = RunningServer(int(pid) or None, (int(uid), int(gid)), socket_folder or None)
    Watcher(Layout(Path(home)), int(lock), int(server_lock), server).run()
