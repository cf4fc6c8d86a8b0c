"""Looks at the store one step at a time, for the command that finds faults.

A step returns what it found, as facts that fill a sentence, or raises what is wrong. Nothing
is changed, and the program may run meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.diagnosis import Facts
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.database_files import size_bytes_of, wal_of
from harit_desktop.storage.opening import check
from harit_desktop.storage.schema import APPLICATION_ID, SCHEMA_VERSION
from harit_desktop.storage.sqlite import (
    file_uri,
    is_damage,
    known_error,
    known_os_error,
    open_reader,
    roll_back,
)

LEAST_ROOM_MB = 50
"""Below it the disk counts as full: days of readings, but no backup any more."""

CHECK_S = 4.0
"""How long the file may be read; what a larger one has beyond that stays unread."""

_LOCK_WAIT_S = 3.0
_MB = 1024 * 1024


class StoreDiagnosis:
    """The local store in `database`. Each step is one method, to be called in their order.

    Raises KnownError(store.*, data_dir.unusable), and doctor.no_database where nothing was
    stored yet.
    """

    def __init__(self, database: Path, now_us: NowUs) -> None:
        self._path = database
        self._now_us = now_us

    def look_at_folder(self) -> Facts:
        """Whether files can be made where the store lies, and how much room there is."""
        folder = self._path.parent
        existing = next((f for f in (folder, *folder.parents) if f.exists()), folder)
        try:
            handle, name = tempfile.mkstemp(dir=existing, prefix=".harit-doctor-")
            os.close(handle)
            Path(name).unlink()
            free_mb = shutil.disk_usage(existing).free // _MB
        except OSError as error:
            reason = error.strerror or str(error)
            raise KnownError("data_dir.unusable", path=str(folder), reason=reason) from error
        if free_mb < LEAST_ROOM_MB:
            raise KnownError("doctor.little_room", path=str(folder), free_mb=free_mb)
        return {"path": str(folder), "free_mb": free_mb, "new": int(existing != folder)}

    def look_at_database(self) -> Facts:
        """Reads the file, as far as that takes no longer than `CHECK_S`."""
        self._expect_file()
        with self._named(), closing(open_reader(self._path)) as connection:
            version = self._version(connection)
            whole = check(connection, CHECK_S)
            newest = connection.execute("SELECT max(timestamp_us) FROM sensor_readings").fetchone()
            count = connection.execute(
                "SELECT coalesce(max(value), 0) FROM counters WHERE name = 'readings'"
            ).fetchone()
        facts: Facts = {
            "path": str(self._path),
            "version": version,
            "supported": SCHEMA_VERSION,
            "readings": int(count[0]),
            "size_mb": round((size_bytes_of(self._path) + size_bytes_of(wal_of(self._path))) / _MB),
            "whole": int(whole),
        }
        if newest[0] is not None:
            facts["age_s"] = max(0, (self._now_us() - int(newest[0])) // US_PER_S)
        return facts

    def look_at_writing(self) -> Facts:
        """Takes the right to write and gives it back at once."""
        self._expect_file()
        with self._named(), closing(self._open_writer()) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE").close()
            finally:
                roll_back(connection)
        return {"path": str(self._path)}

    def _open_writer(self) -> sqlite3.Connection:
        # Without the settings of the store's own connections: they change the file.
        return sqlite3.connect(
            f"{file_uri(self._path)}?mode=rw",
            uri=True,
            timeout=_LOCK_WAIT_S,
            isolation_level=None,
            check_same_thread=False,
        )

    def _expect_file(self) -> None:
        try:
            if self._path.stat().st_size:
                return
        except FileNotFoundError:
            pass
        except OSError as error:
            raise known_os_error(error, self._path) from error
        raise KnownError("doctor.no_database", path=str(self._path))

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        if application != APPLICATION_ID or version < 1:
            raise KnownError("store.foreign", path=str(self._path))
        if version > SCHEMA_VERSION:
            raise KnownError(
                "store.newer_version",
                path=str(self._path),
                version=version,
                supported=SCHEMA_VERSION,
            )
        return version

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._named_error(error) from error

    def _named_error(self, error: sqlite3.Error) -> KnownError:
        if is_damage(error):
            return KnownError("doctor.damaged", path=str(self._path), reason=str(error)[:200])
        return known_error(error, self._path)
