"""The journal: the local SQLite store into which every message is committed first."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from harit_desktop.domain.batch import CommitItem, CommitResult
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.status import StoreState, StoreStatus
from harit_desktop.storage import baselines
from harit_desktop.storage.api_rows import ApiMemory
from harit_desktop.storage.batch_writer import BatchWriter
from harit_desktop.storage.bounded import LOG_BOUNDS, REJECTED_BOUNDS, Bounds
from harit_desktop.storage.cursors import last_reading_id
from harit_desktop.storage.database_files import shm_of, size_bytes_of, wal_of
from harit_desktop.storage.opening import CHECK_BUDGET_S, OpenReport, open_file
from harit_desktop.storage.simulated import delete_simulated
from harit_desktop.storage.sqlite import (
    WRITER_BUSY_MS,
    is_damage,
    is_wrong_schema,
    known_error,
    open_writer,
    roll_back,
    schema_version,
    transaction,
    wrong_schema,
)
from harit_desktop.storage.tally import Tally, load_tally, save_tally
from harit_desktop.storage.timeless import DeliveryLedger
from harit_desktop.storage.watch import FileWatch, Finding, take_verdict

T = TypeVar("T")

_CLOSING_BUSY_MS = 500


class SqliteJournal:
    """One SQLite file with one writer.

    `open`, `commit`, `close` and what has to do with baselines belong to one owner at a time;
    `status` and `delete_simulated` may be called from any thread. Every commit is on the disk when
    `commit` returns (write-ahead log, synchronous = FULL).
    """

    def __init__(
        self,
        path: Path,
        now_us: NowUs,
        *,
        busy_ms: int = WRITER_BUSY_MS,
        check_budget_s: float = CHECK_BUDGET_S,
        log_bounds: Bounds = LOG_BOUNDS,
        rejected_bounds: Bounds = REJECTED_BOUNDS,
    ) -> None:
        self._path = path
        self._now_us = now_us
        self._busy_ms = busy_ms
        self._check_budget_s = check_budget_s
        self._log_bounds = log_bounds
        self._rejected_bounds = rejected_bounds
        self._connection: sqlite3.Connection | None = None
        self._watch = FileWatch(path)
        self._api_memory = ApiMemory()
        self._schema_version = 0
        self._notice: Problem | None = None
        self._status = StoreStatus()

    @property
    def path(self) -> Path:
        return self._path

    def open(self) -> OpenReport:
        """Opens or creates the store; a damaged file is set aside and a new one begun.

        Raises KnownError: store.locked, store.full, store.read_only, store.failed (worth
        another try), store.migration_failed, store.newer_version and store.foreign (not
        before the user acts).
        """
        # What an earlier run found is checked anew: the file may be another one by now.
        take_verdict(self._path)
        return self._open(None)

    def commit(self, batch: Sequence[CommitItem]) -> CommitResult:
        """Stores a batch durably, all or nothing, and says what became of each message.

        Where the file turns out to be damaged or without its tables, it is put right or set
        aside, and the batch stored, in the same call. Raises KnownError: store.locked,
        store.full, store.read_only, store.failed, or what `open` raises, with nothing
        stored. The next call tries again, on a new connection where this one is not to be
        trusted any more.
        """
        if not batch:
            return CommitResult((), ())
        connection = self._sound_connection()
        try:
            return self._write(connection, batch)
        except sqlite3.Error as error:
            known = self._failed(connection, error)
            if not (is_damage(error) or is_wrong_schema(error)):
                raise known from error
            reason = str(error) if is_damage(error) else None
        # Opening checks and repairs. What SQLite calls damaged twice is set aside unchecked.
        for distrust in (None, reason):
            connection = self._reopen(distrust)
            try:
                return self._write(connection, batch)
            except sqlite3.Error as error:
                known = self._failed(connection, error)
                if reason is None or not is_damage(error):
                    raise known from error
        raise known

    def is_delivered(self, message: RawMessage) -> bool:
        """Whether an earlier delivery of a redelivered message stored a reading, or a part of
        one, that has no identity of its own. Raises KnownError as `commit` does."""
        return self._beside(lambda c: DeliveryLedger(c.cursor()).is_known(message))

    def load_baselines(self, limit: int) -> tuple[dict[str, bytes], int]:
        """What the quality tests have learnt of the probes heard last, the newest first, and
        the id of the last reading in it; 0 where nothing was saved yet.

        This and the next three raise KnownError as `commit` does.
        """
        return self._beside(lambda connection: baselines.load_baselines(connection, limit))

    def load_baseline(self, publisher_id: str) -> bytes | None:
        """The same of one probe; None where nothing is known of it."""
        return self._beside(lambda connection: baselines.load_baseline(connection, publisher_id))

    def save_baselines(self, states: Mapping[str, bytes], last_id: int) -> None:
        """Keeps what was learnt, all or nothing, up to the reading `last_id`.

        All states that changed since the last call belong in one call. Those of probes
        without a reading are left out.
        """

        def save(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                baselines.save_baselines(connection, states, last_id)

        self._beside(save)

    def readings_after(self, last_id: int, limit: int) -> list[tuple[int, Reading]]:
        """The next readings with their ids, in the order in which they were stored."""
        return self._beside(lambda c: baselines.readings_after(c, last_id, limit))

    def status(self) -> StoreStatus:
        """The state after the last commit or attempt; costs nothing, for any thread."""
        return self._status

    def delete_simulated(self) -> tuple[str, ...]:
        """Deletes every simulated reading with its lines in the message log.

        Works in slices of some milliseconds on a connection of its own, so that commits go
        on in between. Returns the publishers whose readings they were; one that also sent
        real readings keeps those. Readings that arrive while it runs may stay: stop the
        simulator first. Raises KnownError as `commit` does; what is deleted by then stays
        deleted.
        """
        if not self._path.exists():
            return ()
        try:
            connection, _ = open_writer(self._path, self._busy_ms)
            try:
                publishers = delete_simulated(connection)
                tally = load_tally(connection)
                last_id = last_reading_id(connection)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise known_error(error, self._path) from error
        if self._connection is not None:
            self._publish(tally, last_id)
        return publishers

    def close(self) -> None:
        """Writes the log back into the file and closes it. Never raises."""
        connection, self._connection = self._connection, None
        self._status = StoreStatus()
        if connection is None:
            return
        try:
            connection.execute(f"PRAGMA busy_timeout = {_CLOSING_BUSY_MS:d}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        except sqlite3.Error:
            # The rows are safe in the log; the next start takes them from there.
            pass
        finally:
            connection.close()

    def _open(self, distrust: str | None) -> OpenReport:
        self._drop_connection()
        try:
            opened = open_file(
                self._path, self._now_us(), self._busy_ms, self._check_budget_s, distrust
            )
            self._connection = opened.connection
            tally = load_tally(opened.connection)
            last_id = last_reading_id(opened.connection)
            self._api_memory.load(opened.connection)
            self._schema_version = schema_version(opened.connection)
        except sqlite3.Error as error:
            self._drop_connection()
            raise self._unusable(known_error(error, self._path)) from error
        except KnownError as error:
            raise self._unusable(error) from error
        self._watch = FileWatch(self._path)
        if opened.problems:
            # A damaged file is worse news than a replaced one.
            self._notice = opened.problems[0]
        self._publish(tally, last_id)
        return OpenReport(
            opened.created,
            opened.fully_checked,
            opened.check_s,
            tally.readings,
            opened.problems,
        )

    def _write(self, connection: sqlite3.Connection, batch: Sequence[CommitItem]) -> CommitResult:
        """One transaction, ended whatever happens. Raises sqlite3.Error."""
        with transaction(connection):
            if schema_version(connection) != self._schema_version:
                raise wrong_schema("changed by another program")
            before = load_tally(connection)
            tally = msgspec.structs.replace(before)
            writer = BatchWriter(
                connection, tally, self._log_bounds, self._rejected_bounds, self._api_memory
            )
            result = writer.write(batch)
            save_tally(connection, tally, before)
            last_id = last_reading_id(connection)
        self._publish(tally, last_id)
        return result

    def _beside(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work beside the commits: where it fails, the next commit says what is wrong."""
        connection = self._sound_connection()
        try:
            return work(connection)
        except sqlite3.Error as error:
            known = known_error(error, self._path)
            if not roll_back(connection) or known.code not in ("store.locked", "store.full"):
                self._drop_connection()
            raise known from error

    def _sound_connection(self) -> sqlite3.Connection:
        """The connection, made anew after a failure or when the file is not the same any more.

        Where the file was deleted or replaced under the running program, the old
        connection would go on writing into a file without a name; where it was cut or
        overwritten, into one that nothing can read.
        """
        if self._connection is None:
            return self._reopen(take_verdict(self._path))
        finding = self._watch.look()
        if finding is Finding.SOUND:
            return self._connection
        self._drop_connection()
        if finding is Finding.SUSPECT:
            return self._reopen(take_verdict(self._path))
        self._put_old_log_aside()
        if not self._open(None).problems:
            # A damaged file is worse news than a replaced one.
            self._notice = Problem("store.replaced", {"path": str(self._path)})
        return self._connection

    def _reopen(self, distrust: str | None) -> sqlite3.Connection:
        self._open(distrust)
        assert self._connection is not None
        return self._connection

    def _put_old_log_aside(self) -> None:
        """The log beside the path belongs to the file that was there before: replayed into
        another file it would destroy that one."""
        for log_file in (wal_of(self._path), shm_of(self._path)):
            with contextlib.suppress(FileNotFoundError):
                log_file.replace(log_file.with_name(f"{log_file.name}.replaced-{self._now_us()}"))

    def _failed(self, connection: sqlite3.Connection, error: sqlite3.Error) -> KnownError:
        """Brings the connection back to a known state and names the error."""
        known = known_error(error, self._path)
        rolled_back = roll_back(connection)
        if not rolled_back or known.code not in ("store.locked", "store.full"):
            # Reopening also checks the file and sets a damaged one aside.
            self._drop_connection()
        return self._unusable(known)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _unusable(self, error: KnownError) -> KnownError:
        self._status = msgspec.structs.replace(
            self._status, state=StoreState.DOWN, problem=error.problem
        )
        return error

    def _publish(self, tally: Tally, last_id: int) -> None:
        self._status = StoreStatus(
            state=StoreState.OK,
            opened=True,
            rows=tally.readings,
            last_id=last_id,
            simulated_rows=tally.simulated_readings,
            size_bytes=sum(map(size_bytes_of, (self._path, wal_of(self._path)))),
            problem=self._notice,
        )
