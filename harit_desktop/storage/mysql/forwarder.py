"""The forwarder: ships the journal's readings to the store server, for as long as it takes."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymysql.err import MySQLError

from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import DatabaseChange, ServerState, ServerStatus
from harit_desktop.storage.mysql import adoption, upkeep
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import READ_TIMEOUT_S, ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error
from harit_desktop.storage.mysql.insert import KEY
from harit_desktop.storage.mysql.inspection import inspect
from harit_desktop.storage.mysql.journal_tail import JournalTail
from harit_desktop.storage.mysql.session import Session
from harit_desktop.storage.mysql.standing import Standing
from harit_desktop.storage.mysql.tables import Layout
from harit_desktop.storage.mysql.trail import Trail

log = logging.getLogger(__name__)

_CHANGE_TIMEOUT_S = 4 * 3600.0
"""A server may work long on adding columns to a large table."""

_ASK_PAUSE_S = 60.0
_GONE_PAUSE_S = 5.0
"""A database or table that is being made anew."""
_MAX_PAUSE_S = 30.0
_JOURNAL_PAUSE_S = 0.3
_GATHER_S = 0.05
"""After a small page: what comes in meanwhile goes together."""
_SMALL_PAGE = 200
_PATIENT_REPEATS = 2

_SHORT_WAITS = "SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 1"
"""Shorter than a silent server is waited for, so that a lock is not taken for silence."""


class Forwarder:
    """Implements the runtime's ServerPart, on a thread of its own.

    Reads what the journal committed after its cursor, sends it, and moves the cursor only
    then: a reading may be sent twice but the server keeps it once, by its key. `approved`
    allows changes of a database of the existing system without asking.
    """

    def __init__(
        self,
        journal_path: Path,
        address: ServerAddress,
        now_us: NowUs,
        *,
        approved: bool = False,
        retention_days: int = 0,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._address = address
        self._now_us = now_us
        self._always_approved = approved
        self._approved = approved
        self._retention_days = retention_days
        self._read_timeout_s = read_timeout_s
        self._tail = JournalTail(journal_path)
        self._trail = Trail()
        self._was_durable = True
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._retry = threading.Event()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._connection: ServerConnection | None = None
        self._changing = False
        self._session: Session | None = None
        self._pauses = _Pauses()
        self._repeats = 0
        self._standing = Standing(address, now_us)
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)

    def start(self) -> None:
        self._standing.set(ServerState.CONNECTING, None)
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Ends within the deadline, also while a call hangs; False when left behind."""
        until_s = time.monotonic() + deadline_s
        self._stopping.set()
        self._wake.set()
        self._retry.set()
        if self._thread.ident is not None:
            # A batch in hand may end by itself; one cut off is sent again at the next start.
            self._thread.join(min(0.5, deadline_s / 3))
        with self._lock:
            connection = self._connection
        if connection is not None and self._thread.is_alive():
            connection.interrupt()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until_s - time.monotonic()))
        self._standing.end()
        return not self._thread.is_alive()

    def healthy(self) -> bool:
        """False when the thread died, which it does not by any error of its own."""
        started = self._thread.ident is not None
        return not started or self._stopping.is_set() or self._thread.is_alive()

    def wake(self, last_id: int) -> None:
        """Readings up to `last_id` are committed to the journal. From any thread."""
        self._standing.woken(last_id)
        self._wake.set()

    def approve(self) -> None:
        """A person allowed the change that the status asks for."""
        self._approved = True
        self._retry.set()

    def retry_now(self) -> None:
        self._pauses.reset()
        self._retry.set()

    def status(self) -> ServerStatus:
        """The state now; costs nothing, for any thread. A call that the server does not
        answer shows here while it is still under way."""
        connection, session = self._connection, self._session
        since_s = None if connection is None else connection.busy_since_s
        if self._changing:
            return self._standing.shown_changing(since_s)
        return self._standing.shown(since_s, slow=session is not None and session.slow)

    def delete_simulated(self) -> None:
        """Deletes every simulated reading on the server, on a connection of its own.

        Delete them in the journal first. Raises KnownError(server.*).
        """
        # A page that was read before the journal lost them is still on its way.
        waited = self._sending.acquire(timeout=self._read_timeout_s)
        if waited:
            self._sending.release()
        connection = ServerConnection(self._address, self._read_timeout_s)
        connection.establish()
        try:
            connection.autocommit(True)
            upkeep.delete_simulated(connection)
        except PROTOCOL_ERRORS as error:
            raise self._named(error) from error
        finally:
            connection.close()
        session = self._session
        if session is not None:
            session.recount()

    def _run(self) -> None:
        crashes = 0
        while not self._stopping.is_set():
            try:
                self._live()
            except Exception as error:
                # The thread must outlive any fault: readings wait in the journal meanwhile.
                log.exception("the forwarder failed and goes on")
                crashes += 1
                reason = type(error).__name__
                problem = Problem("server.failed", {"number": 0, "reason": reason})
                self._pause(ServerState.LOST, problem, min(_MAX_PAUSE_S, 2.0**crashes))
        self._tail.close()

    def _live(self) -> None:
        self._find_waiting()
        while not self._stopping.is_set():
            try:
                with self._connected() as session:
                    self._serve(session)
            except PROTOCOL_ERRORS as error:
                self._after(self._named(error))
            except ServerError as error:
                self._after(error)

    def _find_waiting(self) -> None:
        try:
            self._standing.done_id = self._tail.forwarded()
            self._standing.woken(self._tail.last_id())
        except sqlite3.Error:
            # The journal is not open yet; it wakes this thread with its first commit.
            log.debug("no journal yet")

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        """A session on a database that is as it has to be."""
        if not self._address.user:
            raise ServerError("server.no_credentials", Remedy.ASK)
        with self._open(self._read_timeout_s) as connection:
            found = inspect(connection, self._address.database)
            if found.layout is not None:
                yield self._begin(connection, found.layout)
                return
        if found.change is None or self._approved:
            self._standing.changing()
        layout = self._change()
        with self._open(self._read_timeout_s) as connection:
            yield self._begin(connection, layout)

    def _change(self) -> Layout:
        with self._open(_CHANGE_TIMEOUT_S) as connection:
            self._changing = True
            try:
                layout = adoption.apply(connection, self._address.database, self._approved)
            finally:
                self._changing = False
        self._approved = self._always_approved
        return layout

    @contextmanager
    def _open(self, read_timeout_s: float) -> Iterator[ServerConnection]:
        connection = ServerConnection(self._address, read_timeout_s)
        with self._lock:
            if self._stopping.is_set():
                raise ServerError("server.lost", Remedy.RECONNECT, detail="stopping")
            self._connection = connection
        try:
            connection.establish()
            connection.autocommit(True)
            if read_timeout_s <= self._read_timeout_s:
                connection.run(_SHORT_WAITS)
            yield connection
        except BaseException:
            connection.break_off()
            raise
        else:
            connection.close()
        finally:
            with self._lock:
                self._connection = self._session = None

    def _begin(self, connection: ServerConnection, layout: Layout) -> Session:
        session = Session(connection, layout, self._now_us, self._retention_days)
        self._standing.connected(connection.version, connection.encrypted, session.durable)
        self._session = session
        return session

    def _serve(self, session: Session) -> None:
        in_use = False
        while not self._stopping.is_set():
            self._wake.clear()
            sent = 0
            try:
                if not in_use:
                    self._use(session)
                    in_use = True
                sent = self._forward_page(session)
                self._try_refused(session)
                self._withdraw(session)
            except sqlite3.Error as error:
                log.debug("the journal is not ready: %s", error)
                self._stopping.wait(_JOURNAL_PAUSE_S)
            session.look_after()
            self._trail.answered()
            self._standing.counted(session.rows)
            if sent < _SMALL_PAGE and not session.has_work:
                if sent:
                    self._stopping.wait(_GATHER_S)
                else:
                    self._wake.wait(session.idle_s())

    def _use(self, session: Session) -> None:
        """Goes on behind what this store has for sure."""
        safe_id = None if self._was_durable else self._trail.safe_id(session.store_id)
        last_id = self._tail.use(session.store_id, safe_id)
        self._trail.begin(session.store_id, last_id)
        self._was_durable = session.durable
        self._standing.done_id = last_id
        self._standing.woken(self._tail.last_id())

    def _forward_page(self, session: Session) -> int:
        """Sends the next page; how many rows it had."""
        with self._sending:
            target_id = self._standing.woken_id
            page = self._tail.page(session.store_id)
            if not page:
                self._standing.all_sent(target_id)
                self._ready()
                return 0
            last_id = page[-1][0]
            sent = session.send(page)
            if sent.doubt is not None and not self._takes_newer(session, last_id):
                raise sent.doubt
            self._tail.advance(session.store_id, last_id, sent.refused)
        self._trail.moved(last_id)
        self._standing.sent(last_id, len(page), len(sent.refused))
        self._ready()
        return len(page)

    def _takes_newer(self, session: Session, last_id: int) -> bool:
        """Whether the server takes any newer reading: if so, the fault is with the page."""
        newest = self._tail.newest(last_id)
        return bool(newest) and session.send(newest).accepted

    def _try_refused(self, session: Session) -> None:
        """Sends some of the readings again that this server refused before."""
        if session.refused_after is None:
            return
        with self._sending:
            rows, session.refused_after = self._tail.refused(
                session.store_id, session.refused_after
            )
            if not rows:
                return
            still = {bytes(row[KEY]) for row, _ in session.send(list(rows.values())).refused}
            accepted = [row_id for row_id, row in rows.items() if bytes(row[KEY]) not in still]
            self._tail.accepted(accepted)
            if accepted:
                # One of these may have given way, or may be what another gave way to.
                self._tail.withdrew(session.store_id, 0)
        self._standing.accepted(len(accepted))

    def _withdraw(self, session: Session) -> None:
        """Hides what left the journal because the same reading came another way.

        On this thread, behind the page that may have brought it there.
        """
        with self._sending:
            while not self._stopping.is_set():
                withdrawn = self._tail.withdrawn(session.store_id)
                if not withdrawn:
                    return
                session.hide(withdrawn)
                self._tail.withdrew(session.store_id, withdrawn[-1].id)

    def _ready(self) -> None:
        self._pauses.reset()
        self._repeats = 0
        self._standing.ready()

    def _after(self, error: ServerError) -> None:
        """Decides what an error means for the next attempt, and waits for it."""
        if self._stopping.is_set():
            return
        problem = error.problem
        if isinstance(error, adoption.ConsentNeeded):
            self._pause(ServerState.CONSENT, problem, _ASK_PAUSE_S, error.change)
        elif error.remedy is Remedy.ASK:
            gone = error.code == "server.no_database"
            self._pause(ServerState.REFUSED, problem, _GONE_PAUSE_S if gone else _ASK_PAUSE_S)
        elif error.remedy is Remedy.REPEAT and self._repeats < _PATIENT_REPEATS:
            self._repeats += 1
            if self._standing.status.state is not ServerState.READY:
                self._standing.set(ServerState.LOST, problem)
            self._stopping.wait(random.uniform(0.05, 0.3))
        else:
            if error.remedy is Remedy.INSPECT:
                problem = self._standing.table_missing(error)
            elif error.code == "server.silent":
                problem = self._standing.silent(error)
            pause_s = self._pauses.next_s(at_once=error.remedy is not Remedy.WAIT)
            if error.remedy is Remedy.INSPECT:
                pause_s = min(pause_s, _GONE_PAUSE_S)
            self._pause(ServerState.LOST, problem, pause_s)

    def _pause(
        self,
        state: ServerState,
        problem: Problem,
        pause_s: float,
        change: DatabaseChange | None = None,
    ) -> None:
        """Waits until it is time, or a person does not want to wait any longer."""
        retry_at_us = self._now_us() + round(pause_s * US_PER_S)
        self._standing.set(state, problem, retry_at_us, change)
        self._retry.wait(pause_s)
        self._retry.clear()
        self._standing.set(state, problem, None, change)

    def _named(self, error: BaseException) -> ServerError:
        if not isinstance(error, (MySQLError, OSError)):
            log.warning("unexpected from the server", exc_info=error)
        address = self._address
        return server_error(error, address.host, address.port, self._read_timeout_s)


class _Pauses:
    """1, 2, 4 ... 30 s between attempts, each shortened by up to a quarter at random.

    The first attempt after a success comes at once: most lost connections are one
    connection, not the server.
    """

    def __init__(self) -> None:
        self._failures = 0

    def next_s(self, *, at_once: bool) -> float:
        failures, self._failures = self._failures, self._failures + 1
        if failures == 0 and at_once:
            return 0.0
        return float(min(_MAX_PAUSE_S, 2.0 ** min(failures, 10))) * random.uniform(0.75, 1.0)

    def reset(self) -> None:
        self._failures = 0
