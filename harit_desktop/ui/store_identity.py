"""Notices when another store has taken the place of the one that the window shows."""

from __future__ import annotations

from harit_desktop.domain.status import EngineStatus, ServerState
from harit_desktop.settings.model import StorageSettings

RESTORED = "store.restored"


class StoreIdentity:
    """Knows the store by its settings and by the backup that was restored last.

    A server counts from the first time that it is reached: what it already held can only
    be seen then. That it goes and comes back is no other store.
    """

    def __init__(self) -> None:
        self._known: tuple[object, ...] | None = None
        self._reached: tuple[object, ...] | None = None

    def changed(self, status: EngineStatus, storage: StorageSettings) -> bool:
        """Whether the store is another one than at the last call."""
        server = (storage.mysql_host, storage.mysql_port, storage.mysql_database)
        place = (storage.backend, *(server if storage.backend == "mysql" else ()))
        if status.server.state is ServerState.READY:
            self._reached = place
        restored = [str(p) for p in status.problems if p.code == RESTORED]
        known = (place, self._reached == place, *restored[-1:])
        before, self._known = self._known, known
        return before is not None and before != known
