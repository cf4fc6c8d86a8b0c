"""What stands around the journal: the store server, reads, upkeep, backups.

The journal itself belongs to `ingestion`; it is always written first, whatever store the
settings name.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import msgspec

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import (
    BackupStatus,
    ServerState,
    ServerStatus,
    StoreState,
    StoreStatus,
)
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.runtime.store_parts import BackupPart, HistoryPart, MaintenancePart, ServerPart
from harit_desktop.runtime.worker import Worker
from harit_desktop.settings.model import Settings, StorageSettings

log = logging.getLogger(__name__)

STOP_S = 1.0
FIRST_REFRESH_S = 5.0
REFRESH_S = 30.0

SPOOLED_READING_BYTES = 600
"""What a waiting reading takes on the disk with its indexes and summaries, rounded up."""


class StoreKeeper:
    """Owns the parts that `storage.*` settings choose.

    `use` and `stop` belong to the control thread and to the thread that ends the engine;
    the rest may be called from any thread.
    """

    def __init__(self, parts: Parts, files: QueryPool, refresh: Callable[[], None]) -> None:
        self._parts = parts
        self._files = files
        self._refresh = refresh
        self._refresh_due_s = 0.0
        self._building = threading.Lock()
        self._settings = Settings()
        self._password: str | None = None
        self._approved = False
        self._history: HistoryPart | None = None
        self._backups: BackupPart | None = None
        self._server: ServerPart | None = None
        self._maintenance: MaintenancePart | None = None
        self._workers: list[Worker] = []
        self._making: QueryHandle[str] | None = None
        self._last_id = 0

    # -- for any thread --------------------------------------------------------------

    @property
    def history(self) -> HistoryPart:
        """Reads of the store that the settings name; built at its first use."""
        with self._building:
            if self._history is None:
                self._history = self._parts.history(self._settings, self._password)
            return self._history

    @property
    def backups(self) -> BackupPart:
        """Backups of the store that the settings name; built at its first use."""
        with self._building:
            if self._backups is None:
                self._backups = self._parts.backups(self._settings, self._password)
            return self._backups

    def server_status(self) -> ServerStatus:
        server = self._server
        return server.status() if server is not None else ServerStatus()

    def store_status(self, journal: StoreStatus) -> StoreStatus:
        """The state of the whole store: the journal's, or what the server makes of it."""
        if not self._settings.storage.uses_server:
            return journal
        state, problem = journal.state, journal.problem
        spool_problem = self.spool_problem()
        if state is StoreState.OK and spool_problem is not None:
            state, problem = StoreState.DOWN, spool_problem
        elif state is StoreState.OK and self.server_status().state is not ServerState.READY:
            state = StoreState.SPOOLING
        return msgspec.structs.replace(
            journal, backend=self._settings.storage.backend, state=state, problem=problem
        )

    def backup_status(self) -> BackupStatus:
        making, backups = self._making, self._backups
        problem = None
        if making is not None and making.done:
            problem = making.problem
        elif backups is not None:
            problem = backups.problem
        return BackupStatus(
            running=making is not None and not making.done,
            path=(making.value or "") if making is not None else "",
            problem=problem,
        )

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        maintenance = self._maintenance
        return (
            *(worker.problem for worker in self._workers),
            maintenance.problem if maintenance is not None else None,
            self.backup_status().problem,
        )

    def committed(self, last_id: int) -> None:
        """The journal holds readings up to `last_id`."""
        self._last_id = last_id
        server = self._server
        if server is not None:
            server.wake(last_id)

    def spool_problem(self) -> Problem | None:
        """Why no more readings may be taken while the server is away."""
        limit_mb = self._settings.storage.spool_limit_mb
        waiting = self.server_status().waiting
        if waiting * SPOOLED_READING_BYTES < limit_mb * 1_000_000:
            return None
        return Problem("store.spool_full", {"limit_mb": limit_mb})

    # -- for the control thread ------------------------------------------------------

    def approve_all(self) -> None:
        """Allows every change that a server will ask for in this run."""
        self._approved = True

    def approve(self) -> None:
        if self._server is not None:
            self._server.approve()

    def retry_now(self) -> None:
        if self._server is not None:
            self._server.retry_now()

    def use(self, settings: Settings, password: str | None) -> None:
        """Builds anew what the storage settings concern; readings keep coming meanwhile."""
        self.stop(STOP_S)
        with self._building:
            self._settings, self._password = settings, password
            self._history = self._backups = None
        self._server = self._parts.server(settings, password, approved=self._approved)
        if self._server is not None:
            self._server.wake(self._last_id)
            self._server.start()
        self._maintenance = self._parts.maintenance(settings)
        self._workers = [
            Worker("maintenance", self._maintenance.run),
            Worker("backup", self.backups.run),
        ]
        for worker in self._workers:
            worker.start()

    def concerns(self, before: StorageSettings, after: StorageSettings) -> bool:
        """Whether a change of settings needs `use`."""
        return msgspec.structs.replace(before, csv_mirror=True) != msgspec.structs.replace(
            after, csv_mirror=True
        )

    def tick(self) -> None:
        """Once a second: builds a forwarder anew whose thread has died; has views look now
        and then at what others write into the server."""
        server = self._server
        if server is None:
            return
        if not server.healthy():
            log.warning("the forwarder is built anew")
            self.use(self._settings, self._password)
        elif server.status().state is not ServerState.READY:
            self._refresh_due_s = 0.0
        elif time.monotonic() >= self._refresh_due_s:
            first = self._refresh_due_s == 0.0
            self._refresh_due_s = time.monotonic() + (FIRST_REFRESH_S if first else REFRESH_S)
            self._refresh()

    def delete_simulated(self) -> None:
        """Deletes every simulated reading on the server. Raises KnownError(server.*)."""
        if self._server is not None:
            self._server.delete_simulated()

    def back_up(self) -> None:
        """Begins a backup; `backup_status` tells how it goes."""
        backups = self.backups
        self._making = self._files.submit(
            "backup", lambda handle: str(backups.make(lambda: handle.token.cancelled))
        )

    def stop(self, deadline_s: float) -> bool:
        """Ends the workers and the forwarder; what waits stays in the journal."""
        server, self._server = self._server, None
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.ask_to_stop()
        clean = server is None or server.stop(deadline_s)
        for worker in workers:
            clean &= worker.join(deadline_s / 2)
        with self._building:
            history, self._history = self._history, None
        if history is not None:
            history.close()
        return clean
