"""Alerts in the store: all that ever were, up to a bound, and who did what about them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

from harit_desktop.domain.alert import Alert, AlertState, AlertTransition
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.alert_export import write_alerts
from harit_desktop.storage.alert_rows import (
    COLUMNS,
    LOG_COLUMNS,
    alert_of,
    log_row_of,
    row_of,
    transition_of,
)
from harit_desktop.storage.reader import Cancelled, StoreReader, never
from harit_desktop.storage.sqlite import known_error, open_writer, transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_ENDED = 100_000
"""Alerts that are over; the oldest go, with their lines of the log."""
MOST_OPENED = 2000
MOST_LOG_LINES = 1000
MAX_PAGE = 1000
PRUNE_EVERY = 100
_BUSY_MS = 1000
_PAGE = 500

_NAMES = ", ".join(COLUMNS)
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "id")
_SAVE = (
    f"INSERT INTO alerts ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - ours
    f" ON CONFLICT (id) DO UPDATE SET {_CHANGES}"
)
_LOG = f"INSERT INTO alert_log ({', '.join(LOG_COLUMNS)}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608 - ours
_SELECT = f"SELECT {_NAMES} FROM alerts"  # noqa: S608 - names of ours

_OVER = "ended_us NOT NULL AND (acknowledged_us NOT NULL OR seen_us NOT NULL)"
_ENDED_NEW = "ended_us NOT NULL AND acknowledged_us IS NULL AND seen_us IS NULL"
_STATES = {
    AlertState.ACTIVE_NEW: "ended_us IS NULL AND acknowledged_us IS NULL",
    AlertState.ACTIVE_ACKNOWLEDGED: "ended_us IS NULL AND acknowledged_us NOT NULL",
    AlertState.ENDED_NEW: _ENDED_NEW,
    AlertState.ENDED: _OVER,
}
_OPEN = f"{_SELECT} WHERE NOT ({_OVER}) ORDER BY ended_us NOT NULL, id DESC LIMIT ?"
_MUTES = """
SELECT rule_id, publisher_id, muted_until_us, max(id) FROM alerts
WHERE muted_until_us NOT NULL GROUP BY rule_id, publisher_id
"""
_NEXT_ID = """
SELECT 1 + max(coalesce((SELECT max(id) FROM alerts), 0),
    coalesce((SELECT max(alert_id) FROM alert_log), 0))
"""
_FAULTS = "SELECT DISTINCT publisher_id, kind FROM quality_events WHERE cleared_us IS NULL"
_OLDEST = "SELECT id FROM alerts WHERE ended_us NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?"
_PRUNE_LOG = """
DELETE FROM alert_log WHERE alert_id IN
    (SELECT id FROM alerts WHERE ended_us NOT NULL AND id <= :last_id)
