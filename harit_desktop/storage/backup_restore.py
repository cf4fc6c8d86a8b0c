"""Putting a copy of the store in the store's place: wholly or not at all.

At every moment, also one at which the power fails, `harit.db` is the store before or the
restored one. Readings that were forwarded to a database server before the restore are sent
again as far as the restored journal holds them, which changes nothing there: a reading has
one key. No cursor needs to be set back: ids of readings made after the backup are used again
by new readings, and all of them are above the cursor that was copied with the backup.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.backup_copy import MAGIC, copy_store, inspect_store
from harit_desktop.storage.backup_files import PartFile, part_file, sync_folder
from harit_desktop.storage.database_files import (
    rollback_log_of,
    shm_of,
    time_text,
    unused_name,
    wal_of,
)
from harit_desktop.storage.sqlite import is_busy

_BUSY_S = 5.0
_ROOM_BYTES = 16_000_000


def restore_store(source: Path, database: Path, now_us: int) -> Path:
    """Replaces the store by a copy; returns the path under which the old one is kept.

    That path does not exist where there was no store. Nobody may have the store open.
    Raises KnownError backup.bad_file, backup.newer_version (nothing was touched),
    backup.not_restored (the old store is in its place again).
    """
    inspect_store(source, full=False)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        _refuse(source, database)
        with part_file(database.parent) as part:
            copy_store(source, part, in_use=False)
            # The copy is what will be used, so the copy is what is checked.
            _check_copy(source, part)
            part.finish()
            kept = unused_name(_kept_name(database, time_text(now_us)))
            _swap(part, database, kept)
    except sqlite3.Error as error:
        raise _not_restored(source, str(error)) from error
    except OSError as error:
        raise _not_restored(source, error.strerror or str(error)) from error
    return kept


def _refuse(source: Path, database: Path) -> None:
    if database.is_symlink() or (database.exists() and not database.is_file()):
        raise _not_restored(source, f"{database.name} in the data folder is not a file")
    if database.exists() and source.samefile(database):
        raise _not_restored(source, "this is the store itself")
    needed_bytes = source.stat().st_size + _ROOM_BYTES
    if shutil.disk_usage(database.parent).free < needed_bytes:
        raise _not_restored(source, f"the disk has less than {needed_bytes // 10**6} MB free")


def _check_copy(source: Path, part: PartFile) -> None:
    try:
        inspect_store(part.path, full=True)
    except KnownError as error:
        # The user knows the backup, not our copy of it.
        raise KnownError(error.code, **{**error.params, "path": str(source)}) from error


def _kept_name(database: Path, moment: str) -> Path:
    return database.with_name(f"{database.name}.before-restore-{moment}")


def _logs_of(database: Path) -> tuple[Path, Path]:
    """What SQLite would replay into whatever file has the database's name."""
    return wal_of(database), rollback_log_of(database)


def _swap(part: PartFile, database: Path, kept: Path) -> None:
    """Gives the old store a second name, then puts the new one over its first name.

    One rename makes the change. The old store's log must be gone by then, because SQLite
    would replay it into the new file: it is folded into the old store, and where that is too
    damaged for it, moved away last of all.
    """
    if database.exists():
        _fold_log(database)
        shutil.copymode(database, part.path)
    logs = [log for log in _logs_of(database) if log.exists()]
    try:
        for log in logs:
            _copy(log, _beside(kept, log, database))
        if database.exists():
            _second_name(database, kept)
        sync_folder(database.parent)
        _replace(part, database, logs)
    except BaseException:
        for left in (kept, *_logs_of(kept)):
            with contextlib.suppress(OSError):
                left.unlink()
        raise
    sync_folder(database.parent)


def _replace(part: PartFile, database: Path, logs: Sequence[Path]) -> None:
    """The rename, with the old logs out of the way; after an error they are back."""
    aside: dict[Path, Path] = {}
    try:
        for log in logs:
            hidden = log.with_name(f"{log.name}.aside")
            os.replace(log, hidden)
            aside[log] = hidden
        shm_of(database).unlink(missing_ok=True)
        os.replace(part.path, database)
    except BaseException:
        for log, hidden in aside.items():
            os.replace(hidden, log)
        raise
    for hidden in aside.values():
        # A copy of each is beside the kept store.
        with contextlib.suppress(OSError):
            hidden.unlink()


def _fold_log(database: Path) -> None:
    """Moves the log into the file. A store that is too damaged for it keeps its log."""
    with database.open("rb") as file:
        # SQLite deletes the log of a file that is no database.
        if file.read(len(MAGIC)) != MAGIC:
            return
    try:
        connection = sqlite3.connect(database, timeout=_BUSY_S, isolation_level=None)
        with closing(connection):
            connection.execute("PRAGMA journal_mode = DELETE").close()
    except sqlite3.Error as error:
        if is_busy(error):
            raise


def _second_name(database: Path, kept: Path) -> None:
    try:
        os.link(database, kept, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # FAT and some network drives know no second name: the content is copied.
        _copy(database, kept)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, target.open("xb") as new:
        shutil.copyfileobj(old, new, 1 << 20)
        new.flush()
        os.fsync(new.fileno())


def _beside(kept: Path, log: Path, database: Path) -> Path:
    return kept.with_name(kept.name + log.name.removeprefix(database.name))


def _not_restored(source: Path, reason: str) -> KnownError:
    return KnownError("backup.not_restored", path=str(source), reason=reason[:200])


def sweep_second_names(database: Path) -> None:
    """Removes the second name that a restore gave the store before the power failed.

    Never raises. Two names of one store would have two logs.
    """
    with contextlib.suppress(OSError):
        for other in database.parent.glob(_kept_name(database, "*").name):
            if not other.is_symlink() and other.samefile(database):
                other.unlink()
