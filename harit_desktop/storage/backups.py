"""Backups of the store: made by the clock or when asked, listed, checked, put back."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harit_desktop.domain.backup import MYSQL, SQLITE, BackupInfo, StoredBackup
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.backup_check import check_backup, kind_of
from harit_desktop.storage.backup_copy import copy_store, inspect_store
from harit_desktop.storage.backup_files import (
    PartFile,
    bad_file,
    made_us_of,
    part_file,
    prune,
    publish,
    stored_backups,
    sweep_parts,
)
from harit_desktop.storage.backup_restore import restore_store, sweep_second_names
from harit_desktop.storage.database_files import size_bytes_of, wal_of
from harit_desktop.storage.reader import Cancelled, QueryCancelled, never
from harit_desktop.storage.sqlite import primary_code

if TYPE_CHECKING:
    from harit_desktop.storage.mysql.address import ServerAddress

FIRST_WAIT_S = 60.0
"""The start of the program has the disk for itself."""

RETRY_S = 600.0
LOOK_AGAIN_S = 600.0
"""At most so long between two looks at the clock and the folder, which may both change."""

AHEAD_US = 3600 * US_PER_S
"""A backup that seems made later than this from now was made by a clock that was wrong."""

_ROOM_BYTES = 16_000_000
"""What must stay free beside a backup, so that it never takes the room of readings."""


class Backups:
    """The backups of one data folder.

    `folder` None is `backups` in the data folder; another one must have an existing parent,
    so that nothing is written where a disk is not mounted. After each backup only the newest
    `keep` of its kind stay (0: all stay). With `server` each backup is two files: the journal
    and a dump of the server's tables. Everything may block; any thread.
    """

    def __init__(
        self,
        paths: DataPaths,
        now_us: NowUs,
        *,
        every_hours: int,
        keep: int,
        folder: Path | None,
        server: ServerAddress | None,
        first_wait_s: float = FIRST_WAIT_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._paths = paths
        self._now_us = now_us
        self._every_us = every_hours * 3600 * US_PER_S
        self._keep = keep
        self._default = folder is None
        self._folder = paths.root / "backups" if folder is None else folder.absolute()
        self._server = server
        self._first_wait_s = first_wait_s
        self._retry_s = retry_s
        self._making = threading.Lock()
        self._problems: dict[str, Problem] = {}
        self._retry_at_s: dict[str, float] = {}

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def problem(self) -> Problem | None:
        """Why the last scheduled backup could not be made; None when it was, or since."""
        return next(iter(self._problems.values()), None)

    def run(self, stop: threading.Event) -> None:
        """Makes the scheduled backups until `stop`; gives up within half a second then."""
        if stop.wait(self._first_wait_s):
            return
        self._tidy()
        if self._every_us == 0:
            stop.wait()
        while not stop.is_set():
            for kind in self._kinds():
                if self._due_in_s(kind) <= 0 and not stop.is_set():
                    self._make_scheduled(kind, stop)
            wait_s = min(self._due_in_s(kind) for kind in self._kinds())
            stop.wait(min(max(wait_s, 0.05), LOOK_AGAIN_S))

    def make(self, cancelled: Cancelled = never) -> Path:
        """Makes a backup now; returns the server's dump where there is a server.

        Raises KnownError: store.absent, backup.failed, backup.no_room, server.*;
        QueryCancelled. Then no partial file is left.
        """
        return list(self.make_each(cancelled))[-1].path

    def make_each(self, cancelled: Cancelled = never) -> Iterator[BackupInfo]:
        """The same, one kind after the other; what was made before an error stays."""
        if not self._paths.database.exists():
            raise KnownError("store.absent", path=str(self._paths.root))
        for kind in self._kinds():
            yield self._make(kind, cancelled)

    def list(self) -> list[StoredBackup]:
        """The backups in the folder, newest first. Raises KnownError(backup.failed)."""
        try:
            return stored_backups(self._folder)
        except OSError as error:
            raise _failed(error, self._folder, 0) from error

    def check(self, path: Path, cancelled: Cancelled = never) -> int:
        """Reads all of a backup; returns how many readings it holds.

        Raises KnownError backup.bad_file, backup.newer_version; QueryCancelled.
        """
        return self.describe(path, cancelled, full=True).readings

    def describe(
        self, path: Path, cancelled: Cancelled = never, *, full: bool = False
    ) -> BackupInfo:
        """What a backup holds; `full` checks all of it first. Raises as `check`."""
        self._refuse_store(path)
        return check_backup(path, cancelled, full=full)

    def restore(self, path: Path) -> Path:
        """Puts a backup in the place of what it was made of: the store or the server's tables.

        Returns where the old one is kept: a file beside the store that does not exist if
        there was none, or as a path's name that of the server's old table of readings.
        Nobody may have the store open or forward to the server. Raises KnownError
        backup.bad_file, backup.newer_version, backup.not_restored, server.*, with the old
        one in its place.
        """
        self._refuse_store(path)
        if kind_of(path) == SQLITE:
            return restore_store(path, self._paths.database, self._now_us())
        if self._server is None:
            self.check(path)
            reason = "it is a database server's, and the settings name no server"
            raise KnownError("backup.not_restored", path=str(path), reason=reason)
        from harit_desktop.storage.mysql.dump_restore import restore_dump

        return Path(restore_dump(self._server, path, self._now_us())[0])

    # -- making ----------------------------------------------------------------------

    def _kinds(self) -> tuple[str, ...]:
        return (SQLITE,) if self._server is None else (SQLITE, MYSQL)

    def _due_in_s(self, kind: str) -> float:
        if not self._paths.database.exists():
            return LOOK_AGAIN_S
        wait_s = self._retry_at_s.get(kind, 0.0) - time.monotonic()
        if wait_s > 0:
            return wait_s
        now_us = self._now_us()
        try:
            stored = stored_backups(self._folder)
        except OSError:
            return 0.0
        made = [b.made_us for b in stored if b.kind == kind and not b.kept]
        newest_us = max((us for us in made if us < now_us + AHEAD_US), default=None)
        return 0.0 if newest_us is None else (newest_us + self._every_us - now_us) / US_PER_S

    def _make_scheduled(self, kind: str, stop: threading.Event) -> None:
        try:
            self._make(kind, stop.is_set)
        except QueryCancelled:
            return
        except KnownError as error:
            self._problems[kind] = error.problem
            self._retry_at_s[kind] = time.monotonic() + self._retry_s

    def _make(self, kind: str, cancelled: Cancelled) -> BackupInfo:
        while not self._making.acquire(timeout=0.1):
            if cancelled():
                raise QueryCancelled
        try:
            info = self._make_file(kind, cancelled)
        finally:
            self._making.release()
        self._problems.pop(kind, None)
        self._retry_at_s.pop(kind, None)
        return info

    def _make_file(self, kind: str, cancelled: Cancelled) -> BackupInfo:
        needed = _Room(self._folder)
        made_us = self._now_us()
        try:
            self._folder.mkdir(parents=self._default, exist_ok=True)
            with part_file(self._folder) as part:
                if kind == SQLITE:
                    info = self._copy(part, needed, cancelled)
                else:
                    info = self._dump(part, needed, made_us, cancelled)
                path = publish(part, self._folder, kind, made_us)
            if self._keep:
                prune(self._folder, kind, self._keep, path)
        except sqlite3.Error as error:
            raise _failed_copy(error, self._folder, needed.mb) from error
        except OSError as error:
            raise _failed(error, self._folder, needed.mb) from error
        return msgspec.structs.replace(
            info,
            path=path,
            kind=kind,
            made_us=made_us_of(path) or made_us,
            size_bytes=path.stat().st_size,
        )

    def _copy(self, part: PartFile, room: _Room, cancelled: Cancelled) -> BackupInfo:
        database = self._paths.database
        room.need(sum(map(size_bytes_of, (database, wal_of(database)))))
        copy_store(database, part, cancelled, in_use=True)
        try:
            return inspect_store(part.path, cancelled, full=True)
        except KnownError as error:
            if error.code != "backup.bad_file":
                raise
            # The copy shows what is wrong with the store; sound backups stay.
            raise KnownError(
                "backup.failed", path=str(self._folder), reason=str(error.params["reason"])
            ) from error

    def _dump(self, part: PartFile, room: _Room, made_us: int, cancelled: Cancelled) -> BackupInfo:
        from harit_desktop.storage.mysql.dump import write_dump

        assert self._server is not None
        with part.writer() as file:
            return write_dump(self._server, file, made_us, room.need, cancelled)

    def _tidy(self) -> None:
        for folder in (self._folder, self._paths.root):
            sweep_parts(folder)
        sweep_second_names(self._paths.database)

    def _refuse_store(self, path: Path) -> None:
        # Before the file is opened: closing it would end this process's locks on the store.
        with contextlib.suppress(OSError):
            if path.samefile(self._paths.database):
                raise bad_file(path, "this is the store itself")


class _Room:
    """Whether a folder has room for what is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mb = 0

    def need(self, size_bytes: int) -> None:
        """Raises KnownError(backup.no_room)."""
        needed_bytes = size_bytes + _ROOM_BYTES
        self.mb = -(-needed_bytes // 1_000_000)
        if shutil.disk_usage(self._folder).free < needed_bytes:
            raise KnownError("backup.no_room", path=str(self._folder), needed_mb=self.mb)


def _failed_copy(error: sqlite3.Error, folder: Path, needed_mb: int) -> KnownError:
    if primary_code(error) == sqlite3.SQLITE_FULL:
        return KnownError("backup.no_room", path=str(folder), needed_mb=needed_mb)
    return KnownError("backup.failed", path=str(folder), reason=str(error)[:200])


def _failed(error: OSError, folder: Path, needed_mb: int) -> KnownError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return KnownError("backup.no_room", path=str(folder), needed_mb=needed_mb)
    reason = error.strerror or str(error)
    return KnownError("backup.failed", path=str(folder), reason=reason[:200])