"""
_PRUNE = "DELETE FROM alerts WHERE ended_us NOT NULL AND id <= :last_id"
_TABLE = "SELECT count(*) FROM sqlite_master WHERE name IN ('alerts', 'alert_log')"


class OpenAlerts(msgspec.Struct, frozen=True):
    """What the next run goes on with: the alerts that are not ENDED, the first free id, until
    when rule and device are muted, and the device and kind of the faults that still go on."""

    alerts: tuple[Alert, ...] = ()
    next_id: int = 1
    mutes: Mapping[tuple[str, str], int] = {}
    faults: frozenset[tuple[str, str]] = frozenset()


class AlertStore:
    """For any thread; every call may block, and opens a connection of its own for a moment.

    Raises KnownError (store.locked, store.failed, ...) where the store cannot be read or
    written.
    """

    def __init__(self, path: Path, *, most_ended: int = MOST_ENDED) -> None:
        self._path = path
        self._most_ended = most_ended
        self._store = StoreReader(path)
        self._saved = 0

    # -- for the alerts' own thread ------------------------------------------------------

    def load_open(self, now_us: int) -> OpenAlerts:
        """What the next run goes on with; nothing where there is no store yet."""
        return self._read(lambda connection: _load(connection, now_us), OpenAlerts())

    def find(self, ids: Sequence[int]) -> list[Alert]:
        """The alerts of these ids that there are."""
        marks = ", ".join("?" * len(ids))
        query = f"{_SELECT} WHERE id IN ({marks}) ORDER BY id"
        return self._read(lambda c: _alerts(c, query, tuple(ids)), [])

    def save(self, alerts: Sequence[Alert], lines: Sequence[AlertTransition]) -> None:
        """Keeps alerts as they are now, and what changed in them, all in one transaction."""
        rows = list(map(row_of, alerts))

        def write(writer: sqlite3.Connection) -> None:
            writer.executemany(_SAVE, rows)
            writer.executemany(_LOG, list(map(log_row_of, lines)))
            self._saved += len(rows)
            if self._saved >= PRUNE_EVERY:
                self._prune(writer)

        if rows or lines:
            self._write(write)

    def _prune(self, writer: sqlite3.Connection) -> None:
        self._saved = 0
        oldest = writer.execute(_OLDEST, (self._most_ended,)).fetchone()
        if oldest is not None:
            scope = {"last_id": oldest[0]}
            writer.execute(_PRUNE_LOG, scope).close()
            writer.execute(_PRUNE, scope).close()

    # -- for views -----------------------------------------------------------------------

    def read(
        self,
        state: AlertState | None = None,
        publisher_id: str | None = None,
        text: str = "",
        before_id: int | None = None,
        limit: int = 200,
        cancelled: Cancelled = never,
    ) -> list[Alert]:
        """Alerts, the newest first; of one state or device where those are given, and with
        `text` somewhere in their device, channel, code, rule, note or person."""
        query, values = _filtered(state, publisher_id, text, before_id)
        values = (*values, max(1, min(limit, MAX_PAGE)))
        statement = f"{_SELECT} WHERE {query} ORDER BY id DESC LIMIT ?"
        return self._read(lambda c: _alerts(c, statement, values), [], cancelled)

    def read_log(self, alert_id: int) -> list[AlertTransition]:
        """What became of an alert, in the order of time; its newest lines where there are
        very many."""
        query = (
            f"SELECT {', '.join(LOG_COLUMNS)} FROM alert_log"  # noqa: S608 - names of ours
            " WHERE alert_id = ? ORDER BY id DESC LIMIT ?"
        )

        def work(connection: Connection) -> list[AlertTransition]:
            rows = connection.exec_driver_sql(query, (alert_id, MOST_LOG_LINES))
            return _sound(rows, transition_of, "line of an alert's log")[::-1]

        return self._read(work, [])

    def export_csv(
        self,
        path: Path,
        state: AlertState | None = None,
        publisher_id: str | None = None,
        text: str = "",
        zone: tzinfo | None = None,
        cancelled: Cancelled = never,
    ) -> int:
        """Writes alerts to a CSV file, the newest first, and returns how many; see
        `alert_export.write_alerts`."""
        pages = self._pages(state, publisher_id, text, cancelled)
        return write_alerts(self._path, path, pages, zone, cancelled)

    def _pages(
        self, state: AlertState | None, publisher_id: str | None, text: str, cancelled: Cancelled
    ) -> Iterator[list[Alert]]:
        before_id: int | None = None
        while page := self.read(state, publisher_id, text, before_id, _PAGE, cancelled):
            yield page
            before_id = page[-1].id

    # -- details -------------------------------------------------------------------------

    def _read(self, query: Callable[[Connection], T], empty: T, cancelled: Cancelled = never) -> T:
        def of_this_version(connection: Connection) -> T:
            # One of an earlier version is migrated by its writer, in a moment.
            if connection.exec_driver_sql(_TABLE).scalar() != 2:
                return empty
            return query(connection)

        return self._store.read(of_this_version, empty=empty, cancelled=cancelled)

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            writer, _ = open_writer(self._path, _BUSY_MS)
            with closing(writer), transaction(writer):
                work(writer)
        except sqlite3.Error as error:
            raise known_error(error, self._path) from error
        except OverflowError as error:
            raise KnownError("store.failed", path=str(self._path), reason=str(error)) from error


def _load(connection: Connection, now_us: int) -> OpenAlerts:
    mutes = {
        (rule_id, publisher_id): until_us
        for rule_id, publisher_id, until_us, _ in connection.exec_driver_sql(_MUTES)
        if until_us > now_us
    }
    alerts = _alerts(connection, _OPEN, (MOST_OPENED,))
    next_id = connection.exec_driver_sql(_NEXT_ID).scalar_one()
    faults = frozenset((one[0], one[1]) for one in connection.exec_driver_sql(_FAULTS))
    return OpenAlerts(tuple(sorted(alerts, key=lambda one: one.id)), next_id, mutes, faults)


def _filtered(
    state: AlertState | None, publisher_id: str | None, text: str, before_id: int | None
) -> tuple[str, tuple[Any, ...]]:
    conditions, values = ["1"], list[Any]()
    if state is not None:
        conditions.append(_STATES[state])
    if publisher_id is not None:
        conditions.append("publisher_id = ?")
        values.append(publisher_id)
    for word in text.split()[:8]:
        # instr, because in LIKE the % and _ of an id would mean something.
        conditions.append(
            "instr(lower(publisher_id || ' ' || channel || ' ' || code || ' ' || rule_id || ' '"
            " || note || ' ' || acknowledged_by), lower(?))"
        )
        values.append(word[:200])
    if before_id is not None:
        conditions.append("id < ?")
        values.append(before_id)
    return " AND ".join(f"({one})" for one in conditions), tuple(values)


def _alerts(connection: Connection, query: str, values: tuple[Any, ...]) -> list[Alert]:
    return _sound(connection.exec_driver_sql(query, values), alert_of, "alert")


def _sound(rows: Any, read: Callable[[Sequence[Any]], T], what: str) -> list[T]:
    found = []
    for row in rows:
        try:
            found.append(read(tuple(row)))
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            log.warning("a stored %s is left out: %s (%.200r)", what, error, tuple(row))
    return found
