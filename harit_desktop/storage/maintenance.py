"""Keeps the store in order while it is written: rollups, write-ahead log, retention, damage."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.storage.database_files import wal_of
from harit_desktop.storage.opening import check
from harit_desktop.storage.retention import retire
from harit_desktop.storage.rollup import roll_up
from harit_desktop.storage.schema import APPLICATION_ID, SCHEMA_VERSION
from harit_desktop.storage.sqlite import (
    is_busy,
    is_damage,
    open_reader,
    open_side_writer,
    transaction,
)
from harit_desktop.storage.watch import Sight, leave_verdict, sight_of, verdict_of

ROUND_S = 1.0
RETENTION_EVERY_S = 3600.0
FIRST_RETENTION_S = 60.0
"""By then a clock that was wrong at the start has been set."""

LOG_BYTES = 4 * 1024 * 1024
"""From here on the write-ahead log is taken back into the database file."""
QUIET_LOG_BYTES = 256 * 1024
QUIET_ROUNDS = 5
"""So long nobody writes before the log is emptied, for which a commit would have to wait."""

CHECK_BUDGET_S = 1.0
_BUSY_MS = 200
_PAUSE_S = 0.01
_PAUSE_FACTOR = 3.0
"""The pipeline has the store to itself for so many times of what a slice took."""
_LOG_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_CHECKPOINT_TRIES = 3
_HELD_UP_FACTOR = 4
_SHORT_BUSY_MS = 20


def log_holds(log: Path, size_bytes: int) -> bool:
    """Whether the write-ahead log is written so far since it last began anew.

    Its size does not tell: it is written over from its begin. Each of its frames repeats the
    two numbers that its header was begun with.
    See https://www.sqlite.org/fileformat2.html#walformat. Raises OSError.
    """
    if not log.exists() or log.stat().st_size <= size_bytes:
        return False
    with log.open("rb") as file:
        header = file.read(_LOG_HEADER_BYTES)
        frame_bytes = _FRAME_HEADER_BYTES + int.from_bytes(header[8:12], "big")
        file.seek(_LOG_HEADER_BYTES + size_bytes // frame_bytes * frame_bytes)
        frame = file.read(_FRAME_HEADER_BYTES)
    return len(frame) == _FRAME_HEADER_BYTES and frame[8:16] == header[16:24]


class Maintenance:
    """Works on a connection of its own, in slices of milliseconds between which commits pass.

    Raises nothing that the environment causes: what cannot be done now is tried again in the
    next round, and `problem` says so (store.maintenance_failed). Where the file is damaged,
    its writer is told, which sets it aside.
    """

    def __init__(
        self,
        path: Path,
        now_us: NowUs,
        *,
        retention_days: int = 0,
        journal_days: int | None = None,
        round_s: float = ROUND_S,
        first_retention_s: float = FIRST_RETENTION_S,
    ) -> None:
        self._path = path
        self._now_us = now_us
        self._retention_days = retention_days
        self._journal_days = journal_days
        self._round_s = round_s
        self._retention_at_s = time.monotonic() + first_retention_s
        self._connection: sqlite3.Connection | None = None
        self._seen: Sight | None = None
        self._old_log: tuple[tuple[int, int], bytes] | None = None
        self._data_version = -1
        self._quiet_rounds = 0
        self._problem: Problem | None = None

    @property
    def problem(self) -> Problem | None:
        """What keeps the work from being done; None while it is done."""
        return self._problem

    def run(self, stop: threading.Event) -> None:
        """Works until `stop`; ends within about a second of it."""
        try:
            while not stop.wait(self._round_s):
                self._guarded_round(stop)
        finally:
            self._close()

    def _guarded_round(self, stop: threading.Event) -> None:
        try:
            self._round(stop)
        except sqlite3.Error as error:
            self._give_up(error)
        except OSError as error:
            self._problem = Problem("store.maintenance_failed", {"reason": str(error)[:200]})
        else:
            self._problem = None

    def _give_up(self, error: sqlite3.Error) -> None:
        """Ends the round; the next one begins on a new connection."""
        if is_busy(error):
            # Commits come first. Another program's lock is the pipeline's to report.
            return
        seen = self._seen
        self._close()
        self._problem = Problem("store.maintenance_failed", {"reason": str(error)[:200]})
        if is_damage(error) and seen is not None:
            try:
                leave_verdict(self._path, seen, str(error))
            except OSError:
                # The folder takes no file: the writer meets the damage by itself, or the
                # next start does.
                return

    def _round(self, stop: threading.Event) -> None:
        connection = self._usable_connection()
        if connection is None:
            return
        self._watch_file()
        version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._data_version:
            self._quiet_rounds += 1
            if self._quiet_rounds == QUIET_ROUNDS:
                self._empty_log(connection)
        else:
            self._quiet_rounds = 0
            # First, because it needs no lock that a busy pipeline would not leave.
            self._shorten_log(connection)
            if self._roll_up(connection, stop):
                self._data_version = version
        if time.monotonic() >= self._retention_at_s:
            self._retire(connection, stop)

    def _usable_connection(self) -> sqlite3.Connection | None:
        """None where there is no store of this version (yet), or none to be trusted."""
        sight = sight_of(self._path)
        if sight is None or sight.size_bytes == 0 or verdict_of(self._path).exists():
            self._close()
            return None
        if self._seen is not None and self._seen.identity != sight.identity:
            self._close()
            self._old_log = self._log_now()
        if self._old_log is not None:
            # The old file's log lies beside the new file until the writer puts it aside:
            # opened together, they would be mixed.
            if self._old_log == self._log_now():
                return None
            self._old_log = None
        if self._connection is None:
            self._connection = self._open()
            self._seen = sight
            self._data_version = -1
        return self._connection

    def _open(self) -> sqlite3.Connection | None:
        connection = open_side_writer(self._path, _BUSY_MS)
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        if (application, version) != (APPLICATION_ID, SCHEMA_VERSION):
            connection.close()
            return None
        return connection

    def _log_now(self) -> tuple[tuple[int, int], bytes] | None:
        """Which log lies beside the file: its identity and its header."""
        sight = sight_of(wal_of(self._path))
        if sight is None or sight.size_bytes == 0:
            return None
        with wal_of(self._path).open("rb") as log:
            return sight.identity, log.read(_LOG_HEADER_BYTES)

    def _watch_file(self) -> None:
        """Reads the whole file where something else than a checkpoint of ours changed it.

        On a new connection, because pages read before would be taken for those on the disk.
        Raises sqlite3.DatabaseError with the code of a damaged file.
        """
        sight = sight_of(self._path)
        if sight is None or sight == self._seen:
            return
        with closing(open_reader(self._path)) as reader:
            check(reader, CHECK_BUDGET_S)
        self._seen = sight

    def _roll_up(self, connection: sqlite3.Connection, stop: threading.Event) -> bool:
        """Returns whether every reading is in the rollups."""
        more = True
        while more:
            started_s = time.monotonic()
            with transaction(connection):
                more = roll_up(connection)
            if more and self._let_pass(started_s, stop):
                return False
            if more:
                self._shorten_log(connection)
        return True

    def _retire(self, connection: sqlite3.Connection, stop: threading.Event) -> None:
        started_s = time.monotonic()
        for _ in retire(connection, self._now_us(), self._retention_days, self._journal_days):
            if self._let_pass(started_s, stop):
                return
            self._shorten_log(connection)
            started_s = time.monotonic()
        self._retention_at_s = time.monotonic() + RETENTION_EVERY_S

    def _let_pass(self, started_s: float, stop: threading.Event) -> bool:
        """Leaves the store to the pipeline for a while; True when it is time to end."""
        return stop.wait(max(_PAUSE_S, (time.monotonic() - started_s) * _PAUSE_FACTOR))

    def _shorten_log(self, connection: sqlite3.Connection) -> None:
        """Takes the log back into the file, beside commits, so that the next one can write
        it from its begin."""
        log = wal_of(self._path)
        if not log_holds(log, LOG_BYTES) or sight_of(self._path) != self._seen:
            return
        for _ in range(_CHECKPOINT_TRIES):
            # Commits that came in the meantime are few: a second try is soon done.
            _, frames, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if frames == done:
                break
        if log_holds(log, _HELD_UP_FACTOR * LOG_BYTES):
            # There is always one more commit: the next must wait a moment for the rest.
            self._checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)")
        self._seen = sight_of(self._path)

    def _empty_log(self, connection: sqlite3.Connection) -> None:
        log = sight_of(wal_of(self._path))
        if log is None or log.size_bytes < QUIET_LOG_BYTES or sight_of(self._path) != self._seen:
            return
        self._checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        self._seen = sight_of(self._path)

    def _checkpoint(self, connection: sqlite3.Connection, statement: str) -> None:
        """One that holds up commits, and so waits only a moment for readers to end."""
        connection.execute(f"PRAGMA busy_timeout = {_SHORT_BUSY_MS:d}").close()
        connection.execute(statement).close()
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS:d}").close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        self._seen = None
        if connection is not None:
            connection.close()
