"""How the forwarder stands, as it is shown: one immutable snapshot at any moment."""

from __future__ import annotations

import time

import msgspec

from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import DatabaseChange, ServerState, ServerStatus
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.errors import ServerError
from harit_desktop.storage.mysql.tables import READINGS, STORE

SILENT_AFTER_S = 1.4
SLOW_SILENT_AFTER_S = 10.0
"""For a job that is known to take long, and where something else is known to be wrong."""

LOCKED_AT_MOST_S = 12.0
"""No statement waits longer for a lock: one that takes longer is at work."""

_CHANGING = Problem("server.changing", {"table": READINGS})
_MISSING_SHOWN_S = 60.0


class Standing:
    """Changed by the forwarder's thread, but for `woken`; read by any thread.

    `woken_id` is the newest reading of the journal, `done_id` the newest one that the server
    has with all before it.
    """

    def __init__(self, address: ServerAddress, now_us: NowUs) -> None:
        self._now_us = now_us
        self._ended = False
        self._silent_since_s: float | None = None
        self._missing: tuple[str, float] | None = None
        self._refused = 0
        self._not_durable = False
        self.woken_id = self.done_id = 0
        self.status = ServerStatus(
            host=address.host, port=address.port, database=address.database, tls=address.tls
        )

    def shown(self, busy_since_s: float | None, *, slow: bool) -> ServerStatus:
        """The status, with a call that has waited for its answer since `busy_since_s`."""
        waiting = max(0, self.woken_id - self.done_id)
        status = msgspec.structs.replace(self.status, waiting=waiting)
        if busy_since_s is None or self._ended:
            return status
        # What is known to be wrong says more than that the next attempt takes its time.
        code = status.problem.code if status.problem else ""
        known = status.state is ServerState.LOST and code != "server.silent"
        now_s = time.monotonic()
        if now_s - busy_since_s < (SLOW_SILENT_AFTER_S if slow or known else SILENT_AFTER_S):
            return status
        silent_s = now_s - min(busy_since_s, self._silent_since_s or busy_since_s)
        return msgspec.structs.replace(
            status,
            state=ServerState.LOST,
            since_us=self._now_us() - round(silent_s * US_PER_S),
            retry_at_us=None,
            problem=Problem("server.silent", {"seconds": int(silent_s)}),
        )

    def changing(self) -> None:
        """The database gets what it lacks. What was wrong until now stays in sight."""
        if self.status.state is not ServerState.LOST:
            self.set(ServerState.CONNECTING, _CHANGING)

    def shown_changing(self, busy_since_s: float | None) -> ServerStatus:
        """The status during that work, which may take as long as it likes."""
        status = self.shown(None, slow=True)
        if busy_since_s is None or time.monotonic() - busy_since_s < LOCKED_AT_MOST_S:
            return status
        return msgspec.structs.replace(status, state=ServerState.CONNECTING, problem=_CHANGING)

    def woken(self, last_id: int) -> None:
        """The journal has readings up to `last_id`."""
        self.woken_id = max(self.woken_id, last_id)

    def connected(self, version: str, tls: bool, durable: bool) -> None:
        self._not_durable = not durable
        self.status = msgspec.structs.replace(self.status, version=version, tls=tls)

    def counted(self, rows: int | None) -> None:
        self.status = msgspec.structs.replace(self.status, rows=rows)

    def sent(self, last_id: int, count: int, refused: int) -> None:
        """Readings up to `last_id` are on the server, `refused` of them are not."""
        self.done_id = last_id
        self.woken(last_id)
        self._refused += refused
        forwarded = self.status.forwarded + count - refused
        self.status = msgspec.structs.replace(self.status, forwarded=forwarded)

    def accepted(self, count: int) -> None:
        """So many readings are on the server that it refused before."""
        self._refused = max(0, self._refused - count)
        forwarded = self.status.forwarded + count
        self.status = msgspec.structs.replace(self.status, forwarded=forwarded)

    def all_sent(self, target_id: int) -> None:
        """Nothing was left up to `target_id`: ids have gaps where readings were deleted."""
        self.done_id = max(self.done_id, target_id)

    def ready(self) -> None:
        """The server took what there was, with a note on what is worth knowing all the same."""
        self._silent_since_s = None
        problem = None
        if self._missing is not None and time.monotonic() - self._missing[1] < _MISSING_SHOWN_S:
            problem = Problem("server.table_missing", {"table": self._missing[0]})
        elif self._refused:
            problem = Problem("server.rows_refused", {"count": self._refused})
        elif self._not_durable:
            problem = Problem("server.not_durable")
        self.set(ServerState.READY, problem)

    def table_missing(self, error: ServerError) -> Problem:
        table = STORE if STORE in str(error) else READINGS
        self._missing = (table, time.monotonic())
        return Problem("server.table_missing", {"table": table})

    def silent(self, error: ServerError) -> Problem:
        """The silence so far, counted over attempts."""
        now_s = time.monotonic()
        if self._silent_since_s is None:
            self._silent_since_s = now_s - float(error.params["seconds"])
        return Problem("server.silent", {"seconds": int(now_s - self._silent_since_s)})

    def set(
        self,
        state: ServerState,
        problem: Problem | None,
        retry_at_us: int | None = None,
        change: DatabaseChange | None = None,
    ) -> None:
        if self._ended:
            return
        before = self.status
        self.status = msgspec.structs.replace(
            before,
            state=state,
            since_us=before.since_us if before.state is state else self._now_us(),
            retry_at_us=retry_at_us,
            change=change,
            problem=problem,
        )

    def end(self) -> None:
        """The forwarder stops: nothing that its thread still says counts any more."""
        self.set(ServerState.OFF, None)
        self._ended = True
